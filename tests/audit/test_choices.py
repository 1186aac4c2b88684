"""What the selects of the list offer: what occurs in the record that the person may read, by name.

Would catch: a verb that is written but cannot be chosen, somebody else's people, a choice that finds
nothing, an offer that is out of date.
"""

import html
import re
from collections import Counter

import pytest

from portal.connections import service as connections
from portal.errors import NotAllowed
from portal.record.models import Facet
from portal.teams import service as teams
from portal.teams.models import Membership, Role, User
from tests.audit.test_pages import shown, write
from tests.support.plant import make_plant

GROUP = "iotda/device-groups"
NAMES = ("actor", "verb", "kind", "connection", "outcome")


def choices(plant, name, query=None, role=Role.OWNER):
    """{value: (label, whether it is chosen)}"""
    page = plant.browser(role).get("/audit/", query or {}).content.decode()
    select = re.search(rf'<select [^>]*id="{name}".*?</select>', page, flags=re.DOTALL)[0]
    options = re.findall(r'<option value="([^"]+)"( selected)?>(.*?)</option>', select)
    return {html.unescape(value): (html.unescape(label), bool(chosen)) for value, chosen, label in options}


@pytest.fixture
def team(db):
    return make_plant("http://127.0.0.1:9")


@pytest.fixture
def busy(plant):
    row = plant.make(GROUP)
    plant.perform(GROUP, "update", target=row)
    plant.perform(GROUP, "delete", target=row)
    viewer = User.objects.get(pk=plant.people[Role.VIEWER].pk)
    owner = User.objects.get(pk=plant.people[Role.OWNER].pk)
    iotda, member = plant.connections["iotda"], Membership.objects.get(user=plant.people[Role.AUDITOR])
    for denied in (connections.try_again, connections.probe, connections.delete):
        with pytest.raises(NotAllowed):
            denied(iotda, actor=viewer)
    teams.change_role(member, actor=owner, role=Role.OPERATOR)
    teams.remove_member(member, actor=owner)
    return plant


def test_whatever_is_written_can_be_chosen_and_finds_its_rows(busy):
    browser = busy.browser(Role.OWNER)
    browser.get("/audit/")  # which is an entry, too
    for name in NAMES:
        offered = choices(busy, name)
        column = {"actor": "actor_id", "connection": "connection_id"}.get(name, name)
        written = Counter()
        for facet in Facet.objects.all():
            written[getattr(facet, column) or "-"] += facet.count
        assert set(offered) == set(written)
        for value, count in written.items():
            assert len(shown(browser.get("/audit/", {name: value}))) == count


def test_what_is_written_later_is_offered_as_well(team):
    write(team)
    assert "polish" not in choices(team, "verb")
    write(team, verb="polish")
    assert "polish" in choices(team, "verb")


def test_choices_read_as_words(busy):
    assert choices(busy, "verb")["member_remove"][0] == "remove member"
    assert choices(busy, "kind")[GROUP][0] == "Device groups (iotda)"
    assert choices(busy, "outcome")["denied"][0] == "denied"
    assert "owner-plant@example.test" in {label for label, *_rest in choices(busy, "actor").values()}
    assert "iotda" in {label for label, *_rest in choices(busy, "connection").values()}


@pytest.mark.parametrize(
    "value", ["owner-plant@example.test", "OWNER-plant@example.test", "nobody@example.test"]
)
def test_what_the_address_asks_for_is_chosen_even_if_nothing_has_it(busy, value):
    offered = choices(busy, "actor", {"actor": value})

    assert [label.lower() for label, chosen in offered.values() if chosen] == [value.lower()]


def test_people_of_other_teams_are_not_offered(plant):
    harbour = make_plant("http://127.0.0.1:9", name="Harbour")
    write(harbour, role=Role.OWNER)
    write(plant, role=Role.OWNER)
    write(plant, role=Role.OPERATOR)

    assert {label for label, *_rest in choices(plant, "actor").values()} == {
        "owner-plant@example.test",
        "operator-plant@example.test",
    }
    own = choices(plant, "actor", role=Role.OPERATOR)
    assert {label for label, *_rest in own.values()} == {"operator-plant@example.test"}
