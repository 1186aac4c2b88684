"""What a form is drawn with at first: kept input, that of an earlier operation, or what the address names."""

import json
import re
import uuid

from django.http import Http404
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _

from portal.operations.models import UNSETTLED, Operation
from portal.resources.editing import JsonField, pretty
from portal.resources.forms import touched_initial
from portal.teams.access import may
from portal.web import kept

# An address may fill in fields, but neither the operation key nor what the form showed.
NOT_PRESET = ("operation_key", "expected", "from", kept.QUERY)
# What portal/record/redaction.py leaves of a secret and of an endless text.
LEFT_OUT = re.compile(r"hmac:[0-9a-f]{16}|.*\.\.\. \(\d+ characters, sha256 [0-9a-f]{64}\)", re.DOTALL)


def starting_values(request, kind, verb, connections, target=None):
    """{field name: value} beside those of the object itself; sets `request.notice` when it says something.

    `connections` are those that the form offers. Raises Http404 for an earlier operation of another one: its
    input belongs to that account, and perhaps to another team.
    """
    posted = kept.take(request)
    if posted is not None:
        return touched_initial(verb.form, posted)
    earlier = _earlier(request, kind, verb, target)
    if earlier is None:
        return {name: value for name, value in request.GET.items() if name not in NOT_PRESET}
    if earlier.connection_id not in {connection.pk for connection in connections}:
        raise Http404
    request.notice = _why_not_filled_in(request.user, earlier)
    values = {} if request.notice else _values_of(request, earlier)
    return values | {"connection": str(earlier.connection_id)}


def _earlier(request, kind, verb, target):
    """The operation that `?from=` names, if it asked for the same of the same; else None."""
    try:
        id = uuid.UUID(request.GET.get("from", ""))
    except ValueError:
        return None
    operations = Operation.objects.visible_to(request.user).filter(kind_slug=kind.slug, verb_name=verb.name)
    if target:
        operations = operations.filter(object_id=target.remote_id, connection_id=target.connection_id)
    return operations.filter(pk=id).first()


def _why_not_filled_in(user, operation):
    """A sentence, "" where nothing speaks against it.

    What may have happened already is not offered a second time. And what was asked for is part of the
    record: one's own, or for those who may read all of it.
    """
    if operation.state in UNSETTLED:
        return format_html(
            '{} <a href="{}">{}</a>',
            _("It is not known yet what became of that operation: it may have happened. Settle it first."),
            reverse("operations:detail", args=[operation.pk]),
            _("To the operation"),
        )
    if operation.actor_id == user.pk or may(user, "read_record", operation.team_id):
        return ""
    return _("The input of that operation is shown only to who asked for it or may read the record.")


def _values_of(request, operation):
    fields = operation.verb.form.base_fields
    # Only what was filled in was sent: a field that the change emptied is not among its data.
    sent = {name: "" for name in operation.verb.edits if name in fields} | operation.data
    values, is_whole = {}, True
    for name, value in sent.items():
        if name not in fields:
            continue
        known = without_secrets(value)
        is_whole = is_whole and known == value
        if known is not None or value is None:
            values[name] = pretty(known) if isinstance(fields[name], JsonField) else known
    if operation.reason:
        values["reason"] = operation.reason
    # What that form showed: should the object have changed since, sending this is a conflict first.
    if operation.expected is not None and without_secrets(operation.expected) == operation.expected:
        values["expected"] = json.dumps(operation.expected)
    request.notice = (
        _("This is the input of an earlier operation. Sent again, it is a new one.")
        if is_whole
        else _(
            "This is the input of an earlier operation without its secrets: enter them again."
            " Sent again, it is a new one."
        )
    )
    return values


def without_secrets(value):
    """A JSON value without what the record hides of it; None when nothing of it is left."""
    if isinstance(value, dict):
        return {name: without_secrets(each) for name, each in value.items() if not _is_left_out(each)}
    if isinstance(value, list):
        return [without_secrets(each) for each in value if not _is_left_out(each)]
    return None if _is_left_out(value) else value


def _is_left_out(value):
    return isinstance(value, str) and bool(LEFT_OUT.fullmatch(value))
