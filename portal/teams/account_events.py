"""What happens to accounts, in the record: sign-ins, sign-outs, passwords, sessions, new accounts and rights.

Signals of Django tell of it, because Django and allauth do these things, also from the command line. The
entries belong to no team. Portal administrators and portal auditors read them (access.py).
"""

from importlib import import_module

from allauth.account.adapter import get_adapter
from allauth.account.signals import authentication_step_completed
from allauth.core import context
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
FLAGS = ("email", "is_active", "is_portal_admin", "is_portal_auditor")  # what a person may do at all
SESSIONS = 100  # that end in one transaction
WRONG, LIMITED, INACTIVE = "wrong", "too_many", "inactive"  # why a sign-in failed


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
    """Raises RecordUnavailable."""
    record(_line("sign_in", request, user))


def failed(request, email, why=WRONG):
    """Record a sign-in that failed. `email` is what was typed; it need not be anybody's."""
    email = str(email)[:LONGEST]
    person = User.objects.filter(email__iexact=email).first() if "\0" not in email else None
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
    """Who is signed in typed the password again."""
    if signal.get("reauthenticated"):
        record(_line("sign_in_again", request, user))


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
