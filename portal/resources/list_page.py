"""The list of a kind: what the mirror has, what that covers, and as of when. It reads no platform.

Only a search that finds nothing asks the platforms, for exactly what was typed.
"""

from dataclasses import dataclass

from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from portal.platforms.collection import ID_MAX
from portal.resources import asking, bulk, expression_page, reading
from portal.resources.facets import facets
from portal.resources.freshness import Coverage, freshness, mark_lacked
from portal.resources.listing import Listing, listing
from portal.resources.names import Names
from portal.resources.pages import connections_of, no_connection
from portal.resources.reading import Reached
from portal.resources.wanted import Wanted
from portal.teams.access import explain, may
from portal.teams.recording import line, record, require_recorded
from portal.web.following import address, is_unchanged, mark, without_mark
from portal.web.pages import is_piece, page


@dataclass(frozen=True)
class Read:
    """One page of a list. `reached` is what platforms were asked for, None if they were not."""

    wanted: Wanted
    fresh: list
    found: Listing
    reached: Reached | None = None


def read(kind, query, connections, user):
    """The page of the list that a query asks for. A mirror that is too old is refreshed meanwhile.

    None if there is still nothing in it for a page that follows: platforms are asked once.
    """
    wanted = Wanted.read(kind, query, connections, user)
    fresh = freshness(asking.opened(kind, connections))
    found = listing(kind, wanted, connections)
    reached = None
    if _is_to_be_reached(wanted, found):
        if "seen" in query and any(each.is_running for each in fresh):
            return None
        reached = reading.reach(kind, _chosen(wanted, connections), wanted.text, user)
        found = listing(kind, wanted, connections) if reached.rows else found
    mark_lacked(found.rows, fresh)
    return Read(wanted, fresh, found, reached)


@require_safe
def list_(request, kind):
    if kind.expression and request.GET.get("expression", "").strip():
        return expression_page.found(request, kind)
    connections = connections_of(request, kind)
    shown = read(kind, request.GET, connections, request.user)
    if shown is None:
        return HttpResponse(status=204)
    wanted, fresh, found, reached = shown.wanted, shown.fresh, shown.found, shown.reached
    columns = [column for column in kind.columns if column.name != "name"]
    filters = [] if is_piece(request) else facets(kind, wanted, connections)
    names = Names(
        kind,
        found.rows,
        {column.name for column in columns},
        connections,
        {each.name: each.values for each in filters},
    )
    seen = mark(
        [_drawn(kind, row, columns, names) for row in found.rows],
        (found.total, found.is_more, found.first, found.is_whole, bool(found.next)),
        [each.shown for each in fresh],
    )
    if is_unchanged(request, seen):
        return HttpResponse(status=204)
    context = {"kind": kind, "columns": columns, "connections": connections, "wanted": wanted, "mark": seen}
    context |= {"fresh": fresh, "found": found, "reached": reached}
    context |= {"names": names, "facets": [(each, each.choices(names)) for each in filters]}
    context |= _links(request, kind, wanted, found) | rights(request, connections)
    context |= _many(request, kind, shown, connections)
    context |= {"here": reverse("resources:list", args=[kind]), "has_marks": True}
    context |= {} if connections else no_connection(request)
    context["is_empty"] = is_empty(wanted, fresh)
    context["is_following"] = not wanted.exactly and _is_following(kind, fresh, found)
    return page(request, "resources/list.html", context, partial="rows")


def is_empty(wanted, fresh):
    """Whether the platforms said that they have nothing at all."""
    return bool(fresh) and not wanted.is_narrowed and all(each.is_empty for each in fresh)


def _is_to_be_reached(wanted, found):
    """Whether the platforms are asked for exactly what was typed, if it could be an id."""
    if not wanted.text or len(wanted.text) > ID_MAX or not wanted.text.isprintable():
        return False
    return wanted.exactly or not (found.rows or wanted.place)


