"""page(): the one place that decides between a whole page and a piece of it, by the HX headers."""

from urllib.parse import quote

from django.shortcuts import render
from django.utils.cache import patch_vary_headers

MESSAGE_HEADER = "X-Portal-Message"
SWAP_HEADER = "X-Portal-Swap"


def is_piece(request):
    """Does htmx want a fragment? Boosted links and history restores take whole pages."""
    htmx = getattr(request, "htmx", None)
    return bool(htmx and not htmx.boosted and not htmx.history_restore_request)


def page(request, template, context=None, *, partial=None, status=200):
    """The template, or for htmx only its partial of that name; the template sees `is_piece`.

    A piece with an error status other than 422 still replaces its target: static/js/portal.js swaps it
    because of a header. A whole page sent to htmx takes the place of the whole body, not of the target.
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
    """Give an error response the sentence that its toast shows; returns the response.

    Percent-encoded, because a header takes neither line ends nor letters beyond Latin-1.
    """
    response[MESSAGE_HEADER] = quote(str(text), safe=" ,.:;'()/-_")
    return response
