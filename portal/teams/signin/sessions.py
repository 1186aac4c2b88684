"""Sessions in the database, with two limits: 12 hours, and a time without use that depends on the role.

Both are the row's `expire_date`, so a session that is over is found nowhere, and the worker ends it with its
entry (account_events.py). Use moves it on, at most once a minute. What pages ask by themselves is no use.
"""

import time
from datetime import UTC, datetime, timedelta

from allauth.account.signals import password_changed
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, update_session_auth_hash
from django.contrib.auth.signals import user_logged_in
from django.contrib.sessions.backends import db
from django.contrib.sessions.models import Session
from django.db.models import F
from django.dispatch import receiver
from django.utils import timezone

from portal.teams import access
from portal.teams.account_events import CONFIRMED
from portal.teams.models import Membership, Role, User
from portal.web.pages import is_piece

SIGNED_IN, IDLE = "signed_in_at", "idle_seconds"  # keys; Unix time, and seconds
STEP = timedelta(minutes=1)
EARLIER_BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


class SessionStore(db.SessionStore):
    until = None  # when the row that was loaded is over

    def _get_session_from_db(self):
        row = super()._get_session_from_db()
        self.until = row and row.expire_date
        return row

    def load(self):
        """Sessions of earlier versions go on: they name another class that signed their person in. No use
        moves their end on."""
        content = super().load()
        if content.get(BACKEND_SESSION_KEY) == EARLIER_BACKEND:
            content[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
            latest = time.time() + settings.SESSION_COOKIE_AGE
            end = min(self.until.timestamp(), latest)
            content.setdefault(SIGNED_IN, end - settings.SESSION_COOKIE_AGE)
        return content

    def get_expiry_date(self, **options):
        """When the row is over; before somebody signed in, as Django says."""
        return _over_at(self, self.get(IDLE)) or super().get_expiry_date(**options)

    def get_expiry_age(self, **options):
        """How long the browser keeps the cookie, in seconds."""
        if (end := _end(self)) is None:
            return super().get_expiry_age(**options)
        return max(int((end - timezone.now()).total_seconds()), 0)


def _end(session):
    if SIGNED_IN not in session:
        return None
    return datetime.fromtimestamp(session[SIGNED_IN] + settings.SESSION_COOKIE_AGE, UTC)


def _over_at(session, idle):
    if (end := _end(session)) is None:
        return None
    return min(end, timezone.now() + timedelta(seconds=idle or settings.SESSION_COOKIE_AGE))


def idle_seconds(user, roles):
    """How long a session of this person, who has these roles in their teams, may be without use."""
    if user.is_portal_admin or user.is_portal_auditor or {Role.OWNER, Role.AUDITOR} & roles:
        return settings.IDLE_MINUTES_POWERFUL * 60
    return settings.IDLE_MINUTES * 60


@receiver(user_logged_in)
def _begin(request, user, **signal):
    """By whatever door: this moment counts as the one in which the person showed who they are."""
    now = time.time()
    request.session[SIGNED_IN], request.session[CONFIRMED] = now, now
    roles = set(Membership.objects.filter(user_id=user.pk).values_list("role", flat=True))
    request.session[IDLE] = idle_seconds(user, roles)


def touch(request):
    """Move the end of the session on. Its row alone is written: two requests at once lose nothing."""
    session = request.session
    if getattr(session, "until", None) is None or is_by_itself(request):
        return
    over_at = _over_at(session, idle_seconds(request.user, access.roles_of(request.user)))
    if over_at is not None and abs(over_at - session.until) > STEP:
        now = timezone.now()
        Session.objects.filter(pk=session.session_key, expire_date__gt=now).update(expire_date=over_at)
        UserSession.objects.filter(session_key=session.session_key).update(last_seen_at=now)


def is_by_itself(request):
    """Whether the page asks without its person: those that follow something do it with this element."""
    return request.method == "GET" and is_piece(request) and request.htmx.trigger == "refresh"


def of(user):
    """The UserSessions of a person that are not over, newest first."""
    rows = list(UserSession.objects.filter(user=user).order_by("-last_seen_at", "-pk"))
    alive = Session.objects.filter(pk__in=[row.session_key for row in rows], expire_date__gt=timezone.now())
    alive = set(alive.values_list("pk", flat=True))
    return [row for row in rows if row.session_key in alive]


def end(rows):
    """End these UserSessions at once."""
    Session.objects.filter(pk__in=[row.session_key for row in rows]).delete()
    UserSession.objects.filter(pk__in=[row.pk for row in rows]).delete()


def end_all(user, but=""):
    """End all sessions of a person, also those that no list knows; `but` is the key of one to list on.

    Returns how many were listed. For the session that goes on, `end_others` is the one to call.
    """
    rows = [row for row in of(user) if row.session_key != but]
    User.objects.filter(pk=user.pk).update(session_round=F("session_round") + 1)
    user.refresh_from_db(fields=["session_round"])
    end(rows)
    return len(rows)


def end_others(request):
    """End all sessions of the person but this one, which gets a new key. How many were listed."""
    count = end_all(request.user, but=request.session.session_key)
    _renew(request)
    return count


def _renew(request):
    key = request.session.session_key
    update_session_auth_hash(request, request.user)
    UserSession.objects.filter(session_key=key).update(session_key=request.session.session_key)


@receiver(password_changed)
def _of_password(request, user, **signal):
    """Its other sessions are over already: they show another password."""
    end([row for row in of(user) if row.session_key != request.session.session_key])
