"""What operations write into the record."""

from django.db import DatabaseError, transaction
from django.utils.translation import gettext as _

from portal.errors import NotAllowed, RecordUnavailable
from portal.record.models import Stage
from portal.record.store import append
from portal.teams.access import require


def line(operation, stage, outcome, body, *, by=None, via="", summary=""):
    """One line about an operation; `by` is the person who did it where that is not who asked for it."""
    actor = by or operation.actor
    return {
        "stage": stage,
        "outcome": outcome,
        "actor_id": str(actor.pk),
        "actor": actor.email,
        "via": via or operation.via,
        "team_id": str(operation.team_id),
        "team": operation.team.name,
        "connection_id": str(operation.connection_id or ""),
        "connection": operation.connection_name,
        "platform": operation.platform,
        "kind": operation.kind_slug,
        "verb": operation.verb_name,
        "object_id": operation.object_id,
        "object_name": operation.object_name,
        "operation": str(operation.pk),
        "attempt": operation.attempt,
        "http_status": operation.http_status,
        "platform_code": operation.platform_code,
        "platform_request_id": operation.platform_request_id,
        "duration_ms": operation.duration_ms,
        "reason": operation.reason,
        "summary": summary or operation.message,
        "body": body,
    }


def require_for(operation, actor, right, verb):
    """As `admit`, for what is done to an operation itself: `verb` is cancel, decide, ..."""
    try:
        require(actor, right, operation.team_id)
    except NotAllowed as denial:
        body = {"asked": verb, "right": denial.right}
        _write(line(operation, Stage.DENIED, "denied", body, by=actor, summary=str(denial)))
        raise


def admit(kind, verb, *, actor, connection, data, target=None, reason="", via="web"):
    """Raise NotVisible, or NotAllowed after recording the denial; RecordUnavailable when it cannot be."""
    try:
        require(actor, verb.right, connection.team_id)
    except NotAllowed as denial:
        _write(
            {
                "stage": Stage.DENIED,
                "outcome": "denied",
                "actor_id": str(actor.pk),
                "actor": actor.email,
                "via": via,
                "team_id": str(connection.team_id),
                "team": connection.team.name,
                "connection_id": str(connection.pk),
                "connection": connection.name,
                "platform": kind.platform,
                "kind": kind.slug,
                "verb": verb.name,
                "object_id": target.remote_id if target else "",
                "object_name": verb.object_name(data, target),
                "reason": reason,
                "summary": str(denial),
                "body": {"data": data, "right": denial.right},
            }
        )
        raise


def _write(entry):
    try:
        with transaction.atomic(durable=True):
            append(entry)
    except DatabaseError as error:
        raise RecordUnavailable(not_recorded()) from error


def not_recorded():
    return _("The portal cannot write its record just now, so nothing was sent. Try again in a minute.")
