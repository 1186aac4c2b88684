"""page(): the only place that looks at the HX headers to choose between a whole page and a piece of it."""

from urllib.parse import quote

from django.shortcuts import render
from django.utils.cache import patch_vary_headers

from portal.outside import readable

MESSAGE_HEADER = "X-Portal-Message"
SWAP_HEADER = "X-Portal-Swap"


def is_piece(request):
    """Does htmx want a fragment? For boosted links and restored history it needs the whole page."""
    htmx = getattr(request, "htmx", None)
    return bool(htmx and not htmx.boosted and not htmx.history_restore_request)


def page(request, template, context=None, *, partial=None, status=200):
    """Render the template, or for htmx only its partial of that name; `is_piece` in the context says which.

    htmx does not swap error responses other than 422; SWAP_HEADER makes static/js/portal.js do it for a
    piece. When htmx asked for a piece but gets the whole page, the page replaces the body instead of the
    target.
    """
    piece = bool(partial) and is_piece(request)
    name = f"{template}#{partial}" if piece else template
    response = render(request, name, {**(context or {}), "is_piece": piece}, status=status)
    if piece and status >= 400 and status != 422:
        response[SWAP_HEADER] = "true"
    elif not piece and is_piece(request):
        response["HX-Retarget"] = "body"
        response["HX-Reswap"] = "innerHTML show:top"
    patch_vary_headers(response, ["HX-Request", "HX-Boosted", "HX-History-Restore-Request"])
    return response


def say(response, text):
    """Set the header whose sentence the script shows as a toast; returns the response.

    Percent-encoded, because a header can hold neither line ends nor letters beyond Latin-1.
    """
    response[MESSAGE_HEADER] = quote(readable(str(text)), safe=" ,.:;'()/-_")
    return response
