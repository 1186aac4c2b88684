"""How people get an account, and how they sign in. They are invited: nobody signs up unasked."""

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.auth_backends import AuthenticationBackend
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from portal.errors import TooBusy
from portal.mail import outbox
from portal.teams import access, account_events, demo_passwords
from portal.teams.models import User
from portal.teams.signin import confirming, known, limits
from portal.teams.signin.mail import notify
from portal.web.zones import zone_of

STAMP = "%Y-%m-%d %H:%M UTC%z"

# {the letter that allauth wants to send: what it tells of the account}
CHANGES = {
    "account/email/password_changed": gettext_lazy("The password was changed."),
    "mfa/email/totp_activated": gettext_lazy("An authenticator app was added."),
    "mfa/email/totp_deactivated": gettext_lazy("The authenticator app was removed."),
    "mfa/email/webauthn_added": gettext_lazy("A passkey was added."),
    "mfa/email/webauthn_removed": gettext_lazy("A passkey was removed."),
    "mfa/email/recovery_codes_generated": gettext_lazy("New recovery codes were made."),
}


class Accounts(DefaultAccountAdapter):
    _try, _is_strange = None, False

    def is_open_for_signup(self, request):
        return False

    def send_mail(self, template_prefix, email, context):
        """What allauth wants to mail goes the way of all mails: written down now, sent later."""
        made = self.render_mail(template_prefix, email, context)
        outbox.queue(template_prefix.rpartition("/")[2][:40], email, subject=made.subject, text=made.body)

    def login(self, request, user):
        """Recorded first: what cannot be recorded does not happen."""
        methods = account_events.signed_in(request, user)
        super().login(request, user)
        request.session[account_events.SSO] = "sso" in methods
        if hasattr(request, account_events.PROVEN_AT):  # the provider may have asked them long ago
            request.session[account_events.CONFIRMED] = getattr(request, account_events.PROVEN_AT)

    def pre_login(self, request, user, **options):
        """The one gate of all doors: with PORTAL_PASSWORDS=admins, groups decide about everybody else."""
        if is_for_sso(user) and "sso" not in account_events.methods_of(request, user):
            account_events.failed(request, user.email, account_events.SSO_ONLY)
            context = {"text": _sso_only()}
            return render(request, "account/no_access.html", context, status=403)
        return super().pre_login(request, user, **options)

    def clean_password(self, password, user=None):
        """Who cannot sign in with a password chooses none."""
        if user is not None and is_for_sso(user):
            raise ValidationError(_sso_only())
        return super().clean_password(password, user)

    def post_login(self, request, user, **options):
        response = super().post_login(request, user, **options)
        known.remember(request, response, user)
        count, since = limits.take_failed(user.email)
        if count:
            text = ngettext(
                "%(n)s try to sign in as you failed since %(time)s.",
                "%(n)s tries to sign in as you failed since %(time)s.",
                count,
            )
            messages.warning(
                request, text % {"n": count, "time": f"{since.astimezone(zone_of(user)):{STAMP}}"}
            )
        return response

    def pre_authenticate(self, request, **credentials):
        """Count this try before the password is compared (signin/limits.py)."""
        email = self._email(request, credentials)
        person = User.objects.of_address(email) if "\0" not in email else None
        browser = known.browser_of(request, person)
        self._is_strange = not browser
        if browser:
            counters = [(limits.BROWSER, f"{browser} {person.pk}")]
        else:
            counters = [
                (limits.ACCOUNT, email),
                (limits.ADDRESS, limits.network(account_events.address(request))),
            ]
        try:
            self._try = limits.Try(*counters)
        except limits.TooMany as error:
            account_events.failed(request, email, account_events.LIMITED)
            self._tell(email)
            raise ValidationError(str(error), code="too_many_login_attempts") from error

    def _rollback_login_failed_rl_usage(self):
        """allauth calls it when the password was right."""
        self._try.was_right()

    def authenticate(self, request, **credentials):
        try:
            user = super().authenticate(request, **credentials)
        except TooBusy as error:  # nothing was compared; the form comes back with the address that was typed
            self._try.was_right()
            request.is_too_busy = True
            raise ValidationError(str(error), code="too_busy") from error
        if user and is_for_sso(user):
            account_events.failed(request, user.email, account_events.SSO_ONLY)
            raise ValidationError(_sso_only())
        return user

    def get_reauthentication_methods(self, user):
        ways = super().get_reauthentication_methods(user)
        if user.is_authenticated and is_for_sso(user):
            ways = [way for way in ways if way["id"] != "reauthenticate"]
        return ways

    def authentication_failed(self, request, **credentials):
        self._tell(self._email(request, credentials))

    def _tell(self, email):
        """The person hears of tries in browsers that do not know them."""
        if self._is_strange and limits.failed(email):
            _warn(User.objects.filter(email__iexact=email, is_active=True).first())

    @staticmethod
    def _email(request, credentials):
        """What was typed; or whose password it is that somebody who is signed in types again."""
        return str(credentials.get("email") or getattr(request.user, "email", ""))

    def reauthenticate(self, user, password):
        """The account of a person is found by the address of their account, as when they sign in."""
        found = self.authenticate(self.request, email=user.email, password=password)
        return found is not None and found.pk == user.pk

    def is_reauthentication_required(self, *, app):
        return not confirming.is_fresh(self.request)

    def send_notification_mail(self, template_prefix, user, context=None, email=None):
        """Second factors and passwords that changed are told to their person."""
        if template_prefix in CHANGES:
            text = _("If this was not you, tell a portal administrator at once.")
            notify(user, _("Your IoT Portal account was changed"), f"{CHANGES[template_prefix]} {text}")


def is_for_sso(user):
    """Whether this person signs in by single sign-on alone; None is somebody without an account."""
    return settings.PASSWORDS_FOR_ADMINS_ONLY and not (user and user.is_portal_admin)


def _sso_only():
    return _("Passwords are switched off here. Sign in with %(name)s.") % {"name": settings.OIDC_NAME}


def _warn(person):
    if person is None:
        return
    text = _(
        "Somebody tried to sign in to the IoT Portal as you at least %(n)s times and failed. Nobody got in,"
        " and you can sign in as usual. Did you do this yourself? Then there is nothing to do. If not, a"
        " second factor keeps your account safe even if your password is guessed: your profile page has it."
    )
    notify(person, _("Failed sign-ins to your IoT Portal account"), text % {"n": limits.TOLD_AFTER})


class Backend(AuthenticationBackend):
    """Who is signed in is read together with their teams: every page asks for both."""

    def authenticate(self, request, **credentials):
        """The demo's passwords sign in to a demo alone; a refusal takes as long as any other."""
        user = super().authenticate(request, **credentials)
        return None if user and demo_passwords.is_refused(credentials.get("password")) else user

    def get_user(self, user_id):
        user = access.person(user_id)
        return user if user is not None and self.user_can_authenticate(user) else None
