"""Browsers in which a person signed in before; a signed cookie says so. It opens nothing: it only keeps the
wrong passwords of strangers apart from those that the person types (limits.py).
"""

import secrets

from django.conf import settings
from django.core import signing

SECONDS = 180 * 24 * 3600
PEOPLE_MAX = 5  # of one browser
SALT = "portal.teams.signin.known"


def name():
    return "__Host-known" if settings.SESSION_COOKIE_SECURE else "known"


def browser_of(request, person):
    """The id of the browser if this person signed in there before, else ""."""
    id, people = _read(request)
    return id if person is not None and str(person.pk) in people else ""


def remember(request, response, person):
    """Set the cookie. Its id stays: nobody gets free tries by signing in as somebody else in between."""
    id, people = _read(request)
    people = [str(person.pk), *(each for each in people if each != str(person.pk))][:PEOPLE_MAX]
    value = signing.dumps([id or secrets.token_hex(8), people], salt=SALT)
    response.set_cookie(
        name(),
        value,
        max_age=SECONDS,
        samesite="Lax",
        httponly=True,
        secure=settings.SESSION_COOKIE_SECURE,
    )


def _read(request):
    try:
        id, people = signing.loads(request.COOKIES.get(name(), ""), salt=SALT, max_age=SECONDS)
    except (signing.BadSignature, ValueError, TypeError):
        return "", []
    return id, people
