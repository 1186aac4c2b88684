"""What can be done to teams and members; each change is recorded in its own transaction.

Changes of members take the lock of the team's row first and check rights and owners after it: two owners who
remove each other at the same moment leave one.
"""

from contextlib import contextmanager

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from portal.errors import NotVisible
from portal.record.store import append
from portal.teams import access
from portal.teams.models import Membership, Role, Team, User
from portal.teams.recording import denials_recorded, line, require_recorded

KIND = "portal/members"
RIGHT, RETENTION, RULES = "roles", "retention", "team_rules"


def create_team(*, actor, name, owner, via="web"):
    """Create a team with its first owner: a User, or {"email", "name", "password"} of a new one.

    Raises NotAllowed (recorded) for all but portal administrators, ValidationError for a taken name.
    """
    tried = {"kind": KIND, "actor": actor, "via": via}
    if actor:
        with denials_recorded(line("team_create", object_name=name, **tried)):
            access.require_portal_admin(actor)
    with transaction.atomic(durable=True):
        text = _("A team with this name already exists. Choose another name.")
        team = _unless_taken("name", text, Team, name=name)
        # After the team: the account's entry takes the record's lock, with which nobody waits for a name.
        person, is_new = _account(owner)
        Membership.objects.create(team=team, user=person, role=Role.OWNER)
        body = {"after": {"name": team.name, "owner": person.email}, "account_created": is_new}
        about = {"team": team, "object_id": team.pk, "object_name": team.name, "body": body}
        append(line("team_create", **tried, **about))
    return team


def require_right(team, verb, *, actor, right=RIGHT):
    """Raise NotAllowed, recorded as an attempt at `verb`, before the form is read."""
    require_recorded(actor, right, team, line(verb, kind=KIND, actor=actor, team=team))


def add_member(team, *, actor, person, role, via="web"):
    """Add a User, or {"email", "name", "password"} of a new one, to the team.

    Raises NotVisible, NotAllowed (recorded), and ValidationError when the person is a member already or
    somebody else made the account at this moment.
    """
    tried = line("member_add", kind=KIND, actor=actor, team=team, via=via, object_name=_email(person))
    with _locked(team, actor, tried):
        person, is_new = _account(person)
        text = _("This person is already a member. Change their role in the list.")
        _unless_taken("email", text, Membership, team=team, user=person, role=role)
        body = {"after": {"role": str(role)}, "account_created": is_new}
        append({**tried, "object_id": str(person.pk), "object_name": person.email, "body": body})
    return person


def change_role(membership, *, actor, role, via="web"):
    """Raises NotVisible, NotAllowed (recorded), and ValidationError for the last owner."""
    tried = _on_member("member_role", membership, actor, via)
    with _locked(membership.team, actor, tried):
        row = _row(membership)
        if role != Role.OWNER:
            _keep_an_owner(row)
        before, row.role = row.role, Role(role)
        row.save(update_fields=["role"])
        append({**tried, "body": {"before": {"role": before}, "after": {"role": str(row.role)}}})
    return row


def remove_member(membership, *, actor, via="web"):
    """Raises NotVisible, NotAllowed (recorded), and ValidationError for the last owner."""
    tried = _on_member("member_remove", membership, actor, via)
    with _locked(membership.team, actor, tried):
        row = _row(membership)
        _keep_an_owner(row)
        row.delete()
        append({**tried, "body": {"before": {"role": row.role}}})


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
    with _locked(team, actor, tried, RETENTION):
        row = Team.objects.get(pk=team.pk)
        before, row.record_days = row.record_days, days
        row.save(update_fields=["record_days"])
        append({**tried, "body": {"before": {"record_days": before}, "after": {"record_days": days}}})
    return row


def set_mfa_required(team, *, actor, required, via="web"):
    """Whether members need a second factor, whatever their role. Raises NotVisible, NotAllowed (recorded)."""
    about = {"object_id": team.pk, "object_name": team.name}
    tried = line("team_mfa", kind="portal/teams", actor=actor, team=team, via=via, **about)
    with _locked(team, actor, tried, RULES):
        row = Team.objects.get(pk=team.pk)
        before, row.mfa_required = row.mfa_required, required
        row.save(update_fields=["mfa_required"])
        append({**tried, "body": {"before": {"mfa_required": before}, "after": {"mfa_required": required}}})
    return row


def follow_groups(person, team, role, *, groups):
    """Give the person the role in the team that their groups at the provider ask for; None: no membership.

    The last owner stays, whatever the groups say. Returns whether anything changed.
    """
    about = {"object_id": person.pk, "object_name": person.email, "via": "system"}
    with _locked(team, None, {}):
        row = Membership.objects.filter(team=team, user=person).first()
        before = row and row.role
        if before == role or (before == Role.OWNER and not _has_other_owner(row)):
            return False
        if role is None:
            verb = "member_remove"
            row.delete()
        else:
            verb = "member_role" if row else "member_add"
            Membership.objects.update_or_create(team=team, user=person, defaults={"role": role})
        body = {"before": {"role": before}, "after": {"role": role}, "groups": groups}
        append({**line(verb, kind=KIND, actor=person, team=team, **about), "body": body})
    return True


def _on_member(verb, membership, actor, via):
    person, tried = membership.user, {"kind": KIND, "actor": actor, "team": membership.team, "via": via}
    return line(verb, **tried, object_id=person.pk, object_name=person.email)


@contextmanager
def _locked(team, actor, tried, right=RIGHT):
    """A transaction that holds the lock of the team's row, and has asked for the right under that lock."""
    try:
        with denials_recorded(tried), transaction.atomic(durable=True):
            if not Team.objects.select_for_update().filter(pk=team.pk):
                raise NotVisible(access.NOT_VISIBLE())
            if actor:
                access.forget(actor)
                access.require(actor, right, team)
            yield
    finally:
        if actor:
            access.forget(actor)


def _row(membership):
    row = Membership.objects.filter(pk=membership.pk).first()
    if row is None:
        raise NotVisible(access.NOT_VISIBLE())
    return row


def _has_other_owner(row):
    return Membership.objects.filter(team=row.team_id, role=Role.OWNER).exclude(pk=row.pk).exists()


def _keep_an_owner(row):
    if row.role == Role.OWNER and not _has_other_owner(row):
        raise ValidationError(_("A team needs at least one owner. Make somebody else an owner first."))


def _email(person):
    return person.email if isinstance(person, User) else person["email"]


def _account(person):
    """(User, whether the account was created just now)."""
    if isinstance(person, User):
        return person, False
    try:
        with transaction.atomic():
            return User.objects.create_user(**person), True
    except IntegrityError as error:
        text = _("This account was created a moment ago. Add the person again, without a password.")
        raise ValidationError({"email": text}) from error


def _unless_taken(field, text, model, **values):
    try:
        with transaction.atomic():
            return model.objects.create(**values)
    except IntegrityError as error:
        raise ValidationError({field: text}) from error
