"""Who may do what to which thing. Would catch: a right that one role too many or too few has, a stranger or a
portal administrator who sees a team's content, an inactive person who still may, a thing whose team is not
found. The table is typed by hand."""

import pytest
from django.contrib.auth.models import AnonymousUser
from django.utils.functional import SimpleLazyObject

from portal.connections.models import Connection
from portal.errors import NotAllowed, NotVisible
from portal.kinds.registry import KINDS
from portal.operations.models import Operation
from portal.record.models import Entry
from portal.record.store import append
from portal.teams import access, role_table
from portal.teams.models import Membership, Role, Team, User
from portal.words import Said, from_json, to_json

ROLES = ("viewer", "auditor", "operator", "manager", "owner")
TABLE = """
view                x x x x x
read_own_record     . x x x x
read_record         . x . x x
export_record       . x . . x
verify_record       . x . . x
review_record       . x . . x
review_access       . x . . x
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
approve             . . . x x
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


def things_of(team):
    """One row of each kind of thing that access can be asked about, read from the database."""
    somebody = User.objects.create(email=f"somebody-{team.name}@example.test")
    connection = Connection.objects.create(team=team, name="iotda", platform="iotda")
    names = {"platform": "iotda", "kind_slug": "iotda/policies", "verb_name": "create", "key": "k"}
    rows = [
        team,
        connection,
        KINDS["iotda/policies"].model.objects.create(connection=connection, remote_id="1"),
        KINDS["roma/device-groups"].model.objects.create(connection=connection, remote_id="1"),
        Operation.objects.create(team=team, actor=somebody, data={}, **names),
        Membership.objects.create(team=team, user=somebody, role=Role.VIEWER),
        *append(entry(team, actor_id=somebody.pk)),
    ]
    return [type(row).objects.get(pk=row.pk) for row in rows]


def entry(team, verb="create", actor_id="0"):
    team_id = getattr(team, "pk", team)
    names = {"stage": "outcome", "outcome": "done", "actor": "somebody", "verb": verb}
    return {**names, "team_id": str(team_id), "actor_id": str(actor_id)}


def seen(user, right, thing):
    return access.visible_to(user, type(thing).objects.all(), right).filter(pk=thing.pk).exists()


@pytest.mark.parametrize(("right", "role", "allowed"), EXPECTED)
def test_each_role_has_exactly_the_rights_of_the_table(team, right, role, allowed):
    user = member(team, role)
    for thing in things_of(team):
        assert access.may(user, right, thing) is allowed, thing
        assert (access.explain(user, right, thing) == "") is allowed
        assert seen(user, right, thing) is allowed, thing
        if allowed:
            access.require(user, right, thing)
        else:
            with pytest.raises(NotAllowed) as refusal:
                access.require(user, right, thing)
            assert refusal.value.right == right
            assert refusal.value.granted_by == ("Owner",)


def test_no_right_and_no_role_is_missing_from_the_table():
    assert sorted(access.ALLOWED) == sorted(RIGHTS)
    assert sorted(Role.values) == sorted(ROLES)


def test_the_table_for_people_names_each_right_once():
    shown = [right for _what, rights, _part, _words in role_table.ROWS for right in rights]
    not_there_yet = {"review_record", "import_destructive"}  # no page names what is to come
    assert sorted([*shown, "read_own_record", *not_there_yet]) == sorted(RIGHTS)


OUTSIDE = pytest.mark.parametrize(
    "fields",
    [{}, {"is_portal_admin": True}, {"is_portal_auditor": True}],
    ids=["stranger", "admin", "auditor"],
)
READING = ("view", "read_own_record", "read_record", "export_record", "verify_record", "review_record")


@pytest.mark.parametrize("right", RIGHTS)
@OUTSIDE
def test_for_people_outside_a_team_it_does_not_exist(team, right, fields):
    user = User.objects.create(email="outside@example.test", **fields)
    for thing in things_of(team):
        reviews = isinstance(thing, Entry) and "is_portal_auditor" in fields and right in READING
        assert access.may(user, right, thing) is reviews, thing
        assert seen(user, right, thing) is reviews, thing
        if not reviews:
            with pytest.raises(NotVisible):
                access.require(user, right, thing)
            assert access.explain(user, right, thing) == "You are not a member of this team."


@pytest.mark.parametrize("right", RIGHTS)
def test_an_owner_elsewhere_is_a_stranger_here(team, right):
    user = member(Team.objects.create(name="Harbour"), "owner")
    for thing in things_of(team):
        assert not access.may(user, right, thing)
        assert not seen(user, right, thing)
        with pytest.raises(NotVisible):
            access.require(user, right, thing)


def test_what_belongs_to_no_team_is_nobodys(team):
    owner, (stray,) = member(team, "owner"), append(entry(""))
    for thing in (None, stray):
        assert not access.may(owner, "view", thing)
        with pytest.raises(NotVisible):
            access.require(owner, "view", thing)


def test_who_may_not_sign_in_any_more_may_nothing(team):
    user = member(team, "owner", is_active=False, is_portal_auditor=True)
    for thing in things_of(team):
        assert not any(access.may(user, right, thing) or seen(user, right, thing) for right in RIGHTS)
        assert not access.may(AnonymousUser(), "view", thing)
        assert not seen(AnonymousUser(), "view", thing)


@pytest.mark.parametrize("wrap", [lambda user: user, lambda user: SimpleLazyObject(lambda: user)])
def test_forgotten_roles_are_read_again(team, wrap):
    user = wrap(member(team, "owner"))  # request.user is such a wrapper
    assert access.may(user, "roles", team)
    Membership.objects.all().delete()
    access.forget(user)
    assert not access.may(user, "roles", team)


def test_the_roles_of_a_person_are_read_once(team, django_assert_num_queries):
    user, things = member(team, "owner"), things_of(team)
    mirrored = [thing.connection for thing in things if hasattr(thing, "remote_id")]  # as lists select them
    assert mirrored
    with django_assert_num_queries(1):
        assert all(access.may(user, right, thing) for right in RIGHTS for thing in things)


@pytest.mark.parametrize(
    ("role", "right", "text"),
    [
        ("operator", "delete", "Operators can't do this. Required role: Manager or Owner."),
        ("manager", "settle", "Managers can't do this. Required role: Owner."),
        ("viewer", "create", "Viewers can't do this. Required role: Operator, Manager or Owner."),
        ("viewer", "export_record", "Viewers can't do this. Required role: Auditor or Owner."),
        (
            "viewer",
            "read_own_record",
            "Viewers can't do this. Required role: Auditor, Operator, Manager or Owner.",
        ),
    ],
)
def test_the_refusal_names_the_role_and_who_could(team, role, right, text):
    user, text = member(team, role), f"{text} An owner of the team can change your role."
    assert access.explain(user, right, team) == text
    with pytest.raises(NotAllowed) as refusal:
        access.require(user, right, team)
    assert str(refusal.value) == text
    # Kept as code and parameters, so that whoever reads it later gets their own language.
    assert isinstance(refusal.value.message, Said)
    assert str(from_json(to_json(refusal.value.message))) == text


@pytest.fixture
def entries(team):
    """Two entries in the team, one of them by its operator, and one of another team."""
    operator = member(team, "operator")
    append(entry(team, "mine", operator.pk), entry(team, "theirs"), entry("1", "elsewhere"))
    return operator


def read(user, right="read_record"):
    found = {each.verb for each in access.visible_to(user, Entry.objects.all(), right)}
    assert found == {each.verb for each in Entry.objects.all() if access.may(user, right, each)}
    return found


def test_an_operator_reads_own_entries_only_and_sees_one_line_of_the_others(team, entries):
    assert read(entries) == {"mine"}
    assert read(entries, "view") == {"mine", "theirs"}


@pytest.mark.parametrize("role", ["auditor", "manager", "owner"])
def test_readers_of_the_record_read_their_team_only(team, entries, role):
    assert read(member(team, role)) == {"mine", "theirs"}


def test_a_viewer_reads_no_bodies(team, entries):
    assert read(member(team, "viewer")) == set()
    Membership.objects.filter(user=entries).update(role="viewer")
    access.forget(entries)
    assert read(entries) == set()  # not even of what they did while they were an operator


def test_a_portal_auditor_reads_every_team_and_an_administrator_none(team, entries):
    auditor = User.objects.create(email="reviewer@example.test", is_portal_auditor=True)
    admin = User.objects.create(email="admin@example.test", is_portal_admin=True)
    assert read(auditor) == read(auditor, "view") == {"mine", "theirs", "elsewhere", "account_create"}
    assert read(admin) == read(admin, "view") == {"account_create"}  # what happens to accounts
