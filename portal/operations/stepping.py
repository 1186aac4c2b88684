"""Carries out jobs: begins each step when what it waits for has happened.

Any number of processes may work on one job. Each step has one operation key for each try, so a step that two
of them begin at once is one operation, and a process that dies between two steps loses nothing.
"""

import logging
import time
from datetime import timedelta

from django.db import DatabaseError, transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_noop as _

from portal.errors import NotRepeatable, OutcomeUnrecorded, PortalError, RecordUnavailable
from portal.kinds import mirroring
from portal.operations import together
from portal.operations.approval import Grant
from portal.operations.change import Change
from portal.operations.deciding import NOT_AS_IT_STANDS, SECRET_CLOSED, right_to_requeue
from portal.operations.entries import unavailable
from portal.operations.job import Job, JobState, Step
from portal.operations.leases import LEASE
from portal.operations.models import HAPPENED, REPEATABLE, Cause, State
from portal.operations.service import perform
from portal.platforms.exchanges import listening
from portal.record import correlation
from portal.record.models import Stage
from portal.record.store import append
from portal.sealing import CannotOpen
from portal.teams.access import forget
from portal.teams.recording import line, require_recorded
from portal.teams.tokens.using import bound_later
from portal.words import Sentence, to_json

log = logging.getLogger(__name__)
SLICE_SECONDS = 20  # then others get their turn
WAIT = timedelta(seconds=5)  # until a job whose steps wait for an operation is looked at again
DUE_MAX = 50  # jobs that a worker is asked for at once
TRIES_MAX = 5  # of a step that a dying process had not sent yet

OBJECT_UNKNOWN = Sentence(
    "step.object_unknown", _("The portal no longer knows the object. Nothing was requested.")
)
CONNECTION_LOST = Sentence(
    "step.connection_lost",
    _("Its connection was deleted or leads to another account now. Nothing was requested."),
)
PORTAL_FAILED = Sentence("step.portal_failed", _("The portal itself failed (%(name)s). Nothing was sent."))
STOPPED = Sentence("job.stopped", _("%(person)s stopped it. Steps that had not begun never begin."))


def due():
    """Yield (job id,) for each job that has something to do, and move it ahead."""
    jobs = Job.objects.filter(due_at__lte=Now()).order_by("due_at")
    for id in list(jobs.values_list("pk", flat=True)[:DUE_MAX]):
        if Job.objects.filter(pk=id, due_at__lte=Now()).update(due_at=Now() + WAIT):
            yield (str(id),)


def carry_on(id, seconds=SLICE_SECONDS):
    """Begin the job's steps, one after the other, for so many seconds. Whether there is more to do now."""
    job = Job.objects.select_related("team").filter(pk=id).first()
    attempt = job and _take(job)
    if not attempt:
        return False
    with correlation.begin(job.correlation):
        return _go_on(job, attempt, seconds)


def _go_on(job, attempt, seconds):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        step, is_over = _next(job)
        if step is None:
            _rest(job, attempt, is_over=is_over)
            return False
        if not Job.objects.filter(pk=job.pk, attempt=attempt).update(due_at=Now() + LEASE):
            return False
        if not _begin(step):
            _rest(job, attempt, is_over=False)
            return False
    return bool(Job.objects.filter(pk=job.pk, attempt=attempt).update(due_at=Now()))


def _take(job):
    """The number of the attempt that is now ours; None if another process was faster, or all is over."""
    mine = Job.objects.filter(pk=job.pk, attempt=job.attempt, due_at__isnull=False)
    return job.attempt + 1 if mine.update(attempt=job.attempt + 1, due_at=Now() + LEASE) else None


def _rest(job, attempt, *, is_over):
    """Let go of the job: it is looked at again in a moment, or it is over."""
    mine = Job.objects.filter(pk=job.pk, attempt=attempt)
    if not is_over:
        mine.update(due_at=Now() + WAIT)
        return
    states = set(Step.objects.filter(job=job).values_list("operation__state", flat=True))
    state = JobState.DONE if states <= set(HAPPENED) else JobState.INCOMPLETE
    if state != JobState.DONE and Job.objects.filter(pk=job.pk, stopped_at__isnull=False):
        state = JobState.STOPPED
    mine.update(state=state, ended_at=timezone.now(), due_at=None)


