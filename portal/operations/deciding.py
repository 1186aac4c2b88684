"""What people do to an operation: cancel it, ask for the same again, decide what became of it."""

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from portal.connections.sealing import CannotOpen
from portal.errors import Missing, NotDecidable, NotRepeatable
from portal.operations.entries import line, require_for
from portal.operations.models import OVER, Cause, Decision, Operation, State
from portal.operations.service import perform
from portal.operations.settling import taken_by_others
from portal.record.models import Stage
from portal.record.redaction import redact
from portal.record.store import append


def cancel(operation, *, actor):
    """Stop it before it is sent; False when it is too late for that. Raises NotAllowed (recorded)."""
    require_for(operation, actor, operation.verb.right, "cancel")
    text = _("%(person)s cancelled it before it was sent.") % {"person": actor.email}
    changes = {
        "state": State.CANCELLED,
        "cause": Cause.CANCELLED,
        "message": text,
        "ended_at": timezone.now(),
        **OVER,
    }
    with transaction.atomic(durable=True):
        waiting = Operation.objects.filter(pk=operation.pk, attempt=operation.attempt, state=State.INTENT)
        # The fence moves on: the process that is about to send it finds that it may not.
        if not waiting.update(attempt=operation.attempt + 1, **changes):
            return False
        operation.attempt += 1
        for name, value in changes.items():
            setattr(operation, name, value)
        append(line(operation, Stage.OUTCOME, State.CANCELLED, {}, by=actor))
    return True


def requeue(operation, *, actor, key):
    """Ask for the same again, as a new operation that names this one; returns it.

    Only where it is certain that nothing happened (models.REPEATABLE), and once: a second time returns the
    operation of the first. Whoever asks will read the new one, so they must be one who may read this one.
    Raises NotAllowed (recorded), NotRepeatable, and what perform raises.
    """
    require_for(operation, actor, right_to_requeue(operation, actor), "requeue")
    if not operation.can_requeue:
        if repeated := operation.repeated_by:
            return repeated
        text = _("This cannot be asked for again as it stands. Open its form and fill in what is missing.")
        raise NotRepeatable(text)
    try:
        data = operation.sent_data
    except CannotOpen as error:
        raise NotRepeatable(_unopened()) from error
    new = _perform_again(operation, data, actor, key, operation.expected)
    # Nobody needs it any more, but for a watch that compares what turns up late with what was sent.
    Operation.objects.filter(pk=operation.pk, watch_until=None).update(sealed_data="")
    return new


def right_to_requeue(operation, actor):
    """One's own operation takes the right of its verb; another person's also that of reading it."""
    return operation.verb.right if operation.actor_id == actor.pk else "read_record"


def _unopened():
    return _("It holds a secret that this portal's keys do not open. Fill in its form again.")


def _last_seen(operation):
    """{field: value} of the object as the last look showed it to whoever decided; None when none did.

    Without secrets, as looks are kept.
    """
    seen = _candidates(operation)
    return operation.verb.settle.shown(seen[-1]) if operation.verb.edits and seen else None


def _perform_again(operation, data, actor, key, expected):
    return perform(
        operation.kind,
        operation.verb_name,
        actor=actor,
        connection=operation.connection,
        data=data,
        key=key,
        target=operation.target if operation.verb.on_object else None,
        expected=expected,
        reason=operation.reason,
        follows=operation,
    )


def decide(operation, *, actor, decision, candidate="", reason="", key=""):
    """A person says what the portal cannot tell; returns the operation, or the new one for "send again".

    `candidate` is the platform's id of the object that a create made. Raises NotAllowed (recorded),
    NotDecidable, PlatformError when the object cannot be read, and for "send again" what perform raises.
    """
    require_for(operation, actor, "settle", "decide")
    if operation.state != State.NEEDS_HUMAN:
        raise NotDecidable(_("There is nothing to decide about this operation any more."))
    if decision == Decision.OURS:
        _settle(operation, State.FOUND, actor, decision, reason, _as_it_is(operation, candidate))
        return operation
    if decision == Decision.SEND_AGAIN and not (operation.can_send_again and key):
        raise NotDecidable(_("It cannot be sent again. Look at what stands in the form, then decide."))
    if decision == Decision.NOT_OURS:
        _settle(operation, State.ABSENT, actor, decision, reason)
        return operation
    try:
        data = operation.sent_data  # read before it is dropped
    except CannotOpen as error:
        raise NotDecidable(_unopened()) from error
    # What was sealed stays until the new operation has it: should that fail, "try again" still can.
    _settle(operation, State.ABSENT, actor, decision, reason, sealed_data=operation.sealed_data)
    new = _perform_again(operation, data, actor, key, _last_seen(operation))
    Operation.objects.filter(pk=operation.pk).update(sealed_data="")
    return new


def _as_it_is(operation, candidate):
    """The object as the platform shows it now, None after a delete: nobody decides against what it shows."""
    if not operation.verb.on_object:
        return _read(operation, candidate)
    target = operation.target
    if target is None or operation.connection is None:
        raise NotDecidable(_("The portal does not know the object any more."))
    collection = operation.kind.collection_of(operation.connection.client())
    try:
        seen = collection.get(target.remote_id, **operation.kind.hints(target))
    except Missing as error:
        if operation.verb.removes:
            return None
        raise NotDecidable(_("The platform does not have the object any more.")) from error
    if operation.verb.removes:
        raise NotDecidable(_("The platform still has the object."))
    return seen


def _read(operation, candidate):
    """The object that a create made: nobody declares something theirs that does not exist."""
    if not candidate or operation.connection is None:
        raise NotDecidable(_("Say which object is the one that this operation made."))
    if taken_by_others(operation, [candidate]):
        raise NotDecidable(_("Another operation is known to have made this object."))
    hints = next((_hints(operation, each) for each in _candidates(operation) if each["id"] == candidate), {})
    try:
        return operation.kind.collection_of(operation.connection.client()).get(candidate, **hints)
    except Missing as error:
        raise NotDecidable(_("The platform has no object with this id.")) from error


def _candidates(operation):
    return [each["object"] for look in operation.looks or [] for each in look["candidates"]]


def _hints(operation, seen):
    row = operation.kind.model(remote_id=seen["id"], **operation.kind.model.values_from(seen))
    return operation.kind.hints(row)


def _settle(operation, state, actor, decision, reason, found=None, sealed_data=""):
    label = Decision(decision).label
    summary = _("%(person)s decided: %(decision)s.") % {"person": actor.email, "decision": label}
    shown = operation.scrubbed(redact(found))  # while it is still known what to take out
    changes = {
        "state": state,
        "decision": decision,
        "decided_by": actor,
        "decided_at": timezone.now(),
        "ended_at": timezone.now(),
        "message": summary,
        **OVER,
        "sealed_data": sealed_data,
    }
    with transaction.atomic(durable=True):
        open_ = Operation.objects.filter(pk=operation.pk, attempt=operation.attempt, state=State.NEEDS_HUMAN)
        if state == State.FOUND:
            operation.bring_mirror_in_line(found)
            changes |= {"object_id": operation.object_id, "object_name": operation.object_name}
        if not open_.update(**changes):
            raise NotDecidable(_("Somebody else decided this a moment ago."))
        for name, value in changes.items():
            setattr(operation, name, value)
        body = {"decision": decision, "why": reason, "object": shown}
        append({**line(operation, Stage.OUTCOME, state, body, by=actor), "reason": reason})
