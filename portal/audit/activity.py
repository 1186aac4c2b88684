"""How much happened when: the stories that an address asks for, counted by hour, day, week or month.

Bounded like the pages: no bar counts beyond COUNT_MAX, and where many facets fit, no bar looks at more.
"""

from bisect import bisect_left
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.views.decorators.http import require_safe

from portal.audit import finding, moments
from portal.audit.filters import Filters
from portal.audit.rights import require_reader
from portal.audit.statements import Statement
from portal.audit.views import team_read
from portal.record.models import Entry
from portal.teams import readers
from portal.web.pages import page

COUNT_MAX = 10_000
DAYS = 30  # where the address names no days
STEPS = (("hour", 4), ("day", 100), ("week", 730), ("month", None))  # up to so many days


@dataclass(frozen=True)
class Bar:
    """`begins` and `ends` are in the person's zone; `is_more`: there are more than `count`."""

    begins: datetime
    ends: datetime
    count: int
    is_more: bool


@require_safe
def activity(request):
    require_reader(request)
    filters = Filters.of(request.GET, request.user)
    step, shown = bars(filters)
    context = {"filters": filters, "query": filters.query, "bars": shown, "step": step, "zone": filters.zone}
    context["is_bounded"] = _is_bounded(filters)
    context |= {"offset": moments.offset(filters.zone), "most": max((bar.count for bar in shown), default=0)}
    readers.has_read(request.user, team_read(request), "activity", filters.values)
    return page(request, "audit/activity.html", context, partial="activity")


def _is_bounded(filters):
    """Whether bars may count too few: see `finding.counted`, and the hits that a text or object may have."""
    facets = filters.survey.facets
    return bool(filters.anchors) or (facets is not None and len(facets) > finding.FACETS_MAX)


def bars(filters):
    """(hour, day, week or month, [Bar]), oldest first; none if nothing is found."""
    newest = filters.page(size=1).stories
    if not newest or not newest[0].entries:
        return "day", []
    end = newest[0].entries[0].at + timedelta(microseconds=1)
    ends = min(filters.until or end, end)
    begins = filters.since or ends - timedelta(days=DAYS)
    step = next(name for name, days in STEPS if days is None or ends - begins <= timedelta(days=days))
    edges = _edges(begins.astimezone(filters.zone), ends.astimezone(filters.zone), step)
    counts = _counts(filters, _numbers(edges))
    spans = zip(edges, edges[1:], strict=False)
    return step, [
        Bar(*span, min(count, COUNT_MAX), count > COUNT_MAX)
        for span, count in zip(spans, counts, strict=True)
    ]


def _edges(begins, ends, step):
    """Where each bar begins, and where the last one ends: whole hours, days, weeks or months of the zone."""
    edge = begins.replace(minute=0, second=0, microsecond=0)
    if step != "hour":
        edge = edge.replace(hour=0)
    if step == "week":
        edge -= timedelta(days=edge.weekday())
    if step == "month":
        edge = edge.replace(day=1)
    edges = [edge]
    while edges[-1] < ends:
        edges.append(_next(edges[-1], step))
    return edges


def _next(edge, step):
    if step == "hour":  # of clocks that were changed, too
        return (edge.astimezone(UTC) + timedelta(hours=1)).astimezone(edge.tzinfo)
    if step == "month":
        return edge.replace(year=edge.year + edge.month // 12, month=edge.month % 12 + 1)
    return edge + timedelta(days=7 if step == "week" else 1)


def _numbers(edges):
    """The number of the first entry from each edge on. Where a clock was set back, entries count where they
    stand in the record."""
    statement = Statement()
    first = "SELECT seq FROM record_entry WHERE at >= {} ORDER BY at, seq LIMIT 1"
    each = [f"({first.format(statement.moment(Entry, 'at', edge))})" for edge in edges]
    each.append("(SELECT max(seq) FROM record_entry)")
    ((*numbers, last),) = statement.rows("SELECT " + ", ".join(each))
    numbers = [last + 1 if number is None else number for number in numbers]
    return [max(numbers[: index + 1]) for index in range(len(numbers))]


def _counts(filters, numbers):
    found = filters.anchors
    if found:
        stories = finding.numbers(filters, found, most=finding.HITS[1])
        return [
            bisect_left(stories, high) - bisect_left(stories, low)
            for low, high in zip(numbers, numbers[1:], strict=False)
        ]
    statement, each = Statement(), []
    for low, high in zip(numbers, numbers[1:], strict=False):
        way = finding.Way(max(low, filters.survey.low), high, is_down=True)
        inner = finding.counted(statement, filters, way, COUNT_MAX + 1)
        each.append(f"(SELECT count(*) FROM ({inner}) c)")
    return list(statement.rows("SELECT " + ", ".join(each))[0]) if each else []
