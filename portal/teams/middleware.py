"""`request.team` and `request.teams`: the team a person is working in, and those they could switch to."""

from portal.teams.models import Role, Team

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


def teams_of(user):
    """The person's teams by name; one query, which also fills their roles for access.py."""
    rows = list(Team.objects.filter(memberships__user=user).values_list("id", "name", "memberships__role"))
    user._roles = {team: Role(role) for team, _name, role in rows}
    return [Team(id=team, name=name) for team, name, _role in rows]


def current(request):
    """The chosen team, else the first one, else None."""
    chosen = request.session.get(SESSION_KEY)
    by_id = {str(team.pk): team for team in request.teams}
    return by_id.get(chosen) or next(iter(request.teams), None)
