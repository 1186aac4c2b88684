"""What somebody who leaves a team or the portal still holds, and the one act that lets go of it.

Rooms above say what they keep for a person by `register`. Nothing of it works for somebody who has left, as
each right is asked for again when its turn comes; this is so that nobody has to rely on that.
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.models import Session
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from portal.teams.models import Invitation

HOLDINGS = []


@dataclass(frozen=True)
class Holding:
    """One kind of thing that a person holds.

    `rows(person, team)` are the things, in all teams if `team` is None. `let_go(person, team, actor)` ends
    them and returns how many; None if they end by themselves. `label` and `becomes` are for people.
    """

    name: str
    label: str
    becomes: str
    rows: Callable
    let_go: Callable | None


def register(holding):
    HOLDINGS.append(holding)


def held(person, team=None):
    """[(label, what becomes of it, count)] of all that the person holds; counts may be 0."""
    found = [(_("open invitations that they sent"), _("are revoked"), invitations_of(person, team).count())]
    if team is None:
        found.append((_("sessions"), _("end at once"), len(sessions_of(person))))
    return found + [(each.label, each.becomes, each.rows(person, team).count()) for each in HOLDINGS]


def let_go(person, *, actor, team=None):
    """End what rooms above keep for the person; returns {name: how many}. Each has its own entries."""
    return {each.name: each.let_go(person, team, actor) for each in HOLDINGS if each.let_go}


def invitations_of(person, team=None):
    rows = Invitation.objects.filter(invited_by=person, expires_at__gt=timezone.now())
    return rows.filter(team=team) if team else rows


def sessions_of(person):
    """Keys of the person's sessions. The table does not say whose they are: all are looked through."""
    store = import_module(settings.SESSION_ENGINE).SessionStore()
    rows = Session.objects.filter(expire_date__gt=timezone.now())
    data = rows.values_list("session_key", "session_data").iterator()
    return [key for key, content in data if store.decode(content).get(SESSION_KEY) == str(person.pk)]


def end_sessions_of(person):
    """Delete them, so that they do not come back when the account is switched on again. How many."""
    keys = sessions_of(person)
    Session.objects.filter(session_key__in=keys).delete()
    return len(keys)
