"""Is the record intact? What was checked last, checkpoints, and the places outside that have them."""

from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property

from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from portal.audit import rights
from portal.record import checking, checkpoints, sinks, tasks
from portal.teams.access import may
from portal.web.following import is_unchanged, mark
from portal.web.pages import page

SECONDS = 2  # between two updates of a page on which a check runs
SHOWN = 20  # findings


@dataclass(frozen=True)
class Place:
    """A sink as pages show it. `behind` counts the checkpoints that it lacks."""

    row: object
    is_outside: bool
    behind: int


class State:
    """What is known of the record now; each part is read when a page first asks for it."""

    @cached_property
    def checks(self):
        return checking.latest()

    @property
    def ended(self):
        return self.checks[0]

    @property
    def running(self):
        return self.checks[1]

    @cached_property
    def report(self):
        return checking.report_of(self.ended) if self.ended else None

    @property
    def findings(self):
        return self.report.sorted[:SHOWN]

    @cached_property
    def checkpoint(self):
        return checkpoints.latest()

    @property
    def is_late(self):
        """Whether no worker has made a checkpoint for long."""
        return self.checkpoint is None or timezone.now() - self.checkpoint.at > checkpoints.LATE

    @cached_property
    def places(self):
        last = self.checkpoint.number if self.checkpoint else 0
        return [
            Place(row, sinks.is_outside(row.address), max(last - row.delivered, 0)) for row in sinks.states()
        ]

    @property
    def has_outside(self):
        return any(each.is_outside for each in self.places)

    @property
    def key(self):
        """The public key that checkpoints are signed with, 64 hexadecimal digits."""
        return checkpoints.public_bytes(next(iter(checkpoints.keys().values()))).hex()

    @property
    def percent(self):
        return int(100 * self.running.checked / max(self.running.entries, 1))

    @property
    def mark(self):
        running, ended = self.running, self.ended
        return mark(
            running and (running.pk, running.checked),
            ended and ended.pk,
            self.checkpoint and self.checkpoint.number // 5,
            [(each.row.address, each.row.error, each.behind > 2) for each in self.places],
        )


@require_http_methods(["GET", "HEAD", "POST"])
def intact(request):
    if request.method == "POST":
        return _ask(request)
    rights.require_reader(request)
    state = State()
    if is_unchanged(request, state.mark):
        return HttpResponse(status=204)
    context = {"state": state, "may_verify": rights.has(request, "verify_record"), "late": _late()}
    context["seconds"] = SECONDS if state.running else None
    if state.ended and state.ended.first_bad:
        context["may_open"] = request.user.is_portal_auditor or may(request.user, "read_record", request.team)
    return page(request, "audit/intact.html", context, partial="intact")


def _ask(request):
    team = rights.require_right(request, "verify_record", "verify")
    about = {"team_id": str(team.pk), "team": team.name} if team else {}
    row = checking.ask(actor_id=str(request.user.pk), actor=request.user.email, **about)
    tasks.verify.enqueue(row.pk)
    return redirect("audit:intact")


def _late():
    return int(checkpoints.LATE / timedelta(minutes=1))
