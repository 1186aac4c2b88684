"""The reviewers' pages.

Would catch: an entry shown to somebody who may not read it, a filter that hides or adds
entries, a page skipped or doubled, a count that lies, and a secret on a page.
"""

import html
import re
from datetime import UTC, datetime

import pytest
from django.test import Client

from portal.audit import views
from portal.record.models import Body, Entry
from portal.record.store import append
from portal.teams.models import Role, User
from tests.examples import EVERY_CREATE, EXAMPLES
from tests.support.plant import make_plant

BUS, POLICY, GROUP, DEVICE = "iotda/soft-buses", "iotda/policies", "roma/device-groups", "enos/devices"
HTMX = {"HTTP_HX_REQUEST": "true"}
NOWHERE = "http://127.0.0.1:9"


@pytest.fixture
def team(db):
    """A team that calls no platform."""
    return make_plant(NOWHERE)


def write(plant, count=1, role=Role.OPERATOR, **fields):
    """Entries of one person of the team, as the services write them."""
    person = plant.people[role]
    line = {
        "stage": "outcome",
        "outcome": "done",
        "verb": "create",
        "kind": BUS,
        "platform": "iotda",
        "actor": person.email,
        "actor_id": str(person.pk),
        "team": plant.team.name,
        "team_id": str(plant.team.pk),
    }
    return append(*({**line, **fields} for _number in range(count)))


def shown(response):
    return [int(seq) for seq in re.findall(r'data-seq="(\d+)"', response.content.decode())]


def reviewer(**fields):
    browser = Client(HTTP_HOST="localhost")
    browser.force_login(
        User.objects.create(email="reviewer@example.test", **{"is_portal_auditor": True, **fields})
    )
    return browser


# Who reads what: typed by hand from the design's table of roles.

#                 the list  own entries  the team's entries
READS = {
    Role.VIEWER: (403, False, False),
    Role.AUDITOR: (200, True, True),
    Role.OPERATOR: (200, True, False),
    Role.MANAGER: (200, True, True),
    Role.OWNER: (200, True, True),
}


@pytest.mark.parametrize("role", Role)
def test_who_reads_the_record(team, role):
    status, own, teams = READS[role]
    other = Role.OWNER if role != Role.OWNER else Role.MANAGER
    (mine,), (theirs,) = write(team, role=role), write(team, role=other)
    browser = team.browser(role)

    response = browser.get("/audit/")

    assert response.status_code == status
    expected = {mine.seq} if own else set()
    expected |= {theirs.seq} if teams else set()
    assert set(shown(response)) == expected
    assert browser.get(f"/audit/{mine.seq}/").status_code == (200 if own else 403)
    assert browser.get(f"/audit/{theirs.seq}/").status_code == (
        200 if teams else 403 if status == 403 else 404
    )


def test_a_viewer_is_told_why_not_and_who_can_change_it(team):
    response = team.browser(Role.VIEWER).get("/audit/")

    text = response.content.decode()
    assert response.status_code == 403
    assert html.escape("Viewers can't do this.") in text
    assert "Required role: Auditor, Operator, Manager or Owner." in text
    assert "owner-plant@example.test can give it." in text


def test_an_operator_is_told_that_only_own_entries_are_shown(team):
    assert "The entries of your own actions" in team.browser(Role.OPERATOR).get("/audit/").content.decode()
    assert "The entries of your own actions" not in team.browser(Role.OWNER).get("/audit/").content.decode()


@pytest.mark.parametrize("role", [Role.AUDITOR, Role.OPERATOR, Role.MANAGER, Role.OWNER])
def test_another_teams_entry_does_not_exist(team, role):
    harbour = make_plant(NOWHERE, name="Harbour")
    (theirs,) = write(harbour, role=Role.OWNER)
    browser = team.browser(role)

    assert browser.get(f"/audit/{theirs.seq}/").status_code == 404
    assert shown(browser.get("/audit/")) == []
    assert shown(browser.get("/audit/", {"actor": "owner-harbour@example.test"})) == []


def test_a_portal_auditor_reads_every_teams_record_without_being_in_one(team):
    harbour = make_plant(NOWHERE, name="Harbour")
    entries = [
        write(team)[0],
        write(harbour)[0],
        *append({"stage": "note", "outcome": "ok", "verb": "x", "actor": "?"}),
    ]
    browser = reviewer()

    made = Entry.objects.get(verb="account_create").seq  # the reviewer's own account
    assert shown(browser.get("/audit/")) == [made, *(entry.seq for entry in reversed(entries))]
    for entry in entries:
        assert browser.get(f"/audit/{entry.seq}/").status_code == 200


def test_whoever_is_in_no_team_and_no_auditor_reads_nothing(team):
    (entry,) = write(team)
    browser = reviewer(is_portal_auditor=False)

    for url in ("/audit/", f"/audit/{entry.seq}/"):
        response = browser.get(url)
        assert response.status_code == 403
        assert "You are not in a team" in response.content.decode()


