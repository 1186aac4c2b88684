"""Pages of who can do what: for members, and the access review for owners and auditors."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import DatabaseError, transaction
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from portal.errors import RecordUnavailable
from portal.record.store import append
from portal.teams import access
from portal.teams import review as reviewing
from portal.teams.locking import KIND
from portal.teams.models import AccessReview, Team
from portal.teams.recording import UNRECORDED, line, require_recorded
from portal.teams.signin.confirming import confirmed
from portal.teams.views import find
from portal.teams.who import who_page
from portal.web.pages import page
from portal.web.sheets import csv_lines


@require_safe
def who(request, id):
    team = find(request, id)
    above = [(_("Teams"), reverse("teams:list")), (team.name, reverse("teams:detail", args=[team.pk]))]
    return who_page(request, team, heading=team, above=above)


def _team(request, id, verb=""):
    """The team, for who may review it. Others are refused; if they tried a `verb`, that is recorded."""
    if access.audits_portal(request.user):
        return get_object_or_404(Team, pk=id)
    team, user = find(request, id), request.user
    if verb:
        about = {"object_id": team.pk, "object_name": team.name}
        require_recorded(user, reviewing.RIGHT, team, line(verb, kind=KIND, actor=user, team=team, **about))
    else:
        access.require(user, reviewing.RIGHT, team)
    return team


@require_safe
def review(request, id):
    return _page(request, _team(request, id))


def _page(request, team, problem="", status=200):
    members, last = reviewing.snapshot(team), AccessReview.objects.filter(team=team).first()
    is_member = access.role_in(request.user, team) is not None
    context = {
        "shown": team,
        "is_member": is_member,
        "rows": reviewing.rows(team, request.user),
        "invitations": team.invitations.select_related("invited_by"),
        "last": last,
        "changes": reviewing.changes_since(last, members) if last else [],
        "digest": reviewing.digest_of(members),
        "may_confirm": access.may(request.user, "roles", team),
        "why_not": access.explain(request.user, "roles", team) if is_member else "",
        "problem": problem,
    }
    return page(request, "teams/review.html", context, status=status)


@confirmed("POST")
@require_POST
def confirm(request, id):
    """Posted: `digest` of what the page showed."""
    team = find(request, id)
    try:
        reviewing.confirm(team, actor=request.user, digest=request.POST.get("digest", ""))
    except ValidationError as error:
        return _page(request, team, error.messages[0], status=422)
    messages.success(request, _("Recorded: you reviewed who has access."))
    return redirect("teams:review", team.pk)


@confirmed("POST")
@require_POST
def export(request, id):
    team = _team(request, id, "export")
    rows = reviewing.rows(team, request.user)
    told = line("export", kind=KIND, actor=request.user, team=team, object_id=team.pk, object_name=team.name)
    body = {"format": "csv", "what": "access review", "rows": len(rows)}
    try:
        with transaction.atomic(durable=True):
            append({**told, "body": body})
    except DatabaseError as error:
        raise RecordUnavailable(UNRECORDED()) from error
    names = ("name", "email", "account", "role", "where", "member_since", "last_sign_in", "last_change")
    names += ("second_factor", "single_sign_on", "api_tokens")
    text = "".join(csv_lines(names, map(_cells, rows)))
    response = HttpResponse(text.encode("utf-8", "replace"), content_type="text/csv; charset=utf-8")
    name = f"access-review-{timezone.now():%Y%m%dT%H%M%SZ}.csv"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _cells(row):
    moments = (row.member.created_at, row.user.last_login, row.last_change)
    return [
        row.user.name,
        row.user.email,
        "on" if row.user.is_active else "off",
        row.member.role,
        ", ".join(getattr(each, "plain", str(each)) for each in row.where) or "team",
        *(f"{at:%Y-%m-%dT%H:%M:%SZ}" if at else "" for at in moments),
        "yes" if row.has_factor else "no",
        "yes" if row.is_linked else "no",
        ", ".join(f"{token.name} until {token.expires_at:%Y-%m-%d}" for token in row.tokens),
    ]


@require_safe
def all_teams(request):
    """For portal auditors: when each team was last reviewed."""
    if not access.audits_portal(request.user):
        raise Http404
    reviews = {each.team_id: each for each in AccessReview.objects.all()}
    teams = [(team, reviews.get(team.pk)) for team in Team.objects.all()]
    return page(request, "teams/reviews.html", {"teams": teams})
