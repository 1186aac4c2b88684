"""perform(): the only way to change a platform. Web pages, commands and, later, the API call it.

The steps are functions of their own, in the order in which they run: intend, prepare, mark_sending, send,
conclude. Whatever dies between two of them leaves a row that says how far it came.
"""

import logging

from django.db import DatabaseError, DataError, IntegrityError, OperationalError, connection, transaction
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext as _

from portal.connections.models import Connection
from portal.errors import (
    Busy,
    Conflict,
    KeyReused,
    Missing,
    NotRepeatable,
    NotSent,
    NotVisible,
    OutcomeUnrecorded,
    PortalError,
    RecordUnavailable,
    Rejected,
    Unclear,
)
from portal.kinds import mirroring
from portal.kinds.settling import MISSED, compare_all
from portal.operations import entries
from portal.operations.answered import names_of_secrets, outcome_body, take_answer
from portal.operations.asked import as_sent, body_hash
from portal.operations.entries import admit, not_recorded
from portal.operations.leases import LEASE, beating
from portal.operations.models import (
    ENDED,
    OVER,
    REPEATABLE,
    RUNNING,
    UNANSWERED,
    HttpAttempt,
    Operation,
    State,
)
from portal.platforms.answers import storable
from portal.record.models import Stage
from portal.record.redaction import redact
from portal.record.store import append

log = logging.getLogger(__name__)


def perform(
    kind,
    verb_name,
    *,
    actor,
    connection,
    data,
    key,
    target=None,
    expected=None,
    reason="",
    via="web",
    follows=None,
):
    """Ask a platform for one change and record it.

    `data` is the form's cleaned data in snake case, `target` the mirror row for verbs that act on one, `key`
    the operation key. `expected` is {field: value} as the form showed the object: should it look otherwise
    just before sending, nothing is sent and the cause is "conflict". `follows` is the operation that this one
    repeats. Returns an Operation that is done, rejected, not_sent, cancelled or in_doubt; or, for a key that
    is in use, the operation it belongs to in whatever state that is. Raises NotVisible, NotAllowed
    (recorded), KeyReused, RecordUnavailable (nothing was sent) and OutcomeUnrecorded (sent; in doubt).
    """
    verb, key = kind.verb(verb_name), storable(key)[:64]
    if connection.platform != kind.platform or (target and target.connection_id != connection.pk):
        raise NotVisible(_("This does not exist, or you cannot see it."))
    admit(kind, verb, actor=actor, connection=connection, data=data, target=target, reason=reason, via=via)
    if follows is None:
        expected = redact(expected)  # that of an operation which is repeated was kept like this
    operation = Operation(
        team=connection.team,
        key=key,
        body_hash=body_hash(kind, verb, connection, data, target),
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
        expected=expected,
        follows=follows,
    )
    operation.set_data(data)
    existing = intend(operation, connection, target, data)
    if existing:
        return existing
    with beating(operation):
        return _carry_out(operation, connection, kind, verb, target, data, expected)


def _carry_out(operation, connection, kind, verb, target, data, expected):
    try:
        client, call = prepare(operation, connection, verb, target, data, expected)
    except RecordUnavailable:
        raise
    except DatabaseError as error:
        raise RecordUnavailable(not_recorded()) from error
    except Missing as error:
        if target is None:
            return conclude(operation, State.REJECTED, error)
        mirroring.mark_gone(kind, [target])
        return conclude(operation, State.NOT_SENT, error)
    except Rejected as error:
        return conclude(operation, State.REJECTED, error)
    except PortalError as error:
        return conclude(operation, State.NOT_SENT, error)
    if not mark_sending(operation):
        operation.refresh_from_db()  # a person cancelled it, or the sweep took its process for dead
        return operation

    def again(number, error):
        return resend(operation, client, verb, target, data, number)

    def seen(number, result):
        operation.answers[number] = (timezone.now(), result)

    try:
        answer = client.send(call, again=again, seen=seen)
        decoded = verb.finish(client, answer, data, target)
    except Rejected as error:
        return conclude(operation, State.REJECTED, error)
    except NotSent as error:
        return conclude(operation, State.NOT_SENT, error)
    except Unclear as error:
        return conclude(operation, State.IN_DOUBT, error)
    except DatabaseError:
        log.exception("the database failed while operation %s was being sent", operation.pk)
        return conclude(operation, State.IN_DOUBT, Unclear(_("The portal's database failed meanwhile.")))
    except Exception as bug:
        # It may have been sent: keep that truth before the bug goes on to its 500.
        conclude(operation, State.IN_DOUBT, Unclear(f"{type(bug).__name__} while reading the answer"))
        raise
    return conclude(operation, State.DONE, answer, decoded, secret_names=names_of_secrets(kind, client))


