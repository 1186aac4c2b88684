"""A search in the platform's own language, for kinds whose platform takes expressions (Kind.expression).

It is read live, one page for each press, and never again by itself. What it shows stays in the mirror.
"""

import time
from dataclasses import dataclass

from django.http import Http404
from django.utils import timezone
from django.utils.translation import gettext as _

from portal.errors import PlatformError, Rejected
from portal.outside import shows_nothing
from portal.resources import reading
from portal.resources.names import Names
from portal.resources.pages import connections_of
from portal.teams.access import may, require
from portal.web.pages import page

PAGE = 50
PAGE_MAX = 10**6  # pages that an address can name
EXPRESSION_MAX = 2000  # characters


@dataclass(frozen=True)
class Found:
    """One page of what the platform found. `total` is its own count, None without one."""

    rows: list
    number: int
    total: int | None
    has_more: bool
    at: object

    @property
    def first(self):
        return (self.number - 1) * PAGE + 1

    @property
    def last(self):
        return self.first + len(self.rows) - 1


def found(request, kind):
    connections = connections_of(request, kind)
    connection = _chosen(request, connections)
    expression, number = request.GET["expression"].strip(), _number(request.GET.get("page", ""))
    context = {
        "kind": kind,
        "columns": [column for column in kind.columns if column.name != "name"],
        "connections": connections,
        "connection": connection,
        "expression": expression,
        "found": None,
        "refused": _unusable(expression),
    }
    status = 200
    if not context["refused"]:
        try:
            context["found"] = _read(request.user, kind, connection, expression, number)
        except Rejected as error:
            context |= {"refused": error.message, "code": error.code}
        except PlatformError as error:
            context["problem"] = error
    if context["refused"]:
        status = 422
    rows = context["found"].rows if context["found"] else []
    context["names"] = Names(kind, rows, {column.name for column in context["columns"]}, connections)
    context |= _links(request, context["found"], number)
    return page(request, "resources/expression.html", context, status=status)


def _read(user, kind, connection, expression, number):
    asked, client = timezone.now(), connection.client()
    with client.one_deadline(time.monotonic() + reading.REACH_SECONDS):
        bound = kind.bound(client)
        with bound.naming("list_by_expression"):
            listing = bound.collection.list_by_expression(expression, page=number, limit=PAGE)
    rows = [row for row in reading.found(kind, connection, listing.items, asked) if may(user, "view", row)]
    for row in rows:
        row.connection = connection
    # A page may be shorter than it was asked for. Without a count, a short one is the last.
    least = PAGE if listing.total is None else 1
    has_more = not listing.complete and len(listing.items) >= least
    return Found(rows, number, listing.total, has_more, asked)


def _chosen(request, connections):
    """The connection that is searched: the one in the address, else the first. Raises Http404 without one."""
    wanted = request.GET.get("connection", "")
    chosen = next((each for each in connections if wanted in ("", str(each.pk))), None)
    if chosen is None:
        raise Http404
    require(request.user, "view", chosen)
    return chosen


def _number(text):
    number = int(text) if text.isascii() and text.isdecimal() and len(text) < 8 else 1
    return min(max(number, 1), PAGE_MAX)


def _unusable(expression):
    """Why an expression is not sent at all; "" if it is."""
    if len(expression) > EXPRESSION_MAX:
        return _("An expression can have at most %(limit)s characters.") % {"limit": EXPRESSION_MAX}
    if shows_nothing(expression) or not expression.isprintable():
        return _("The expression holds characters that cannot be seen. Remove them.")
    return ""


def _links(request, found, number):
    """Addresses of the pages around this one; "" where there is none."""

    def link(to):
        query = request.GET.copy()
        query["page"] = str(to)
        return f"?{query.urlencode()}"

    return {
        "previous_url": link(number - 1) if number > 1 else "",
        "next_url": link(number + 1) if found and found.has_more else "",
    }
