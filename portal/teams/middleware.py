"""Sets `request.team`, the team a person is working in, and `request.teams`, those they can switch to.

Their session goes on with it (signin/sessions.py).
"""

from portal.teams.access import teams_of
from portal.teams.signin import sessions

SESSION_KEY = "team"


class CurrentTeam:
    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        request.teams, request.team = [], None
        return self.get_response(request)

    def process_view(self, request, view, args, kwargs):
        if getattr(view, "login_required", True) and request.user.is_authenticated:
            request.teams = teams_of(request.user)
            request.team = current(request)
            sessions.touch(request)


def current(request):
    """The team chosen in this session, else the first one, else None."""
    chosen = request.session.get(SESSION_KEY)
    by_id = {str(team.pk): team for team in request.teams}
    return by_id.get(chosen) or next(iter(request.teams), None)
