"""The first values of a form: kept input, the input of an earlier operation, or values from the address."""

import re
import uuid

from django.http import Http404
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _

from portal.kinds.registry import Batch
from portal.operations.change import WHY_FIELDS
from portal.operations.many import of_batch
from portal.operations.models import NOTHING_DONE, UNSETTLED, Operation
from portal.resources.changing import initial_values
from portal.resources.drift_page import initial_back
from portal.resources.forms import touched_initial
from portal.teams.access import may
from portal.web import kept

# A query may fill in fields, but neither the operation key nor `expected`.
NOT_PRESET = ("operation_key", "expected", "from", kept.QUERY)
# What portal/record/redaction.py writes in place of a secret or a very long text.
LEFT_OUT = re.compile(r"hmac:[0-9a-f]{16}|.*\.\.\. \(\d+ characters, sha256 [0-9a-f]{64}\)", re.DOTALL)


def starting_values(request, kind, verb, connections, target=None):
    """{field name: value} that override the object's own values. May set `request.notice` to explain them.

    `connections` are those that the form offers. Raises Http404 if the earlier operation used another one:
    its input belongs to that account, and perhaps to another team.
    """
    posted = kept.take(request)
    if posted is not None:
        return touched_initial(verb.form, posted)
    if "back" in request.GET and target is not None and verb.fields:
        return initial_back(kind, verb, target)
    if isinstance(verb, Batch) and "again" in request.GET:
        return _refused_before(request, verb)
    earlier = _earlier(request, kind, verb, target)
    if earlier is None:
        return {name: value for name, value in request.GET.items() if name not in NOT_PRESET}
    if earlier.connection_id not in {connection.pk for connection in connections}:
        raise Http404
    request.notice = _why_not_filled_in(request.user, earlier)
    values = {} if request.notice else _values_of(request, earlier)
    return values | {"connection": str(earlier.connection_id)}


def _earlier(request, kind, verb, target):
    """The operation that `?from=` names, if it had the same kind, verb and object; else None."""
    try:
        id = uuid.UUID(request.GET.get("from", ""))
    except ValueError:
        return None
    operations = Operation.objects.visible_to(request.user).filter(kind_slug=kind.slug, verb_name=verb.name)
    if target:
        operations = operations.about(target)
    return operations.filter(pk=id).first()


def _refused_before(request, batch):
    """What an earlier batch asked for and did not get, and nobody asked for again since."""
    operations = Operation.objects.visible_to(request.user).filter(team=request.team)
    nothing_done = operations.filter(state__in=NOTHING_DONE, followers=None)
    again = of_batch(nothing_done, request.GET["again"], batch.most)
    readable = [each for each in again if not _why_not_filled_in(request.user, each)]
    if not readable:
        return {}
    request.notice = _("This is what was not created. Submitting it makes new operations.")
    values = batch.started([without_secrets(each.data) for each in readable])
    return values | {"connection": str(readable[0].connection_id)}


def _why_not_filled_in(user, operation):
    """Why the form is not filled with the input of that operation; "" if it is.

    An operation that may have happened is not offered again. And its input belongs to the record, so it is
    shown only to the person who made the request and to those who may read the whole record.
    """
    if operation.state in UNSETTLED:
        return format_html(
            '{} <a href="{}">{}</a>',
            _("That operation may have happened: its outcome is not known yet. Resolve it first."),
            reverse("operations:detail", args=[operation.pk]),
            _("View operation"),
        )
    if operation.actor_id == user.pk or may(user, "read_record", operation):
        return ""
    return _("Only the person who requested that operation and readers of the audit log can see its input.")


def _values_of(request, operation):
    fields = operation.verb.form.base_fields
    values, is_whole, expected = {}, True, operation.expected
    # The values that the earlier form showed: if the object has changed since, submitting gives a conflict.
    if expected and set(expected) == set(operation.verb.fields) and without_secrets(expected) == expected:
        values = initial_values(operation.verb.form, expected)
    for name, value in operation.narrowed(operation.data).items():
        if name not in fields:
            continue
        known = without_secrets(value)
        is_whole = is_whole and known == value
        if known is not None or value is None:
            values[name] = fields[name].as_text(known) if hasattr(fields[name], "as_text") else known
    values |= {name: text for name in WHY_FIELDS if (text := getattr(operation, name))}
    request.notice = (
        _("This is the input of an earlier operation. Submitting it makes a new one.")
        if is_whole
        else _(
            "This is the input of an earlier operation without its secrets: enter them again."
            " Submitting it makes a new operation."
        )
    )
    return values


def without_secrets(value):
    """A JSON value without the parts that the record hides; None if the whole value is hidden."""
    if isinstance(value, dict):
        return {name: without_secrets(each) for name, each in value.items() if not _is_left_out(each)}
    if isinstance(value, list):
        return [without_secrets(each) for each in value if not _is_left_out(each)]
    return None if _is_left_out(value) else value


def _is_left_out(value):
    return isinstance(value, str) and bool(LEFT_OUT.fullmatch(value))
