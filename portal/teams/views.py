"""Pages of teams: the list, one team with its members, the switch, and new teams for administrators."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from portal.teams import role_table, service
from portal.teams.access import may, role_in, visible_to
from portal.teams.forms import MemberForm, RetentionForm, RoleForm, TeamForm
from portal.teams.middleware import SESSION_KEY
from portal.teams.models import Membership, Role, Team
from portal.teams.signin.confirming import confirmed
from portal.web import kept
from portal.web.pages import page


@require_safe
def list_(request):
    return _list(request)


def _list(request, form=None, status=200):
    context = {"rows": [(team, role_in(request.user, team)) for team in request.teams]}
    if request.user.is_portal_admin:
        # Only the names: an administrator sees the content of a team only as its member.
        form = form or TeamForm(initial=kept.initial(request, reverse("teams:create")))
        context |= {"form": form, "names": Team.objects.values_list("name", flat=True)}
    return page(request, "teams/list.html", context, status=status)


@sensitive_post_parameters()
@confirmed("POST")
@require_http_methods(["GET", "POST"])
def create(request):
    if request.method == "GET":  # somebody signed in again at a form that had come back with errors
        return redirect(f"{reverse('teams:list')}?{request.GET.urlencode()}")
    form = TeamForm(request.POST)
    if request.user.is_portal_admin and not form.is_valid():
        return _list(request, form, status=422)
    try:
        name = request.POST.get("name", "")
        team = service.create_team(
            actor=request.user, name=name.strip(), owner=getattr(form, "account", None)
        )
    except ValidationError as error:
        form.add_error(None, error)
        return _list(request, form, status=422)
    messages.success(request, _("Team %(name)s was created.") % {"name": team.name})
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
    return _detail(request, find(request, id))


def _detail(request, team, form=None, problem="", status=200, retention_form=None):
    days, mfa = Team.objects.values_list("record_days", "mfa_required").get(pk=team.pk)
    context = {
        "record_days": days,
        "mfa_required": mfa,
        "may_rule": may(request.user, service.RULES, team),
        "may_retain": may(request.user, service.RETENTION, team),
        "retention_form": retention_form or RetentionForm(initial={"days": days}),
        "shown": team,
        "members": team.memberships.select_related("user").order_by("user__name", "user__email"),
        "is_owner": may(request.user, service.RIGHT, team),
        "my_role": role_in(request.user, team),
        "roles": Role,
        "table": role_table.rows(),
        "form": form
        or MemberForm(initial=kept.initial(request, reverse("teams:member_add", args=[team.pk]))),
        "problem": problem,
    }
    return page(request, "teams/detail.html", context, status=status)


@sensitive_post_parameters()
@confirmed("POST")
@require_http_methods(["GET", "POST"])
def member_add(request, id):
    team = find(request, id)
    if request.method == "GET":  # somebody signed in again at a form that had come back with errors
        return redirect(f"{reverse('teams:detail', args=[team.pk])}?{request.GET.urlencode()}")
    service.require_right(team, "member_add", actor=request.user)
    form = MemberForm(request.POST)
    if not form.is_valid():
        return _detail(request, team, form, status=422)
    try:
        person = service.add_member(
            team, actor=request.user, person=form.account, role=form.cleaned_data["role"]
        )
    except ValidationError as error:
        form.add_error(None, error)
        return _detail(request, team, form, status=422)
    messages.success(request, _("%(person)s was added.") % {"person": person})
    return redirect("teams:detail", team.pk)


def _member(team, id):
    return get_object_or_404(Membership.objects.select_related("user", "team"), team=team, pk=id)


@confirmed("POST")
@require_POST
def retention(request, id):
    team = find(request, id)
    service.require_right(team, "retention", actor=request.user, right=service.RETENTION)
    form = RetentionForm(request.POST)
    if not form.is_valid():
        return _detail(request, team, retention_form=form, status=422)
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
        return _detail(request, team, problem=_("This role does not exist."), status=422)
    return _change(request, row, service.change_role, role=form.cleaned_data["role"])


@confirmed("POST")
@require_POST
def member_remove(request, id, member):
    return _change(request, _member(find(request, id), member), service.remove_member)


def _change(request, row, verb, **values):
    try:
        verb(row, actor=request.user, **values)
    except ValidationError as error:
        return _detail(request, row.team, problem=error.messages[0], status=422)
    messages.success(request, _("Saved: %(person)s.") % {"person": row.user})
    if row.user == request.user and role_in(request.user, row) is None:
        return redirect("teams:list")
    return redirect("teams:detail", row.team_id)
