"""Pages of invitations: inviting, for those who may; accepting, for whoever has the link."""

from allauth.account.internal.flows.login import record_authentication
from allauth.account.utils import perform_login
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import ValidationError
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from portal.errors import NotAllowed, NotVisible, TooBusy
from portal.outside import isolated
from portal.teams import access, accounts, invitations, service
from portal.teams.forms import AcceptForm, AddressForm, InvitationForm
from portal.teams.links import link_of
from portal.teams.middleware import SESSION_KEY
from portal.teams.models import Invitation, Team
from portal.teams.signin.confirming import confirmed
from portal.teams.views import choice, detail_page, find, list_page
from portal.web.pages import page

OPENED = "invitation"  # where the session keeps the digest of the token that was opened


@confirmed("POST")
@require_http_methods(["GET", "POST"])
def invite(request, id):
    team = find(request, id)
    if request.method == "GET":  # somebody signed in again at a form that had come back with errors
        return redirect(f"{reverse('teams:detail', args=[team.pk])}?{request.GET.urlencode()}")
    service.require_right(team, "invite", actor=request.user, right=invitations.RIGHT)
    form = InvitationForm(
        request.POST, roles=access.roles_to_give(request.user, team), **choice(request, team)
    )
    if not form.is_valid():
        return detail_page(request, team, form, status=422)
    values = {name: form.cleaned_data[name] for name in ("email", "role", "places")}
    try:
        invitations.invite(team, actor=request.user, link=link_of(request), **values)
    except ValidationError as error:
        form.add_error(None, error)
        return detail_page(request, team, form, status=422)
    return _on_its_way(request, values["email"], "teams:detail", team.pk)


def _on_its_way(request, email, *page):
    messages.success(request, _("An invitation is on its way to %(address)s.") % {"address": isolated(email)})
    return redirect(*page)


@confirmed("POST")
@require_POST
def again(request, id, invitation):
    row = _row(request, id, invitation)
    try:
        invitations.invite_again(row, actor=request.user, link=link_of(request))
    except ValidationError as error:
        return detail_page(request, row.team, problem=error.messages[0], status=422)
    return _on_its_way(request, row.email, "teams:detail", row.team_id)


@confirmed("POST")
@require_POST
def revoke(request, id, invitation):
    row = _row(request, id, invitation)
    invitations.revoke(row, actor=request.user)
    messages.success(request, _("The invitation to %(address)s was revoked.") % {"address": row.email})
    return redirect("teams:detail", row.team_id)


def _row(request, id, invitation):
    rows = Invitation.objects.select_related("team", "mail")
    return get_object_or_404(rows, team=find(request, id), pk=invitation)


@confirmed("POST")
@require_POST
def first_owner(request, id):
    """Invite the first owner of a team without one. Posted: `email`."""
    form = AddressForm(request.POST)
    team = get_object_or_404(Team, pk=id) if request.user.is_portal_admin else find(request, id)
    email = form.cleaned_data["email"] if form.is_valid() else ""
    if request.user.is_portal_admin and not email:
        return list_page(request, problem=_("Enter an e-mail address."), status=422)
    try:
        invitations.invite_first_owner(team, actor=request.user, email=email, link=link_of(request))
    except ValidationError as error:
        return list_page(request, problem=error.messages[0], status=422)
    return _on_its_way(request, email, "teams:list")


@login_not_required
@never_cache
@require_safe
def open_(request, token):
    """The link in the mail. It uses nothing up, because programs that check mails open links, too.

    The session keeps the token's digest, so that the token stands in no further address.
    """
    digest = invitations.digest_of(token)
    try:
        invitations.find_valid(digest)
    except (NotVisible, NotAllowed) as error:
        return _closed(request, error)
    request.session[OPENED] = digest
    return redirect("teams:accept")


@sensitive_post_parameters("password")
@login_not_required
@never_cache
@require_http_methods(["GET", "POST"])
def accept(request):
    """Team, role and who invited; and the one button that accepts."""
    digest = request.session.get(OPENED, "")
    try:
        if request.method == "POST":
            invitation = invitations.find(digest)  # whether it is void is asked, and recorded, below
            return _accept(request, digest, invitation, invitations.account_of(invitation))
        invitation = invitations.find_valid(digest)
        return _accept_page(request, invitation, invitations.account_of(invitation))
    except (NotVisible, NotAllowed) as error:
        return _closed(request, error)


def _accept(request, digest, invitation, account):
    if account is None:
        return _accept_with_new_account(request, digest, invitation)
    if request.user != account:
        return redirect_to_login(request.path, settings.LOGIN_URL)
    _person, team = invitations.accept(digest, user=account)
    return _welcome(request, team, redirect("home"))


def _accept_with_new_account(request, digest, invitation):
    form = AcceptForm(request.POST, email=invitation.email)
    if request.user.is_authenticated or accounts.is_for_sso(None):
        return _accept_page(request, invitation, None, status=422)
    if not form.is_valid():
        return _accept_page(request, invitation, None, form, status=422)
    try:
        person, team = invitations.accept(digest, **form.cleaned_data)
    except (ValidationError, TooBusy) as error:
        form.add_error(None, error if isinstance(error, ValidationError) else str(error))
        status = 503 if isinstance(error, TooBusy) else 422
        return _accept_page(request, invitation, None, form, status=status)
    record_authentication(request, person, method="password")
    return _welcome(request, team, perform_login(request, person, redirect_url="/"))


def _welcome(request, team, response):
    request.session.pop(OPENED, None)
    request.session[SESSION_KEY] = str(team.pk)
    messages.success(request, _("Welcome to %(team)s.") % {"team": isolated(team.name)})
    return response


def _accept_page(request, invitation, account, form=None, status=200):
    is_new = account is None
    context = {
        "invitation": invitation,
        "account": account,
        "is_new": is_new,
        "covered": invitations.covered(invitation),
        "is_other": request.user.is_authenticated and request.user != account,
        "sso_name": settings.OIDC_NAME if accounts.is_for_sso(account) else "",
        "is_own": not is_new and request.user == account,
        "form": form or AcceptForm(email=invitation.email),
    }
    return page(request, "teams/accept.html", context, status=status)


def _closed(request, error):
    """Used, revoked, expired and made-up links look the same; that one is void is told to who has it."""
    is_void = isinstance(error, NotAllowed)
    return page(request, "teams/invitation_closed.html", {"is_void": is_void}, status=403 if is_void else 404)
