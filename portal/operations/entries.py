"""What comes before an operation begins: the access checks that record a denial, the lock of its account; and
the entries that operations write into the record."""

from django.db.models import F
from django.utils.translation import gettext_noop as _

from portal.connections.models import Connection
from portal.errors import RecordUnavailable
from portal.operations import reach
from portal.record import correlation
from portal.record.models import Stage
from portal.teams.recording import record, require_recorded, through
from portal.words import Sentence

NOT_RECORDED = Sentence(
    "operation.not_recorded",
    _("The portal cannot write to the audit log right now, so nothing was sent. Try again in a minute."),
)

CHANGED_ACCOUNT = Sentence(
    "operation.connection_changed",
    _("The connection was changed a moment ago. Nothing was sent. Check the connection and submit again."),
)


def line(operation, stage, outcome, body, *, by=None, via="", said=None):
    """The values of one record entry about an operation.

    `by` is the person who did something, if that is not the one who requested the operation. `said` is the
    entry's sentence; by default the operation's own.
    """
    token = getattr(by, "token", None) if by else operation.token
    return {
        **_who(by or operation.actor, via or operation.via, operation.connection_name, operation.kind_slug),
        "stage": stage,
        "outcome": outcome,
        "team_id": str(operation.team_id),
        "team": operation.team.name,
        "connection_id": str(operation.connection_id or ""),
        "platform": operation.platform,
        "verb": operation.verb_name,
        "object_id": operation.object_id,
        "object_scope": operation.object_scope,
        "object_name": operation.object_name,
        "space": operation.space,
        "operation": str(operation.pk),
        "correlation": correlation.current() or operation.correlation,
        "attempt": operation.attempt,
        "http_status": operation.http_status,
        "platform_code": operation.platform_code,
        "platform_request_id": operation.platform_request_id,
        "duration_ms": operation.duration_ms,
        "reason": operation.reason,
        "ticket": operation.ticket,
        "said": said or operation.said or operation.platform_message,
        "body": {**body, **through(token)},
    }


def _who(actor, via, connection_name, kind_slug):
    return {
        "actor_id": str(actor.pk),
        "actor": actor.email,
        "via": via,
        "connection": connection_name,
        "kind": kind_slug,
    }


def require_for(operation, actor, right, asked):
    """Require the right to do something with an operation: `asked` is cancel, look_again, decide or requeue.

    Raises NotVisible, NotAllowed after the denial is recorded, and RecordUnavailable if that fails.
    """
    denied = line(operation, "", "", {"asked": asked}, by=actor)
    require_recorded(actor, right, operation, {**denied, "said": None})


def admit(change, actor, via="web", right=None, *, is_read=True):
    """Require the rights to request a Change and what is to follow it, or one other `right`; "" is none.

    They are required wherever the Change reaches (reach.py); of what was posted and not read yet, `is_read`
    False, where its object is and is to be. Raises the same errors as `require_for`.
    """
    if right is None:
        right = change.verb.right
        for each in change.then:
            admit(reach.following(each, change, actor), actor, via, is_read=is_read)
    if not right:
        return
    about = _about(change, actor, via)
    for thing in reach.things(change, actor, is_read=is_read):
        require_recorded(actor, right, thing, about)


def unasked(change, *, actor, via, said, heard):
    """Record that a Change was wanted, but could not be asked for: its object could not be read.

    `heard` are the HTTP exchanges that were made. Raises RecordUnavailable.
    """
    about = _about(change, actor, via)
    attempts = [each.to_json() for each in heard]
    body = about["body"] | ({"attempts": attempts} if attempts else {})
    ended = {"stage": Stage.OUTCOME, "outcome": "not_sent", "said": said, "body": body}
    record({**about, **ended})


def _about(change, actor, via):
    """The values of an entry about a Change that is no operation."""
    kind, verb, connection = change.kind, change.verb, change.connection
    return {
        **_who(actor, via, connection.name, kind.slug),
        "team_id": str(connection.team_id),
        "team": connection.team.name,
        "connection_id": str(connection.pk),
        "platform": kind.platform,
        "verb": verb.name,
        "object_id": change.object_id,
        "object_scope": change.object_scope,
        "object_name": change.object_name,
        "space": change.space,
        "reason": change.reason,
        "ticket": change.ticket,
        "body": {"data": change.data, **through(getattr(actor, "token", None))},
    }


def lock_account(linked):
    """Lock the connection, so that whoever moves or deletes it waits and then sees this operation.

    Returns what the rules of its team ask for (rules.Rules.demands), read by the same statement. Raises
    RecordUnavailable if someone changed it first.
    """
    row = Connection.objects.unchanged(linked).annotate(demands=F("team__rules__demands")).first()
    if row is None:
        raise RecordUnavailable(CHANGED_ACCOUNT())
    return row.demands or {}


def unavailable():
    """The error for "nothing was sent, because the record could not be written"."""
    return RecordUnavailable(NOT_RECORDED())
