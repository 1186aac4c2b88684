"""What happens to accounts, in the record: sign-ins, sign-outs, passwords, sessions, new accounts and rights.

Signals of Django tell of it, because Django and allauth do these things, also from the command line. The
entries belong to no team. Portal administrators and portal auditors read them (access.py).
"""

import hashlib
import time
from importlib import import_module

from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.login import get_authentication_records
from allauth.account.signals import authentication_step_completed
from allauth.core import context
from allauth.mfa import app_settings as MFA
from allauth.mfa.models import Authenticator
from allauth.mfa.signals import authentication_failed, authenticator_used
from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.auth.signals import user_logged_out, user_login_failed
from django.contrib.sessions.models import Session
from django.core.exceptions import ImproperlyConfigured, PermissionDenied
from django.db import transaction
from django.db.models.functions import Now
from django.db.models.signals import post_save, pre_save
from django.dispatch import receiver

from portal.record.models import Entry, Stage
from portal.record.store import append
from portal.teams.folding import RESET_ASKED, SIGN_IN_FAILED
from portal.teams.gathering import LONGEST
from portal.teams.models import User
from portal.teams.recording import fold, line, record
from portal.teams.retention import SYSTEM

KIND = "portal/accounts"
# What a person may do at all, and is called.
FLAGS = ("email", "is_active", "is_portal_admin", "is_portal_auditor", "name", "time_zone")
CONFIRMED = "confirmed_at"  # key of a session: when its person last showed who they are; Unix time
PROVEN_AT = "proven_at"  # attribute of a request: when the provider says that it last asked who this is
SSO = "sso"  # key of a session: whether it began at the provider of single sign-on
SESSIONS = 100  # that end in one transaction
# Why a sign-in failed.
WRONG, CODE, LIMITED, INACTIVE = "wrong", "wrong_code", "too_many", "inactive"
SSO_ONLY, NO_GROUP, UNVERIFIED, PROVIDER = "sso_only", "no_group", "unverified", "provider"
NOT_ASKED = "not_asked"
# Verbs of changed second factors: (type, added or removed). Recovery codes go with the last other factor.
FACTORS = {
    (Authenticator.Type.TOTP, True): "mfa_add",
    (Authenticator.Type.TOTP, False): "mfa_remove",
    (Authenticator.Type.WEBAUTHN, True): "passkey_add",
    (Authenticator.Type.WEBAUTHN, False): "passkey_remove",
    (Authenticator.Type.RECOVERY_CODES, True): "recovery_codes_make",
}


def link_of(issuer):
    """What the links of accounts to ids of this issuer are marked by."""
    return f"sso:{hashlib.sha256(issuer.encode()).hexdigest()}"


def address(request):
    """Where a request came from, as allauth tells it with PORTAL_TRUSTED_PROXIES; "" if nobody knows."""
    try:
        return get_adapter().get_client_ip(request)
    except (ImproperlyConfigured, PermissionDenied):
        return ""


def _line(verb, request, person, actor=None, **body):
    """A line about the account of a person; `actor` is who did it, if that is somebody else."""
    body |= {"address": address(request)} if request else {}
    about = {"object_id": person.pk, "object_name": person.email} if person else {}
    return line(verb, kind=KIND, actor=actor or person, **about, body=body)


def signed_in(request, user):
    """Returns how: names out of password, totp, recovery_codes, webauthn, sso. Raises RecordUnavailable."""
    methods = methods_of(request, user)
    record(_line("sign_in", request, user, methods=methods))
    return methods


def methods_of(request, user):
    """How the person showed who they are in this sign-in."""
    names = [each.get("type") or each["method"] for each in get_authentication_records(request, user)]
    return list(dict.fromkeys("sso" if name == "socialaccount" else name for name in names))


def failed(request, email, why=WRONG):
    """Record a sign-in that failed. `email` is what was typed; it need not be anybody's."""
    email = str(email)[:LONGEST]
    person = User.objects.of_address(email) if "\0" not in email else None
    if person and not person.is_active and why == WRONG:
        why = INACTIVE
    tried = _line("sign_in_failed", request, person, email=email, why=why)
    if person is None:
        tried |= {"actor_id": "", "actor": ""}
    fold(SIGN_IN_FAILED, {**tried, "outcome": "failed"})


def reset_asked(request, email):
    """Record that somebody wants a link to choose a new password for an address, which may be anybody's.

    Nothing here depends on whether there is such an account: not even the time it takes.
    """
    asked = _line("reset_ask", request, None, email=email)
    fold(RESET_ASKED, {**asked, "actor": "", "actor_id": "", "object_name": email})


@receiver(user_login_failed)
def _failed(credentials, request=None, **signal):
    if request is None:
        return  # not a request: no door of the portal
    own = request.user.email if request.user.is_authenticated else ""  # somebody confirms who they are
    failed(request, credentials.get("email") or credentials.get("username") or own)


@receiver(authentication_step_completed)
def _confirmed(request, user, **signal):
    """Who is signed in showed again who they are."""
    if signal.get("reauthenticated"):
        request.session[CONFIRMED] = time.time()
        record(_line("sign_in_again", request, user, method=signal.get("type") or signal["method"]))