def _next(job):
    """(the step to begin now or None, whether none will ever be begun and nothing is under way)"""
    is_stopped = Job.objects.filter(pk=job.pk, stopped_at__isnull=False).exists()
    columns = ("pk", "number", "is_wanted", "tries", "waits_for", "operation__state", "operation__cause")
    ended, is_open = {}, False
    for pk, number, is_wanted, tries, waits_for, state, cause in job.steps.values_list(*columns):
        # A process that died before it sent anything is no reason to bother people.
        again = state == State.NOT_SENT and cause == Cause.STOPPED and tries < TRIES_MAX
        if not (is_wanted or again):
            is_over = state is None or state in (*HAPPENED, *REPEATABLE)
            ended[number] = state in HAPPENED
            if not is_over:
                is_open, ended[number] = True, None
            continue
        before = [ended[each] for each in waits_for]
        if is_stopped or False in before:
            ended[number] = False
        elif None in before:
            is_open, ended[number] = True, None
        else:
            if not is_wanted:
                Step.objects.filter(pk=pk, tries=tries).update(is_wanted=True, tries=tries + 1)
            return _whole(pk), False
    return None, not is_open


def _whole(pk):
    related = ("job__team", "job__approval", "actor", "token", "connection__team", "operation")
    return Step.objects.select_related(*related).get(pk=pk)


def _begin(step):
    """Request a step. Returns False if that has to wait: the record cannot be written."""
    forget(step.actor)
    bound_later(step.actor, step.token)
    heard = []
    try:
        with listening(heard):
            change = _change(step)
    except PortalError as error:
        change, why = None, error.message
    else:
        why = OBJECT_UNKNOWN()
    if change is None:
        _say(step, why, heard)
        return True
    key = f"{step.job_id.hex}.{step.number}.{step.tries}"
    try:
        grant = Grant.of_step(step.job.approval, step.number) if step.job.approval else None
        asked = {"actor": step.actor, "via": step.job.via, "follows": step.operation}
        perform(change, key=key, step=step, grant=grant, **asked)
    except RecordUnavailable:
        return False
    except together.Stopped:
        pass
    except OutcomeUnrecorded:
        pass  # it was sent, and its operation is settled
    except PortalError as error:
        _say(step, error.message)
    except Exception as bug:
        log.exception("step %s of job %s failed", step.number, step.job_id)
        _say(step, PORTAL_FAILED(name=type(bug).__name__))
    return True


def _say(step, said, heard=()):
    """Note and record why a step became no operation; does nothing if it became one."""
    attempts = [each.to_json() for each in heard]
    body = {"step": step.number, "object_id": step.object_id, **({"attempts": attempts} if attempts else {})}
    noted = together.entry(step.job, step.actor, Stage.OUTCOME, State.NOT_SENT, body, said)
    with transaction.atomic(durable=True):
        wanted = Step.objects.filter(pk=step.pk, is_wanted=True)
        if wanted.update(is_wanted=False, words=to_json(said)):
            append(noted)


def _change(step):
    """The step as a Change; None if its object is not known any more.

    Raises NotRepeatable, and the errors of reading an object that the mirror lacks.
    """
    if step.connection is None:
        raise NotRepeatable(CONNECTION_LOST())
    verb, data, made, row, earlier = step.verb, step.data, None, None, step.operation
    if step.made_by and (made := _made(step)) is None:
        return None
    if verb.on_object:
        row = _row(step) if step.object_id else made
        if row is None:
            return None
        row.connection = step.connection
    if step.id_in:
        data = {**data, step.id_in: [made.remote_id] if verb.targets == step.id_in else made.remote_id}
    if earlier:
        data = earlier.narrowed(_requested(earlier))
    expected = earlier and earlier.expected
    seen = {"expected": expected, "reason": step.job.reason, "ticket": step.job.ticket}
    return Change(step.kind, verb, step.connection, row, data, **seen)


