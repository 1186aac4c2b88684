"""perform(): the only way to change a platform. Web pages, the API and commands call it.

Each step is a function. They run in this order: intend, prepare, mark_sending, send, conclude. If the process
dies between two steps, the row shows how far it came (life.py).
"""

import logging

from django.db import DatabaseError, IntegrityError
from django.utils import timezone
from django.utils.translation import gettext_noop as _

from portal.connections.gate import reading_once
from portal.errors import (
    Busy,
    Conflict,
    KeyReused,
    Missing,
    NeedsApproval,
    NotRepeatable,
    NotSent,
    NotVisible,
    PortalError,
    RecordUnavailable,
    Rejected,
    Unclear,
    WhyMissing,
)
from portal.kinds import mirroring
from portal.kinds.comparing import differing
from portal.kinds.evidence import MISSED
from portal.kinds.permissions import needing
from portal.operations import approvals, entries, leases, life, reach, rules, together
from portal.operations.answered import ALREADY_GONE, already_so, names_of_secrets
from portal.operations.attempts import HttpAttempt, completed, hearing, told
from portal.operations.authorship import open_creates
from portal.operations.concluding import conclude, twice
from portal.operations.holding import hold, require_free_id
from portal.operations.keeping import changed_since, seen_live
from portal.operations.leases import beating
from portal.operations.models import REPEATABLE, Cause, Operation, State
from portal.operations.quoting import quoting
from portal.platforms.answers import storable
from portal.record import correlation
from portal.record.models import Stage
from portal.record.redaction import redact
from portal.words import Sentence, to_json

log = logging.getLogger(__name__)

NOT_VISIBLE = Sentence("operation.not_visible", _("This does not exist, or you cannot see it."))
SETTLED = Sentence(
    "operation.settled_meanwhile",
    _("It was resolved a moment ago, so it is not requested again. Nothing was sent."),
)
KEY_REUSED = Sentence(
    "operation.key_reused", _("This form was sent before with other content. Nothing was sent this time.")
)
CONFLICT = Sentence(
    "operation.conflict", _("It was changed on the platform since this form was opened. Nothing was sent.")
)
CHANGED_SINCE = Sentence(
    "operation.changed_since_approved",
    _("It was changed on the platform after this was asked for: %(names)s. Nothing was sent."),
)
DATABASE_FAILED = Sentence("operation.database_failed", _("The portal's database failed during the call."))
BUG = Sentence("operation.bug", _("The portal itself failed while it read the answer (%(name)s)."))
BUG_BEFORE = Sentence(
    "operation.bug_before",
    _("The portal itself failed before this was sent (%(name)s). Nothing was sent."),
)
PARTLY_DONE = Sentence(
    "operation.partly_done",
    _("%(done)s of %(count)s were done. The platform refused the others: the reasons are below."),
)
ALL_REFUSED = Sentence(
    "operation.all_refused", _("The platform refused each of the %(count)s: the reasons are below.")
)


def perform(change, *, actor, key, via="web", follows=None, step=None, grant=None):
    """Request one Change from its platform and record it.

    `key` is the operation key: the same key with the same Change is the same operation. `follows` is the
    operation that this one repeats, `step` the step of a job that it carries out, `grant` its approval.
    What is to follow the Change becomes a job: stepping.carry_on() goes on with it.

    Returns an Operation that is done, rejected, not_sent, cancelled or in_doubt. If the key is already used
    for the same Change, returns that operation, in any state. Raises NotVisible, NotAllowed (recorded),
    WhyMissing, KeyReused, NotRepeatable, RecordUnavailable (nothing was sent) and OutcomeUnrecorded (sent; in
    doubt). If the team asks for approval first: Waits, and what asking for it raises; for a step of a job
    NeedsApproval.
    """
    kind, linked, target = change.kind, change.connection, change.target
    if linked.platform != kind.platform or (target and target.connection_id != linked.pk):
        raise NotVisible(NOT_VISIBLE())
    entries.admit(change, actor, via)
    about = {"key": key, "via": via, "follows": follows}
    operation = new_operation(change, change.request, actor=actor, grant=grant, **about)
    try:
        existing = intend(operation, change, step, grant)
    except (NeedsApproval, WhyMissing) as error:
        existing = _holder(operation)  # asked for before there was the rule
        if existing is None and (step or isinstance(error, WhyMissing)):
            raise
        if existing is None:
            approvals.ask([change], actor=actor, demands=error.demands, **about)
    if existing:
        return existing
    with beating(operation), reading_once():
        return ready(operation, change) or marked(operation) or send(operation, change)


