"""What every page gets: the content security policy, sign-in, toasts, and pages for errors of the tree."""

import json

from django.contrib import messages
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.contrib.auth.views import redirect_to_login
from django.db import connection
from django.http import HttpResponseNotAllowed
from django_htmx.http import HttpResponseClientRedirect

from portal.errors import PortalError
from portal.web import kept
from portal.web.errors import answer, still_here, wrong_method
from portal.web.pages import is_piece

# Nothing inline and nothing from elsewhere. `data:` because Tabler's CSS holds small SVGs as data URLs.
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


class ContentSecurityPolicy:
    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        response = self.get_response(request)
        response.headers.setdefault("Content-Security-Policy", POLICY)
        response.headers.setdefault("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
        return response


class WritableDatabase:
    """No request meets a connection that can write nothing, or that an error occurred on.

    One that was made while the server took no writes keeps that for its whole life; psycopg knows it without
    asking the server. Outside everything else that uses the database.
    """

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        if not connection.in_atomic_block and _is_read_only():
            connection.close()
        response = self.get_response(request)
        if connection.errors_occurred and not connection.in_atomic_block:
            connection.close()
        return response


def _is_read_only():
    if connection.vendor != "postgresql" or connection.connection is None:
        return False
    told = connection.connection.info.parameter_status  # from PostgreSQL 14 on
    return "on" in (told("default_transaction_read_only"), told("in_hot_standby"))


class SignIn(LoginRequiredMiddleware):
    """Sign-in for every view that does not say otherwise; what it guards is stored in no cache.

    htmx would follow a redirect and put the sign-in page into a table: it is told to go there instead,
    and comes back to the page the person was on, not to the address of the piece. A form that was sent too
    late is kept and drawn again after signing in.
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
        piece = is_piece(request)
        if request.method == "POST":
            try:
                came_from = kept.keep(request)
            except kept.TooLarge:
                if piece:
                    return still_here(request)
                came_from = kept.page_without_input(request)
        else:
            came_from = (request.htmx.current_url_abs_path or "/") if piece else request.get_full_path()
        login = redirect_to_login(
            came_from, self.get_login_url(view_func), self.get_redirect_field_name(view_func)
        )
        return HttpResponseClientRedirect(login.url) if piece else login


class Toasts:
    """Messages become toasts: in the `HX-Trigger` header of a piece; whole pages draw them themselves.

    Redirects and server errors keep them for the page that follows.
    """

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        response = self.get_response(request)
        if is_piece(request) and not self._leaves_page(response):
            items = [{"level": each.level_tag, "text": str(each)} for each in messages.get_messages(request)]
            if items:
                trigger(response, "toasts", {"items": items})
        return response

    @staticmethod
    def _leaves_page(response):
        goes = {"HX-Redirect", "HX-Refresh", "HX-Location"} & set(response.headers)
        return goes or not (200 <= response.status_code < 300 or 400 <= response.status_code < 500)


def trigger(response, name, detail):
    """Add an event to `HX-Trigger`, whatever form the header has: JSON, or names separated by commas."""
    value = response.get("HX-Trigger", "")
    if value.lstrip().startswith("{"):
        events = json.loads(value)
    else:
        events = {event.strip(): None for event in value.split(",") if event.strip()}
    response["HX-Trigger"] = json.dumps({**events, name: detail})


class Errors:
    """PortalErrors that left a view, and a wrong method, become their pages (portal/web/errors.py)."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        response = self.get_response(request)
        return wrong_method(request, response) if isinstance(response, HttpResponseNotAllowed) else response

    def process_exception(self, request, exception):
        return answer(request, exception) if isinstance(exception, PortalError) else None
