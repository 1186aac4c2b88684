"""Makes jobs: from a Change with what is to follow it, and from many changes that are requested at once."""

from dataclasses import replace

from django.db import DatabaseError, IntegrityError, transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils.translation import gettext_noop as _

from portal.errors import KeyReused, NeedsApproval, WhyMissing
from portal.operations import approvals, entries, rules
from portal.operations.change import keyed_hash
from portal.operations.job import Job, JobState, Purpose, Step
from portal.operations.leases import LEASE
from portal.outside import NAME_MAX, shortened
from portal.platforms.answers import storable
from portal.record import correlation, store
from portal.record.models import Stage
from portal.record.redaction import redact
from portal.record.store import append
from portal.teams.recording import line, through
from portal.words import Sentence

STEPS_MAX = 500
KEY_REUSED = Sentence(
    "job.key_reused", _("This page was sent before with other choices. Nothing was requested this time.")
)


class Stopped(Exception):
    """A person stopped the job before this step began: nothing was requested."""


def request(
    changes, *, actor, key, purpose, name="", reason="", ticket="", via="web", waits_for=None, grant=None
):
    """Commit a job of these Changes and its entry; a worker carries it out (stepping.carry_on).

    The last Change and `name` name the job; each has its `reason` and `ticket`. `waits_for` is {index:
    indexes of earlier changes that must have happened before}. Each right is required here, and again when
    its turn comes. `grant` is the approval that they have.

    Returns the Job; that of an earlier call with the same key and the same changes. Raises NotVisible and
    NotAllowed (recorded), KeyReused, WhyMissing, RecordUnavailable if nothing could be written, and Waits if
    the team asks for approval first: the whole job is approved as one, step by step as it was asked for.
    """
    changes = [replace(each, reason=reason, ticket=ticket) for each in changes]
    for change in changes:
        entries.admit(change, actor, via)
    last, waits_for = changes[-1], waits_for or {}
    job = Job(
        team=last.connection.team,
        key=storable(key)[:64],
        body_hash=keyed_hash([[each.body_hash for each in changes], sorted(waits_for.items())]),
        actor=actor,
        via=via,
        reason=redact(reason),
        ticket=ticket,
        correlation=correlation.current(),
        purpose=purpose,
        approval=grant and grant.approval,
        platform=last.kind.platform,
        kind_slug=last.kind.slug,
        verb_name=last.verb.name,
        object_name=shortened(name, NAME_MAX),
    )
    steps = [_step(job, number, each, each.target, each.connection) for number, each in enumerate(changes, 1)]
    for index, step in enumerate(steps):
        step.token = getattr(actor, "token", None)
        step.waits_for = [1 + each for each in waits_for.get(index, ())]
    shown = [_shown(each) for each in changes]
    body = {"steps": shown, **({"approval": str(grant.approval.pk)} if grant else {})}
    asked = entry(job, actor, Stage.INTENT, "asked", body)
    try:
        with transaction.atomic(durable=True):
            rules.admit(changes, grant)
            lines = [grant.take(), asked] if grant else [asked]
            _write(job, steps, due_at=Now())
            append(*lines)
    except (NeedsApproval, WhyMissing) as error:
        if has_key(job):
            return _earlier(job, error)
        if isinstance(error, WhyMissing):
            raise
        about = {"purpose": purpose, "name": name, "waits_for": waits_for}
        approvals.ask(changes, actor=actor, key=key, via=via, demands=error.demands, **about)
    except IntegrityError as error:
        return _earlier(job, error)
    except DatabaseError as error:
        raise entries.unavailable() from error
    return job


def _shown(change):
    """What identifies a change, as a JSON value for the record."""
    object = {"object_id": change.object_id, "object_name": change.object_name}
    return {"kind": change.kind.slug, "verb": change.verb.name, **object, "data": change.data}


def asked_before(team, key, actor):
    """The job that this person asked for with this key already: by the same press; None if there is none."""
    return Job.objects.filter(team=team, key=storable(key)[:64], actor=actor).first()


def _earlier(job, error):
    existing = Job.objects.filter(team_id=job.team_id, key=job.key).first()
    if existing is None:
        raise entries.unavailable() from error
    if existing.body_hash != job.body_hash:
        raise KeyReused(KEY_REUSED())
    return existing


