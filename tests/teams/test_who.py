"""Who can do what, on a page: what it says is what is enforced, and it names nobody else.

Would catch: a right that no page speaks of, a person whose membership does not reach there, a name of another
team, a place whose name its reader may not know.
"""

import re

import pytest
from django.urls import reverse

from portal.kinds.registry import KINDS
from portal.teams import access, who
from portal.teams.models import Membership, Role, User
from portal.teams.roles import ALLOWED
from tests.support.plant import make_plant

BUS = "iotda/soft-buses"
SECTION = re.compile(r'data-rights="([^"]+)"(.*?)</section>', re.DOTALL)
PERSON = re.compile(r'data-person="([^"]+)"')


def told(page):
    """{right: set of addresses} as the page has it."""
    found = {}
    for rights, section in SECTION.findall(page.content.decode()):
        found |= dict.fromkeys(rights.split(), set(PERSON.findall(section)))
    return found


def addresses(plant, row):
    kind = KINDS[BUS]
    return {
        plant.team: reverse("teams:who", args=[plant.team.pk]),
        row.connection: reverse("connections:who", args=[row.connection_id]),
        row: reverse("resources:who", args=[kind, row.pk]),
    }


@pytest.fixture
def row(plant):
    return plant.make(BUS)


def test_every_right_has_a_name():
    assert set(who.LABELS) == set(ALLOWED)
    assert set(who.OF_TEAM) < set(ALLOWED)


@pytest.mark.parametrize("role", [Role.VIEWER, Role.AUDITOR])
def test_members_see_who_may_and_it_is_what_is_enforced(plant, row, role):
    elsewhere = plant.connections["enos"]
    Membership.objects.filter(user=plant.people[Role.MANAGER]).update(
        places=[{"connection": str(elsewhere.pk), "space": ""}]
    )
    off = plant.people[Role.OPERATOR]
    User.objects.filter(pk=off.pk).update(is_active=False)
    for thing, address in addresses(plant, row).items():
        page = plant.browser(role).get(address)
        found = told(page)
        assert {"view", "delete"} <= set(found)
        people = [User.objects.get(pk=each.pk) for each in plant.people.values()]
        for right, emails in found.items():
            assert emails == {each.email for each in people if access.may(each, right, thing)}, right
        assert found["delete"] >= {plant.people[Role.OWNER].email}
        assert off.email not in page.content.decode()
    assert told(page)["delete"] == {plant.people[Role.OWNER].email}  # the manager's connection is another


def test_nobody_outside_the_team_sees_it_and_it_names_nobody_else(plant, row):
    other = make_plant(plant.url, name="Harbour 1")
    strangers = [other.people[Role.OWNER]]
    for flag in ("is_portal_admin", "is_portal_auditor"):
        strangers.append(User.objects.create(email=f"{flag}@example.test", **{flag: True}))
    for address in addresses(plant, row).values():
        for person in strangers:
            browser = other.browser()
            browser.force_login(person)
            assert browser.get(address).status_code == 404
        text = plant.browser(Role.OWNER).get(address).content.decode()
        assert "harbour" not in text
        assert "is_portal" not in text


def test_a_place_is_named_to_who_may_see_it_and_counted_to_others(plant, row):
    iotda, enos = plant.connections["iotda"], plant.connections["enos"]
    enos.name = "Far away"
    enos.save()
    narrow = {Role.OPERATOR: [iotda, enos], Role.VIEWER: [iotda]}
    for role, connections in narrow.items():
        places = [{"connection": str(each.pk), "space": ""} for each in connections]
        Membership.objects.filter(user=plant.people[role]).update(places=places)
    address = reverse("teams:who", args=[plant.team.pk])
    assert "Far away" in plant.browser(Role.OWNER).get(address).content.decode()
    text = plant.browser(Role.VIEWER).get(address).content.decode()
    assert "Far away" not in text
    assert "1 other place" in text


def test_a_space_is_named_like_its_object(plant):
    row = plant.make("iotda/spaces")
    connection = row.connection
    places = [{"connection": str(connection.pk), "space": row.remote_id}]
    Membership.objects.filter(user=plant.people[Role.OPERATOR]).update(places=places)
    text = plant.browser(Role.OWNER).get(reverse("teams:who", args=[plant.team.pk])).content.decode()
    assert f"{row} of {connection.name}" in re.sub(r"</?bdi[^>]*>|[\u2066-\u2069]", "", text)


def test_pages_lead_there_where_rights_are_explained(plant, row):
    for thing, address in addresses(plant, row).items():
        page = (
            reverse("teams:detail", args=[thing.pk]) if thing == plant.team else address.removesuffix("who/")
        )
        assert f'href="{address}"' in plant.browser(Role.VIEWER).get(page).content.decode()


def test_every_right_has_words():
    assert who.LABELS.keys() == ALLOWED.keys()
