"""What an object's page shows of a change that was made elsewhere, and what can be done about it.

It is accepted, which needs the right to update, or set back with the update's form where the kind has one.
"""

from django.contrib import messages
from django.db import DatabaseError, transaction
from django.http import Http404
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop
from django.views.decorators.http import require_POST

from portal.errors import RecordUnavailable
from portal.kinds.masking import masked
from portal.outside import NAME_MAX, shortened
from portal.record.store import append
from portal.resources.drift import stated
from portal.resources.pages import find
from portal.teams.access import may
from portal.teams.recording import UNRECORDED, line, require_recorded
from portal.web.following import mark
from portal.words import Sentence

CHANGED_AGAIN = gettext_lazy("It was changed again meanwhile. Look at what differs now, then accept that.")
VERB, RIGHT = "accept_found", "update"
ACCEPTED = Sentence("found.accepted", gettext_noop("The change made elsewhere was accepted (%(fields)s)."))


def shown(request, kind, row, *, reads_secrets):
    """What the page of an object needs of its drift: None if there is none.

    `differences` are (field, was, now). `back_url` leads to the form that sets it back, "" where there is
    none or the person may not use it.
    """
    if not row.drift:
        return None
    sides = [{name: pair[side] for name, pair in row.drift.items()} for side in (0, 1)]
    was, now = sides if reads_secrets else map(masked, sides)
    columns = {name: row._meta.get_field(name) for name in row.drift}
    return {
        "differences": [(column, was[name], now[name]) for name, column in columns.items()],
        "at": row.drifted_at,
        "mark": _mark(row),
        "may_accept": may(request.user, RIGHT, row),
        "back_url": _back_url(request, kind, row),
    }


def _mark(row):
    return mark(row.drift, row.drifted_at)


def _back_url(request, kind, row):
    for verb in kind.verbs:
        if verb.name == "update" and may(request.user, verb.right, row) and initial_back(kind, verb, row):
            return reverse("resources:act", args=[kind, row.pk, verb.name]) + "?back=1"
    return ""


def initial_back(kind, verb, row):
    """{form field: text} that the update's form begins with, to set the object back to what it was."""
    found = {}
    for name, (was, _now) in (row.drift or {}).items():
        typed = kind.typed_name if name == "name" else name
        if typed in verb.fields:
            found[typed] = verb.form.base_fields[typed].as_text(was)
    return found


@require_POST
def accept(request, kind, id):
    """Accept what the page showed: the object is as it should be."""
    row = find(request, kind, id)
    if not row.drift:
        raise Http404
    entry = line(
        VERB,
        kind=kind.slug,
        actor=request.user,
        team=row.connection.team,
        object_id=row.remote_id,
        object_scope=row.scope,
        space=row.space_id,
        object_name=shortened(str(row), NAME_MAX),
        connection_id=str(row.connection_id),
        connection=row.connection.name,
        platform=kind.platform,
        body=stated(row.drift),
    )
    require_recorded(request.user, RIGHT, row, entry)
    if request.POST.get("shown") != _mark(row):
        messages.error(request, CHANGED_AGAIN)
        return redirect("resources:detail", kind, row.pk)
    fields = ", ".join(str(row._meta.get_field(name).verbose_name) for name in row.drift)
    try:
        with transaction.atomic(durable=True):
            held = type(row).objects.filter(pk=row.pk, drifted_at=row.drifted_at, drift=row.drift)
            is_accepted = held.update(drift=None, drifted_at=None)
            if is_accepted:
                append({**entry, "said": ACCEPTED(fields=fields)})
    except DatabaseError as error:
        raise RecordUnavailable(UNRECORDED()) from error
    if is_accepted:
        messages.success(request, _("Accepted. The audit log keeps what was found."))
    else:
        messages.error(request, CHANGED_AGAIN)
    return redirect("resources:detail", kind, row.pk)
