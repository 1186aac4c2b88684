"""Sets `request.team`, the team a person is working in, and `request.teams`, those they can switch to.

Their session goes on with it (signin/sessions.py). A token of the API works in its own team.
"""

from django.shortcuts import redirect
from django.urls import reverse
from django_htmx.http import HttpResponseClientRedirect

from portal.teams.access import teams_of
from portal.teams.signin import demanded, sessions
from portal.web.pages import is_piece
from portal.web.problems import is_program, problem

SESSION_KEY = "team"


class CurrentTeam:
    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        request.teams, request.team = [], None
        return self.get_response(request)

    def process_view(self, request, view, args, kwargs):
        if request.token:
            request.team, request.teams = request.token.team, [request.token.team]
        elif getattr(view, "login_required", True) and request.user.is_authenticated:
            request.teams = teams_of(request.user)
            request.team = current(request)
            sessions.touch(request)


class SecondFactor:
    """Nothing works for people who need a second factor and have none, but setting one up and leaving."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        return self.get_response(request)

    def process_view(self, request, view, args, kwargs):
        if not getattr(view, "login_required", True) or not request.user.is_authenticated:
            return None
        if request.token:
            return None  # bearer.py asked
        request.why_demanded = demanded.why(request)
        if not request.why_demanded or request.resolver_match.view_name in demanded.REACHABLE:
            return None
        if is_program(request):
            return problem(403, request.why_demanded, name="second-factor")
        address = reverse("profile:page")
        return HttpResponseClientRedirect(address) if is_piece(request) else redirect(address)


def current(request):
    """The team chosen in this session, else the first one, else None."""
    chosen = request.session.get(SESSION_KEY)
    by_id = {str(team.pk): team for team in request.teams}
    return by_id.get(chosen) or next(iter(request.teams), None)
