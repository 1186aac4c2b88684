"""The pages of the audit log: the list that reviewers narrow down. One entry is in entry_page.py."""

from django.views.decorators.http import require_safe

from portal.audit import intact, moments
from portal.audit.choices import selects
from portal.audit.filters import DATES, SEQ_MAX, Filters
from portal.audit.finding import COUNT_LIMIT
from portal.audit.rights import has, require_reader
from portal.audit.rows import rows
from portal.teams import readers
from portal.teams.access import explain
from portal.web.pages import is_piece, page

PAGE = 50
FOLDED = ("team", "ticket", "request", "object", *DATES)  # filters that a press on "More filters" shows


@require_safe
def list_(request):
    require_reader(request)
    filters = Filters.of(request.GET, request.user)
    before, after = number(request.GET.get("before")), number(request.GET.get("after"))
    found = filters.page(before=before, after=None if before is not None else after, size=PAGE)
    context = {
        "filters": filters,
        "rows": rows(found.stories),
        "zone": filters.zone,
        "offset": moments.offset(filters.zone),
        "fields": {name: _field(filters, name) for name in filters.values},
        "selects": [] if is_piece(request) else selects(filters),
        "is_unfolded": any(filters.values[name] for name in FOLDED),
        "own_only": reads_own_only(request),
        "looked_to": found.looked_to,
        "may_export": has(request, "export_record"),
    }
    context |= _count(request, filters, found, before, after) | _links(filters, found)
    readers.has_read(request.user, team_read(request), "list", filters.values)
    if not is_piece(request):
        context["state"] = intact.State(request.user)
    return page(request, "audit/list.html", context, partial="entries")


def number(text):
    """A number of an entry in an address; None for anything else."""
    is_number = text and text.isascii() and text.isdecimal() and len(text) < 20
    return int(text) if is_number and int(text) <= SEQ_MAX else None


def team_read(request):
    """The team whose record this person is taken to read; None for that of all teams."""
    return None if request.user.is_portal_auditor else request.team


def reads_own_only(request):
    """Whether all that the person may read is what they did themselves."""
    if request.user.is_portal_auditor:
        return False
    return bool(request.teams) and all(explain(request.user, "read_record", team) for team in request.teams)


def _field(filters, name):
    """The value and the problem of an input; a date is shown in its two inputs if it is one."""
    value = filters.values[name]
    field = {"value": value, "problem": filters.problems.get(name, "")}
    if name in DATES:
        day, time = moments.parts(value) or (value, "")
        field |= {"value": day, "time": time, "is_date": not value or bool(moments.parts(value))}
    return field


def _count(request, filters, found, before, after):
    """How many rows there are; one short page is counted by itself."""
    if before is None and after is None and not found.is_older:
        return {"count": len(found.stories), "is_more": False}
    limit = None if request.GET.get("count") == "exact" else COUNT_LIMIT
    count, is_more = filters.count(limit)
    return {"count": count, "is_more": is_more}


def _links(filters, found):
    """Queries of the pages around this one; "" where there is none."""
    query = filters.query
    start = f"{query}&" if query else ""
    last = found.stories[-1].first_seq if found.stories else 0
    first = found.stories[0].first_seq if found.stories else 0
    looked = found.looked_to
    return {
        "query": query,
        "exact_query": f"{start}count=exact",
        "is_newer": found.is_newer,
        "newer_query": f"{start}after={first}" if found.is_newer and found.stories else "",
        "older_query": f"{start}before={last}" if found.is_older and found.stories else "",
        "oldest_query": f"{start}after=0" if found.is_older and found.stories else "",
        "further_query": f"{start}before={looked}" if looked is not None else "",
    }
