"""For pages that poll: each request names what the page shows, and gets 204 while that has not changed.

htmx then leaves the page alone, so focus, selection and open details are not lost.
"""

import hashlib

from portal.web.pages import is_piece


def mark(*parts):
    """A short hash of what the page shows; the repr of `parts` must differ whenever the page would."""
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]


def is_unchanged(request, now):
    """Does the polling page already show `now`, a mark?"""
    return is_piece(request) and request.GET.get("seen") == now


def without_mark(request):
    """The query without the mark that polling added, as a mutable QueryDict."""
    query = request.GET.copy()
    query.pop("seen", None)
    return query


def address(request):
    """The page's own address, without the mark that polling added."""
    query = without_mark(request)
    return f"{request.path}?{query.urlencode()}" if query else request.path