def new_operation(change, request, *, actor, key, via, follows=None, grant=None):
    """An Operation that is not saved yet. `request` is what will be sent, `grant` the approval it has."""
    linked = change.connection
    operation = Operation(
        team=linked.team,
        key=storable(key)[:64],
        body_hash=change.body_hash,
        actor=actor,
        via=via,
        token=getattr(actor, "token", None),
        reason=redact(change.reason),
        ticket=change.ticket,
        correlation=correlation.current(),
        connection=linked,
        connection_name=linked.name,
        platform=change.kind.platform,
        kind_slug=change.kind.slug,
        verb_name=change.verb.name,
        object_id=change.object_id,
        object_scope=change.object_scope,
        object_name=change.object_name,
        space=change.space,
        expected=redact(change.expected),
        request=request,
        follows=follows,
        approval=grant and grant.approval,
    )
    operation.approved_as = grant.seen if grant else {}
    operation.set_data(change.data)
    return operation


def ready(operation, change):
    """Prepare an operation. Returns it if it ends here, else None."""
    try:
        prepare(operation, change)
    except RecordUnavailable as error:
        return abandon(operation, error)
    except DatabaseError:
        return abandon(operation, entries.unavailable())
    except Missing as error:
        if change.target is None:
            return conclude(operation, State.REJECTED, error)
        mirroring.mark_gone(change.kind, [change.target])
        return conclude(operation, State.NOT_SENT, error)
    except Rejected as error:
        return conclude(operation, State.REJECTED, error)
    except PortalError as error:
        return conclude(operation, State.NOT_SENT, error)
    except Exception as bug:
        abandon(operation, RecordUnavailable(BUG_BEFORE(name=type(bug).__name__)))
        raise


def marked(operation):
    """Mark an operation as being sent. Returns it if it ends here, else None."""
    try:
        is_mine = mark_sending(operation)
    except RecordUnavailable as error:
        return abandon(operation, error)
    except Busy as error:
        return conclude(operation, State.NOT_SENT, error)
    if not is_mine:
        operation.refresh_from_db()  # a person cancelled it, or the sweep ended it as abandoned
        return operation
    return None


def abandon(operation, error):
    """End an operation that this process cannot send, so that nobody waits for it until its lease runs out.

    Raises `error` if that cannot be written either. It is then written as soon as it can be.
    """

    body = told(operation)

    def end():
        columns = {"cause": Cause.STOPPED, "words": to_json(error.message), "platform_message": ""}
        life.move(
            operation,
            State.NOT_SENT,
            was=(State.INTENT, State.SENDING),  # `sending` may be committed although that seemed to fail
            columns={**columns, "sent_at": None, "attempts": []},
            entry=lambda: entries.line(operation, Stage.OUTCOME, State.NOT_SENT, body),
        )

    try:
        twice(end)
    except DatabaseError:
        leases.once_possible(end)
        raise error from None
    operation.refresh_from_db()
    return operation


def intend(operation, change, step=None, grant=None):
    """Commit the operation and its first entry. Returns the operation that already has the key, else None."""
    body = {"request": operation.request, "data": operation.data}
    checks = [lambda: rules.admit([change], grant)]
    if grant:
        body["approval"] = str(grant.approval.pk)
    if operation.follows_id:
        body["follows"] = str(operation.follows_id)
        checks.append(lambda: _lock_followed(operation))
    if change.then:
        body["then"] = [each.shown for each in change.then]
        checks.append(lambda: together.link(operation, change))
    if step:
        body["job"] = str(step.job_id)
    if step or operation.follows_id:
        checks.append(lambda: together.join(operation, step))
    try:
        life.begin(operation, body, *checks, take=grant and grant.take)
    except IntegrityError as error:
        existing = _holder(operation)
        if existing:
            return existing
        raise entries.unavailable() from error
    except DatabaseError as error:
        raise entries.unavailable() from error
    return None


def _lock_followed(operation):
    """Lock the operation that this one repeats, so that nobody finds at the same time that it happened.

    Raises NotRepeatable if somebody did.
    """
    row = Operation.objects.select_for_update().filter(pk=operation.follows_id, state__in=REPEATABLE)
    if not row.values_list("pk").first():
        raise NotRepeatable(SETTLED())


def _holder(operation):
    """The operation that already has this key, or that already repeats the same operation."""
    try:
        existing = Operation.objects.filter(team_id=operation.team_id, key=operation.key).first()
        if existing is None and operation.follows_id:
            return operation.follows.repeated_by
    except DatabaseError as error:
        raise entries.unavailable() from error
    if existing and existing.body_hash != operation.body_hash:
        raise KeyReused(KEY_REUSED(), operation=existing)
    if existing is None and together.has_key(operation):
        raise KeyReused(KEY_REUSED())
    return existing


