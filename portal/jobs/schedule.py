"""Work that comes round again. Any number of workers may run; one of them does each when it is due.

A worker takes the turn with a lease, on the database's clock. When it is killed, another takes the turn
after the lease. Chores are short: what takes long is a task, and the chore asks for it until a row says that
it is done.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from django.db.models.functions import Now
from huey.contrib.djhuey import HUEY

from portal.jobs.models import Turn
from portal.mail import sending
from portal.mail.tasks import deliver as deliver_mail
from portal.operations import approvals, approving, stepping
from portal.operations.tasks import carry_on, resume
from portal.record import checking, checkpoints, sinks
from portal.record.tasks import deliver, verify
from portal.resources import asking, refreshing, tasks
from portal.teams import retention
from portal.teams.signin import limits
from portal.teams.tokens import calls

log = logging.getLogger(__name__)
LEASE = timedelta(seconds=15)  # a chore that takes longer is done twice at once, which does no harm


@dataclass(frozen=True)
class Chore:
    """`work` is called every so many `seconds`, at the next tick of any worker."""

    name: str
    seconds: float
    work: Callable


CHORES = [
    Chore("readings", 60, asking.make_missing),
    Chore("refreshes", 5, lambda: ask(refreshing.due, tasks.refresh)),
    Chore("jobs", 2, lambda: ask(stepping.due, carry_on)),
    Chore("approvals", 60, approvals.expire),
    Chore("approved", 60, lambda: ask(approving.stopped, resume)),
    Chore("checkpoints", 5, checkpoints.make),
    Chore("checks", 5, lambda: ask(checking.due, verify)),
    Chore("retention", 600, retention.drop_due),
    Chore("mails", 5, lambda: ask(sending.due, deliver_mail)),
    Chore("guesses", 3600, limits.forget_old),
    Chore("calls", 3600, calls.forget_old),
    Chore("sinks", 5, lambda: ask(sinks.due, deliver)),
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
    for chore in CHORES:
        if attempt := _take(chore):
            try:
                chore.work()
            except Exception:  # noqa: BLE001 - the other chores are still to be done
                log.exception("chore %s failed", chore.name)
            _give_back(chore, attempt)


def _take(chore):
    """The number of the attempt that is now ours, or None."""
    turn, _is_new = Turn.objects.get_or_create(job=chore.name, defaults={"due_at": Now()})
    mine = Turn.objects.filter(job=chore.name, attempt=turn.attempt, due_at__lte=Now())
    return turn.attempt + 1 if mine.update(attempt=turn.attempt + 1, due_at=Now() + LEASE) else None


def _give_back(chore, attempt):
    """Does nothing when another has taken the turn meanwhile."""
    mine = Turn.objects.filter(job=chore.name, attempt=attempt)
    mine.update(due_at=Now() + timedelta(seconds=chore.seconds))
