"""The page that deletes an object with everything inside, as one job: what is inside goes first."""

import uuid

from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from portal.errors import KeyReused, RecordUnavailable, WhyMissing
from portal.operations import rules, together
from portal.operations.change import Change
from portal.operations.entries import admit
from portal.operations.forms import WhyForm, say_missing
from portal.operations.job import Purpose
from portal.operations.tasks import carry_on
from portal.resources import impact, pages
from portal.teams.access import explain, require
from portal.web.pages import page

SHOWN_MAX = 200  # steps that the page lists


@require_http_methods(["GET", "POST"])
def ask(request, kind, id):
    row = pages.find(request, kind, id)
    if not (kind.held and kind.deletes) or row.gone_at:
        raise Http404
    verb = kind.verb("delete")
    if request.method == "POST":  # a denial is recorded
        admit(Change(kind=kind, verb=verb, connection=row.connection, target=row), request.user)
    require(request.user, verb.right, row)
    key = request.POST.get("operation_key", "")
    if key and (job := together.asked_before(row.connection.team, key, request.user)):
        return redirect("jobs:detail", job.pk)
    found = impact.read(kind, [row])
    if request.method == "GET":
        if not found.before and not found.problem and found.is_whole:
            return redirect("resources:act", kind, row.pk, "delete")
        return _show(request, kind, row, found)
    problem, why = _problem(request, row, found), WhyForm(request.POST, asked=_rules(found, row))
    if problem or not why.is_valid():
        return _show(request, kind, row, found, problem=problem, status=422)
    try:
        changes, waits_for = impact.changes(found, row.connection)
        job = together.request(
            changes,
            actor=request.user,
            key=request.POST["operation_key"],
            purpose=Purpose.LEAVES_FIRST,
            name=str(row),
            waits_for=waits_for,
            **why.cleaned_data,
        )
    except (KeyReused, RecordUnavailable) as error:
        status = 409 if isinstance(error, KeyReused) else 503
        return _show(request, kind, row, found, problem=error, status=status)
    except WhyMissing as error:
        say_missing(why, error)
        return _show(request, kind, row, found, form=why, status=422)
    carry_on.enqueue(str(job.pk))
    messages.info(request, _("Requested. What is inside goes first."))
    return redirect("jobs:detail", job.pk)


def _problem(request, row, found):
    """Why the plan is not asked for, as text; "" if it is."""
    if not found.can_be_asked_for:
        return _("Nothing was requested.")
    if request.POST.get("plan") != found.digest:
        return _("What is inside has changed since this page was opened. Check the steps below.")
    if not request.POST.get("operation_key"):
        return _("The request was incomplete, so nothing was sent. Press the button again.")
    if request.POST.get("typed_name", "").strip() not in (str(row).strip(), row.remote_id):
        return _("The name does not match. Enter the name or the id exactly as it is shown.")
    return ""


def _rules(found, row):
    """What the team's rules ask for one step or another, as rules.possible returns it."""
    demands = rules.of_team(row.connection.team)
    asked = [rules.possible(demands, step.kind, step.verb) for step in found.steps]
    return tuple(set().union(*each) for each in zip(*asked, strict=True)) or (set(), set())


def _show(request, kind, row, found, problem="", status=200, form=None):
    rights = {(step.verb.right, step.verb.label) for step in found.steps}
    why_not = next(filter(None, (explain(request.user, right, row) for right, _label in sorted(rights))), "")
    context = {
        "kind": kind,
        "row": row,
        "impact": found,
        "shown": found.steps[:SHOWN_MAX],
        "more": max(len(found.steps) - SHOWN_MAX, 0),
        "steps_max": together.STEPS_MAX,
        "problem": problem,
        "why_not": why_not,
        "key": str(uuid.uuid4()),
        "typed": request.POST.get("typed_name", ""),
        "form": form or WhyForm(request.POST or None, asked=_rules(found, row)),
    }
    return page(request, "resources/delete_everything.html", context, partial="plan", status=status)
