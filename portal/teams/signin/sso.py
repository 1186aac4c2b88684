"""Single sign-on at the one OpenID Connect provider that is configured.

Its groups decide: who is in none that PORTAL_OIDC_ROLES names gets in nowhere, and in the teams that it names
membership follows the groups at each sign-in. An account is found by the provider's own id of the person; the
first time by an e-mail address that the provider has verified. That id is bound to the issuer: an equal id of
another one is somebody else.
"""

import time
from functools import partial
from threading import BoundedSemaphore

import requests
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.providers.base import AuthProcess
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from portal.errors import TooBusy
from portal.outside import is_printable
from portal.teams import account_events, service
from portal.teams.models import Role, Team, User
from portal.teams.signin.hashing import TOO_BUSY

SECONDS = 10  # for each call to the provider
SKEW = 60  # seconds that the provider's clock may be ahead
# Anybody can make the portal ask the provider. One that is slow must not hold the threads of a web process.
TURN, PATIENCE = BoundedSemaphore(2), 1  # seconds
FLAGS = {"admin": "is_portal_admin", "portal-auditor": "is_portal_auditor"}


class SingleSignOn(DefaultSocialAccountAdapter):
    def get_requests_session(self):
        session = requests.Session()
        session.trust_env = False
        session.verify = settings.CA_BUNDLE or True
        session.request = partial(_in_turn, session.request)
        return session

    def new_user(self, request, sociallogin):
        """Before allauth looks for the account: links of another issuer are none of this one."""
        sociallogin.account.provider = account_events.link_of(settings.OIDC_ISSUER)
        return super().new_user(request, sociallogin)

    def get_provider(self, request, provider, client_id=None):
        is_ours = provider == account_events.link_of(settings.OIDC_ISSUER)
        return super().get_provider(request, "sso" if is_ours else provider, client_id)

    def on_authentication_error(self, request, provider, error=None, exception=None, extra_context=None):
        account_events.failed(request, "", account_events.PROVIDER)
        raise ImmediateHttpResponse(
            _refuse(request, _("The provider did not confirm who you are. Try again."))
        )

    def pre_social_login(self, request, sociallogin):
        """Everything is decided here: allauth then signs an existing account in."""
        claims = _claims(sociallogin)
        email = str(claims.get("email") or "")
        groups = _groups(claims)
        if not groups:
            account_events.failed(request, email, account_events.NO_GROUP)
            text = _(
                "You are signed in there, but none of your groups may use the portal. Ask its administrator."
            )
            raise ImmediateHttpResponse(_refuse(request, text))
        if sociallogin.state.get("process") == AuthProcess.REDIRECT:
            _confirm(request, sociallogin)
            return
        if not sociallogin.is_existing:
            if claims.get("email_verified") is not True or not _is_address(email):
                account_events.failed(request, email, account_events.UNVERIFIED)
                text = _(
                    "The provider has not verified your e-mail address, so the portal cannot know you by it."
                )
                raise ImmediateHttpResponse(_refuse(request, text))
            if (account := _account(email, claims)) is None:
                account_events.failed(request, email, account_events.UNVERIFIED)
                raise ImmediateHttpResponse(
                    _refuse(request, _("Your e-mail address looks like that of somebody else."))
                )
            sociallogin.connect(request, account)
        setattr(request, account_events.PROVEN_AT, _proven_at(sociallogin) or 0)
        if sociallogin.user.is_active:
            _follow(sociallogin.user, groups)

    def send_notification_mail(self, *args, **options):
        """A linked account is in the record."""


def _in_turn(send, *args, **options):
    """The answer of the provider. Raises TooBusy when no turn comes."""
    if not TURN.acquire(timeout=PATIENCE):
        raise TooBusy(TOO_BUSY())
    try:
        return send(*args, timeout=SECONDS, **options)
    finally:
        TURN.release()


def _claims(sociallogin):
    """Of the ID token and the user's page at the provider, which must speak of the same person."""
    data = sociallogin.account.extra_data
    token, more = data.get("id_token") or {}, data.get("userinfo") or {}
    if token.get("iss", "").rstrip("/") != settings.OIDC_ISSUER or token.get("sub") != more.get("sub"):
        raise ImmediateHttpResponse(redirect("account_login"))
    return {**token, **more}


def _groups(claims):
    """Those of the person's groups that may do anything."""
    told = claims.get(settings.OIDC_GROUPS_CLAIM) or []
    told = [told] if isinstance(told, str) else told
    return [group for group in told if isinstance(group, str) and group in settings.OIDC_ROLES]


def _is_address(email):
    try:
        validate_email(email)
    except ValidationError:
        return False
    return email.isascii() and len(email) <= 254


def _account(email, claims):
    """The account with this address; a new one without a password if there is none.

    None if the database takes the address of somebody else for the same.
    """
    found = User.objects.of_address(email)
    if found is None:
        name = claims["name"] if isinstance(claims.get("name"), str) else ""
        name = name if is_printable(name) else ""
        try:
            with transaction.atomic():
                found = User.objects.create_user(email.lower(), None, name=name[:100])
        except IntegrityError:  # somebody else made it at this moment
            found = User.objects.of_address(email)
    return found


def _confirm(request, sociallogin):
    """Only the person who is signed in confirms their session, and only if the provider asked them lately.

    It may have gone by a session of its own, whatever it was asked to do.
    """
    if not request.user.is_authenticated or sociallogin.user.pk != request.user.pk:
        return
    proven_at = _proven_at(sociallogin)
    if proven_at is None or time.time() - proven_at >= settings.CONFIRM_SECONDS:
        account_events.failed(request, request.user.email, account_events.NOT_ASKED)
        if proven_at is None:
            text = _(
                "The provider does not tell when it last asked who you are (auth_time), so this confirms"
                " nothing. Its administrator can make it tell."
            )
        else:
            text = _("The provider did not ask you again who you are. Sign out there, then try again.")
        raise ImmediateHttpResponse(_refuse(request, text))
    account_events.confirmed_by_provider(request, proven_at)


def _proven_at(sociallogin):
    """When the person last showed the provider who they are (Unix time); None if its token does not say."""
    told = (sociallogin.account.extra_data.get("id_token") or {}).get("auth_time")
    now = time.time()
    if isinstance(told, bool) or not isinstance(told, int | float) or told > now + SKEW:
        return None
    return min(told, now)


def _follow(person, groups):
    wanted, flags = {}, set()
    for group in groups:
        for team, role in settings.OIDC_ROLES[group]:
            if team:
                wanted[team] = max(wanted.get(team, role), role, key=Role.values.index)
            else:
                flags.add(FLAGS[role])
    named = {team: role for grants in settings.OIDC_ROLES.values() for team, role in grants}
    for team in Team.objects.filter(name__in=named):
        service.follow_groups(person, team, wanted.get(team.name), groups=groups)
    governed = {FLAGS[role] for grants in settings.OIDC_ROLES.values() for team, role in grants if not team}
    changed = [flag for flag in governed if getattr(person, flag) != (flag in flags)]
    for flag in changed:
        setattr(person, flag, flag in flags)
    if changed:
        person.save(update_fields=changed)


def _refuse(request, text):
    return render(request, "account/no_access.html", {"text": text}, status=403)
