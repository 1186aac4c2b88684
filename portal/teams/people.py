"""What portal administrators do with accounts: switch them off when somebody leaves, and on again."""

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from portal.errors import NotAllowed
from portal.record.store import append
from portal.teams import access, leaving
from portal.teams.account_events import KIND
from portal.teams.invitations import revoked_lines
from portal.teams.locking import lock_all
from portal.teams.models import Membership, Role, Team, User
from portal.teams.recording import denials_recorded, line


def require_admin(actor, verb, person):
    """Raise NotAllowed, recorded, for all but portal administrators."""
    with denials_recorded(line(verb, kind=KIND, actor=actor, object_id=person.pk, object_name=person.email)):
        access.require_portal_admin(actor)


def deactivate(person, *, actor):
    """Switch an account off: its sessions end, its open invitations are revoked, its work is stopped.

    Memberships stay, so that it can be switched on again. Raises NotAllowed (recorded), and ValidationError
    for oneself and for the only owner of a team.
    """
    require_admin(actor, "account_deactivate", person)
    if person.pk == actor.pk:
        raise ValidationError(_("You can't switch off your own account. Another administrator can."))
    with transaction.atomic(durable=True):
        teams = lock_all(Team.objects.filter(memberships__user=person))
        row = _locked(person, actor)
        _keep_owners(person, teams)
        ended = leaving.end_sessions_of(row)
        lines = revoked_lines(leaving.invitations_of(row), actor)
        if row.is_active:
            row.is_active = False
            row.session_round += 1  # a session that began at this moment does not come back either
            row.save()  # its entry: account_events.py
        append(*lines, _left(row, actor, sessions=ended, invitations=len(lines)))
    stopped = leaving.let_go(row, actor=actor)
    if any(stopped.values()):
        with transaction.atomic(durable=True):
            append(_left(row, actor, **stopped))


def activate(person, *, actor):
    """Raises NotAllowed (recorded)."""
    require_admin(actor, "account_activate", person)
    with transaction.atomic(durable=True):
        row = _locked(person, actor)
        if not row.is_active:
            row.is_active = True
            row.save()


def _locked(person, actor):
    """The person's row, locked together with the actor's: of two who switch each other off, one is left."""
    rows = User.objects.select_for_update().filter(pk__in=[person.pk, actor.pk]).order_by("pk")
    found = {row.pk: row for row in rows}
    if not found[actor.pk].is_active:
        raise NotAllowed(access.ADMINS_ONLY(), right="portal_admin")
    access.require_portal_admin(found[actor.pk])
    return found[person.pk]


def _keep_owners(person, teams):
    """Raise ValidationError if the person is the only owner of one of these teams, which are locked."""
    owners = Membership.objects.filter(role=Role.OWNER, team__in=teams)
    own = owners.filter(user=person).values_list("team_id", flat=True)
    others = owners.exclude(user=person).filter(user__is_active=True).values_list("team_id", flat=True)
    if alone := set(own) - set(others):
        names = ", ".join(sorted(team.name for team in teams if team.pk in alone))
        text = _("%(person)s is the only owner of %(teams)s. Somebody else has to be made an owner first.")
        raise ValidationError(text % {"person": person, "teams": names})


def _left(person, actor, **counts):
    about = {"object_id": person.pk, "object_name": person.email, "body": counts}
    return line("account_let_go", kind=KIND, actor=actor, **about)
