"""What the demo is filled with. Would catch: a second start that doubles or resets it, an emulator that moved
and is not followed, people's own changes undone, a demo connection that does not work."""

import pytest
from django.test import Client
from django.urls import reverse

from portal.connections.models import Connection
from portal.home import demo
from portal.record.models import Entry
from portal.teams.models import Membership, Team, User

PEOPLE = {
    "owner@example.test": [("Plant 3", "owner")],
    "manager@example.test": [("Plant 3", "manager")],
    "operator@example.test": [("Plant 3", "operator")],
    "viewer@example.test": [("Plant 3", "viewer")],
    "auditor@example.test": [("Plant 3", "auditor")],
    "other-owner@example.test": [("Harbour", "owner")],
    "admin@example.test": [],
    "reviewer@example.test": [],
}

pytestmark = pytest.mark.django_db


def test_the_demo_has_its_people_teams_and_portal_roles():
    demo.seed("http://127.0.0.1:9")
    found = {
        user.email: [(each.team.name, each.role) for each in user.memberships.all()]
        for user in User.objects.all()
    }
    assert found == PEOPLE
    assert [email for email, _label in demo.SIGN_INS] == list(PEOPLE)
    assert [user.email for user in User.objects.filter(is_portal_admin=True)] == ["admin@example.test"]
    assert [user.email for user in User.objects.filter(is_portal_auditor=True)] == ["reviewer@example.test"]
    assert Client().login(email="viewer@example.test", password="demo-pass-1")


def test_a_second_start_changes_nothing():
    demo.seed("http://127.0.0.1:9")
    entries, changed = Entry.objects.count(), list(Connection.objects.order_by("pk").values())
    demo.seed("http://127.0.0.1:9")
    assert Entry.objects.count() == entries
    assert list(Connection.objects.order_by("pk").values()) == changed


def test_the_connections_follow_the_emulator_and_changes_by_people_stay():
    demo.seed("http://127.0.0.1:9")
    Connection.objects.filter(platform="enos").update(endpoint="https://enos.example.com")
    Membership.objects.filter(user__email="viewer@example.test").update(role="operator")
    demo.seed("http://127.0.0.1:10")
    ends = set(Connection.objects.values_list("platform", "endpoint"))
    assert ends == {
        ("iotda", "http://127.0.0.1:10"),
        ("roma", "http://127.0.0.1:10"),
        ("enos", "https://enos.example.com"),
    }
    assert Membership.objects.get(user__email="viewer@example.test").role == "operator"
    assert Team.objects.count() == 2


@pytest.mark.parametrize(
    ("email", "team"), [("owner@example.test", "Plant 3"), ("other-owner@example.test", "Harbour")]
)
def test_every_connection_of_the_demo_works(emulator, email, team):
    demo.seed(emulator.url)
    client = Client(HTTP_HOST="localhost")
    client.force_login(User.objects.get(email=email))
    rows = Connection.objects.filter(team__name=team)
    assert sorted(row.platform for row in rows) == ["enos", "iotda", "roma"]
    for row in rows:
        result = client.post(reverse("connections:test", args=[row.pk])).context["result"]
        assert result.part == "", f"{row}: {result.text}"