def _requested(operation):
    """The data of an earlier try, its secrets included. Raises NotRepeatable where these are lost."""
    if not (operation.data_is_whole or operation.sealed_data):
        raise NotRepeatable(NOT_AS_IT_STANDS())
    try:
        return operation.sent_data
    except CannotOpen as error:
        raise NotRepeatable(SECRET_CLOSED()) from error


def _made(step):
    """The mirror row of what the step `made_by` made."""
    maker = Step.objects.select_related("operation").get(job_id=step.job_id, number=step.made_by)
    return maker.operation.target if maker.operation else None


def _row(step):
    """The mirror row of the step's object, read from the platform if the mirror lacks it."""
    rows = step.kind.model.objects.filter(connection=step.connection)
    if step.row_id:
        return rows.filter(pk=step.row_id).first()
    rows = rows.filter(remote_id=step.object_id)
    if not rows.exists():
        bound = step.kind.bound(step.connection.client())
        mirroring.keep(step.kind, step.connection, bound.read(step.object_id))
    return rows.first()


def stop(job, *, actor):
    """Begin no more steps of a job. Returns False if it is over already. Raises NotAllowed (recorded)."""
    _require(job, actor, "stop", job.verb.right)
    return stop_whatever_the_rights(job, actor=actor)


def stop_whatever_the_rights(job, *, actor):
    """For whoever may take its person off the team or the portal (leaving.py). False if it is over."""
    said = STOPPED(person=actor.email)
    noted = together.entry(job, actor, Stage.NOTE, "stopped", {}, said)
    try:
        with transaction.atomic(durable=True):
            running = Job.objects.filter(pk=job.pk, state=JobState.RUNNING, stopped_at=None)
            if not running.update(stopped_at=timezone.now(), stopped_by=actor, due_at=Now()):
                return False
            append(noted)
    except DatabaseError as error:
        raise unavailable() from error
    return True


def again(job, *, actor):
    """Request again every step that did not happen, and those that waited for it. How many there are.

    The right of the job's verb is required now, those of each step when its turn comes. What a colleague
    requested takes the right to read it, because the person can read the new operations. Raises NotAllowed
    (recorded).
    """
    for right in (job.verb.right, right_to_requeue(job, actor)):
        _require(job, actor, "again", right)
    left = [step for step in job.steps.select_related("operation") if is_left(step)]
    if job.state == JobState.RUNNING or not left:
        return 0
    noted = together.entry(job, actor, Stage.NOTE, "again", {"steps": [step.number for step in left]})
    try:
        with transaction.atomic(durable=True):
            ended = Job.objects.filter(pk=job.pk, due_at=None).exclude(state=JobState.RUNNING)
            values = {"state": JobState.RUNNING, "ended_at": None, "stopped_at": None, "stopped_by": None}
            values |= {"correlation": correlation.current(), "approval": None}
            if not ended.update(due_at=Now(), **values):
                return 0
            rows = Step.objects.filter(pk__in=[step.pk for step in left])
            rows.update(is_wanted=True, tries=F("tries") + 1, actor=actor, token=None, words=None)
            append(noted)
    except DatabaseError as error:
        raise unavailable() from error
    return len(left)


def is_left(step):
    """Whether a step of a job that ended did not happen, or not wholly, and may be requested again."""
    if step.operation is None:
        return True
    return step.operation.state in REPEATABLE and step.operation.can_requeue


def job_of(operation):
    """The job of a form's change, however often that was repeated since."""
    return Job.objects.get(team_id=operation.team_id, key=operation.key)


def _require(job, actor, asked, right):
    fields = {"platform": job.platform, "object_name": job.object_name, "body": {"asked": asked}}
    denied = line(job.verb_name, kind=job.kind_slug, actor=actor, team=job.team, **fields)
    require_recorded(actor, right, job, denied)
