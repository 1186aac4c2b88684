"""The page of one entry.

Would catch: a change told without what was before, an older body that shows nothing, a link that leads to a
page the reader may not open, a neighbour of another team, a forged entry called right.
"""

import html
import re

import pytest

from portal.audit.changes import changes, sides
from portal.audit.proof import proof
from portal.record.models import Body, Entry
from portal.teams.models import Role
from tests.audit.test_pages import NOWHERE, reviewer, write
from tests.support.plant import make_plant

pytestmark = pytest.mark.database

GROUP, POLICY = "iotda/device-groups", "iotda/policies"
DENY = [{"effect": "DENY", "actions": ["iotda:devices:publish"], "resources": ["topic:/v1"]}]
OPERATION = "11111111-2222-4333-8444-555555555555"


@pytest.fixture
def team(db):
    return make_plant(NOWHERE)


def page(browser, entry):
    response = browser.get(f"/audit/{entry.seq}/")
    assert response.status_code == 200
    return html.unescape(response.content.decode())


def section(text, id):
    return re.sub(r"\s+", " ", re.sub("<[^>]*>", " ", re.search(rf'id="{id}".*?</section>', text, re.S)[0]))


def test_what_changed_comes_first_with_both_sides_in_words(team):
    body = {"before": {"statement": [], "name": "old"}, "after": {"statement": DENY, "name": "old"}}
    (entry,) = write(team, kind=POLICY, verb="update", object_name="old", body=body)

    text = page(team.browser(Role.AUDITOR), entry)

    told = section(text, "changes")
    assert "Statements – Denies publishing to topic:/v1" in told
    assert "old" not in told  # it did not change
    assert text.index('id="changes"') < text.index("Who, what, where")


@pytest.mark.parametrize(
    ("bodies", "expected"),
    [
        ([{"before": {"a": 1}, "after": {"a": 2}}], ({"a": 1}, {"a": 2})),
        ([{"data": {"a": 2}}, {"answer": {}}], (None, {"a": 2})),
        ([{"changed": {"a": {"was": 1, "now": 2}}}], ({"a": 1}, {"a": 2})),
        ([{"changes": [{"field": "a", "before": 1, "after": 2}]}], ({"a": 1}, {"a": 2})),
        ([{"before": "viewer", "after": "owner"}], ({"value": "viewer"}, {"value": "owner"})),
        ([{"data": {"a": 1}}, {"before": {"a": 0}, "after": {"a": 1}}], ({"a": 0}, {"a": 1})),
        ([{}], (None, None)),
    ],
)
def test_bodies_of_every_age_tell_their_sides(bodies, expected):
    assert sides(bodies) == expected


def test_what_is_not_known_is_said_and_not_made_up():
    (change,) = changes(POLICY, None, {"policy_name": "new"})

    assert (change.label, change.before.is_known, change.after.value) == ("name", False, "new")
    assert changes(POLICY, {"a": None}, {"a": ""}) == []
    assert changes("of/later", {"a": 1}, {"a": True})[0].label == "a"


@pytest.mark.parametrize("version", [1, 2])
def test_unknown_kinds_and_verbs_and_old_versions_are_read(team, version):
    (entry,) = write(team, kind="moon/craters", verb="polish", object_name="Tycho", outcome="shiny")

    browser = team.browser(Role.AUDITOR)
    assert "tried: polish, moon/craters Tycho" in page(browser, entry)
    assert "Tycho" in html.unescape(browser.get("/audit/").content.decode())


def test_an_act_is_told_the_same_from_each_of_its_entries(team):
    asked = {
        "stage": "intent",
        "outcome": "asked",
        "operation": OPERATION,
        "kind": POLICY,
        "object_name": "p",
    }
    (first,) = write(team, **asked, body={"data": {"policy_name": "p"}})
    (last,) = write(
        team, **{**asked, "stage": "outcome", "outcome": "done"}, body={"after": {"policy_name": "p"}}
    )

    for entry in (first, last):
        text = page(team.browser(Role.AUDITOR), entry)
        assert "created device policy p" in text
        assert "tried to" not in text


