"""The page that answers whether the record is intact, and the button that has it checked."""

from datetime import timedelta
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from portal.audit import rights
from portal.audit.intact import State
from portal.audit.rights import require_reader
from portal.record import checking, checkpoints, tasks
from portal.record.correlation import current
from portal.record.models import Entry
from portal.teams.access import visible_to
from portal.teams.models import Team
from portal.web.following import is_unchanged
from portal.web.pages import page

SECONDS = 2  # between two updates of a page on which a check runs


@require_http_methods(["GET", "HEAD", "POST"])
def intact(request):
    if request.method == "POST":
        return _ask(request)
    require_reader(request)
    state = State(request.user)
    if is_unchanged(request, state.mark):
        return HttpResponse(status=204)
    context = {"state": state, "may_verify": rights.has(request, "verify_record"), "late": _late()}
    context["seconds"] = SECONDS if state.running else None
    # The record is one for all teams, but who is in another one is nobody's business.
    if state.ended and (request.user.is_portal_auditor or _team_of(state.ended) in request.teams):
        context["asked_by"] = state.ended.asked_by
    if state.ended and state.ended.first_bad:
        readable = visible_to(request.user, Entry.objects.filter(seq=state.ended.first_bad), "read_record")
        context["may_open"] = readable.exists()
    return page(request, "audit/intact.html", context, partial="intact")


def _ask(request):
    team = rights.require_right(request, "verify_record", "verify")
    about = {"team_id": str(team.pk), "team": team.name} if team else {}
    about |= {"actor_id": str(request.user.pk), "actor": request.user.email, "correlation": current()}
    row = checking.ask(**about)
    tasks.verify.enqueue(row.pk)
    return redirect("audit:intact")


def _team_of(check):
    """The team that a person asked for, with no more than its id; None for a portal auditor's check."""
    return Team(pk=UUID(check.team_id)) if check.team_id else None


def _late():
    return int(checkpoints.LATE / timedelta(minutes=1))
