"""Who may do what. Would catch: a right given to a role too many or too few, a stranger or a portal
administrator who sees a team's content, somebody inactive who still may. Its table is typed by hand."""

import pytest
from django.contrib.auth.models import AnonymousUser
from django.utils.functional import SimpleLazyObject

from portal.errors import NotAllowed, NotVisible
from portal.record.models import Entry
from portal.record.store import append
from portal.teams import access, role_table
from portal.teams.models import Membership, Role, Team, User

ROLES = ("viewer", "auditor", "operator", "manager", "owner")
TABLE = """
view                x x x x x
read_own_record     . x x x x
read_record         . x . x x
export_record       . x . . x
verify_record       . x . . x
review_record       . x . . x
create              . . x x x
update              . . x x x
sync                . . x x x
refresh             . . x x x
group_membership    . . x x x
enable              . . x x x
bind                . . . x x
unbind              . . . x x
edit_bound_policy   . . . x x
disable             . . . x x
replace             . . . x x
delete              . . . x x
reset_key           . . . x x
import_destructive  . . . x x
settle              . . . . x
connections         . . . x x
invite              . . . x x
team_tokens         . . . x x
roles               . . . . x
team_rules          . . . . x
retention           . . . . x
"""
EXPECTED = [
    (right, role, mark == "x")
    for right, *marks in (line.split() for line in TABLE.strip().splitlines())
    for role, mark in zip(ROLES, marks, strict=True)
]
RIGHTS = [line.split()[0] for line in TABLE.strip().splitlines()]

pytestmark = pytest.mark.django_db


@pytest.fixture
def team():
    return Team.objects.create(name="Plant 3")


def member(team, role, **fields):
    user = User.objects.create(email=f"{role}@example.test", **fields)
    Membership.objects.create(team=team, user=user, role=role)
    return user


@pytest.mark.parametrize(("right", "role", "allowed"), EXPECTED)
def test_each_role_has_exactly_the_rights_of_the_table(team, right, role, allowed):
    user = member(team, role)
    assert access.may(user, right, team.pk) is allowed
    assert (access.explain(user, right, team.pk) == "") is allowed
    assert (team.pk in access.teams_with(user, right)) is allowed
    if allowed:
        access.require(user, right, team.pk)
    else:
        with pytest.raises(NotAllowed) as refusal:
            access.require(user, right, team.pk)
        assert refusal.value.right == right
        assert refusal.value.granted_by == ("Owner",)


def test_no_right_and_no_role_is_missing_from_the_table():
    assert sorted(access.ALLOWED) == sorted(RIGHTS)
    assert sorted(Role.values) == sorted(ROLES)


def test_the_table_for_people_names_each_right_once():
    shown = [right for _what, rights, _part, _words in role_table.ROWS for right in rights]
    assert sorted([*shown, "read_own_record"]) == sorted(RIGHTS)


@pytest.mark.parametrize("right", RIGHTS)
@pytest.mark.parametrize(
    "fields",
    [{}, {"is_portal_admin": True}, {"is_portal_auditor": True}],
    ids=["stranger", "admin", "auditor"],
)
def test_for_people_outside_a_team_it_does_not_exist(team, right, fields):
    user = User.objects.create(email="outside@example.test", **fields)
    assert not access.may(user, right, team.pk)
    assert access.teams_with(user, right) == []
    with pytest.raises(NotVisible):
        access.require(user, right, team.pk)


def test_an_owner_elsewhere_is_a_stranger_here(team):
    user = member(Team.objects.create(name="Harbour"), "owner")
    with pytest.raises(NotVisible):
        access.require(user, "view", team.pk)


def test_who_may_not_sign_in_any_more_may_nothing(team):
    user = member(team, "owner", is_active=False)
    assert not any(access.may(user, right, team.pk) for right in RIGHTS)
    assert not access.may(AnonymousUser(), "view", team.pk)


@pytest.mark.parametrize("wrap", [lambda user: user, lambda user: SimpleLazyObject(lambda: user)])
def test_forgotten_roles_are_read_again(team, wrap):
    user = wrap(member(team, "owner"))  # request.user is such a wrapper
    assert access.may(user, "roles", team.pk)
    Membership.objects.all().delete()
    access.forget(user)
    assert not access.may(user, "roles", team.pk)


def test_the_refusal_names_the_role_and_who_could(team):
    text = access.explain(member(team, "operator"), "delete", team.pk)
    assert text == (
        "As Operator you may not do this. It takes: Manager, Owner."
        " An owner of the team can change your role."
    )


@pytest.fixture
def entries(team):
    """Two entries in the team, one of them by its operator, and one of another team."""
    operator = member(team, "operator")
    lines = [("mine", team.pk, operator.pk), ("theirs", team.pk, "0"), ("elsewhere", "1", "0")]
    names = {"stage": "outcome", "outcome": "done", "actor": "somebody"}
    for verb, team_id, actor_id in lines:
        append({**names, "verb": verb, "team_id": str(team_id), "actor_id": str(actor_id)})
    return operator


def read(user):
    return {entry.verb for entry in Entry.objects.filter(access.record_scope(user))}


def test_an_operator_reads_own_entries_only_and_sees_one_line_of_the_others(team, entries):
    assert read(entries) == {"mine"}
    history = Entry.objects.filter(access.history_scope(entries))
    assert {entry.verb for entry in history} == {"mine", "theirs"}


@pytest.mark.parametrize("role", ["auditor", "manager", "owner"])
def test_readers_of_the_record_read_their_team_only(team, entries, role):
    assert read(member(team, role)) == {"mine", "theirs"}


def test_a_viewer_reads_no_bodies(team, entries):
    assert read(member(team, "viewer")) == set()


def test_a_portal_auditor_reads_every_team_and_an_administrator_none(team, entries):
    auditor = User.objects.create(email="reviewer@example.test", is_portal_auditor=True)
    admin = User.objects.create(email="admin@example.test", is_portal_admin=True)
    assert read(auditor) == {"mine", "theirs", "elsewhere"}
    assert read(admin) == set()
