"""Exports of just the rows that the list shows with these filters: CSV, lines of JSON, or a ZIP of evidence.

Who exported what is recorded before the first byte leaves. An export is made while it is sent, in constant
memory.
"""

from django.db import DatabaseError, transaction
from django.http import StreamingHttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views.decorators.http import require_http_methods

from portal.audit import evidence, rights
from portal.audit.filters import Filters
from portal.audit.rights import require_reader
from portal.errors import RecordUnavailable
from portal.record import checkpoints, exporting
from portal.record.store import append
from portal.teams.access import may
from portal.teams.recording import UNRECORDED, line
from portal.teams.signin.confirming import confirmed
from portal.web.pages import page
from portal.words import Sentence

UNSIGNED = Sentence(
    "audit.unsigned", gettext_noop("The audit log cannot be signed, so nothing was exported: %(error)s")
)
FORMATS = {
    "csv": "text/csv; charset=utf-8",
    "jsonl": "application/jsonl; charset=utf-8",
    "zip": "application/zip",
}


@confirmed("POST")
@require_http_methods(["GET", "HEAD", "POST"])
def export(request):
    """The filters are those of the address; a POST has `format`, one of FORMATS."""
    format = request.POST.get("format")
    if request.method == "POST" and format in FORMATS:
        return _send(request, format)
    require_reader(request)
    if not rights.has(request, "export_record"):
        rights.require_right(request, "export_record", "export")
    filters = Filters.of(request.GET, request.user)
    count, is_more = filters.count()
    context = {"filters": filters, "count": count, "is_more": is_more}
    if request.method == "POST":
        context["problem"] = _("Choose CSV, JSON lines or evidence.")
    return page(request, "audit/export.html", context, status=422 if request.method == "POST" else 200)


def _send(request, format):
    team = rights.require_right(request, "export_record", "export")
    filters = Filters.of(request.GET, request.user)
    count, _is_more = filters.count(None)
    checkpoint = _record(request, team, filters, count, format)
    rows = exporting.rows_of(entry.seq for entry in _allowed(request.user, filters.entries()))
    if format == "zip":
        about = evidence.About(request.user, filters.used, count, checkpoint)
        pieces = evidence.pieces(rows, about)
    else:
        made = exporting.csv_lines(rows) if format == "csv" else exporting.json_lines(rows, checkpoint.size)
        pieces = (each.encode("utf-8", "replace") for each in made)
    response = StreamingHttpResponse(pieces, content_type=FORMATS[format])
    name = f"audit-log-{timezone.now():%Y%m%dT%H%M%SZ}.{format}"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _allowed(user, entries):
    """Who is an owner here may be an operator there, and reads there what they may not export."""
    return (entry for entry in entries if user.is_portal_auditor or may(user, "export_record", entry))


def _record(request, team, filters, count, format):
    """Write down the export; the Checkpoint that covers all that is in it. Raises RecordUnavailable."""
    told = line("export", kind=rights.KIND, actor=request.user, team=team, object_name=format)
    body = {"format": format, "filters": filters.used, "rows": count}
    try:
        with transaction.atomic(durable=True):
            append({**told, "body": body})
        return exporting.anchor()
    except DatabaseError as error:
        raise RecordUnavailable(UNRECORDED()) from error
    except checkpoints.NotMade as error:
        raise RecordUnavailable(UNSIGNED(error=str(error))) from error
