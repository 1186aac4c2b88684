"""The pages for what went wrong: Django's handlers, and one door from the error tree to a response."""

import sys

from django.db import DataError, Error, IntegrityError, NotSupportedError, ProgrammingError
from django.http import HttpResponse
from django.middleware.csrf import get_token
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import Resolver404, resolve
from django.utils.html import escape
from django.utils.translation import gettext as _

from portal import errors
from portal.web import kept
from portal.web.pages import is_piece, say

TOKEN_HEADER = "X-Portal-Token"  # a fresh token for the forms of a page, static/js/portal.js


def bad_request(request, exception=None):
    return _problem(
        request, "400.html", 400, _("The portal could not read this request. Nothing was changed.")
    )


def forbidden(request, exception=None):
    """403: shows the missing right and who can grant it when `exception` is a NotAllowed."""
    text = str(exception or "") or _("You are not allowed to do this.")
    context = {"right": getattr(exception, "right", ""), "granted_by": getattr(exception, "granted_by", ())}
    return _problem(request, "403.html", 403, text, context)


def csrf_failure(request, reason=""):
    """403; the portal's own form, out of date, comes back with its input and is never sent by itself."""
    owner = kept.made_for(request) if kept.is_from_here(request) else ""
    if owner and request.user.is_authenticated and owner != str(request.user.pk):
        text = _("Somebody else was signed in here when this form was opened. Nothing was sent.")
        return _problem(request, "403_csrf.html", 403, text)
    if owner and request.user.is_authenticated and is_piece(request):
        text = _("This form was out of date. Nothing was sent, and your input is still here: press again.")
        response = _problem(request, "403_csrf.html", 403, text)
        response[TOKEN_HEADER] = get_token(request)
        return response
    if owner:
        return _kept_form(request)
    text = _("This form is out of date. Nothing was changed. Open the page again and send it once more.")
    return _problem(request, "403_csrf.html", 403, text)


def _kept_form(request):
    """403 with the way back to the form and its input; leads through the sign-in page where need be."""
    try:
        way_back = kept.keep(request)
    except kept.TooLarge:
        if is_piece(request):
            return still_here(request)
        way_back = kept.page_without_input(request)
    if is_piece(request):
        response = HttpResponse(status=403)
        response["HX-Redirect"] = way_back
        return response
    text = _("This form was out of date. Nothing was sent.")
    return _problem(request, "403_csrf.html", 403, text, {"way_back": way_back})


def still_here(request):
    """401 to htmx, which swaps nothing: the input stays in the browser, where it was too large to be kept."""
    text = _(
        "You were signed out meanwhile, and nothing was sent. Your input is still here:"
        " sign in in another tab, then press again."
    )
    return _problem(request, "403.html", 401, text)


def not_found(request, exception=None):
    return _problem(request, "404.html", 404, _("This does not exist, or you cannot see it."))


def wrong_method(request, response):
    """405 for an address that was typed but takes only the press of a button, or the other way round."""
    if "POST" in response["Allow"]:
        text = _("This address only takes a press of a button. Nothing was changed.")
    else:
        text = _("This address only shows a page; it takes no input. Nothing was changed.")
    page = _problem(request, "405.html", 405, text, {"above": _above(request.path_info)})
    page["Allow"] = response["Allow"]
    return page


def _above(path):
    """The nearest address above this one; "/" at the top."""
    while path := path.rstrip("/").rpartition("/")[0]:
        try:
            resolve(f"{path}/")
        except Resolver404:
            continue
        return f"{path}/"
    return "/"


def server_error(request):
    """500, or 503 when it is the database that fails; Django calls this while the exception is handled."""
    if is_outage(sys.exc_info()[1]):
        return outage(request)
    text = _("Something broke inside the portal. It was logged.")
    return say(_bare(500, text), text)


BUGS = (DataError, IntegrityError, NotSupportedError, ProgrammingError)


def is_outage(error):
    """Whether the database could not be reached, read or written; its other errors are bugs of the portal."""
    return isinstance(error, Error) and not isinstance(error, BUGS)


def outage(request):
    """503 while the database is gone, full, locked or read-only: what was typed stays in the browser.

    htmx swaps nothing, so the form stays as it is; without script the page sends it again. That is safe even
    when the first one got through: the operation key is the same. Going back would make a new one.
    """
    if is_piece(request):
        text = _("The portal's database does not answer. Your input is still here: send it again in a while.")
        response = HttpResponse(text, status=503, content_type="text/plain; charset=utf-8")
    else:
        text = _("The portal's database does not answer just now.")
        response = _bare(503, text, is_outage=True, again=kept.again(request), action=request.path)
    response["Retry-After"] = "10"
    return say(response, text)


def _bare(status, text, **context):
    """A page drawn without request, database and context processors: any of these may be what broke."""
    try:
        body = render_to_string(f"{status}.html", {"text": text, **context})
    except Exception:  # noqa: BLE001 - the last resort: even the template or the static files may be broken
        title = f"<title>{status}</title><h1>{status}</h1>"
        body = f"<!doctype html><html lang=en>{title}<p>{escape(text)}</p></html>"
    return HttpResponse(body, status=status)


def unavailable(request, exception=None):
    """503: nothing works until something outside this page does again; says what, from `exception`."""
    text = str(exception or "") or _("The portal cannot do this right now. Try again in a moment.")
    context = {"problem": exception, "again": kept.again(request), "action": request.path}
    return _problem(request, "503.html", 503, text, context)


def answer(request, error):
    """The response for a PortalError that no view turned into something better.

    A platform's refusal of a read comes out as 503: the page cannot be shown, and no form was sent.
    """
    if isinstance(error, errors.NotAllowed):
        return forbidden(request, error)
    if isinstance(error, errors.NotVisible):
        return not_found(request, error)
    if isinstance(error, errors.KeyReused | errors.NotRepeatable | errors.NotDecidable):
        return _problem(request, "409.html", 409, str(error))
    return unavailable(request, error)


def _problem(request, template, status, text, context=None):
    """htmx gets the sentence alone: it swaps no error page, its toast shows the sentence."""
    if is_piece(request):
        response = HttpResponse(text, status=status, content_type="text/plain; charset=utf-8")
    else:
        response = render(request, template, {"text": text, **(context or {})}, status=status)
    return say(response, text)
