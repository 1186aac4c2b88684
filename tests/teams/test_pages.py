"""Teams and members in the browser. Would catch: a role that sees or changes what it may not, a team without
an owner, a password of an existing account replaced, changes and refusals missing from the record."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from portal.errors import NotAllowed
from portal.record.models import Body, Entry
from portal.teams import access, service
from portal.teams.models import Membership, Role, Team, User
from tests.support.plant import make_plant

NOWHERE = "http://127.0.0.1:9"

pytestmark = [pytest.mark.django_db, pytest.mark.anywhere]


@pytest.fixture
def plant():
    return make_plant(NOWHERE)


@pytest.fixture
def harbour():
    return make_plant(NOWHERE, name="Harbour")


def browser(user):
    client = Client(HTTP_HOST="localhost")
    client.force_login(user)
    return client


def url(name, plant, role=None):
    ids = [plant.team.pk]
    if role:
        ids.append(membership(plant, role).pk)
    return reverse(f"teams:{name}", args=ids)


def membership(plant, role):
    return Membership.objects.get(team=plant.team, user=plant.people[role])


def last_entry():
    return Entry.objects.order_by("seq").last()


STATUS = """
page           viewer auditor operator manager owner stranger
list           200    200     200      200     200   200
detail         200    200     200      200     200   404
member_role    403    403     403      403     302   404
member_places  403    403     403      403     302   404
member_remove  403    403     403      403     302   404
member         403    403     403      403     200   404
"""
ROWS = [line.split() for line in STATUS.strip().splitlines()]
CASES = [
    (row[0], who, int(status)) for row in ROWS[1:] for who, status in zip(ROWS[0][1:], row[1:], strict=True)
]


@pytest.mark.parametrize(("page", "who", "status"), CASES)
def test_each_role_gets_the_pages_of_the_table(plant, harbour, page, who, status):
    person = harbour.people["owner"] if who == "stranger" else plant.people[who]
    client, before = browser(person), list(Membership.objects.order_by("pk").values())
    if page == "list":
        answer = client.get(reverse("teams:list"))
    elif page == "member":
        answer = client.get(url(page, plant, "operator"))
    elif page == "detail":
        answer = client.get(url("detail", plant))
    else:
        answer = client.post(url(page, plant, "operator"), {"role": "viewer", "scope": "team"})
    assert answer.status_code == status
    if status in (403, 404):
        assert list(Membership.objects.order_by("pk").values()) == before
    if status == 403 and page.startswith("member_"):
        entry = last_entry()
        assert (entry.verb, entry.outcome, entry.actor) == (page, "denied", person.email)
        assert "roles" in answer.text
        assert "Owner" in answer.text


def test_the_list_shows_my_teams_with_my_role_and_no_others(plant, harbour):
    text = browser(plant.people["operator"]).get(reverse("teams:list")).text
    assert "Plant 3" in text
    assert "Operator" in text
    assert "Harbour" not in text


def test_members_see_each_other_and_what_each_role_may(plant):
    text = browser(plant.people["viewer"]).get(url("detail", plant)).text
    for role in Role:
        assert f'data-member="{role}-plant@example.test" data-role="{role}"' in text
    assert "own entries" in text
    assert "Send invitation" not in text


def test_a_changed_role_counts_from_the_next_page_on(plant):
    answer = browser(plant.people["owner"]).post(url("member_role", plant, "viewer"), {"role": "manager"})
    assert answer.status_code == 302
    assert browser(plant.people["viewer"]).get(reverse("connections:new")).status_code == 200
    entry = last_entry()
    assert (entry.verb, entry.outcome, entry.object_name) == (
        "member_role",
        "done",
        "viewer-plant@example.test",
    )
    assert Body.objects.get(seq=entry.seq).text == '{"after":{"role":"manager"},"before":{"role":"viewer"}}'


def test_a_role_that_does_not_exist_changes_nothing(plant):
    answer = browser(plant.people["owner"]).post(url("member_role", plant, "viewer"), {"role": "emperor"})
    assert answer.status_code == 422
    assert membership(plant, "viewer").role == "viewer"


def test_who_was_removed_sees_the_team_no_more(plant):
    browser(plant.people["owner"]).post(url("member_remove", plant, "viewer"))
    assert browser(plant.people["viewer"]).get(url("detail", plant)).status_code == 404
    assert (last_entry().verb, last_entry().object_name) == ("member_remove", "viewer-plant@example.test")


@pytest.mark.parametrize(("verb", "data"), [("member_remove", {}), ("member_role", {"role": "manager"})])
def test_the_last_owner_stays_owner(plant, verb, data):
    answer = browser(plant.people["owner"]).post(url(verb, plant, "owner"), data)
    assert answer.status_code == 422
    assert "A team needs at least one owner." in answer.text
    assert membership(plant, "owner").role == "owner"


def test_an_owner_demoted_a_moment_ago_changes_nothing_any_more(plant):
    owner, target = plant.people["owner"], membership(plant, "viewer")
    assert access.may(owner, "roles", plant.team)  # as the page has read it
    Membership.objects.filter(pk=membership(plant, "manager").pk).update(role="owner")
    Membership.objects.filter(pk=membership(plant, "owner").pk).update(role="viewer")
    with pytest.raises(NotAllowed):
        service.remove_member(target, actor=owner)
    assert Membership.objects.filter(pk=target.pk).exists()


def test_one_of_two_owners_may_leave(plant):
    Membership.objects.filter(pk=membership(plant, "manager").pk).update(role="owner")
    answer = browser(plant.people["owner"]).post(url("member_remove", plant, "owner"))
    assert answer.status_code == 302
    assert answer["Location"] == "/teams/"


def test_a_member_of_another_team_cannot_be_reached_through_mine(plant, harbour):
    other = Membership.objects.get(team=harbour.team, user=harbour.people["viewer"])
    for verb in ("member_role", "member_remove"):
        address = reverse(f"teams:{verb}", args=[plant.team.pk, other.pk])
        assert browser(plant.people["owner"]).post(address, {"role": "owner"}).status_code == 404
    assert Membership.objects.get(pk=other.pk).role == "viewer"


def test_a_taken_team_name_is_refused_and_the_input_stays(plant):
    admin = User.objects.create(email="admin@example.test", is_portal_admin=True)
    typed = {"name": "Plant 3", "email": "owner-plant@example.test"}
    answer = browser(admin).post(reverse("teams:create"), typed)
    assert answer.status_code == 422
    assert "A team with this name already exists." in answer.text
    assert 'value="owner-plant@example.test"' in answer.text


@pytest.mark.parametrize("role", list(Role))
def test_nobody_else_creates_teams(plant, role):
    answer = browser(plant.people[role]).post(
        reverse("teams:create"), {"name": "X", "email": "a@example.test"}
    )
    assert answer.status_code == 403
    assert not Team.objects.filter(name="X").exists()
    assert (last_entry().verb, last_entry().outcome) == ("team_create", "denied")
    assert "New team" not in browser(plant.people[role]).get(reverse("teams:list")).text


def test_switching_goes_to_own_teams_and_to_own_pages_only(plant, harbour):
    Membership.objects.create(team=harbour.team, user=plant.people["viewer"], role="viewer")
    client = browser(plant.people["viewer"])
    address = reverse("teams:switch")
    answer = client.post(address, {"team": plant.team.pk, "next": "/connections/"})
    assert answer["Location"] == "/connections/"
    assert client.get("/connections/").wsgi_request.team == plant.team
    answer = client.post(address, {"team": harbour.team.pk, "next": "https://evil.example/"})
    assert answer["Location"] == "/"
    assert client.get("/connections/").wsgi_request.team == harbour.team
    assert browser(plant.people["owner"]).post(address, {"team": harbour.team.pk}).status_code == 404
    assert browser(plant.people["owner"]).post(address, {"team": "nonsense"}).status_code == 404


def test_a_switch_is_no_link(plant):
    assert browser(plant.people["viewer"]).get(reverse("teams:switch")).status_code == 405


def test_the_sign_in_page_leads_nowhere_that_is_not_there(db):
    page = Client(HTTP_HOST="localhost").get(reverse("account_login")).content.decode()

    assert 'href="/accounts/password/reset/"' in page
    for address in re.findall(r'(?:href|action)="(/[^"]*)"', page):
        if not address.startswith("/static/"):
            assert Client(HTTP_HOST="localhost").get(address, follow=True).status_code != 404, address
