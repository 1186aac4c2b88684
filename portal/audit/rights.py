"""Who may export the record and check it: a portal auditor, and auditors and owners for their team."""

from django.utils.translation import gettext_noop

from portal.errors import NotAllowed
from portal.teams import readers
from portal.teams.access import explain, may, require
from portal.teams.recording import denials_recorded, line
from portal.words import Sentence

KIND = "portal/record"
NO_TEAM = Sentence(
    "audit.no_team", gettext_noop("You are not in a team, so there is no audit log for you to read.")
)


def require_reader(request):
    """Viewers see the history of each resource, but not the record. Raises NotAllowed (recorded)."""
    if request.user.is_portal_auditor or request.user.is_portal_admin:
        return
    with denials_recorded(readers.line_of(request.user, request.team)):
        if request.team is None:
            raise NotAllowed(NO_TEAM())
        if all(explain(request.user, "read_own_record", team) for team in request.teams):
            require(request.user, "read_own_record", request.team)


def has(request, right):
    return request.user.is_portal_auditor or _team_with(request, right) is not None


def _team_with(request, right):
    """A team in which the person has the right: the one they work in, if it is there."""
    teams = [request.team, *request.teams]
    return next((team for team in teams if team and may(request.user, right, team)), None)


def require_right(request, right, verb):
    """A team for which the person has the right, None for a portal auditor. A denial is recorded."""
    if request.user.is_portal_auditor:
        return None
    team = _team_with(request, right) or request.team
    with denials_recorded(line(verb, kind=KIND, actor=request.user, team=team)):
        if team is None:
            raise NotAllowed(NO_TEAM())
        require(request.user, right, team)
    return team
