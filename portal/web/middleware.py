"""Middleware for every page: HEAD, content policy, database connection, sign-in, toasts, error pages."""

import json

from django.contrib import messages
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.contrib.auth.views import redirect_to_login
from django.db import connection
from django.http import HttpResponseNotAllowed
from django_htmx.http import HttpResponseClientRedirect

from portal.errors import PortalError
from portal.outside import readable
from portal.web import databases, kept
from portal.web.errors import answer, signed_out, still_here, wrong_method
from portal.web.pages import is_piece
from portal.web.problems import is_program

# Nothing inline, nothing from other hosts. `data:` because Tabler's CSS has small SVGs as data URLs.
POLICY = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "font-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
        "object-src 'none'",
    ]
)


class Head:
    """Answers HEAD as GET, without the body: no page can forget it, and none has to know.

    Must come before all other middleware, whose answers (static files, probes) are asked for by HEAD, too.
    """

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        if request.method != "HEAD":
            return self.get_response(request)
        request.method = "GET"
        response = self.get_response(request)
        if response.streaming:
            response.streaming_content = []
        else:
            response.content = b""
        return response


class ContentSecurityPolicy:
    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        response = self.get_response(request)
        response.headers.setdefault("Content-Security-Policy", POLICY)
        response.headers.setdefault("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
        return response


class WritableDatabase:
    """Closes a database connection that is read-only or had an error; the next request gets a new one.

    A connection that was opened while PostgreSQL took no writes stays read-only when the server takes them
    again; psycopg knows this without asking the server. For SQLite see databases.py. Must come before all
    middleware that uses the database.
    """

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        with databases.in_use():
            if not connection.in_atomic_block and _is_read_only():
                connection.close()
            return self.get_response(request)


def _is_read_only():
    if connection.vendor != "postgresql" or connection.connection is None:
        return False
    told = connection.connection.info.parameter_status  # from PostgreSQL 14 on
    return "on" in (told("default_transaction_read_only"), told("in_hot_standby"))


class SignIn(LoginRequiredMiddleware):
    """Requires sign-in, except for views marked login_not_required; no cache may store what it guards.

    htmx would follow a redirect and draw the sign-in page inside a table. So it gets a header that makes the
    browser go there, and return to the page the person was on. A form submitted after the session ended is
    kept, and drawn again after signing in.
    """

    def process_view(self, request, view_func, view_args, view_kwargs):
        request.is_guarded = getattr(view_func, "login_required", True)
        response = super().process_view(request, view_func, view_args, view_kwargs)
        if response is None and request.is_guarded:
            kept.prepare(request)
        return response

    def process_response(self, request, response):
        if getattr(request, "is_guarded", False) and not response.has_header("Cache-Control"):
            response["Cache-Control"] = "no-store"
        return response

    def handle_no_permission(self, request, view_func):
        if is_program(request):
            return signed_out(request)
        came_from = kept.way_back(request)
        if came_from is None:
            return still_here(request)
        login = redirect_to_login(
            came_from, self.get_login_url(view_func), self.get_redirect_field_name(view_func)
        )
        return HttpResponseClientRedirect(login.url) if is_piece(request) else login


class Toasts:
    """Sends messages to htmx as toasts, in the `HX-Trigger` header; whole pages draw their own.

    Redirects and server errors leave the messages for the next page.
    """

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        response = self.get_response(request)
        waiting = messages.get_messages(request)
        # Even reading an empty list deletes the cookie, and with it a message that another answer just set.
        if is_piece(request) and not self._leaves_page(response) and len(waiting):
            items = [{"level": each.level_tag, "text": readable(str(each))} for each in waiting]
            trigger(response, "toasts", {"items": items})
        return response

    @staticmethod
    def _leaves_page(response):
        goes = {"HX-Redirect", "HX-Refresh", "HX-Location"} & set(response.headers)
        return goes or not (200 <= response.status_code < 300 or 400 <= response.status_code < 500)


def trigger(response, name, detail):
    """Add an event to `HX-Trigger`, which may hold JSON or names separated by commas."""
    value = response.get("HX-Trigger", "")
    if value.lstrip().startswith("{"):
        events = json.loads(value)
    else:
        events = {event.strip(): None for event in value.split(",") if event.strip()}
    response["HX-Trigger"] = json.dumps({**events, name: detail})


class Errors:
    """Turns PortalErrors that no view handled, and wrong methods, into pages (portal/web/errors.py)."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        response = self.get_response(request)
        return wrong_method(request, response) if isinstance(response, HttpResponseNotAllowed) else response

    def process_exception(self, request, exception):
        return answer(request, exception) if isinstance(exception, PortalError) else None
