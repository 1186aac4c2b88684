"""Who needs a second factor: by PORTAL_MFA_REQUIRED_ROLES, or because a team of theirs asks for it.

Whoever came by single sign-on has shown their provider what it asks for. A token does nothing while its
person would be led to set one up (bearer.py).
"""

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.outside import isolated
from portal.teams import access
from portal.teams.account_events import SSO
from portal.teams.models import Role
from portal.teams.signin import second_factors

# Views that people reach without it.
REACHABLE = {
    "profile:page",
    "profile:end_sessions",
    "account_change_password",
    "account_reauthenticate",
    "mfa_index",
    "mfa_reauthenticate",
    "mfa_reauthenticate_webauthn",
    "mfa_activate_totp",
    "mfa_add_webauthn",
    "mfa_list_webauthn",
    "mfa_view_recovery_codes",
}
ROLES = {
    Role.VIEWER: gettext_lazy("Viewers need one."),
    Role.AUDITOR: gettext_lazy("Auditors need one."),
    Role.OPERATOR: gettext_lazy("Operators need one."),
    Role.MANAGER: gettext_lazy("Managers need one."),
    Role.OWNER: gettext_lazy("Owners of teams need one."),
}


def why(request):
    """Why the person has to set up a second factor before anything else; "" if they need not."""
    return why_person(request.user, request.teams, by_sso=request.session.get(SSO))


def why_person(user, teams, *, by_sso):
    """The same for a person with these teams; `by_sso` is whether they came by single sign-on."""
    reason = _reason(user, teams)
    if not reason or by_sso or second_factors.has(user):
        return ""
    return _("Set up a second factor on your profile page.") + f" {reason}"


def _reason(user, teams):
    named = settings.MFA_REQUIRED_ROLES
    if user.is_portal_admin and "admin" in named:
        return _("Portal administrators need one.")
    if user.is_portal_auditor and "portal-auditor" in named:
        return _("Portal auditors need one.")
    for role in sorted(access.roles_of(user)):
        if role in named:
            return str(ROLES[role])
    for team in teams:
        if team.mfa_required:
            return _("Team %(team)s asks its members for one.") % {"team": isolated(team.name)}
    return ""
