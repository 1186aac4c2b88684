"""What somebody who leaves still holds here: jobs that begin more steps, operations that have not ended."""

from django.utils.translation import gettext_lazy as _

from portal.operations.approval import Approval, ApprovalState
from portal.operations.approvals import withdraw_whatever_the_rights
from portal.operations.deciding import cancel_whatever_the_rights
from portal.operations.job import Job, JobState
from portal.operations.models import UNANSWERED, Operation, State
from portal.operations.stepping import stop_whatever_the_rights
from portal.teams.leaving import Holding, register


def _of(rows, person, team):
    rows = rows.filter(actor=person)
    return rows.filter(team=team) if team else rows


def _jobs(person, team):
    return _of(Job.objects.filter(state=JobState.RUNNING, stopped_at=None), person, team)


def _unsent(person, team):
    return _of(Operation.objects.filter(state=State.INTENT), person, team)


def _sent(person, team):
    return _of(Operation.objects.filter(state__in=(State.SENDING, *UNANSWERED)), person, team)


def _stop_jobs(person, team, actor):
    return sum(stop_whatever_the_rights(job, actor=actor) for job in _jobs(person, team))


def _cancel(person, team, actor):
    return sum(bool(cancel_whatever_the_rights(each, actor=actor)) for each in _unsent(person, team))


def _waiting(person, team):
    return _of(Approval.objects.filter(state=ApprovalState.WAITING), person, team)


def _withdraw(person, team, actor):
    rows = _waiting(person, team).select_related("team", "actor")
    return sum(withdraw_whatever_the_rights(each, actor=actor) for each in rows)


# What waits first: it would begin further jobs and operations. Then jobs, for the same reason.
register(
    Holding(
        "approvals",
        _("changes that wait for approval"),
        _("are withdrawn"),
        _waiting,
        _withdraw,
    )
)
register(Holding("jobs", _("running jobs"), _("are stopped"), _jobs, _stop_jobs))
register(Holding("operations", _("operations that are not sent yet"), _("are cancelled"), _unsent, _cancel))
register(
    Holding(
        "sent",
        _("operations that were sent and have not ended"),
        _("stay: the portal looks how they ended, and owners of the team decide where it cannot tell"),
        _sent,
        None,
    )
)
