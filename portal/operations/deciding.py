"""What people can do with an operation: cancel it, request the same again, decide whether it happened."""

from django.db import IntegrityError
from django.utils import timezone
from django.utils.translation import gettext_noop as _

from portal.errors import Missing, NotDecidable, NotRepeatable
from portal.operations import life
from portal.operations.approval import Grant
from portal.operations.attempts import hearing, told
from portal.operations.authorship import end_earlier_claims, may_be_made_by_running, taken_by_others
from portal.operations.change import Change
from portal.operations.entries import line, require_for
from portal.operations.models import Cause, Decision, Operation, State
from portal.operations.quoting import quoting
from portal.operations.rules import of_team, require_why
from portal.operations.service import perform
from portal.operations.sides import sides
from portal.record.models import Stage
from portal.record.redaction import redact
from portal.sealing import CannotOpen
from portal.words import Sentence, to_json

CANCELLED = Sentence("operation.cancelled", _("%(person)s cancelled it before it was sent."))
DECIDED = {
    Decision.OURS: Sentence("operation.decided_ours", _("%(person)s decided: it happened.")),
    Decision.NOT_OURS: Sentence("operation.decided_not_ours", _("%(person)s decided: it did not happen.")),
    Decision.SEND_AGAIN: Sentence("operation.decided_again", _("%(person)s decided: send it again.")),
}
NOT_AS_IT_STANDS = Sentence(
    "repeat.not_as_it_stands", _("This cannot be requested again as it is. Open its form and complete it.")
)
SECRET_CLOSED = Sentence(
    "repeat.secret_closed",
    _("It contains a secret that this portal's keys cannot decrypt. Fill in its form again."),
)
NOTHING_TO_DECIDE = Sentence("decide.nothing", _("This operation no longer needs a decision."))
NOT_AGAIN = Sentence(
    "decide.not_again", _("It cannot be sent again. The form says why. Choose another decision.")
)
UNKNOWN_OBJECT = Sentence("decide.unknown_object", _("The portal no longer knows the object."))
OBJECT_GONE = Sentence("decide.object_gone", _("The object no longer exists on the platform."))
OBJECT_THERE = Sentence("decide.object_there", _("The object still exists on the platform."))
NO_CANDIDATE = Sentence("decide.no_candidate", _("Choose the object that this operation created."))
MADE_BY_OTHER = Sentence("decide.made_by_other", _("Another operation created this object."))
MAKER_RUNS = Sentence(
    "decide.maker_runs",
    _("Another operation with the same name is being sent and may have created this object. Wait for it."),
)
NO_SUCH_ID = Sentence("decide.no_such_id", _("The platform has no object with this id."))
OTHER_FASTER = Sentence("decide.other_faster", _("Someone else decided this a moment ago."))


def cancel(operation, *, actor):
    """Stop an operation before it is sent. Returns False if it is too late. Raises NotAllowed (recorded)."""
    require_for(operation, actor, operation.verb.right, "cancel")
    return cancel_whatever_the_rights(operation, actor=actor)


def cancel_whatever_the_rights(operation, *, actor):
    """For whoever may take its person off the team or the portal (leaving.py). Returns False if too late."""
    said = CANCELLED(person=actor.email)
    return life.move(
        operation,
        State.CANCELLED,
        was=(State.INTENT,),
        columns={"cause": Cause.CANCELLED, "words": to_json(said), "platform_message": ""},
        entry=lambda: line(operation, Stage.OUTCOME, State.CANCELLED, {}, by=actor),
        takes_over=True,  # the process that is about to send it notices and does not send
    )


def requeue(operation, *, actor, key):
    """Request the same change again, as a new operation that follows this one; returns the new one.

    Allowed only if it is certain that nothing happened (models.REPEATABLE), and only once: of what is partly
    done, the targets that were refused are requested again. A second call
    returns the operation that the first one made. The person can read the new operation, and therefore
    needs the right to read this one. Raises NotAllowed (recorded), NotRepeatable, and what perform raises.
    """
    require_for(operation, actor, right_to_requeue(operation, actor), "requeue")
    if not operation.can_requeue:
        if repeated := operation.repeated_by:
            return repeated
        raise NotRepeatable(NOT_AS_IT_STANDS())
    try:
        data = operation.sent_data
    except CannotOpen as error:
        raise NotRepeatable(SECRET_CLOSED()) from error
    narrowed = operation.narrowed(data)
    change = _again(operation, narrowed, operation.expected, operation.ticket)
    # The portal stopped before it was sent: then the approval still waits to be carried out.
    is_stopped = operation.cause == Cause.STOPPED and operation.actor_id == actor.pk
    step = getattr(operation, "step", None)
    has_grant = operation.approval and is_stopped
    grant = Grant.of_step(operation.approval, step.number if step else 1) if has_grant else None
    new = perform(change, actor=actor, key=key, follows=operation, grant=grant)
    # The old secret is no longer needed, unless the operation is watched: then what turns up late is
    # compared with what was sent.
    Operation.objects.filter(pk=operation.pk, watch_until=None).update(sealed_data="")
    return new


def right_to_requeue(operation, actor):
    """The right to repeat an operation: its verb's right for one's own, else the right to read the record."""
    return operation.verb.right if operation.actor_id == actor.pk else "read_record"


def _last_seen(operation):
    """{field: value} of the object in the last look, which the person saw; None if no look showed it.

    Without secrets, because looks are stored without them.
    """
    seen = _candidates(operation)
    return operation.verb.evidence.shown(seen[-1]) if operation.verb.fields and seen else None


