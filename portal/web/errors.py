"""The pages for what went wrong: Django's handlers, and one door from the error tree to a response."""

from django.http import HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.html import escape
from django.utils.translation import gettext as _

from portal import errors
from portal.web.pages import is_piece, say


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
    text = _("This form is out of date. Nothing was changed. Open the page again and send it once more.")
    return _problem(request, "403_csrf.html", 403, text)


def not_found(request, exception=None):
    return _problem(request, "404.html", 404, _("This does not exist, or you cannot see it."))


def server_error(request):
    """500: drawn without request, database and context processors, since any of these may be what broke."""
    text = _("Something broke inside the portal. It was logged.")
    try:
        body = render_to_string("500.html", {"text": text})
    except Exception:  # noqa: BLE001 - the last resort: even the template or the static files may be broken
        body = f"<!doctype html><html lang=en><title>500</title><h1>500</h1><p>{escape(text)}</p></html>"
    return say(HttpResponse(body, status=500), text)


def unavailable(request, exception=None):
    """503: nothing works until something outside this page does again; says what, from `exception`."""
    text = str(exception or "") or _("The portal cannot do this right now. Try again in a moment.")
    return _problem(request, "503.html", 503, text, {"problem": exception})


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
