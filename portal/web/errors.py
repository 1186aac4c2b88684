"""Error pages: Django's handlers, and `answer`, which makes a response of any PortalError."""

import sys

from django.contrib import messages
from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent
from django.db import DataError, Error, IntegrityError, NotSupportedError, ProgrammingError
from django.http import HttpResponse
from django.middleware.csrf import get_token
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import Resolver404, resolve, reverse
from django.utils.html import escape
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_htmx.http import HttpResponseClientRedirect

from portal import errors
from portal.bounds import BODY_MAX, FIELDS_MAX, LEVELS_MAX
from portal.web import bounding, kept, problems
from portal.web.pages import is_piece, say

TOKEN_HEADER = "X-Portal-Token"  # static/js/portal.js puts this fresh token into the forms of the page  # noqa: S105 - a name


def bad_request(request, exception=None):
    """400, or 411, 413 and 414 for more than the portal reads (portal/web/bounding.py)."""
    for kind, (status, text) in REFUSED.items():
        if isinstance(exception, kind):
            text = text % {"megabytes": BODY_MAX // 10**6, "fields": f"{FIELDS_MAX:,}", "levels": LEVELS_MAX}
            return _too_much(request, status, text)
    return _problem(
        request, "400.html", 400, _("The portal could not read this request. Nothing was changed.")
    )


REFUSED = {
    RequestDataTooBig: (413, gettext_lazy("This is more than %(megabytes)s MB.")),
    bounding.NoLength: (411, gettext_lazy("This does not say how long it is (Content-Length).")),
    bounding.AddressTooLong: (414, gettext_lazy("This address is too long.")),
    TooManyFieldsSent: (400, gettext_lazy("These are more than %(fields)s fields.")),
    bounding.TooDeep: (400, gettext_lazy("This JSON is nested deeper than %(levels)s levels.")),
    bounding.NoFilesHere: (400, gettext_lazy("The portal takes no files.")),
}


def _too_much(request, status, text):
    """The form that was sent is where it was: htmx leaves it there, and a browser has it one page back."""
    unread = _("The portal did not read it, so nothing was sent or changed.")
    if is_piece(request) and request.method == "POST":
        unread = _("The portal did not read it, so nothing was sent. Your input is still here.")
    return _problem(request, "413.html", status, f"{text} {unread}", {"status": status})


def forbidden(request, exception=None):
    """403; for a NotAllowed the page also shows the missing right and who can grant it."""
    text = str(exception or "") or _("You are not allowed to do this.")
    context = {"right": getattr(exception, "right", ""), "granted_by": getattr(exception, "granted_by", ())}
    return _problem(request, "403.html", 403, text, context)


def csrf_failure(request, reason=""):
    """403 for a wrong CSRF token, as after signing in again in another tab.

    A form of the portal keeps its input for the person to submit again; it is never submitted without them.
    """
    if problems.is_program(request):
        text = _("Send the token of GET /api/v1/ as X-CSRFToken, with its cookie. Nothing was changed.")
        return problems.problem(403, text, name="csrf")
    owner = kept.made_for(request) if kept.is_from_here(request) else ""
    if owner and request.user.is_authenticated and owner != str(request.user.pk):
        text = _("Somebody else was signed in here when this form was opened. Nothing was sent.")
        return _problem(request, "403_csrf.html", 403, text)
    if owner and request.user.is_authenticated and is_piece(request):
        text = _(
            "This form was out of date. Nothing was sent, and your input is still here: submit it again."
        )
        response = _problem(request, "403_csrf.html", 403, text)
        response[TOKEN_HEADER] = get_token(request)
        return response
    if owner:
        return _kept_form(request)
    text = _("This form is out of date. Nothing was changed. Reload the page and submit the form again.")
    return _problem(request, "403_csrf.html", 403, text)


def _kept_form(request):
    """403 with a link back to the form and its input, through the sign-in page if necessary."""
    way_back = kept.way_back(request)
    if way_back is None:
        return still_here(request)
    if is_piece(request):
        response = HttpResponse(status=403)
        response["HX-Redirect"] = way_back
        return response
    text = _("This form was out of date. Nothing was sent.")
    return _problem(request, "403_csrf.html", 403, text, {"way_back": way_back})


def signed_out(request):
    """401 for a program, which a redirect to the sign-in page would not help."""
    text = _(
        "Send an API token as Authorization: Bearer, or sign in at /accounts/login/ and send the session's"
        " cookie. Nothing was changed."
    )
    return problems.problem(401, text, headers={"WWW-Authenticate": "Bearer, Session"})


def still_here(request):
    """401 for htmx, which then leaves the page as it is: the input was too large to be kept anywhere else."""
    text = _(
        "You were signed out, so nothing was sent. Your input is still here:"
        " sign in in another tab, then submit it again."
    )
    return _problem(request, "403.html", 401, text)


def not_found(request, exception=None):
    return _problem(request, "404.html", 404, _("This does not exist, or you cannot see it."))


def wrong_method(request, response):
    """405, for example when somebody types an address that only accepts forms."""
    if problems.is_program(request):
        return problems.problem(405, headers={"Allow": response["Allow"]})
    if "POST" in response["Allow"]:
        text = _("This address only accepts submitted forms. Nothing was changed.")
    else:
        text = _("This page does not accept input. Nothing was changed.")
    page = _problem(request, "405.html", 405, text, {"above": _above(request.path_info)})
    page["Allow"] = response["Allow"]
    return page


def _above(path):
    """The nearest parent address that has a page; "/" at the top."""
    while path := path.rstrip("/").rpartition("/")[0]:
        try:
            resolve(f"{path}/")
        except Resolver404:
            continue
        return f"{path}/"
    return "/"


def server_error(request):
    """500, or 503 when the database failed. Django calls this while the exception is being handled."""
    if is_outage(sys.exc_info()[1]):
        return outage(request)
    text = _("Something broke inside the portal. It was logged.")
    if problems.is_program(request):
        return problems.problem(500, text)
    return say(_bare(500, text), text)


BUGS = (DataError, IntegrityError, NotSupportedError, ProgrammingError)


def is_outage(error):
    """Is the database unreachable, full, locked or read-only? Its other errors are bugs of the portal."""
    return isinstance(error, Error) and not isinstance(error, BUGS)


def outage(request):
    """503 while the database is unreachable, full, locked or read-only; the input stays in the browser.

    htmx leaves the form as it is. Without script the page offers to send the form again, with the same
    operation key: if the first request did get through, nothing happens twice. (Going back would draw a form
    with a new key.)
    """
    if problems.is_program(request):
        text = _("The portal's database is not responding. Send the same again, with the same key.")
        return problems.problem(503, text, headers={"Retry-After": "10"})
    if is_piece(request):
        text = _("The portal's database is not responding. Your input is still here: try again in a minute.")
        response = HttpResponse(text, status=503, content_type="text/plain; charset=utf-8")
    else:
        text = _("The portal's database is not responding.")
        response = _bare(503, text, is_outage=True, again=kept.again(request), action=request.path)
    response["Retry-After"] = "10"
    return say(response, text)


def _bare(status, text, **context):
    """A page that needs no request, database or context processor, because any of these may have failed."""
    try:
        body = render_to_string(f"{status}.html", {"text": text, **context})
    except Exception:  # noqa: BLE001 - the last resort: even the template or the static files may be broken
        title = f"<title>{status}</title><h1>{status}</h1>"
        body = f"<!doctype html><html lang=en>{title}<p>{escape(text)}</p></html>"
    return HttpResponse(body, status=status)


def unavailable(request, exception=None):
    """503 for a temporary failure outside the portal; `exception` says which."""
    text = str(exception or "") or _("The portal cannot do this right now. Try again in a moment.")
    context = {"problem": exception, "again": kept.again(request), "action": request.path}
    return _problem(request, "503.html", 503, text, context)


BLOCKED = (errors.KeyReused, errors.NotRepeatable, errors.NotDecidable, errors.NeedsApproval)


def answer(request, error):
    """The response for a PortalError that no view handled.

    A platform's error while a page is read becomes 503: the page cannot be shown, and no form was sent.
    """
    if isinstance(error, errors.NotAllowed):
        return forbidden(request, error)
    if isinstance(error, errors.NotVisible):
        return not_found(request, error)
    if isinstance(error, errors.Ambiguous):
        return _choice(request, error)
    if isinstance(error, errors.Waits):
        return _waits(request, error)
    if isinstance(error, errors.WhyMissing):
        return _problem(request, "409.html", 422, str(error))
    if isinstance(error, BLOCKED):
        return _problem(request, "409.html", 409, str(error))
    return unavailable(request, error)


def _waits(request, error):
    """Go to the page of the approval that a change waits for."""
    messages.info(request, str(error))
    address = reverse("approvals:detail", args=[error.approval.pk])
    return HttpResponseClientRedirect(address) if is_piece(request) else redirect(address)


def _choice(request, error):
    """300: several objects have the id of this address; each has one of its own."""
    match = request.resolver_match
    choices = [(row, reverse(match.view_name, kwargs={**match.kwargs, "id": row.pk})) for row in error.rows]
    context = {"kind": error.kind, "choices": choices}
    return _problem(request, "300.html", 300, str(error), context)


def _problem(request, template, status, text, context=None):
    """An error page; for htmx only its sentence, which the script shows as a toast."""
    if problems.is_program(request):
        return problems.problem(status, text)
    if is_piece(request):
        response = HttpResponse(text, status=status, content_type="text/plain; charset=utf-8")
    else:
        response = render(request, template, {"text": text, **(context or {})}, status=status)
    return say(response, text)
