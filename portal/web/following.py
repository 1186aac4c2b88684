"""Pages that ask again by themselves: each says what it shows, and is left as it is while that is the same.

So nothing that is focused, selected or open in it is lost.
"""

import hashlib

from portal.web.pages import is_piece


def mark(*parts):
    """Letters that change whenever the page would say something else; `parts` need a telling repr."""
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]


def is_unchanged(request, now):
    """Does the page that asks show this already?"""
    return is_piece(request) and request.GET.get("seen") == now


def without_mark(request):
    """The query of the page's own address, as a mutable QueryDict."""
    query = request.GET.copy()
    query.pop("seen", None)
    return query


def address(request):
    """The page's own address, without what it said when it asked again."""
    query = without_mark(request)
    return f"{request.path}?{query.urlencode()}" if query else request.path