@receiver(authentication_failed)
def _wrong_code(request, user, **signal):
    failed(request, user.email, CODE)


@receiver(authenticator_used)
def _used(request, user, authenticator, **signal):
    if authenticator.type == Authenticator.Type.RECOVERY_CODES:
        authenticator.refresh_from_db()  # allauth marks the code in another copy of the row
        left = MFA.RECOVERY_CODE_COUNT - authenticator.data["used_mask"].bit_count()
        record(_line("recovery_code_use", request, user, left=left))


def confirmed_by_provider(request, at):
    """The person who is signed in showed the provider again who they are, at this moment (Unix time)."""
    request.session[CONFIRMED] = at
    record(_line("sign_in_again", request, request.user, method="sso"))


def of_factor(authenticator, *, is_added):
    """A line about a second factor that was added or removed; None for what goes with another."""
    if not (verb := FACTORS.get((authenticator.type, is_added))):
        return None
    name = authenticator.data.get("name", "")
    return _of_change(verb, authenticator.user, **({"name": name} if name else {}))


def codes_shown(request):
    """A line: the person looked at new recovery codes, which is possible once."""
    return _line("recovery_codes_show", request, request.user)


def sessions_ended(request, count, user_agents):
    """A line: the person ended sessions of theirs; these are the browsers, as they called themselves."""
    return _line("session_revoke", request, request.user, count=count, browsers=user_agents)


@receiver(user_logged_out)
def _signed_out(request, user, **signal):
    if user is not None:
        record(_line("sign_out", request, user))


@receiver(pre_save, sender=User)
def _remember(instance, update_fields=None, **signal):
    """Keep what the account was. A save of named fields is Django's own: the last sign-in, a newer hash."""
    if update_fields is not None and not {*FLAGS} & {*update_fields}:
        instance.was = instance
    else:
        instance.was = User.objects.filter(pk=instance.pk).first()


@receiver(post_save, sender=User)
def _saved(instance, created, **signal):
    was = vars(instance).pop("was", instance)  # gone if another thread saves the same one
    if was is instance:
        return
    flags = {name: getattr(instance, name) for name in FLAGS}
    if created or was is None:
        append(_of_change("account_create", instance, after=flags))
        return
    lines = []
    if was.password != instance.password:
        verb = "password_change" if was.has_usable_password() else "password_set"
        lines.append(_of_change(verb, instance))
    changed = [name for name in FLAGS if getattr(was, name) != flags[name]]
    if changed:
        before, after = ({name: getattr(each, name) for name in changed} for each in (was, instance))
        lines.append(_of_change(_verb(was, instance), instance, before=before, after=after))
    if lines:
        append(*lines)


def _verb(was, now):
    if was.is_active == now.is_active:
        return "account_update"
    return "account_activate" if now.is_active else "account_deactivate"


def _of_change(verb, person, **body):
    """By whom this request is made, or the command line.

    Who is not signed in and changes an account does it by a link that was mailed to its address.
    """
    request = context.request
    if request is None:
        about = {"object_id": person.pk, "object_name": person.email}
        return line(verb, kind=KIND, actor=None, via="command", **about, body=body)
    user = getattr(request, "user", None)
    is_signed_in = user is not None and user.is_authenticated
    return _line(verb, request, person, user if is_signed_in else person, **body)


def record_voided(**signal):
    """Receives post_migrate: a migration made passwords void that somebody else had set; that is recorded."""
    told = Entry.objects.filter(kind=KIND, verb="password_void").values("object_id")
    told = set(told.values_list("object_id", flat=True))
    people = [each for each in User.objects.filter(must_reset=True) if str(each.pk) not in told]
    about = {"kind": KIND, "actor": None}
    lines = [line("password_void", **about, object_id=each.pk, object_name=each.email) for each in people]
    if lines:
        append(*({**each, "actor": SYSTEM, "via": "system", "stage": Stage.NOTE} for each in lines))


def end_sessions():
    """Delete the sessions that are over, each with its entry. The worker calls it; returns how many."""
    over = Session.objects.filter(expire_date__lt=Now())
    if not over.exists():
        return 0
    store = import_module(settings.SESSION_ENGINE).SessionStore()
    with transaction.atomic(durable=True):
        rows = list(over.select_for_update(skip_locked=True).order_by("pk")[:SESSIONS])
        Session.objects.filter(pk__in=[row.pk for row in rows]).delete()
        ended = {row.pk: store.decode(row.session_data).get(SESSION_KEY) for row in rows}
        people = {str(each.pk): each for each in User.objects.filter(pk__in=filter(None, ended.values()))}
        lines = [
            {
                **_line("session_end", None, people[ended[row.pk]], expired_at=row.expire_date.isoformat()),
                "via": "system",
                "stage": Stage.NOTE,
            }
            for row in rows
            if ended[row.pk] in people
        ]
        if lines:
            append(*lines)
    return len(rows)
