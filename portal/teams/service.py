"""What can be done to teams and members; each change stands in the record in the same transaction.

Changes of members take the team's row lock first and judge rights and owners after it, so that two owners
who remove each other at the same time leave one.
"""

from contextlib import contextmanager

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from portal.errors import NotAllowed, NotVisible
from portal.record.store import append
from portal.teams.access import forget, require
from portal.teams.models import Membership, Role, Team, User
from portal.teams.recording import Attempt, record_denial, require_or_record

KIND = "portal/members"
RIGHT = "roles"


def create_team(*, actor, name, owner, via="web"):
    """A team with its first owner: a User, or {"email", "name", "password"} of a new one.

    Raises NotAllowed (recorded) for all but portal administrators, ValidationError for a taken name.
    """
    tried = Attempt("team_create", kind=KIND, actor=actor, via=via, object_name=name)
    if actor and not actor.is_portal_admin:
        text = _("Only portal administrators may create teams.")
        denial = NotAllowed(text, right="portal_admin", granted_by=[_("Portal administrator")])
        record_denial(tried, denial)
        raise denial
    with transaction.atomic(durable=True):
        person, is_new = _account(owner)
        team = _unless_taken(
            "name", _("There is a team of this name already. Choose another name."), Team, name=name
        )
        Membership.objects.create(team=team, user=person, role=Role.OWNER)
        tried.team = team
        body = {"owner": person.email, "account_created": is_new}
        append(tried.line(object_id=team.pk, object_name=team.name, body=body))
    return team


def require_right(team, verb, *, actor):
    """Raise NotAllowed, recorded as an attempt at `verb`, before a form is even looked at."""
    require_or_record(actor, RIGHT, Attempt(verb, kind=KIND, actor=actor, team=team))


def add_member(team, *, actor, person, role, via="web"):
    """Put a User, or {"email", "name", "password"} of a new one, into the team.

    Raises NotVisible, NotAllowed (recorded), ValidationError when the person is a member or was just made.
    """
    with _locked(
        Attempt("member_add", kind=KIND, actor=actor, team=team, via=via, object_name=_email(person))
    ) as tried:
        person, is_new = _account(person)
        text = _("This person is a member already. Change the role in the list.")
        _unless_taken("email", text, Membership, team=team, user=person, role=role)
        body = {"role": str(role), "account_created": is_new}
        append(tried.line(object_id=person.pk, object_name=person.email, body=body))
    return person


def change_role(membership, *, actor, role, via="web"):
    """Raises NotVisible, NotAllowed (recorded), and ValidationError for the last owner."""
    with _locked(_on_member("member_role", membership, actor, via)) as tried:
        row = _row(membership)
        if role != Role.OWNER:
            _keep_an_owner(row)
        before, row.role = row.role, Role(role)
        row.save(update_fields=["role"])
        append(tried.line(body={"before": before, "after": str(row.role)}))
    return row


def remove_member(membership, *, actor, via="web"):
    """Raises NotVisible, NotAllowed (recorded), and ValidationError for the last owner."""
    with _locked(_on_member("member_remove", membership, actor, via)) as tried:
        row = _row(membership)
        _keep_an_owner(row)
        row.delete()
        append(tried.line(body={"role": row.role}))


def _on_member(verb, membership, actor, via):
    person, team = membership.user, membership.team
    return Attempt(
        verb, kind=KIND, actor=actor, team=team, via=via, object_id=person.pk, object_name=person.email
    )


@contextmanager
def _locked(tried):
    """A transaction that holds the team's row and has asked for the right under that lock."""
    try:
        with transaction.atomic(durable=True):
            if not Team.objects.select_for_update().filter(pk=tried.team.pk):
                raise NotVisible(_("This does not exist, or you cannot see it."))
            if tried.actor:
                forget(tried.actor)
                require(tried.actor, RIGHT, tried.team.pk)
            yield tried
    except NotAllowed as denial:
        record_denial(tried, denial)
        raise
    finally:
        if tried.actor:
            forget(tried.actor)


def _row(membership):
    row = Membership.objects.filter(pk=membership.pk).first()
    if row is None:
        raise NotVisible(_("This does not exist, or you cannot see it."))
    return row


def _keep_an_owner(row):
    if (
        row.role == Role.OWNER
        and not Membership.objects.filter(team=row.team_id, role=Role.OWNER).exclude(pk=row.pk).exists()
    ):
        raise ValidationError(_("A team keeps at least one owner. Make somebody else an owner first."))


def _email(person):
    return person.email if isinstance(person, User) else person["email"]


def _account(person):
    """(User, whether it was made just now)."""
    if isinstance(person, User):
        return person, False
    try:
        with transaction.atomic():
            return User.objects.create_user(**person), True
    except IntegrityError as error:
        text = _(
            "Somebody made an account with this e-mail address just now. Add the person without a password."
        )
        raise ValidationError({"email": text}) from error


def _unless_taken(field, text, model, **values):
    try:
        with transaction.atomic():
            return model.objects.create(**values)
    except IntegrityError as error:
        raise ValidationError({field: text}) from error