def intend(operation, connection, target, data):
    """Commit the operation and its first entry; returns the operation that holds the key, if one does."""
    operation.request = as_sent(operation, connection, target, data)
    operation.lease_until = Now() + LEASE
    body = {"request": operation.request, "data": operation.data}
    if operation.follows_id:
        body["follows"] = str(operation.follows_id)
    try:
        with transaction.atomic(durable=True):
            _lock_account(connection)
            _lock_followed(operation)
            Operation.objects.bulk_create([operation])
            append(entries.line(operation, Stage.INTENT, "asked", body))
    except IntegrityError as error:
        existing = _holder(operation)
        if existing:
            return existing
        raise RecordUnavailable(not_recorded()) from error
    except DatabaseError as error:
        raise RecordUnavailable(not_recorded()) from error
    return None


def _lock_account(connection):
    """Whoever moves or deletes the connection waits, and sees this operation; or was faster."""
    row = Connection.objects.select_for_update(no_key=True).filter(pk=connection.pk)
    if not row.filter(changed_at=connection.changed_at).values("pk").first():
        text = _("The connection was changed a moment ago. Nothing was sent: look at it, then press again.")
        raise RecordUnavailable(text)


def _lock_followed(operation):
    """What is asked for again did not happen, and is not found to have happened meanwhile."""
    if operation.follows_id is None:
        return
    row = Operation.objects.select_for_update().filter(pk=operation.follows_id, state__in=REPEATABLE)
    if not row.values("pk").first():
        raise NotRepeatable(_("It was settled a moment ago, so it is not asked for again. Nothing was sent."))


def _holder(operation):
    """The operation that has its key, or that asked for the same again before it."""
    try:
        existing = Operation.objects.filter(team_id=operation.team_id, key=operation.key).first()
        if existing is None and operation.follows_id:
            return operation.follows.repeated_by
    except DatabaseError as error:
        raise RecordUnavailable(not_recorded()) from error
    if existing and existing.body_hash != operation.body_hash:
        message = _("This form was sent before with other content. Nothing was sent this time.")
        raise KeyReused(message, operation=existing)
    return existing


def prepare(operation, connection, verb, target, data, expected=None):
    """Keep others off the object, sign in, look at what is there already; changes nothing on the platform.

    Others are kept off until this is over: while it is in doubt it may still happen, and overwrite them.
    """
    if target:
        _hold(operation)
    client = connection.client()
    call = verb.call(client, data, target)
    with client.one_deadline():
        client.sign_in()
        operation.baseline = redact(verb.settle.baseline(client, data, target))
    # Both without secrets, and redacted once: a fingerprint has a fingerprint of its own.
    if expected is not None and not all(row["same"] for row in compare_all(expected, operation.baseline)):
        raise Conflict(_("It was changed on the platform since this form was opened. Nothing was sent."))
    return client, call


def _hold(operation):
    """Of two changes of one object only one runs: the other would overwrite what it has never seen.

    By whichever connection, in whichever team: the platform has one account.
    """
    place = operation.place_on_platform
    try:
        with transaction.atomic(durable=True):
            _mine(operation).update(holds=place)
    except IntegrityError as error:
        other = Operation.objects.filter(holds=place).select_related("actor").first()
        if other is None:
            text = _("Another change of the same object has just ended. Try again.")
        elif other.team_id != operation.team_id:
            text = _("Another team's change of the same object is not over. Try again afterwards.")
        else:
            text = _("%(person)s's change of the same object is not over: %(state)s. Try again afterwards.")
            text %= {"person": other.actor.email, "state": other.get_state_display()}
        raise Busy(text) from error
    except DatabaseError as error:
        raise RecordUnavailable(not_recorded()) from error


def mark_sending(operation):
    """Committed just before the socket opens: from here on the call may have happened.

    False when the operation was ended by somebody else meanwhile; then nothing may be sent.
    """
    operation.state, operation.sent_at = State.SENDING, timezone.now()
    try:
        with transaction.atomic(durable=True):
            mine = _mine(operation).filter(state=State.INTENT)
            changes = {"sent_at": operation.sent_at, "baseline": operation.baseline}
            if not mine.update(state=State.SENDING, lease_until=Now() + LEASE, **changes):
                return False
            HttpAttempt.objects.create(operation=operation, number=1, at=Now())
            return True
    except DatabaseError as error:
        raise RecordUnavailable(not_recorded()) from error


