"""perform(): the only way to change a platform. Web pages, commands and, later, the API call it.

The steps are functions of their own, in the order in which they run: intend, prepare, mark_sending, send,
conclude. Whatever dies between two of them leaves a row that says how far it came.
"""

import hashlib
import json
import logging
from datetime import timedelta

from django.conf import settings
from django.db import DatabaseError, DataError, IntegrityError, transaction
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext as _

from portal.errors import (
    KeyReused,
    NotAllowed,
    NotSent,
    NotVisible,
    OutcomeUnrecorded,
    PortalError,
    RecordUnavailable,
    Rejected,
    Unclear,
)
from portal.kinds import mirroring
from portal.operations.models import Operation, State
from portal.record.models import Stage
from portal.record.redaction import redact
from portal.record.store import append, canonical
from portal.teams.access import require

log = logging.getLogger(__name__)
LEASE = timedelta(seconds=settings.LEASE_SECONDS)


def perform(kind, verb_name, *, actor, connection, data, key, target=None, reason="", via="web"):
    """Ask a platform for one change and record it.

    `data` is the form's cleaned data in snake case, `target` the mirror row for verbs that act on one, `key`
    the operation key. Returns an Operation that is done, rejected, not_sent or in_doubt; or, for a key that
    is in use, the operation it belongs to in whatever state that is. Raises NotVisible, NotAllowed
    (recorded), KeyReused, RecordUnavailable (nothing was sent) and OutcomeUnrecorded (sent; in doubt).
    """
    verb = kind.verb(verb_name)
    if connection.platform != kind.platform or (target and target.connection_id != connection.pk):
        raise NotVisible(_("This does not exist, or you cannot see it."))
    admit(kind, verb, actor=actor, connection=connection, data=data, target=target, reason=reason, via=via)
    operation = Operation(
        team=connection.team,
        key=key,
        body_hash=_body_hash(kind, verb, connection, data, target),
        actor=actor,
        via=via,
        reason=reason,
        connection=connection,
        connection_name=connection.name,
        platform=kind.platform,
        kind_slug=kind.slug,
        verb_name=verb.name,
        object_id=target.remote_id if target else "",
        object_name=verb.object_name(data, target)[:256],
        data=data,
    )
    existing = intend(operation, connection, target)
    if existing:
        return existing
    return _carry_out(operation, connection, kind, verb, target)


def admit(kind, verb, *, actor, connection, data, target=None, reason="", via="web"):
    """Raise NotVisible, or NotAllowed after recording the denial; RecordUnavailable when it cannot be."""
    try:
        require(actor, verb.right, connection.team_id)
    except NotAllowed as denial:
        _record_denial(kind, verb, actor, connection, data, target, reason, via, denial)
        raise


def _carry_out(operation, connection, kind, verb, target):
    try:
        client, call = prepare(operation, connection, verb, target)
    except Rejected as error:
        return conclude(operation, State.REJECTED, error)
    except PortalError as error:
        return conclude(operation, State.NOT_SENT, error)
    if not mark_sending(operation):
        operation.refresh_from_db()  # the sweep took it for dead and ended it as not sent
        return operation
    try:
        answer = client.send(call)
        decoded = verb.finish(client, answer, operation.data, target)
    except Rejected as error:
        return conclude(operation, State.REJECTED, error)
    except NotSent as error:
        return conclude(operation, State.NOT_SENT, error)
    except Unclear as error:
        return conclude(operation, State.IN_DOUBT, error)
    except Exception as bug:
        # It may have been sent: keep that truth before the bug goes on to its 500.
        conclude(operation, State.IN_DOUBT, Unclear(f"{type(bug).__name__} while reading the answer"))
        raise
    return conclude(operation, State.DONE, answer, decoded, secret_names=_secret_names(kind, client))


def intend(operation, connection, target):
    """Commit the operation and its first entry; returns the operation that holds the key, if one does."""
    operation.request = _request(operation, connection, target)
    operation.lease_until = Now() + LEASE
    try:
        with transaction.atomic(durable=True):
            Operation.objects.bulk_create([operation])
            append(
                line(operation, Stage.INTENT, "asked", {"request": operation.request, "data": operation.data})
            )
    except IntegrityError as error:
        existing = _holder(operation)
        if existing:
            return existing
        raise RecordUnavailable(_not_recorded()) from error
    except DatabaseError as error:
        raise RecordUnavailable(_not_recorded()) from error
    return None


def _holder(operation):
    try:
        existing = Operation.objects.filter(team_id=operation.team_id, key=operation.key).first()
    except DatabaseError as error:
        raise RecordUnavailable(_not_recorded()) from error
    if existing and existing.body_hash != operation.body_hash:
        message = _("This form was sent before with other content. Nothing was sent this time.")
        raise KeyReused(message, operation=existing)
    return existing


def _request(operation, connection, target):
    """Method, URL and body as they will be sent; None when the connection is broken (prepare says how).

    A secret in the body is shown as its fingerprint.
    """
    try:
        client = connection.client()
        call = operation.verb.call(client, operation.data, target)
    except PortalError:
        return None
    return {"method": call.method, "url": client.url(call), "body": _shown((call.body or b"").decode())}


def _shown(body):
    """A JSON body byte for byte, or without its secrets when it holds any."""
    if not body:
        return ""
    value = json.loads(body)
    shown = redact(value)
    return body if shown == value else json.dumps(shown, ensure_ascii=False, separators=(",", ":"))


