"""Pages of teams: the list, one team with its members, the switch, and new teams for administrators."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from portal.mail import sending
from portal.teams import exceptions, leaving, offered, role_table, service
from portal.teams.access import explain, may, places_in, require, role_in, roles_to_give, visible_to
from portal.teams.forms import ExceptionForm, InvitationForm, PlacesForm, RetentionForm, RoleForm, TeamForm
from portal.teams.links import link_of
from portal.teams.middleware import SESSION_KEY
from portal.teams.models import Invitation, Membership, Role, Team
from portal.teams.places import Places
from portal.teams.signin.confirming import confirmed
from portal.teams.who import covered
from portal.web import kept
from portal.web.pages import page


@require_safe
def list_(request):
    return list_page(request)


def list_page(request, form=None, problem="", status=200):
    context = {"rows": [(team, role_in(request.user, team)) for team in request.teams], "problem": problem}
    if request.user.is_portal_admin:
        # Only names, and who is to be the first owner: what is in a team is for its members.
        form = form or TeamForm(initial=kept.initial(request, reverse("teams:create")))
        context |= {"form": form, "all_teams": _all_teams(), "can_mail": sending.is_set_up()}
    return page(request, "teams/list.html", context, status=status)


def _all_teams():
    """[(Team, whether it has an owner, the open Invitation of its first owner or None)]"""
    owned = set(Membership.objects.owning().values_list("team_id", flat=True))
    rows = list(Team.objects.all())
    invited = Invitation.objects.filter(team__in=[team for team in rows if team.pk not in owned])
    invited = {each.team_id: each for each in invited.filter(role=Role.OWNER)}
    return [(team, team.pk in owned, invited.get(team.pk)) for team in rows]


@confirmed("POST")
@require_http_methods(["GET", "POST"])
def create(request):
    if request.method == "GET":  # somebody signed in again at a form that had come back with errors
        return redirect(f"{reverse('teams:list')}?{request.GET.urlencode()}")
    form = TeamForm(request.POST)
    if request.user.is_portal_admin and not form.is_valid():
        return list_page(request, form, status=422)
    try:
        name = request.POST.get("name", "")
        team = service.create_team(
            actor=request.user,
            name=name.strip(),
            email=form.cleaned_data["email"] if form.is_valid() else "",
            link=link_of(request),
        )
    except ValidationError as error:
        form.add_error(None, error)
        return list_page(request, form, status=422)
    text = _("Team %(name)s was created. An invitation is on its way to its first owner.")
    messages.success(request, text % {"name": team.name})
    return redirect("teams:list")


@require_POST
def switch(request):
    """Switch to another of one's own teams. Posted: `team`, and `next`, the page to go to."""
    chosen = next((team for team in request.teams if str(team.pk) == request.POST.get("team")), None)
    if chosen is None:
        raise Http404
    request.session[SESSION_KEY] = str(chosen.pk)
    target = request.POST.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure())
    return redirect(target if is_ours else "/")


def find(request, id):
    return get_object_or_404(visible_to(request.user, Team.objects.all()), pk=id)


@require_safe
def detail(request, id):
    return detail_page(request, find(request, id))


def detail_page(request, team, form=None, problem="", status=200, retention_form=None):
    days, mfa = Team.objects.values_list("record_days", "mfa_required").get(pk=team.pk)
    context = {
        "record_days": days,
        "mfa_required": mfa,
        "may_run_tokens": may(request.user, "team_tokens", team),
        "may_rule": may(request.user, service.RULES, team),
        "may_review": may(request.user, "review_access", team),
        "may_retain": may(request.user, service.RETENTION, team),
        "retention_form": retention_form or RetentionForm(initial={"days": days}),
        "shown": team,
        "members": _members(request.user, team),
        "is_owner": may(request.user, service.RIGHT, team),
        "why_not": explain(request.user, service.RIGHT, team),
        "my_role": role_in(request.user, team),
        "roles": Role,
        "table": role_table.rows(),
        "problem": problem,
        **_inviting(request, team, form),
    }
    return page(request, "teams/detail.html", context, status=status)


def _members(user, team):
    """[(Membership, what it covers as who.covered says, [] for the whole team)], by name."""
    rows = list(team.memberships.select_related("user").order_by("user__name", "user__email"))
    told = covered(rows, user)
    return [(row, told[row.pk]) for row in rows]


def _inviting(request, team, form):
    """What the page shows to those who may invite."""
    roles = roles_to_give(request.user, team)
    if not roles:
        return {"may_invite": False}
    initial = kept.initial(request, reverse("teams:invite", args=[team.pk]))
    rows = list(team.invitations.select_related("invited_by", "mail"))
    told = covered(rows, request.user)
    return {
        "may_invite": True,
        "can_mail": sending.is_set_up(),
        "form": form or InvitationForm(initial=initial, roles=roles, **choice(request, team)),
        "invitations": [_invited(request.user, each, told[each.pk]) for each in rows],
    }


