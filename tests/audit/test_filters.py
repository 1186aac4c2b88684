"""Filters of the record against an oracle that reads every entry.

Would catch: a story that a filter hides, adds, repeats or moves, alone, in pairs and on any page, in either
direction; somebody else's entries; a count that lies; an export with more or less than the list.
"""

import itertools
import random
from zoneinfo import ZoneInfo

import pytest

from portal.audit import finding, objects
from portal.audit.filters import Filters
from portal.record.models import Entry
from portal.teams.models import Role, User
from tests.audit.records import Oracle, fill
from tests.support.plant import make_plant

pytestmark = pytest.mark.database

NOWHERE = "http://127.0.0.1:9"
VALUES = {
    "actor": ["operator-plant@example.test", "OWNER-harbour@example.test", "nobody@example.test"],
    "verb": ["create", "no_such"],
    "kind": ["iotda/policies"],
    "connection": ["iotda", "roma"],
    "outcome": ["done", "denied", "found", "asked"],
    "team": ["Plant 3", "Harbour"],
    "since": ["2026-03-02", "2026-03-05T07:30", "2030-01-01"],
    "until": ["2026-03-04", "2026-03-03 12:00:59", "2020-01-01"],
    "ticket": ["CHG-1", "CHG-99"],
    "request": ["req-3", "00000000-0000-0000-0000-000000000007", "req-none"],
    "object": ["obj-Pl-3", "LineA", "设备", "% _ \\", "nothing-like-it"],
    "q": ["night shift", "made-1", "设", "deny_pub", "SEEN on", "100", "zürich", "not in there"],
}


@pytest.fixture
def teams(db):
    return make_plant(NOWHERE), make_plant(NOWHERE, name="Harbour")


@pytest.fixture
def record(teams):
    fill(teams, 160)
    return Oracle()


def reader(plant, role):
    return User.objects.get(pk=plant.people[role].pk)


def auditor():
    person = User(email="reviewer@example.test", is_portal_auditor=True)
    User.objects.bulk_create([person])  # the record tells of no accounts that a test only needs
    return person


def everything(entry):
    return True


def numbers(filters, size=7):
    """The stories of all pages from the newest, and from the oldest; both have to be the same."""
    down, up, place = [], [], None
    while True:
        page = filters.page(before=place, size=size)
        down += [each.first_seq for each in page.stories]
        if not page.is_older:
            break
        place = page.stories[-1].first_seq if page.looked_to is None else page.looked_to
    place = 0
    while True:
        page = filters.page(after=place, size=size)
        up = [each.first_seq for each in page.stories] + up
        if not page.is_newer:
            break
        place = page.stories[0].first_seq if page.looked_to is None else page.looked_to
    assert up == down
    return down


def check(filters, expected):
    assert filters.problems == {}
    assert numbers(filters) == expected, filters.values
    assert filters.count() == (len(expected), False), filters.values
    assert filters.count(limit=None) == (len(expected), False), filters.values
    assert [each.first_seq for each in filters.stories()] == expected[::-1]


def test_each_filter_alone(record):
    user = auditor()
    for name, values in VALUES.items():
        for value in values:
            check(Filters.of({name: value}, user), record.expected({name: value}, everything))


@pytest.mark.parametrize(
    "ways", ["usual", *(pytest.param(way, marks=pytest.mark.full) for way in ("facets", "newest", "anchor"))]
)
def test_every_pair_of_filters(record, monkeypatch, ways):
    """Also by the ways that are taken only where there are many stories, facets or hits."""
    if ways == "newest":
        monkeypatch.setattr(finding, "FACETS_MAX", 0)
        monkeypatch.setattr(finding, "NEWEST", 20)
    if ways == "anchor":
        monkeypatch.setattr(finding, "FEW", 0)
    if ways == "facets":
        monkeypatch.setattr(finding, "FEW", 10_000)
    user = auditor()
    chance = random.Random(ways)
    for one, other in itertools.combinations(VALUES, 2):
        values = {one: chance.choice(VALUES[one][:2]), other: chance.choice(VALUES[other][-3:])}
        filters, expected = Filters.of(values, user), record.expected(values, everything)
        assert numbers(filters, size=12) == expected, values
        assert filters.count()[0] == len(expected), values