def test_without_sign_in_there_is_no_record(team):
    (entry,) = write(team)
    for url in ("/audit/", f"/audit/{entry.seq}/"):
        response = Client(HTTP_HOST="localhost").get(url)
        assert response.status_code == 302
        assert response["Location"].startswith("/accounts/login/")


# Filters.


@pytest.fixture
def mixed(team):
    """Entries that differ in one thing each; {name: seq}."""
    entries = {
        "bus": write(team),
        "group": write(team, kind=GROUP),
        "sync": write(team, verb="sync"),
        "rejected": write(team, outcome="rejected"),
        "manager": write(team, role=Role.MANAGER),
        "denied": write(team, stage="denied", outcome="denied"),
        "named": write(
            team, object_name="Bus_A", object_id="0a1b", operation="11111111-2222-4333-8444-555555555555"
        ),
        "early": write(team, at=datetime(2026, 3, 1, 0, 0, tzinfo=UTC)),
        "late": write(team, at=datetime(2026, 3, 1, 23, 59, 59, 999999, tzinfo=UTC)),
        "next": write(team, at=datetime(2026, 3, 2, 0, 0, tzinfo=UTC)),
    }
    return team, {name: entry.seq for name, (entry,) in entries.items()}


EVERYTHING = ("bus", "group", "sync", "rejected", "manager", "denied", "named", "early", "late", "next")
FILTERS = [
    ({"kind": GROUP}, ("group",)),
    ({"verb": "sync"}, ("sync",)),
    ({"outcome": "rejected"}, ("rejected",)),
    ({"outcome": "denied"}, ("denied",)),
    ({"actor": "manager-plant@example.test"}, ("manager",)),
    ({"actor": "  MANAGER-plant@Example.test "}, ("manager",)),
    ({"actor": "nobody@example.test"}, ()),
    ({"object": "Bus_A"}, ("named",)),
    ({"object": "0a1b"}, ("named",)),
    ({"request": "11111111-2222-4333-8444-555555555555"}, ("named",)),
    ({"object": "bus_"}, ("named",)),
    ({"q": "BUS_A"}, ("named",)),
    ({"since": "2026-03-01", "until": "2026-03-01"}, ("early", "late")),
    ({"since": "2026-03-02", "until": "2026-03-02"}, ("next",)),
    ({"until": "2026-03-01"}, ("early", "late")),
    ({"until": "2026-02-28"}, ()),
    ({"kind": BUS, "verb": "create", "outcome": "done", "until": "2026-03-02"}, ("early", "late", "next")),
    ({}, EVERYTHING),
]


@pytest.mark.parametrize(("query", "expected"), FILTERS, ids=[str(query) for query, _expected in FILTERS])
def test_filters_narrow_to_exactly_the_entries_meant(mixed, query, expected):
    team, seqs = mixed

    response = team.browser(Role.OWNER).get("/audit/", query)

    assert sorted(shown(response)) == sorted(seqs[name] for name in expected)
    text = response.content.decode()
    for name, value in query.items():
        if name != "actor":  # a choice by the person's id
            assert html.escape(value.strip()) in text
    if not expected:
        assert "No matching entries" in text


@pytest.mark.parametrize("name", ["since", "until"])
@pytest.mark.parametrize(
    "text", ["yesterday", "2026-13-01", "2026-02-30", "01.03.2026", "9999-12-31", "0000-00-00"]
)
def test_a_date_that_is_none_is_named_and_hides_nothing(mixed, name, text):
    team, seqs = mixed

    response = team.browser(Role.OWNER).get("/audit/", {name: text})

    assert response.status_code == 200
    assert (
        f"{text} is not a date. Write it like 2026-11-20, or 2026-11-20 14:30." in response.content.decode()
    )
    assert len(shown(response)) == len(seqs)


def test_times_say_that_they_are_utc(mixed):
    team, seqs = mixed

    assert (
        "2026-03-01 23:59:59 UTC" in team.browser(Role.OWNER).get(f"/audit/{seqs['late']}/").content.decode()
    )


# Paging and counting.


def test_older_entries_follow_page_by_page_without_gaps_even_when_new_ones_arrive(team):
    entries = write(team, count=120)
    browser = team.browser(Role.OWNER)
    url, found = "/audit/?verb=create", []
    while url:
        response = browser.get(url)
        found.append(shown(response))
        write(team, count=3)
        older = re.search(r'id="older" href="([^"]*before=[^"]*)">Older', response.content.decode())
        url = older and f"/audit/{html.unescape(older[1])}"

    assert list(map(len, found)) == [50, 50, 20]
    assert [seq for page in found for seq in page] == [entry.seq for entry in reversed(entries)]


@pytest.mark.parametrize("before", ["x", "-1", "1e9", "9" * 40, "²", ""])
def test_a_place_that_is_none_is_the_first_page(team, before):
    (entry,) = write(team)

    response = team.browser(Role.OWNER).get("/audit/", {"before": before})

    assert response.status_code == 200
    assert shown(response) == [entry.seq]