@quoting
@hearing
def prepare(operation, change):
    """Reserve the object, sign in and read what is there already. Changes nothing on the platform.

    The object stays reserved until the operation ends, also while it is in doubt: the change may still happen
    late and overwrite what others did.
    """
    if change.target:
        hold(operation)
    client, _call = change.client, change.call
    with client.one_deadline():
        client.sign_in()
        reach.require_where_it_was(change, operation.actor)
        if change.verb.check_again:
            entries.admit(change, operation.actor, operation.via, change.verb.check(change.bound).right)
        if changed := changed_since(
            operation.approved_as, seen_live(change) if operation.approved_as else {}
        ):
            raise Conflict(CHANGED_SINCE(names=", ".join(changed)))
        operation.baseline = redact(change.verb.evidence.baseline(change.bound, change.data))
    if operation.expected is not None and differing(operation.expected, operation.baseline):
        raise Conflict(CONFLICT())


def mark_sending(operation):
    """Commit `sending` just before the socket opens: from here on the change may have happened.

    Returns False if someone else ended the operation. Then nothing may be sent. Raises Busy if a create asks
    for an id that a change of another object still has.
    """

    def is_free():
        if not operation.verb.on_object:
            require_free_id(operation)
        return True

    attempts = [HttpAttempt(number=1, at=timezone.now()).to_json()]
    columns = {"baseline": operation.baseline, "attempts": attempts}
    try:
        return life.move(operation, State.SENDING, was=(State.INTENT,), guard=is_free, columns=columns)
    except DatabaseError as error:
        raise entries.unavailable() from error


@quoting
@hearing
def send(operation, change):
    """Send the call, as often as platforms/retrying.py allows, and record the result."""
    answers = {}  # number of the try -> (time, Answer or PlatformError)

    def again(number, error):
        return resend(operation, change, number, answers)

    def seen(number, result):
        answers[number] = (timezone.now(), result)

    try:
        answer = change.client.send(change.call, again=again, seen=seen)
        decoded = change.verb.finish(change.bound, answer, change.data)
        endings = change.verb.endings(change.bound, answer, change.data)
    except Rejected as error:
        told = already_so(change, error)
        state = State.DONE if told else State.REJECTED
        told = told or needing(error, change.verb.permission)
        return conclude(operation, state, told, answers=answers)
    except NotSent as error:
        return conclude(operation, State.NOT_SENT, error, answers=answers)
    except Unclear as error:
        return conclude(operation, State.IN_DOUBT, error, answers=answers)
    except DatabaseError:
        log.exception("the database failed while operation %s was being sent", operation.pk)
        return conclude(operation, State.IN_DOUBT, Unclear(DATABASE_FAILED()), answers=answers)
    except Exception as bug:
        # It may have been sent: record that before the bug becomes a 500.
        conclude(operation, State.IN_DOUBT, Unclear(BUG(name=type(bug).__name__)), answers=answers)
        raise
    state, said = _ended(endings)
    if operation.was_gone and isinstance(answers[max(answers)][1], Missing):
        # It was sent twice, and the platform had already shown that nothing was there.
        said = ALREADY_GONE(name=change.object_name)
    return conclude(
        operation,
        state,
        answer,
        decoded,
        answers=answers,
        secret_names=names_of_secrets(change),
        endings=[each.to_json() for each in endings],
        said=said,
    )


def _ended(endings):
    """(state, what is said about it) of an answered change, by the endings of its targets."""
    refused = sum(each.is_refused for each in endings)
    if not refused:
        return State.DONE, None
    if refused == len(endings):
        return State.REJECTED, ALL_REFUSED(count=refused)
    return State.PARTLY, PARTLY_DONE(done=len(endings) - refused, count=len(endings))


def resend(operation, change, number, answers):
    """Whether the same call may be sent once more. The new attempt is saved before it is sent.

    An update is sent again only if the object is still as it was before: otherwise it would overwrite what
    a colleague changed since. A delete may be sent again: at worst there is nothing left to delete, unless a
    create that is not over asks for the same id.
    """
    verb = change.verb
    if verb.removes and open_creates(operation):
        return False
    if verb.fields:
        try:
            if verb.evidence.look(change.bound, change.data, operation.baseline).verdict != MISSED:
                return False
        except PortalError:
            return False
    attempts = completed(operation, answers)
    if number > len(attempts):
        attempts.append(HttpAttempt(number=number, at=timezone.now()))
    columns = {"lease_until": leases.until(), "attempts": [each.to_json() for each in attempts]}
    try:
        if not life.keep(operation, states=(State.SENDING,), **columns):
            return False
    except DatabaseError:
        log.exception("another attempt at operation %s could not be recorded", operation.pk)
        return False
    operation.attempts = columns["attempts"]
    return True
