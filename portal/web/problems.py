"""Errors for programs: problem documents (RFC 9457). Everything below /api/ answers programs, not people."""

from django.http import JsonResponse
from django.utils.translation import gettext_lazy as _

from portal.words import Said

PATH = "/api/"
NAMES = "urn:iot-portal:problem:"
# name -> title; a problem's type is its name behind NAMES
TITLES = {
    "bad-request": _("The request could not be read"),
    "not-signed-in": _("Nobody is signed in"),
    "not-allowed": _("A right is missing"),
    "token-refused": _("The token does not work"),
    "too-many": _("Too many requests"),
    "second-factor": _("A second factor has to be set up first"),
    "csrf": _("The CSRF token is missing or wrong"),
    "not-found": _("This does not exist, or you cannot see it"),
    "ambiguous": _("Several objects have this id"),
    "wrong-method": _("This address does not take this method"),
    "key-missing": _("The Idempotency-Key is missing or not usable"),
    "key-reused": _("The Idempotency-Key was used for another request"),
    "not-repeatable": _("This cannot be requested again"),
    "conflict": _("The object changed meanwhile"),
    "busy": _("Another change of the object is not over"),
    "gone": _("The object no longer exists"),
    "ended": _("The operation ended without a change"),
    "no-length": _("The request does not say how long it is"),
    "too-large": _("The request is too large"),
    "address-too-long": _("The address is too long"),
    "wrong-media-type": _("The body must be application/json"),
    "invalid": _("The values are not valid"),
    "unchanged": _("Nothing would change"),
    "rejected": _("The platform rejected the change"),
    "not-sent": _("Nothing was sent"),
    "unavailable": _("The portal cannot answer this now"),
    "broken": _("Something broke inside the portal"),
}
BY_STATUS = {
    400: "bad-request",
    401: "not-signed-in",
    403: "not-allowed",
    404: "not-found",
    405: "wrong-method",
    409: "not-repeatable",
    411: "no-length",
    413: "too-large",
    414: "address-too-long",
    429: "too-many",
    500: "broken",
    503: "unavailable",
}


def is_program(request):
    """Whether the answer goes to a program, also before anybody knows which view makes it."""
    return request.path_info.startswith(PATH)


def plain(text):
    """A message as a program shows it: without the marks that keep directions of writing apart on a page."""
    return text.plain if isinstance(text, Said) else str(text)


def problem(status, detail="", *, name="", headers=None, **members):
    """The response. `members` are those of the document beside its own five; empty ones are left out."""
    name = name or BY_STATUS[status]
    document = {"type": NAMES + name, "title": str(TITLES[name]), "status": status, "detail": plain(detail)}
    document |= {key: value for key, value in members.items() if value not in (None, "", [], {})}
    return JsonResponse(
        document, status=status, content_type="application/problem+json", headers=headers or {}
    )