def resend(operation, client, verb, target, data, number):
    """May the same call go out once more? Noted before it does; never without the lease.

    An update goes out again only where the object still is as it was: whoever changed it meanwhile would be
    overwritten. A delete may: it finds at worst that there is nothing left.
    """
    if verb.edits:
        try:
            if verb.settle.look(client, data, target, operation.baseline).verdict != MISSED:
                return False
        except PortalError:
            return False
    try:
        with transaction.atomic(durable=True):
            if not _mine(operation).filter(state=State.SENDING).update(lease_until=Now() + LEASE):
                return False
            _keep_answers(operation)
            HttpAttempt.objects.get_or_create(operation=operation, number=number, defaults={"at": Now()})
            return True
    except DatabaseError:
        log.exception("another attempt at operation %s could not be recorded", operation.pk)
        return False


def conclude(operation, state, answer, decoded=None, secret_names=()):
    """Commit the ending: mirror row, state and entry together; `answer` is an Answer or a PortalError."""
    operation.state = state
    if state in ENDED:
        operation.ended_at = timezone.now()
    take_answer(operation, answer, secret_names)
    body = outcome_body(operation, decoded, secret_names)
    try:
        try:
            is_mine = _write_ending_twice(operation, body, decoded)
        except (IntegrityError, DataError, ValueError, TypeError):
            # The connection was deleted meanwhile, or a value fits into no column: the ending still counts.
            log.exception("the mirror of operation %s could not be written", operation.pk)
            is_mine = _write_ending(operation, body)
    except (DatabaseError, ValueError, TypeError) as error:
        if operation.sent_at is None:
            raise RecordUnavailable(not_recorded()) from error
        message = _("The answer could not be recorded. The portal will look up what happened.")
        raise OutcomeUnrecorded(message, operation=operation) from error
    if is_mine:
        return operation
    if operation.sent_at is None:
        return Operation.objects.get(pk=operation.pk)  # cancelled, or taken for dead: nothing was sent
    raise OutcomeUnrecorded(_("Another process took this operation over."), operation=operation)


def _write_ending_twice(operation, body, decoded):
    """A server that was restarted during the call leaves a dead connection: an answer is worth a new one."""
    try:
        return _write_ending(operation, body, decoded)
    except OperationalError as error:
        if connection.in_atomic_block or not _is_lost(error):
            raise
        connection.close()
        return _write_ending(operation, body, decoded)


def _is_lost(error):
    """PostgreSQL broke the connection off: no state at all, a connection exception or a shutdown."""
    state = getattr(error.__cause__, "sqlstate", "")
    return state is None or state.startswith(("08", "57P"))


def _write_ending(operation, body, decoded=None):
    """False, with nothing written, when it is somebody else's by now."""
    with transaction.atomic(durable=True):
        if operation.state == State.DONE:
            operation.bring_mirror_in_line(decoded)
        if not _claim(operation):
            transaction.set_rollback(True)
            return False
        _keep_answers(operation)
        append(entries.line(operation, Stage.OUTCOME, operation.state, body))
        return True


def _claim(operation):
    """Write the ending where this process holds the attempt, or where a clear answer came after the sweep."""
    if _mine(operation).filter(state__in=RUNNING).update(**_changes(operation)):
        return True
    if operation.state not in (State.DONE, State.REJECTED):
        return False
    late = Operation.objects.filter(pk=operation.pk, attempt=operation.attempt + 1)
    return bool(late.filter(state__in=UNANSWERED).update(**_changes(operation)))


OUTCOME_FIELDS = (
    "state cause ended_at object_id object_name http_status platform_code platform_request_id message answer "
    "duration_ms sealed_secrets secrets_until"
).split()


def _changes(operation):
    changes = {name: getattr(operation, name) for name in OUTCOME_FIELDS}
    changes["baseline"] = operation.baseline
    if operation.state == State.IN_DOUBT:
        return changes | {"next_look_at": Now()}
    return changes | OVER


def _keep_answers(operation):
    """Complete the HTTP attempts by their answers."""
    for number, (at, result) in operation.answers.items():
        values = {
            "ended_at": at,
            "http_status": result.status,
            "platform_code": operation.scrubbed(str(result.code))[:64],
            "platform_request_id": operation.scrubbed(str(result.request_id))[:128],
            "duration_ms": result.duration_ms,
            "message": operation.scrubbed(str(result) if isinstance(result, PortalError) else "")[:400],
        }
        if not HttpAttempt.objects.filter(operation=operation, number=number).update(**values):
            HttpAttempt.objects.create(operation=operation, number=number, at=at, **values)


def _mine(operation):
    """The row, if this process still holds the attempt."""
    return Operation.objects.filter(pk=operation.pk, attempt=operation.attempt)