@pytest.mark.parametrize(
    ("count", "text"), [(1, "1 result"), (2, "2 results"), (5, "5 results"), (6, "More than 5 results")]
)
def test_the_count_is_exact_up_to_its_limit_and_honest_beyond(team, monkeypatch, count, text):
    monkeypatch.setattr(views, "COUNT_LIMIT", 5)
    monkeypatch.setattr(views, "PAGE", 2)
    write(team, count=count)

    page = team.browser(Role.OWNER).get("/audit/?since=2020-01-01").content.decode()

    assert re.search(rf'role="status">\s*{text}\b', page)


def test_the_limit_of_exact_counts_is_ten_thousand():
    assert views.COUNT_LIMIT == 10_000


def test_a_page_costs_the_same_with_few_and_with_many_entries(team, django_assert_max_num_queries):
    browser = team.browser(Role.OWNER)
    write(team, count=130)
    for _time in range(2):  # the first one is recorded, so the next finds a verb that was not there before
        browser.get("/audit/")

    with django_assert_max_num_queries(7):
        browser.get("/audit/")
    with django_assert_max_num_queries(6):
        browser.get("/audit/", {"verb": "create", "since": "2020-01-01"}, **HTMX)


def test_htmx_gets_the_entries_alone(team):
    write(team)

    text = team.browser(Role.OWNER).get("/audit/", **HTMX).content.decode()

    assert text.strip().startswith('<div id="entries"')


@pytest.mark.parametrize("seq", ["0", "999999", str(2**63), str(2**64), "9" * 100])
def test_an_entry_that_does_not_exist_is_404(team, seq):
    assert team.browser(Role.OWNER).get(f"/audit/{seq}/").status_code == 404


def test_the_record_is_only_read_here(team):
    (entry,) = write(team)
    browser = team.browser(Role.OWNER)

    for url in ("/audit/", f"/audit/{entry.seq}/"):
        for method in (browser.post, browser.put, browser.delete):
            assert method(url).status_code == 405


# One entry.


@EVERY_CREATE
def test_an_entry_shows_request_and_answer_of_a_create(plant, slug):
    operation = plant.perform(slug)
    intent, outcome = Entry.objects.order_by("seq")
    browser = plant.browser(Role.AUDITOR)

    asked = html.unescape(browser.get(f"/audit/{intent.seq}/").content.decode())
    answered = html.unescape(browser.get(f"/audit/{outcome.seq}/").content.decode())

    assert operation.object_id in answered
    for text in (asked, answered):
        assert '<h2 class="section">Request</h2>' in text
        assert operation.request["url"] in text
        assert '<h2 class="section">Answer</h2>' in text
        assert "operator-plant@example.test" in text
        assert "Plant 3" in text
        assert str(operation.pk) in text
        # Each leads to the other.
        assert f'href="/audit/{intent.seq}/"' in text
        assert f'href="/audit/{outcome.seq}/"' in text


def test_a_refusal_shows_status_code_and_request_id(plant):
    plant.perform(GROUP, data={**EXAMPLES[GROUP].create, "parent_id": "1"})
    outcome = Entry.objects.order_by("-seq").first()

    text = plant.browser(Role.AUDITOR).get(f"/audit/{outcome.seq}/").content.decode()

    assert 'data-outcome="rejected"' in text
    assert outcome.platform_request_id
    for word in ("404", "ROMA.00110006", outcome.platform_request_id, "ms"):
        assert word in text


def test_no_page_of_the_record_shows_a_secret(plant):
    operation = plant.perform(DEVICE, data={**EXAMPLES[DEVICE].create, "require_secret": True})
    secrets = operation.open_secrets()
    browser = plant.browser(Role.OWNER)

    pages = [browser.get("/audit/"), browser.get(f"/operations/{operation.pk}/")]
    pages += [browser.get(f"/audit/{seq}/") for seq in Entry.objects.values_list("seq", flat=True)]

    text = html.unescape("".join(page.content.decode() for page in pages))
    assert set(secrets) == {"deviceSecret", "sessionKey"}
    for value in (*secrets.values(), "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee"):
        assert value not in text
    assert text.count("hmac:") >= 2


def test_an_entry_whose_body_was_dropped_is_still_shown(team):
    (entry,) = write(team, object_name="Bus_A", body={"note": "gone later"})
    drops = {"verb": "drop_bodies", "kind": "portal/record", "object_id": str(entry.seq)}
    write(team, role=Role.OWNER, **drops)
    Body.objects.filter(seq=entry.seq).update(text="", salt=b"", search="")

    text = team.browser(Role.OWNER).get(f"/audit/{entry.seq}/").content.decode()

    assert "Bus_A" in text
    assert "gone later" not in text
    assert "dropped by the team" in text
    assert 'id="proof" data-right="true"' in text


def test_script_in_a_name_is_shown_as_text(team):
    (entry,) = write(team, object_name="<script>alert(1)</script>", summary="<img src=x>")
    browser = team.browser(Role.OWNER)

    for url in ("/audit/", f"/audit/{entry.seq}/"):
        text = browser.get(url).content.decode()
        assert "<script>alert" not in text
        assert "&lt;script&gt;alert(1)" in text
        assert "<img src=x>" not in text