def _invited(user, invitation, covered):
    """(Invitation, what it covers as in `_members`, whether the person may send it again and revoke it)"""
    is_within = Places.of(invitation.places).within(places_in(user, invitation))
    may_give = is_within and invitation.role in roles_to_give(user, invitation)
    return invitation, covered, may_give


def choice(request, team):
    """What a PlacesForm needs to know of the team, and of whoever chooses."""
    widest = places_in(request.user, team)
    return {"offers": offered.offers(team.pk, widest), "widest": widest}


def _member(team, id):
    return get_object_or_404(Membership.objects.select_related("user", "team"), team=team, pk=id)


@require_safe
def member(request, id, member):
    """What a member still holds in the team, for owners, who can remove them here."""
    team = find(request, id)
    require(request.user, service.RIGHT, team)
    row = _member(team, member)
    return _member_page(request, row)


def _member_page(request, row, form=None, problem="", status=200, exception_form=None):
    places = Places.of(row.places)
    context = {
        "shown": row.team,
        "member": row,
        "held": leaving.held(row.user, row.team),
        "covered": offered.told(places, row.team_id),
        "form": form or PlacesForm(places=places, **choice(request, row.team)),
        "exception_form": exception_form or ExceptionForm(initial={"reason": row.auditor_exception}),
        "is_me": row.user == request.user,
        "problem": problem,
    }
    return page(request, "teams/member.html", context, status=status)


@confirmed("POST")
@require_POST
def auditor_exception(request, id, member):
    """Posted: `reason`; an empty one ends the exception."""
    team = find(request, id)
    row = _member(team, member)
    service.require_right(team, exceptions.VERB, actor=request.user)
    form = ExceptionForm(request.POST)
    if not form.is_valid():
        return _member_page(request, row, exception_form=form, status=422)
    try:
        exceptions.set_exception(row, actor=request.user, reason=form.cleaned_data["reason"])
    except ValidationError as error:
        form.add_error("reason", error)
        return _member_page(request, row, exception_form=form, status=422)
    messages.success(request, _("Saved: %(person)s.") % {"person": row.user})
    return redirect("teams:member", team.pk, row.pk)


@confirmed("POST")
@require_POST
def member_places(request, id, member):
    """Posted: `scope`, and `place` once for each connection and space."""
    row = _member(find(request, id), member)
    service.require_right(row.team, "member_places", actor=request.user)
    form = PlacesForm(request.POST, **choice(request, row.team))
    if not form.is_valid():
        return _member_page(request, row, form, status=422)
    try:
        service.change_places(row, actor=request.user, places=form.cleaned_data["places"])
    except ValidationError as error:
        return _member_page(request, row, form, error.messages[0], status=422)
    messages.success(request, _("Saved: %(person)s.") % {"person": row.user})
    return redirect("teams:detail", row.team_id)


@confirmed("POST")
@require_POST
def retention(request, id):
    team = find(request, id)
    service.require_right(team, "retention", actor=request.user, right=service.RETENTION)
    form = RetentionForm(request.POST)
    if not form.is_valid():
        return detail_page(request, team, retention_form=form, status=422)
    service.set_retention(team, actor=request.user, days=form.cleaned_data["days"])
    messages.success(request, _("Saved: how long requests and answers are kept."))
    return redirect("teams:detail", team.pk)


@confirmed("POST")
@require_POST
def second_factor(request, id):
    """Posted: `required`, "on" or nothing."""
    team = find(request, id)
    required = request.POST.get("required") == "on"
    service.set_mfa_required(team, actor=request.user, required=required)
    asked, free = _("Saved: members need a second factor."), _("Saved: members need no second factor.")
    messages.success(request, asked if required else free)
    return redirect("teams:detail", team.pk)


@confirmed("POST")
@require_POST
def member_role(request, id, member):
    team = find(request, id)
    form = RoleForm(request.POST)
    row = _member(team, member)
    if not form.is_valid():
        service.require_right(team, "member_role", actor=request.user)
        return detail_page(request, team, problem=_("This role does not exist."), status=422)
    return _change(request, row, service.change_role, role=form.cleaned_data["role"])


@confirmed("POST")
@require_POST
def member_remove(request, id, member):
    return _change(request, _member(find(request, id), member), service.remove_member)


def _change(request, row, verb, **values):
    try:
        verb(row, actor=request.user, **values)
    except ValidationError as error:
        return detail_page(request, row.team, problem=error.messages[0], status=422)
    messages.success(request, _("Saved: %(person)s.") % {"person": row.user})
    if row.user == request.user and role_in(request.user, row) is None:
        return redirect("teams:list")
    return redirect("teams:detail", row.team_id)
