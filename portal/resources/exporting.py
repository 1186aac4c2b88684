"""Exports of a list: all rows that it is narrowed to, in its order, as CSV or JSON lines.

An export holds what the mirror has; its header and its name say if that may not be all. It reads no platform.
"""

import json
from dataclasses import replace
from datetime import UTC

from django.db import connection
from django.db.models.expressions import RawSQL
from django.http import Http404, StreamingHttpResponse
from django.utils import timezone
from django.utils.translation import gettext_noop as _
from django.views.decorators.http import require_safe

from portal.bounds import LINE_MAX
from portal.outside import NAME_MAX, shortened
from portal.resources import asking
from portal.resources.fields import NOT_SHOWN
from portal.resources.freshness import Coverage, freshness
from portal.resources.keyset import KEYS
from portal.resources.listing import FOUND_MAX, listing, source_of
from portal.resources.pages import connections_of
from portal.resources.shown import shown_values
from portal.resources.wanted import Place, Wanted
from portal.teams.recording import line, record
from portal.web import sheets
from portal.words import Sentence

BATCH = 500  # rows of one statement
COUNTED_MAX = 2_000_000_000  # more rows than a mirror has: all are counted
EXPORTED = Sentence("export.list", _("%(count)s rows of this list were exported."))
COVERAGE_HEADER, AS_OF_HEADER = "X-Portal-Coverage", "X-Portal-As-Of"


@require_safe
def export(request, kind, format):
    connections = connections_of(request, kind)
    if not connections:
        raise Http404
    wanted = replace(Wanted.read(kind, request.GET, connections, request.user), after=None, before=None)
    chosen = [wanted.connection] if wanted.connection else connections
    coverage = Coverage.of(freshness(asking.readings(kind, chosen)))
    if coverage.is_whole and wanted.text:
        coverage = replace(coverage, is_whole=_finds_all(kind, wanted, connections))
    _record(request, kind, wanted, chosen, format)
    rows = (values(request.user, kind, row) for row in rows_of(kind, wanted, chosen))
    media_type, lines = FORMATS[format]
    encoded = (line.encode("utf-8", "replace") for line in lines(columns(kind), rows))
    response = StreamingHttpResponse(encoded, content_type=media_type)
    response[COVERAGE_HEADER] = str(coverage)
    if coverage.as_of:
        response[AS_OF_HEADER] = stamp(coverage.as_of)
    response["Content-Disposition"] = f'attachment; filename="{_file_name(kind, coverage)}.{format}"'
    return response


def _record(request, kind, wanted, chosen, format):
    """One entry, before the first row leaves: who takes how many rows of what. Raises RecordUnavailable."""
    count = _count(kind, wanted, chosen)
    query = {name: shortened(" ".join(request.GET.getlist(name)), NAME_MAX) for name in request.GET}
    body = {"format": format, "rows": count, "filter": query, "connections": [each.name for each in chosen]}
    about = {"connection_id": str(chosen[0].pk), "connection": chosen[0].name} if len(chosen) == 1 else {}
    entry = line("export_list", kind=kind.slug, actor=request.user, team=chosen[0].team, **about, body=body)
    record({**entry, "platform": kind.platform, "said": EXPORTED(count=count)})


def _count(kind, wanted, chosen):
    """How many rows are about to be exported."""
    if len(wanted.text) > LINE_MAX:
        return 0
    source = source_of(kind, wanted, chosen)
    (shared, params), (sql, more) = source.shared, source.count(FOUND_MAX if wanted.text else COUNTED_MAX)
    with connection.cursor() as cursor:
        cursor.execute(f"{shared} {sql}", [*params, *more])
        return cursor.fetchone()[0]


def _finds_all(kind, wanted, connections):
    """Whether the search of the list looks at all rows and shows all that it finds."""
    found = listing(kind, wanted, connections)
    return found.is_whole and not found.is_more


def _file_name(kind, coverage):
    words = [kind.slug.replace("/", "-"), *([] if coverage.is_whole else [str(coverage)])]
    return "-".join([*words, timezone.now().astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")])


def rows_of(kind, wanted, connections):
    """Yield the rows of all pages of a list, BATCH of them in one statement."""
    if len(wanted.text) > LINE_MAX:  # no text of a row is as long
        return
    source, own = source_of(kind, wanted, connections), {each.pk: each for each in connections}
    batches = _of_search(kind, wanted, source) if wanted.text else _of_walk(kind, wanted, source)
    for batch in batches:
        for row in batch:
            row.connection = own[row.connection_id]
            yield row


def _of_walk(kind, wanted, walk):
    order, sign = _order(wanted), "<" if wanted.is_backwards else ">"
    place = None
    while True:
        ids = walk.ids(sign, place, wanted.is_backwards, BATCH)
        batch = list(kind.model.objects.filter(pk__in=RawSQL(*ids)).order_by(*order))
        yield batch
        if len(batch) < BATCH:
            return
        place = Place.of(batch[-1])


def _of_search(kind, wanted, few):
    """The search is made once: it shows only so many rows, and has no order in which it could go on."""
    (shared, params), (sql, more) = few.shared, few.ids("", None, wanted.is_backwards, FOUND_MAX)
    ids = [row.pk for row in kind.model.objects.raw(f"{shared} {sql}", [*params, *more])]
    for at in range(0, len(ids), BATCH):
        some = ids[at : at + BATCH]
        yield list(kind.model.objects.present().filter(pk__in=some).order_by(*_order(wanted)))


def _order(wanted):
    return [f"-{name}" if wanted.is_backwards else name for name in KEYS]


def columns(kind):
    """Names of an export's columns; those of the platform's fields are its own, in snake case."""
    fields = [field.name for field in kind.model.platform_fields()]
    return ["connection", "id", "name", "state", *fields, "read_at"]


def values(user, kind, row):
    """What an export has of a row, in the order of the columns. NOT_SHOWN: see Mirror.unshown."""
    shown = shown_values(user, kind, row)
    fields = [NOT_SHOWN if field.name in (row.unshown or ()) else value for field, value in shown.items()]
    return [row.connection.name, row.remote_id, row.name, row.state, *fields, stamp(row.read_at)]


def stamp(moment):
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def csv_lines(names, rows):
    return sheets.csv_lines(names, ([_cell(value) for value in row] for row in rows))


def _cell(value):
    if value is NOT_SHOWN:
        return ""
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, bool):
        return "true" if value else "false"
    return value


def json_lines(names, rows):
    """Yield one JSON object in each line; what was not shown yet is left out."""
    for row in rows:
        shown = {name: value for name, value in zip(names, row, strict=True) if value is not NOT_SHOWN}
        yield json.dumps(shown, ensure_ascii=False) + "\n"


FORMATS = {
    "csv": ("text/csv; charset=utf-8", csv_lines),
    "jsonl": ("application/jsonl; charset=utf-8", json_lines),
}
