"""Changes as JSON and back: for approvals, whose changes are requested later, exactly as they were wanted."""

from django.utils.translation import gettext_noop as _

from portal.connections.models import Connection
from portal.errors import NotRepeatable
from portal.kinds import mirroring
from portal.kinds.identity import the_one
from portal.kinds.registry import KINDS
from portal.operations.change import Change, Then, keyed_hash
from portal.record.redaction import redact
from portal.sealing import CannotOpen
from portal.words import Sentence

CONNECTION_LOST = Sentence(
    "approval.connection_lost",
    _("Its connection was deleted or leads to another account now. Nothing was sent."),
)
OBJECT_UNKNOWN = Sentence(
    "approval.object_unknown", _("The portal no longer knows the object. Nothing was sent.")
)
SECRET_CLOSED = Sentence(
    "approval.secret_closed",
    _("It contains a secret that this portal's keys cannot decrypt. Nothing was sent."),
)
OTHER_REQUEST = Sentence(
    "approval.other_request",
    _("The portal would send another request now than the one that was asked for. Nothing was sent."),
)


def kept(change, seen):
    """A Change as a JSON value; `seen` is what its object shows (seen_of)."""
    target = change.target
    return {
        "kind": change.kind.slug,
        "verb": change.verb.name,
        "connection": str(change.connection.pk),
        "connection_name": change.connection.name,
        "account": _account(change.connection),
        "row": str(target.pk) if target else "",
        "object_id": change.object_id,
        "object_scope": change.object_scope,
        "object_name": change.object_name,
        "data": change.data,
        "expected": redact(change.expected),
        "then": [each.shown for each in change.then],
        "request": change.request,
        "body_hash": change.body_hash,
        "seen": seen,
    }


def changes_of(approval):
    """The approval's changes as Changes.

    Raises NotRepeatable if one cannot be made any more, or would now request something else.
    """
    try:
        datas = approval.sent_data
    except CannotOpen as error:
        raise NotRepeatable(SECRET_CLOSED()) from error
    ids = {each["connection"] for each in approval.changes}
    connections = Connection.objects.select_related("team__rules").in_bulk(ids)
    connections = {str(pk): each for pk, each in connections.items() if each.team_id == approval.team_id}
    return [_change(approval, *each, connections) for each in zip(approval.changes, datas, strict=True)]


def _change(approval, each, data, connections):
    kind, linked = KINDS.get(each["kind"]), connections.get(each["connection"])
    if kind is None or linked is None or _account(linked) != each["account"]:
        raise NotRepeatable(CONNECTION_LOST())
    verb = kind.batch if kind.batch and kind.batch.name == each["verb"] else kind.verb(each["verb"])
    target = _row(kind, linked, each) if verb.on_object else None
    change = Change(
        kind=kind,
        verb=verb,
        connection=linked,
        target=target,
        data=data,
        expected=each["expected"],
        reason=approval.reason,
        ticket=approval.ticket,
        then=tuple(_then(told) for told in each["then"]),
    )
    if change.body_hash != each["body_hash"] or change.request != each["request"]:
        raise NotRepeatable(OTHER_REQUEST())
    return change


def _row(kind, linked, each):
    rows = mirroring.rows_of(kind, linked.pk, [each["object_id"]])
    row = the_one(rows, each["object_scope"])
    if row is None or row.gone_at:
        raise NotRepeatable(OBJECT_UNKNOWN())
    row.connection = linked
    return row


def _then(told):
    kind = KINDS[told["kind"]]
    return Then(kind, kind.verb(told["verb"]), told["object_id"], told["data"], told["id_in"])


def _account(linked):
    return keyed_hash(repr(linked.account))[:32]


def seen_of(kind, values):
    """{column: digest} of what people set on an object; `values` is {column: value}."""
    return {name: keyed_hash(values[name])[:16] for name in sorted(kind.judged) if name in values}


def seen_live(change):
    """The same of the change's object as its platform shows it now. Raises PlatformError."""
    return seen_in(change, change.bound.get()) if change.target else {}


def seen_in(change, decoded):
    """The same of the decoded object."""
    return seen_of(change.kind, change.kind.model.values_from(decoded))


def seen_in_mirror(change):
    """The same as the mirror has it, without what lists do not show."""
    if change.target is None:
        return {}
    row, unshown = change.target, {*(change.target.unshown or ())}
    names = [each for each in change.kind.judged if each not in unshown]
    return seen_of(change.kind, {name: getattr(row, name) for name in names})


def changed_since(seen, now):
    """The columns of `seen` that show something else now; what is not shown now counts as such."""
    return [name for name in seen if now.get(name) != seen[name]]
