"""What can be done to teams and members; each change is recorded in its own transaction.

Changes of members take the lock of the team's row first and check rights and owners after it: two owners who
remove each other at the same moment leave one.
"""

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from portal.errors import NotVisible
from portal.record.store import append
from portal.teams import access, invitations, leaving, offered
from portal.teams.locking import KIND, locked, locked_team
from portal.teams.models import Membership, Role, Team
from portal.teams.places import Places
from portal.teams.recording import denials_recorded, line, require_recorded

RIGHT, RETENTION, RULES = "roles", "retention", "team_rules"


def create_team(*, actor, name, owner=None, email="", link=None):
    """Create a team; its first owner is the User `owner` (command line), or is invited by mail to `email`.

    `link(token)` is the page that accepts the invitation. Raises NotAllowed (recorded) for all but portal
    administrators, and ValidationError for a taken name or if no mail is set up.
    """
    tried = {"kind": KIND, "actor": actor, "via": "web" if actor else "command"}
    if actor:
        with denials_recorded(line("team_create", object_name=name, **tried)):
            access.require_portal_admin(actor)
    with transaction.atomic(durable=True):
        try:
            with transaction.atomic():
                team = Team.objects.create(name=name)
        except IntegrityError as error:
            text = _("A team with this name already exists. Choose another name.")
            raise ValidationError({"name": text}) from error
        body = {"after": {"name": team.name, "owner": owner.email if owner else email}}
        if owner:
            Membership.objects.create(team=team, user=owner, role=Role.OWNER)
        else:
            invitation = invitations.for_first_owner(team, actor, email, link)
            body["after"]["until"] = invitation.expires_at.isoformat()
        about = {"team": team, "object_id": team.pk, "object_name": team.name, "body": body}
        append(line("team_create", **tried, **about))
    return team


def require_right(team, verb, *, actor, right=RIGHT):
    """Raise NotAllowed, recorded as an attempt at `verb`, before the form is read."""
    require_recorded(actor, right, team, line(verb, kind=KIND, actor=actor, team=team))


def add_member(team, *, person, role):
    """Make a User a member, from the command line of the machine; people invite (invitations.py).

    Raises ValidationError when the person is a member already.
    """
    about = {"object_id": person.pk, "object_name": person.email, "body": {"after": {"role": str(role)}}}
    with transaction.atomic(durable=True):
        locked_team(team)
        _member, is_new = Membership.objects.get_or_create(team=team, user=person, defaults={"role": role})
        if not is_new:
            raise ValidationError(_("This person is already a member."))
        append(line("member_add", kind=KIND, actor=None, team=team, via="command", **about))


def change_role(membership, *, actor, role, via="web"):
    """Raises NotVisible, NotAllowed (recorded), and ValidationError for the last owner."""
    tried = _on_member("member_role", membership, actor, via)
    with locked(membership.team, actor, tried, RIGHT):
        row = _row(membership)
        if role != Role.OWNER:
            _keep_an_owner(row)
        before, row.role = row.role, Role(role)
        row.save(update_fields=["role"])
        append({**tried, "body": {"before": {"role": before}, "after": {"role": str(row.role)}}})
    return row


def change_places(membership, *, actor, places, via="web"):
    """Let a membership count in these Places only. Raises the same as `change_role`."""
    tried = _on_member("member_places", membership, actor, via)
    with locked(membership.team, actor, tried, RIGHT):
        row = _row(membership)
        if not places.is_everywhere:
            _keep_an_owner(row)
        before, row.places = Places.of(row.places), places.to_json()
        row.save(update_fields=["places"])
        sides = {"before": before, "after": places}
        body = {side: {"places": offered.shown(each, row.team_id)} for side, each in sides.items()}
        append({**tried, "body": body})
    return row


def remove_member(membership, *, actor, via="web"):
    """Remove a member, revoke their open invitations to the team, and stop what they have under way in it.

    Raises NotVisible, NotAllowed (recorded), and ValidationError for the last owner.
    """
    tried = _on_member("member_remove", membership, actor, via)
    with locked(membership.team, actor, tried, RIGHT):
        row = _row(membership)
        _keep_an_owner(row)
        row.delete()
        lines = invitations.revoked_lines(leaving.invitations_of(row.user, row.team), actor)
        append(*lines, {**tried, "body": {"before": {"role": row.role}}})
    leaving.let_go(row.user, actor=actor, team=row.team)


def set_retention(team, *, actor, days, via="web"):
    """Keep requests and answers in the record for so many days; None keeps them. Returns the Team.

    Raises NotVisible, NotAllowed (recorded).
    """
    tried = line(
        "retention",
        kind="portal/teams",
        actor=actor,
        team=team,
        via=via,
        object_id=team.pk,
        object_name=team.name,
    )
    with locked(team, actor, tried, RETENTION):
        row = Team.objects.get(pk=team.pk)
        before, row.record_days = row.record_days, days
        row.save(update_fields=["record_days"])
        append({**tried, "body": {"before": {"record_days": before}, "after": {"record_days": days}}})
    return row


def set_mfa_required(team, *, actor, required, via="web"):
    """Whether members need a second factor, whatever their role. Raises NotVisible, NotAllowed (recorded)."""
    about = {"object_id": team.pk, "object_name": team.name}
    tried = line("team_mfa", kind="portal/teams", actor=actor, team=team, via=via, **about)
    with locked(team, actor, tried, RULES):
        row = Team.objects.get(pk=team.pk)
        before, row.mfa_required = row.mfa_required, required
        row.save(update_fields=["mfa_required"])
        append({**tried, "body": {"before": {"mfa_required": before}, "after": {"mfa_required": required}}})
    return row


def follow_groups(person, team, role, *, groups):
    """Give the person the role in the team that their groups at the provider ask for; None: no membership.

    The last owner stays, whatever the groups say. Whoever leaves lets go of what they hold, as in
    `remove_member`. Returns whether anything changed.
    """
    about = {"object_id": person.pk, "object_name": person.email, "via": "system"}
    lines = []
    with locked(team, None, {}, RIGHT):
        row = Membership.objects.filter(team=team, user=person).first()
        before = row and row.role
        if before == role or (row and row.is_owning and not _has_other_owner(row)):
            return False
        if role is None:
            verb = "member_remove"
            row.delete()
            sent = leaving.invitations_of(person, team)
            lines = [{**each, "via": "system"} for each in invitations.revoked_lines(sent, person)]
        else:
            verb = "member_role" if row else "member_add"
            Membership.objects.update_or_create(team=team, user=person, defaults={"role": role})
        body = {"before": {"role": before}, "after": {"role": role}, "groups": groups}
        append(*lines, {**line(verb, kind=KIND, actor=person, team=team, **about), "body": body})
    if role is None:
        leaving.let_go(person, actor=person, team=team)
    return True


def _on_member(verb, membership, actor, via):
    person, tried = membership.user, {"kind": KIND, "actor": actor, "team": membership.team, "via": via}
    return line(verb, **tried, object_id=person.pk, object_name=person.email)


def _row(membership):
    row = Membership.objects.select_related("team", "user").filter(pk=membership.pk).first()
    if row is None:
        raise NotVisible(access.NOT_VISIBLE())
    return row


def _has_other_owner(row):
    return Membership.objects.owning().filter(team=row.team_id).exclude(pk=row.pk).exists()


def _keep_an_owner(row):
    """An owner whose account is switched off, or whose membership is narrowed, is none that could act."""
    if row.is_owning and not _has_other_owner(row):
        raise ValidationError(_("A team needs at least one owner. Make somebody else an owner first."))
