"""Second factors: codes of an authenticator app, recovery codes, passkeys. What allauth does is made safer:

- secrets are sealed for their person, so that nobody can move them to another account;
- codes can be guessed as seldom as passwords (limits.py);
- each change is recorded in the transaction that makes it, and ends the person's other sessions.
"""

from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from ipaddress import ip_address

from allauth.core import context
from allauth.mfa import app_settings
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.base.forms import AuthenticateForm, ReauthenticateForm
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.forms import ActivateTOTPForm
from allauth.mfa.totp.internal.auth import SECRET_SESSION_KEY, generate_totp_secret
from allauth.mfa.webauthn.forms import AddWebAuthnForm
from django import forms
from django.core.exceptions import ValidationError
from django.db import DatabaseError, transaction
from django.db.models.signals import post_delete, post_save
from django.dispatch import receiver
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.errors import RecordUnavailable
from portal.record.store import append
from portal.sealing import CannotOpen, reseal, seal, unseal
from portal.teams import account_events
from portal.teams.recording import UNRECORDED
from portal.teams.signin import limits, sessions
from portal.web.printable import printable

PRIMARY = [Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN]  # recovery codes alone are no second factor
SEALED = ("secret", "seed", "migrated_codes")  # keys of an Authenticator's data
_whose = ContextVar("whose", default="")  # id of the person whose secrets are at hand
_changes = ContextVar("changes", default=None)  # lines of the record that wait for their transaction


class SecondFactors(DefaultMFAAdapter):
    def encrypt(self, text):
        return seal(text, _place())

    def decrypt(self, encrypted_text):
        return unseal(encrypted_text, _place())

    def get_totp_issuer(self):
        return "IoT Portal"

    def generate_authenticator_name(self, user, type):
        count = Authenticator.objects.filter(user_id=user.pk, type=type).count()
        return _("Passkey %(number)s") % {"number": count + 1}

    def get_public_key_credential_rp_entity(self):
        return {**super().get_public_key_credential_rp_entity(), "name": "IoT Portal"}


def reseal_all():
    """Seal the secrets of apps and recovery codes anew; (how many, [what no key opens])."""
    done, unreadable = 0, []
    for id in list(Authenticator.objects.values_list("pk", flat=True)):
        with transaction.atomic():
            row = Authenticator.objects.select_for_update().filter(pk=id).first()
            try:
                sealed = _resealed(row) if row else {}
            except CannotOpen:
                unreadable.append(f"second factor {id}")
                continue
            if sealed:
                Authenticator.objects.filter(pk=id).update(data={**row.data, **sealed})
                done += len(sealed)
    return done, unreadable


def _resealed(row):
    names = [name for name in SEALED if row.data.get(name)]
    found = {name: reseal(row.data[name], f"mfa:{row.user_id}") for name in names}
    return {name: text for name, text in found.items() if text}


def has(user):
    return Authenticator.objects.filter(user_id=user.pk, type__in=PRIMARY).exists()


def _place():
    return f"mfa:{_whose.get() or context.request.user.pk}"


@contextmanager
def secrets_of(user):
    """Within, what is sealed and opened is this person's, also before they are signed in."""
    token = _whose.set(str(user.pk))
    try:
        yield
    finally:
        _whose.reset(token)


def why_no_passkeys(request):
    """Why browsers offer no passkeys at this address of the portal, and what to do; "" if they do."""
    name = request.get_host().rpartition(":")[0] or request.get_host()
    try:
        ip_address(name.strip("[]"))
    except ValueError:
        is_local = name == "localhost" or name.endswith(".localhost")
        if request.is_secure() or is_local:
            return ""
        return _("Browsers offer passkeys over HTTPS only. Open the portal at its https:// address.")
    return _(
        "A passkey belongs to a host name, and this address is a bare IP address. Open the portal at its"
        " name, or ask your administrator to give it one."
    )


class _Codes:
    """A form in which somebody types a code."""

    def clean_code(self):
        try:
            attempt = limits.Try((limits.CODE, str(self.user.pk)))
        except limits.TooMany as error:
            account_events.failed(context.request, self.user.email, account_events.LIMITED)
            raise ValidationError(str(error)) from error
        with secrets_of(self.user):
            try:
                code = super().clean_code()
            except CannotOpen as error:
                raise ValidationError(str(error.message)) from error
        attempt.was_right()
        return code


class SignInForm(_Codes, AuthenticateForm):
    pass


class ConfirmForm(_Codes, ReauthenticateForm):
    pass


class AppForm(ActivateTOTPForm):
    """Sets up an authenticator app. The new secret waits in the session, sealed."""

    def __init__(self, *args, **options):
        self.user = options.pop("user")
        forms.Form.__init__(self, *args, **options)
        self.fields["code"].widget.attrs |= {"inputmode": "numeric", "placeholder": ""}
        session, place = context.request.session, f"totp:{self.user.pk}"
        try:
            self.secret = unseal(session.get(SECRET_SESSION_KEY, ""), place) if self.is_bound else ""
        except CannotOpen:
            self.secret = ""
        if not self.secret:
            self.secret = generate_totp_secret()
            session[SECRET_SESSION_KEY] = seal(self.secret, place)


class PasskeyForm(AddWebAuthnForm):
    name = forms.CharField(label=gettext_lazy("Name"), required=False, max_length=100, validators=[printable])
    passwordless = forms.BooleanField(
        label=gettext_lazy("Sign in with it alone, without the password"), required=False, initial=True
    )


def recorded(view):
    """A view that changes second factors: all of it or nothing, with its entry; other sessions end."""

    @wraps(view)
    def in_one(request, *args, **kwargs):
        if request.method != "POST":
            return view(request, *args, **kwargs)
        lines = []
        token = _changes.set(lines)
        try:
            with transaction.atomic():
                response = view(request, *args, **kwargs)
                if lines:
                    sessions.end_others(request)
                    append(*lines)
        except DatabaseError as error:
            raise RecordUnavailable(UNRECORDED()) from error
        finally:
            _changes.reset(token)
        return response

    return in_one


@receiver(post_save, sender=Authenticator)
def _added(instance, created, **signal):
    if created:
        _record(instance, is_added=True)


@receiver(post_delete, sender=Authenticator)
def _removed(instance, **signal):
    _record(instance, is_added=False)


def _record(instance, *, is_added):
    line, lines = account_events.of_factor(instance, is_added=is_added), _changes.get()
    if line is not None and lines is not None:
        lines.append(line)
    elif line is not None:
        append(line)  # by a command, or with the account


def codes_left(codes):
    """How many of a person's recovery codes were not used yet."""
    return app_settings.RECOVERY_CODE_COUNT - codes.data["used_mask"].bit_count()