def _chosen(wanted, connections):
    return [wanted.connection] if wanted.connection else connections


def _drawn(kind, row, columns, names):
    """What the page shows of a row."""
    marks = bool(row.unsure_at), row.is_lacked, bool(row.drift), kind.counted and row.counted == 0
    shown = [names.of(row, each.name) or getattr(row, each.name) for each in columns]
    return row.pk, str(row), row.state, marks, [str(each) for each in shown]


def _is_following(kind, fresh, found):
    """Whether the page asks again by itself: while it is read, or while a status changes by itself."""
    if any(each.is_running for each in fresh):
        return True
    changing = any(row.state in kind.following for row in found.rows)
    return changing and not any(each.problem for each in fresh)


def _links(request, kind, wanted, found):
    """Addresses of the pages around this one; "" where there is none."""

    def link(**changes):
        query = without_mark(request)
        for name in ("after", "before", "exactly", "pick", *changes):
            query.pop(name, None)
        query.update({name: str(value) for name, value in changes.items() if value})
        return f"?{query.urlencode()}" if query else reverse("resources:list", args=[kind])

    return {
        "address": address(request),
        "refresh_url": f"{reverse('resources:refresh', args=[kind])}{link() if request.GET else ''}",
        "first_url": link() if found.previous else "",
        "previous_url": link(before=found.previous) if found.previous else "",
        "next_url": link(after=found.next) if found.next else "",
        "sort_url": link(sort="" if wanted.is_backwards else "-name"),
        "exactly_url": link(exactly=1) if wanted.text and not wanted.exactly else "",
        "pick_all_url": _pick_all(request),
        "list_query": without_mark(request).urlencode(),
        "export_query": _export_query(request),
    }


def _pick_all(request):
    """For people without script: the same page with all of its rows selected."""
    query = without_mark(request)
    query["pick"] = "all"
    return f"?{query.urlencode()}"


def _export_query(request):
    """What narrows and orders the list, for an export of all of its pages."""
    query = without_mark(request)
    for name in ("after", "before", "pick"):
        query.pop(name, None)
    return f"?{query.urlencode()}" if query else ""


def _many(request, kind, shown, connections):
    """What can be done with many rows at once; `pick=all` has the page drawn with all of them selected."""
    chosen = [each for each in shown.fresh if each.connection in _chosen(shown.wanted, connections)]
    return {
        "bulk": bulk.buttons(request.user, kind, connections[0]) if shown.found.rows else [],
        "is_all_picked": request.GET.get("pick") == "all",
        "coverage": Coverage.of(chosen),
    }


def rights(request, connections):
    thing = connections[0] if connections else request.team
    return {
        "may_create": request.team and may(request.user, "create", request.team),
        "may_connect": request.team and may(request.user, "connections", request.team),
        "why_no_refresh": explain(request.user, "refresh", thing) if thing else "",
    }


@require_POST
def refresh(request, kind):
    """Ask for a refresh of what the list or the tree shows, and go back to it."""
    connections = connections_of(request, kind)
    if not connections:
        raise Http404
    wanted = Wanted.read(kind, request.GET, connections, request.user)
    for connection in _chosen(wanted, connections):
        asked = _refresh_line(request, kind, connection)
        require_recorded(request.user, "refresh", connection, asked)
        record({**asked, "outcome": "asked"})
        asking.ask(kind, connection)
    query = without_mark(request)
    is_tree = kind.parent and query.pop("tree", None)
    address = reverse("resources:tree" if is_tree else "resources:list", args=[kind])
    return redirect(f"{address}?{query.urlencode()}" if query else address)


def _refresh_line(request, kind, connection):
    """What the record keeps: that a person asked for it, or may not."""
    return line(
        "refresh",
        kind=kind.slug,
        actor=request.user,
        team=connection.team,
        connection_id=str(connection.pk),
        connection=connection.name,
        platform=kind.platform,
    )