def link(operation, change):
    """Write the job of a Change and what follows it, in the transaction that commits its operation."""
    job = Job(
        team_id=operation.team_id,
        key=operation.key,
        body_hash=operation.body_hash,
        actor_id=operation.actor_id,
        via=operation.via,
        reason=operation.reason,
        ticket=operation.ticket,
        correlation=operation.correlation,
        purpose=Purpose.TOGETHER,
        approval_id=operation.approval_id,
        platform=operation.platform,
        kind_slug=operation.kind_slug,
        verb_name=operation.verb_name,
        object_name=operation.object_name,
    )
    first = _step(job, 1, replace(change, data={}), change.target, change.connection)
    first.operation_id, first.is_wanted = operation.pk, False  # the operation has the data
    first.object_name, first.space = operation.object_name, operation.space
    steps = [first]
    for number, each in enumerate(change.then, 2):
        step = _step(job, number, each, None if each.target_id else change.target, change.connection)
        step.waits_for, step.id_in = [1], each.id_in
        step.object_id = step.object_id or each.target_id
        if each.id_in or not step.object_id:
            step.made_by = 1
        step.object_name = each.target_id or operation.object_name
        step.space = step.space or operation.space
        step.token_id = operation.token_id
        steps.append(step)
    # Whoever sends the first step carries on with the others. A worker does, if that process dies.
    _write(job, steps, due_at=Now() + LEASE)


def has_key(operation):
    """Whether a job without this operation has its key."""
    return Job.objects.filter(team_id=operation.team_id, key=operation.key).exists()


def join(operation, step):
    """Note that a step became this operation, in the transaction that commits it.

    A person may also repeat the operation of a step on its own page: the job then goes on with the new one.
    """
    begun = {"operation": operation, "is_wanted": False, "words": None}
    jobs = Job.objects.select_for_update()  # the job first, as whoever stops it does
    if step:
        if not jobs.filter(pk=step.job_id, stopped_at=None).values_list("pk"):
            raise Stopped
        Step.objects.filter(pk=step.pk).update(**begun)
        return
    job = jobs.filter(steps__operation_id=operation.follows_id).values_list("pk", flat=True).first()
    if job and Step.objects.filter(operation_id=operation.follows_id).update(**begun):
        # A worker that is about to call the job over has lost it.
        attempt = F("attempt") + 1
        Job.objects.filter(pk=job).update(
            due_at=Now(), state=JobState.RUNNING, ended_at=None, attempt=attempt
        )


def reopen(operation):
    """Note that the job of an operation is not over after all, in the transaction that takes its end back."""
    jobs = Job.objects.filter(steps__operation_id=operation.pk, due_at=None)
    jobs.update(state=JobState.RUNNING, ended_at=None, due_at=Now())


def _step(job, number, wanted, target, connection):
    if redact(wanted.data) != wanted.data:
        raise ValueError("a step that waits for its turn may hold no secret")
    return Step(
        job=job,
        number=number,
        kind_slug=wanted.kind.slug,
        verb_name=wanted.verb.name,
        connection=connection,
        row_id=target.pk if target else None,
        object_id=target.remote_id if target else "",
        object_name=shortened(wanted.verb.object_name(wanted.data, target), NAME_MAX),
        space=target.space_id if target else wanted.kind.space_of(wanted.data),
        data=wanted.data,
        actor_id=job.actor_id,
    )


def _write(job, steps, due_at):
    job.due_at = due_at
    job.save(force_insert=True)
    Step.objects.bulk_create(steps)


def entry(job, actor, stage, outcome, body, said=None):
    """A Line of the record about a job: that it was asked for, stopped, or asked for again."""
    return store.line(
        **{
            **line(job.verb_name, kind=job.kind_slug, actor=actor, team=job.team, via=job.via),
            "stage": stage,
            "outcome": outcome,
            "platform": job.platform,
            "object_name": job.object_name,
            "reason": job.reason,
            "ticket": job.ticket,
            "said": said,
            "body": {"job": str(job.pk), **body, **through(getattr(actor, "token", None))},
        }
    )