def prepare(operation, connection, verb, target):
    """Sign in and look at what is there already; nothing is changed on the platform."""
    client = connection.client()
    call = verb.call(client, operation.data, target)
    client.sign_in()
    operation.baseline = verb.settle.baseline(client, operation.data, target)
    return client, call


def mark_sending(operation):
    """Committed just before the socket opens: from here on the call may have happened.

    False when the operation was ended by somebody else meanwhile; then nothing may be sent.
    """
    operation.state, operation.sent_at = State.SENDING, timezone.now()
    try:
        with transaction.atomic(durable=True):
            mine = _mine(operation).filter(state=State.INTENT)
            changes = {"sent_at": operation.sent_at, "baseline": operation.baseline}
            return bool(mine.update(state=State.SENDING, lease_until=Now() + LEASE, **changes))
    except DatabaseError as error:
        raise RecordUnavailable(_not_recorded()) from error


def conclude(operation, state, answer, decoded=None, secret_names=()):
    """Commit the ending: mirror row, state and entry together; `answer` is an Answer or a PortalError."""
    operation.state = state
    operation.ended_at = timezone.now()
    _take_answer(operation, answer, secret_names)
    body = _outcome_body(operation, decoded, secret_names)
    try:
        try:
            _write_ending(operation, body, decoded)
        except (IntegrityError, DataError, ValueError, TypeError):
            # The connection was deleted meanwhile, or a value fits into no column: the ending still counts.
            log.exception("the mirror of operation %s could not be written", operation.pk)
            _write_ending(operation, body)
    except (DatabaseError, ValueError, TypeError) as error:
        message = _("The answer could not be recorded. The portal will look up what happened.")
        raise OutcomeUnrecorded(message, operation=operation) from error
    return operation


def _write_ending(operation, body, decoded=None):
    with transaction.atomic(durable=True):
        if decoded:
            mirrored = mirroring.keep(operation.kind, operation.connection, decoded)
            operation.object_id, operation.object_name = mirrored.remote_id, str(mirrored)[:256]
        if not _claim(operation):
            raise OutcomeUnrecorded(_("Another process took this operation over."), operation=operation)
        append(line(operation, Stage.OUTCOME, operation.state, body))


def _claim(operation):
    """Write the ending where this process holds the attempt, or where a clear answer came after the sweep."""
    if _mine(operation).filter(state__in=(State.INTENT, State.SENDING)).update(**_changes(operation)):
        return True
    if operation.state not in (State.DONE, State.REJECTED):
        return False
    late = Operation.objects.filter(pk=operation.pk, attempt=operation.attempt + 1, state=State.IN_DOUBT)
    return bool(late.update(**_changes(operation)))


OUTCOME_FIELDS = (
    "state ended_at object_id object_name http_status platform_code platform_request_id message answer "
    "duration_ms sealed_secrets secrets_until"
).split()


def _changes(operation):
    changes = {name: getattr(operation, name) for name in OUTCOME_FIELDS}
    # What was sent is needed in full only while it may have to be compared with what is found.
    return changes if operation.state == State.IN_DOUBT else changes | {"data": redact(operation.data)}


def _take_answer(operation, answer, secret_names):
    operation.http_status = getattr(answer, "status", None)
    operation.platform_code = str(getattr(answer, "code", ""))[:64]
    operation.platform_request_id = str(getattr(answer, "request_id", ""))[:128]
    operation.duration_ms = getattr(answer, "duration_ms", None)
    operation.message = str(answer) if isinstance(answer, PortalError) else ""
    data = getattr(answer, "data", None)
    secrets = {name: value for name, value in _members(data) if name in secret_names and value}
    if secrets:
        operation.sealed_secrets = operation.seal_secrets(secrets)
        operation.secrets_until = timezone.now() + timedelta(seconds=settings.SHOW_SECRET_SECONDS)
    operation.answer = redact(data, secrets=frozenset(secret_names))


def _members(data):
    """(name, value) of every object inside a JSON value."""
    if isinstance(data, dict):
        for name, value in data.items():
            yield name, value
            yield from _members(value)
    elif isinstance(data, list):
        for value in data:
            yield from _members(value)


def _secret_names(kind, client):
    return tuple(getattr(kind.collection_of(client), "secret_fields", ()))


def _outcome_body(operation, decoded, secret_names):
    body = {"answer": operation.answer, "message": operation.message}
    if decoded:
        body["object"] = redact(decoded, secrets=frozenset(secret_names))
    return body


def _mine(operation):
    """The row, if this process still holds the attempt."""
    return Operation.objects.filter(pk=operation.pk, attempt=operation.attempt)


def line(operation, stage, outcome, body):
    """One line of the record about an operation; shared with operations.settling."""
    return {
        "stage": stage,
        "outcome": outcome,
        "actor_id": str(operation.actor_id),
        "actor": operation.actor.email,
        "via": operation.via,
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
        "summary": operation.message,
        "body": body,
    }


def _record_denial(kind, verb, actor, connection, data, target, reason, via, denial):
    line = {
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
    try:
        with transaction.atomic(durable=True):
            append(line)
    except DatabaseError as error:
        raise RecordUnavailable(_not_recorded()) from error


def _body_hash(kind, verb, connection, data, target):
    body = [kind.slug, verb.name, str(connection.pk), target.remote_id if target else "", data]
    return hashlib.sha256(canonical(body).encode("utf-8", "surrogatepass")).hexdigest()


def _not_recorded():
    return _("The portal cannot write its record just now, so nothing was sent. Try again in a minute.")