def test_anchors_with_more_entries_than_are_looked_at_at_once(record, monkeypatch):
    monkeypatch.setattr(finding, "HITS", (10, 30))
    monkeypatch.setattr(finding, "FEW", 0)
    user = auditor()
    for values in (
        {"q": "night shift"},
        {"q": "made-"},
        {"object": "LineA"},
        {"ticket": "CHG-1"},
        {"q": "made-", "verb": "sync"},
        {"q": "example", "outcome": "found"},
    ):
        expected = record.expected(values, everything)
        assert numbers(Filters.of(values, user), size=4) == expected, values


@pytest.mark.parametrize("few", [finding.FEW, 0])
@pytest.mark.parametrize("role", [Role.VIEWER, Role.AUDITOR, Role.OPERATOR, Role.OWNER])
def test_nobody_finds_what_they_may_not_read(teams, record, role, few, monkeypatch):
    """Not even by a text that only somebody else's step of their own operation holds."""
    monkeypatch.setattr(finding, "FEW", few)
    plant, _harbour = teams
    user = reader(plant, role)

    def sees(entry):
        own = role == Role.OPERATOR and entry.actor_id == str(user.pk)
        return entry.team == "Plant 3" and (own or role in (Role.AUDITOR, Role.OWNER))

    for name, values in {"": [""], **VALUES}.items():
        for value in values:
            narrowed = {name: value} if name else {}
            filters = Filters.of(narrowed, user)
            check(filters, record.expected(narrowed, sees))
            assert all(sees(entry) for entry in filters.entries())


@pytest.mark.parametrize("role", [Role.AUDITOR, Role.OPERATOR])
def test_what_others_have_neither_hides_nor_counts(teams, role, monkeypatch):
    """Not even where a page looks at few entries, and somebody else has many that are newer."""
    from tests.audit.test_pages import write

    plant, harbour = teams
    about = {"role": role, "object_name": "Gate 7", "ticket": "CHG-7", "platform_request_id": "req-7"}
    (own,) = write(plant, **about)
    write(harbour, count=12, **about, object_id="b7")
    monkeypatch.setattr(finding, "HITS", (2, 3))
    monkeypatch.setattr(finding, "FEW", 0)
    monkeypatch.setattr(objects, "HITS_MAX", 2)
    user = reader(plant, role)

    for values in ({"q": "Gate 7"}, {"object": "Gate 7"}, {"ticket": "CHG-7"}, {"request": "req-7"}):
        filters = Filters.of(values, user)
        page = filters.page(size=5)
        assert [each.first_seq for each in page.stories] == [own.seq], values
        assert (page.is_older, page.looked_to) == (False, None), values
        assert filters.count(limit=1) == (1, False), values
    # An id that others alone have is a text like any other.
    assert Filters.of({"object": "b7"}, user).page().stories == []


def test_entries_are_all_steps_of_the_stories_once_and_in_order(record, monkeypatch):
    monkeypatch.setattr("portal.audit.walking.CHUNK", 5)
    user = auditor()
    for values in ({}, {"verb": "create"}, {"q": "night shift"}, {"since": "2026-03-03", "outcome": "found"}):
        stories = record.expected(values, everything)
        steps = {step.seq for number in stories for step in record.stories[number]["steps"]}
        assert [entry.seq for entry in Filters.of(values, user).entries()] == sorted(steps)


def test_days_are_those_of_the_zone(record):
    zone = ZoneInfo("Asia/Shanghai")
    user = auditor()
    for values in ({"since": "2026-03-03", "until": "2026-03-03"}, {"until": "2026-03-03T00:30"}):
        assert numbers(Filters.of(values, user, zone)) == record.expected(values, everything, zone)


def test_a_renamed_object_keeps_its_history(teams):
    from tests.audit.test_pages import write

    plant, _harbour = teams
    old = write(plant, object_id="b1", object_name="Old name")
    new = write(plant, object_id="b1", object_name="New name")
    write(plant, object_id="b2", object_name="Another")
    user = auditor()

    both = [new[0].seq, old[0].seq]
    for text in ("b1", "old NAME", "New na"):
        assert numbers(Filters.of({"object": text}, user)) == both


def test_what_cannot_be_read_is_told_and_narrows_nothing(record):
    user = auditor()
    for name, text in (("since", "yesterday"), ("until", "2026-13-01"), ("q", "ab"), ("actor", "x" * 20_000)):
        filters = Filters.of({name: text}, user)
        assert list(filters.problems) == [name]
        assert filters.values[name] == text
        assert filters.count()[0] == len(record.stories)
    assert Entry.objects.exists()
