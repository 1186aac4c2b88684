"""Jobs that come round again. Any number of workers may run; one of them does each job when it is due.

A worker takes the turn with a lease, on the database's clock. When it is killed, another takes the turn
after the lease. Jobs are short: what takes long is a task, and the job asks for it until a row says that it
is done.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from django.db.models.functions import Now
from huey.contrib.djhuey import HUEY

from portal.jobs.models import Turn
from portal.resources import asking, refreshing, tasks

log = logging.getLogger(__name__)
LEASE = timedelta(seconds=15)  # a job that takes longer is done twice at once, which does no harm


@dataclass(frozen=True)
class Job:
    """`work` is called every so many `seconds`, at the next tick of any worker."""

    name: str
    seconds: float
    work: Callable


JOBS = [
    Job("readings", 60, asking.make_missing),
    Job("refreshes", 5, lambda: ask(refreshing.due, tasks.refresh)),
]


def ask(due, task):
    """Ask for the task with each tuple of arguments that `due()` yields.

    `due` reads rows and moves each that it yields ahead, or it would be asked for again at each round.
    """
    if HUEY.is_full:
        return  # workers are busy: what is due stays due
    for arguments in due():
        task.enqueue(*arguments)
        if HUEY.is_away:
            return


def run_due():
    for job in JOBS:
        if attempt := _take(job):
            try:
                job.work()
            except Exception:  # noqa: BLE001 - the other jobs are still to be done
                log.exception("job %s failed", job.name)
            _give_back(job, attempt)


def _take(job):
    """The number of the attempt that is now ours, or None."""
    turn, _is_new = Turn.objects.get_or_create(job=job.name, defaults={"due_at": Now()})
    mine = Turn.objects.filter(job=job.name, attempt=turn.attempt, due_at__lte=Now())
    return turn.attempt + 1 if mine.update(attempt=turn.attempt + 1, due_at=Now() + LEASE) else None


def _give_back(job, attempt):
    """Does nothing when another has taken the turn meanwhile."""
    mine = Turn.objects.filter(job=job.name, attempt=attempt)
    mine.update(due_at=Now() + timedelta(seconds=job.seconds))