def test_a_portal_auditor_is_given_no_link_that_they_may_not_open(plant):
    plant.make(GROUP)
    entry = Entry.objects.filter(stage="outcome", kind=GROUP).latest("seq")
    outside, inside = reviewer(), plant.browser(Role.AUDITOR)

    for browser in (outside, inside):
        links = set(
            re.findall(r'<a [^>]*href="(/[^"]+)"', re.search("<main.*</main>", page(browser, entry), re.S)[0])
        )
        assert {link: browser.get(link).status_code for link in links} == dict.fromkeys(links, 200)
    assert "/operations/" not in page(outside, entry)
    assert f"/operations/{entry.operation}/" in page(inside, entry)
    assert f"/{GROUP}/" in page(inside, entry)


def test_neighbours_are_the_nearest_acts_that_one_may_read(team):
    harbour = make_plant(NOWHERE, name="Harbour")
    (before,) = write(team)
    write(harbour)
    (entry,) = write(team)
    write(harbour)
    (after,) = write(team)
    (theirs,) = write(team, role=Role.MANAGER)

    text = page(team.browser(Role.OPERATOR), entry)
    assert re.search(r'id="earlier" href="/audit/(\d+)/"', text)[1] == str(before.seq)
    assert re.search(r'id="later" href="/audit/(\d+)/"', text)[1] == str(after.seq)
    assert f'href="/audit/{theirs.seq}/"' not in page(team.browser(Role.OPERATOR), after)


def test_all_that_one_request_caused_is_listed(team):
    harbour = make_plant(NOWHERE, name="Harbour")
    correlation = "00000000-0000-0000-0000-00000000000a"
    (entry,) = write(team, correlation=correlation, object_name="first")
    (other,) = write(team, correlation=correlation, object_name="second")
    (theirs,) = write(harbour, correlation=correlation, object_name="third")

    text = page(team.browser(Role.OWNER), entry)
    assert f'href="/audit/{other.seq}/"' in text.split("Caused by the same request")[1]
    assert f'href="/audit/{theirs.seq}/"' not in text


def test_http_attempts_are_a_table(team):
    attempt = {"at": "2026-03-01T10:00:00+00:00", "method": "POST", "path": "/v5/x", "result": "unclear"}
    attempt |= {"http_status": 504, "platform_request_id": "req-9", "platform_code": "", "duration_ms": 30000}
    (entry,) = write(team, body={"attempts": [attempt, "garbage"]})

    table = re.search(r'id="attempts".*?</table>', page(team.browser(Role.OWNER), entry), re.S)[0]
    for word in ("2026-03-01 10:00:00 UTC", "POST", "/v5/x", "504", "unclear", "req-9", "30000 ms"):
        assert word in table
    assert table.count("<tr>") == 2


def test_the_proof_is_reckoned_from_what_is_shown(team):
    write(team)
    (entry,) = write(team, body={"note": 1})
    body, before = Body.objects.get(seq=entry.seq), Entry.objects.get(seq=entry.seq - 1).hash
    stored = Entry.objects.get(seq=entry.seq)
    beside = (body.salt, body.text)

    assert proof(stored, beside, before).is_right
    assert proof(stored, None, before).is_right
    assert proof(stored, beside, "0" * 64).link is False
    assert proof(stored, (body.salt, body.text + " "), before).body is False
    for name, value in (("actor", "somebody"), ("outcome", "denied"), ("reason", "x"), ("ticket", "y")):
        forged = Entry.objects.get(seq=entry.seq)
        setattr(forged, name, value)
        assert proof(forged, beside, before).hash is False
    stored.key_id = "unknown"
    assert proof(stored, beside, before).hash is None


def test_a_page_of_an_entry_costs_at_most_eight_queries(plant, django_assert_max_num_queries):
    plant.make(GROUP)
    entry = Entry.objects.filter(stage="outcome", kind=GROUP).latest("seq")
    browser = plant.browser(Role.OWNER)
    browser.get("/audit/")
    with django_assert_max_num_queries(8):
        browser.get(f"/audit/{entry.seq}/")
