"""The page of a team's rules: what it asks for which changes."""

from dataclasses import dataclass

from django.contrib import messages
from django.shortcuts import redirect
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from portal.errors import NotDecidable
from portal.kinds.registry import KINDS
from portal.operations import ruling
from portal.operations.rules import CASES, DEMANDS, case_of
from portal.teams.access import explain
from portal.teams.recording import require_recorded
from portal.teams.signin.confirming import confirmed
from portal.teams.views import find
from portal.web import following
from portal.web.pages import page

COLUMNS = (("reason", _("Reason")), ("ticket", _("Ticket")), ("approval", _("Approval by a second person")))


@dataclass(frozen=True)
class Line:
    """A row of the table: `cells` are (name of the demand, its label, whether it is asked)."""

    name: str
    label: str
    cells: list


@confirmed("POST")
@require_http_methods(["GET", "POST"])
def edit(request, id):
    team = find(request, id)
    demands = ruling.current(team)
    if request.method == "GET":
        return _show(request, team, demands, added=request.GET.get("add", ""))
    require_recorded(request.user, ruling.RIGHT, team, ruling.tried(team, request.user))
    wanted = _wanted(request.POST)
    added = request.POST.get("add", "")
    if added and request.POST.get("do") == "add":
        return _show(request, team, wanted, added=added, opened=request.POST.get("opened", ""))
    if request.POST.get("opened") != following.mark(demands):
        return _show(request, team, demands, problem=ruling.CHANGED_MEANWHILE(), status=409)
    try:
        ruling.set_rules(team, wanted, actor=request.user, opened=demands)
    except NotDecidable as error:
        return _show(request, team, ruling.current(team), problem=error.message, status=409)
    messages.success(request, _now("The rules of the team were saved."))
    return redirect("rules:edit", team.pk)


def _wanted(posted):
    """{name of a Case: demands} as ticked; what is no Case or no demand is left out."""
    names = [name for name in dict.fromkeys(posted.getlist("case")) if case_of(name)]
    return {name: [each for each in DEMANDS if each in posted.getlist(f"for {name}")] for name in names}


def _show(request, team, demands, added="", opened=None, problem="", status=200):
    names = [each.name for each in CASES]
    own = [name for name in [*demands, added] if name not in names and case_of(name)]
    shown = [*names, *dict.fromkeys(own)]
    context = {
        "shown": team,
        "lines": [_line(name, demands.get(name, ())) for name in shown],
        "columns": COLUMNS,
        "groups": _groups(shown),
        "has_rules": opened is not None or any(demands.values()),
        "opened": following.mark(demands) if opened is None else opened,
        "why_not": explain(request.user, ruling.RIGHT, team),
        "problem": problem,
    }
    return page(request, "operations/rules.html", context, status=status)


def _line(name, asked):
    return Line(name, case_of(name).label, [(each, label, each in asked) for each, label in COLUMNS])


def _groups(shown):
    """[(kind, [(name of a Case, label)])] of what can be added: each verb of each kind."""
    groups = []
    for kind in KINDS.values():
        options = [(f"{kind.slug} {verb.name}", verb.label) for verb in kind.verbs]
        if options := [each for each in options if each[0] not in shown]:
            groups.append((kind, options))
    return groups