def _again(operation, data, expected, ticket):
    return Change(
        kind=operation.kind,
        verb=operation.verb,
        connection=operation.connection,
        target=operation.target if operation.verb.on_object else None,
        data=data,
        expected=expected,
        reason=operation.reason,
        ticket=ticket,
    )


def decide(operation, *, actor, decision, candidate="", reason="", ticket="", key=""):
    """Save a person's decision on an operation that needs a human.

    Returns the operation; for "send again" the new one. `candidate` is the platform's id of the object that
    a create made. Without a `ticket` it stands under the operation's. Raises NotAllowed (recorded),
    NotDecidable, PlatformError if the object cannot be read, and for "send again" what perform raises:
    WhyMissing before anything is decided.
    """
    require_for(operation, actor, "settle", "decide")
    if operation.state != State.NEEDS_HUMAN:
        raise NotDecidable(NOTHING_TO_DECIDE())
    why = {"reason": reason, "ticket": ticket or operation.ticket}
    if decision == Decision.OURS:
        found, is_there = _as_it_is(operation, candidate)
        _settle(operation, State.FOUND, actor, decision, why, found, is_there=is_there)
        return operation
    if decision == Decision.SEND_AGAIN and not (operation.can_send_again and key):
        raise NotDecidable(NOT_AGAIN())
    if decision == Decision.NOT_OURS:
        _settle(operation, State.ABSENT, actor, decision, why)
        return operation
    try:
        data = operation.sent_data  # read before it is dropped
    except CannotOpen as error:
        raise NotDecidable(SECRET_CLOSED()) from error
    change = _again(operation, _without_done(operation, data), _last_seen(operation), why["ticket"])
    require_why(of_team(operation.team), [change])
    # The sealed data stays until the new operation has it. If that one fails, "Try again" still works.
    _settle(operation, State.ABSENT, actor, decision, why, sealed_data=operation.sealed_data)
    new = perform(change, actor=actor, key=key, follows=operation)
    Operation.objects.filter(pk=operation.pk).update(sealed_data="")
    return new


@quoting
@hearing
def _as_it_is(operation, candidate):
    """(the object as the platform shows it now, None after a delete; whether the mirror should show it)

    Raises NotDecidable if the platform shows the opposite of the decision "it is ours".
    """
    if not operation.verb.on_object:
        return _read(operation, candidate)
    target = operation.target
    if target is None or operation.connection is None:
        raise NotDecidable(UNKNOWN_OBJECT())
    try:
        seen = operation.kind.bound(operation.connection.client(), target).get()
    except Missing as error:
        if operation.verb.removes:
            return None, True
        raise NotDecidable(OBJECT_GONE()) from error
    if operation.verb.removes:
        raise NotDecidable(OBJECT_THERE())
    return seen, True


def _read(operation, candidate):
    """(the object that a create made, whether it still exists)

    Raises NotDecidable if there is none, or if another operation made it.
    """
    if not candidate or operation.connection is None:
        raise NotDecidable(NO_CANDIDATE())
    shown = next((each for each in reversed(_shown(operation)) if each["object"]["id"] == candidate), {})
    was_gone, seen = shown.get("is_gone", False), shown.get("object", {})
    scope, _id = operation.identity_of({**seen, "id": candidate})
    if taken_by_others(operation, {(scope, candidate): was_gone}):
        raise NotDecidable(MADE_BY_OTHER())
    if may_be_made_by_running(operation):
        raise NotDecidable(MAKER_RUNS())
    model = operation.kind.model
    row = model(remote_id=candidate, scope=scope, **model.values_from(seen))
    try:
        return operation.kind.bound(operation.connection.client(), row).get(), True
    except Missing as error:
        if was_gone:
            return seen, False
        raise NotDecidable(NO_SUCH_ID()) from error


def _shown(operation):
    """The candidates of all looks."""
    return [each for look in operation.looks or [] for each in look["candidates"]]


def _without_done(operation, data):
    """The data without the targets that the last look showed as done."""
    field, shown = operation.verb.targets, _shown(operation)
    left = {row["field"] for row in shown[-1]["compared"] if not row["same"]} if field and shown else ()
    return {**data, field: [id for id in data[field] if str(id) in left]} if left else data


def _candidates(operation):
    return [each["object"] for each in _shown(operation)]


def _settle(operation, state, actor, decision, why, found=None, *, is_there=True, sealed_data=""):
    shown = operation.scrubbed(redact(found))  # now, while the secrets to remove are still known
    columns = {
        "decision": decision,
        "decided_by_id": actor.pk,
        "decided_at": timezone.now(),
        "words": to_json(DECIDED[decision](person=actor.email)),
        "platform_message": "",
        "sealed_data": sealed_data,
        **operation.names_of(found),
    }
    body = {"decision": decision, "why": why["reason"], "object": shown} | told(operation)
    if state == State.FOUND:
        body |= sides(operation, state, shown)

    def happened():
        if not operation.verb.on_object:
            end_earlier_claims(operation, found)
        if is_there:
            operation.bring_mirror_in_line(found)

    try:
        is_mine = life.move(
            operation,
            state,
            was=(State.NEEDS_HUMAN,),
            columns=columns,
            happened=happened if state == State.FOUND else None,
            entry=lambda: {**line(operation, Stage.OUTCOME, state, body, by=actor), **why},
        )
    except IntegrityError as error:
        # Somebody claimed the object for another create after it was read here.
        if not (found and taken_by_others(operation, {operation.identity_of(found): not is_there})):
            raise
        raise NotDecidable(MADE_BY_OTHER()) from error
    if not is_mine:
        raise NotDecidable(OTHER_FASTER())
