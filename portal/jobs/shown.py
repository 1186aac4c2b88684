"""What pages and the API show about jobs and their steps. Only reads."""

import uuid
from functools import cached_property

from django.db.models import Count, Q

from portal.operations.deciding import right_to_requeue
from portal.operations.job import JobState, Step
from portal.operations.models import HAPPENED, REPEATABLE
from portal.operations.stepping import is_left
from portal.teams.access import explain
from portal.web import following

PAGE = 50


def listed(jobs, query):
    """(jobs of one page, the id behind which the next page begins or ""); newest first."""
    before = anchor(jobs, query.get("before", ""))
    if query.get("before"):
        same_time = Q(created_at=before.created_at, pk__lt=before.pk) if before else Q()
        jobs = jobs.filter(Q(created_at__lt=before.created_at) | same_time) if before else jobs.none()
    found = list(jobs.select_related("actor").order_by("-created_at", "-pk")[: PAGE + 1])
    counts = _counts(found[:PAGE])
    for job in found[:PAGE]:
        job.counts = counts[job.pk]
    return found[:PAGE], found[PAGE - 1].pk if len(found) > PAGE else ""


def anchor(jobs, text):
    """The job with this id; None if there is none."""
    try:
        return jobs.filter(pk=uuid.UUID(text)).first()
    except ValueError:
        return None


def _counts(jobs):
    """{job id: (steps that happened, steps)}, in one statement."""
    rows = Step.objects.filter(job__in=[job.pk for job in jobs]).order_by().values("job")
    rows = rows.annotate(done=Count("pk", filter=Q(operation__state__in=HAPPENED)), count=Count("pk"))
    rows = rows.values_list("job", "done", "count")
    return {job: (done, count) for job, done, count in rows}


class Shown:
    """One job as one person may see it."""

    def __init__(self, job, user):
        self.job, self.user = job, user

    @cached_property
    def steps(self):
        """The steps in order. Each has `state`: that of its operation, or waiting, left_out, refused_here."""
        found = list(self.job.steps.select_related("operation", "connection", "actor"))
        for step in found:
            step.state = self._state(step)
            step.before = [each.number for each in found if each.number in step.waits_for]
        return found

    def _state(self, step):
        if step.words:
            return "refused_here"  # maybe of what was requested before: its operation says the rest
        if step.operation_id and not (step.is_wanted and self.job.state == JobState.RUNNING):
            return step.operation.state
        return "waiting" if self.job.state == JobState.RUNNING else "left_out"

    @property
    def done(self):
        return sum(step.state in HAPPENED for step in self.steps)

    @property
    def failed(self):
        return sum(step.state in (*REPEATABLE, "refused_here") for step in self.steps)

    @cached_property
    def left(self):
        """How many steps can be requested again, now that the job is over."""
        return 0 if self.job.state == JobState.RUNNING else sum(is_left(step) for step in self.steps)

    @property
    def may_stop(self):
        return self.job.state == JobState.RUNNING and not self.job.stopped_at and not self.why_not

    @cached_property
    def why_not(self):
        return explain(self.user, self.job.verb.right, self.job)

    @cached_property
    def why_not_again(self):
        return self.why_not or explain(self.user, right_to_requeue(self.job, self.user), self.job)

    @cached_property
    def mark(self):
        steps = [
            (step.state, step.operation_id, str(step.said or step.operation and step.operation.message))
            for step in self.steps
        ]
        return following.mark(self.job.state, bool(self.job.stopped_at), steps)
