"""The pages of operations: what they show in each state, and when they update automatically.

Would catch: a page that never updates or never stops, one that hides why nothing was sent or what was sent
when, evidence shown to a role that may not see it.
"""

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from portal.connections.models import Condition
from portal.operations import service, settling
from portal.operations.models import Operation
from portal.record.models import Entry
from portal.teams.models import Role
from portal.words import clock
from tests.examples import EXAMPLES, match
from tests.operations.endings import (
    BUS,
    DEVICE,
    POLICY,
    absent,
    conflict,
    for_a_human,
    in_doubt,
    not_sent,
    rejected,
    text_of,
    url,
)

HTMX = {"HTTP_HX_REQUEST": "true"}

# The list


def test_the_list_sorts_by_what_has_not_ended(plant, emulator):
    operations = {
        "in_doubt": in_doubt(plant, emulator, BUS),
        "needs_human": for_a_human(plant, emulator, committed=True),
        "rejected": rejected(plant, emulator),
    }
    browser = plant.browser(Role.VIEWER)

    for state, own in operations.items():
        page = browser.get("/operations/", {"state": state}).content.decode()
        shown = {each for each in operations.values() if f'data-operation-id="{each.pk}"' in page}
        assert shown == {own}
        assert re.search(r'data-count="running">0<', page)
        assert re.search(r'data-count="in_doubt">1<', page)
        assert re.search(r'data-count="needs_human">1<', page)
    unsettled = browser.get("/operations/?state=unsettled").content.decode()
    assert unsettled.count("<tr data-operation-id") == 2


def test_the_list_says_why_nothing_was_sent(plant, emulator):
    not_sent(plant, emulator)

    page = plant.browser().get("/operations/?state=not_sent")

    assert "the platform could not be reached" in text_of(page)


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("running", "Nothing is running"),
        ("in_doubt", "Nothing is in doubt"),
        ("needs_human", "Nothing needs a human"),
        ("cancelled", "No operation in this state"),
        ("", "No operations yet"),
    ],
)
def test_an_empty_list_says_what_that_means(plant, state, words):
    assert words in text_of(plant.browser().get("/operations/", {"state": state}))


def test_pages_ask_again_while_something_is_in_doubt_and_stop_afterwards(plant, emulator):
    operation = in_doubt(plant, emulator, DEVICE, committed=True)
    browser = plant.browser()
    addresses = ("/operations/", url(operation))

    for address in addresses:
        assert 'hx-trigger="every 15s"' in browser.get(address).content.decode()
    settling.settle_due()

    for address in addresses:
        page = browser.get(address).content.decode()
        assert 'data-operation-state="found"' in page
        assert 'hx-trigger="every' not in page


@pytest.mark.parametrize("what", ["list", "detail"])
def test_a_page_that_asks_again_is_left_alone_until_something_changed(plant, emulator, what):
    operation = in_doubt(plant, emulator, DEVICE, committed=True)
    browser, address = plant.browser(), url(operation) if what == "detail" else "/operations/?state=unsettled"
    seen = re.search(r'"seen": "(\w+)"', browser.get(address).content.decode())[1]

    unchanged = browser.get(address, {"seen": seen, "state": "unsettled"}, **HTMX)
    settling.settle_due()
    changed = browser.get(address, {"seen": seen, "state": "unsettled"}, **HTMX)
    reloaded = browser.get(address, {"seen": seen, "state": "unsettled"})

    assert (unchanged.status_code, unchanged.content) == (204, b"")
    assert (changed.status_code, reloaded.status_code) == (200, 200)


@pytest.mark.parametrize("state", ["running", "in_doubt", "needs_human", "unsettled", "rejected"])
def test_a_filtered_list_waits_for_what_may_come(plant, emulator, state):
    plant.perform(POLICY)
    browser, address = plant.browser(), f"/operations/?state={state}"
    page = browser.get(address).content.decode()
    seen = re.search(r'"seen": "(\w+)"', page)[1]

    assert 'hx-trigger="every 15s"' in page
    assert browser.get(address, {"seen": seen, "state": state}, **HTMX).status_code == 204
    for other in ("/operations/", "/operations/?state=nonsense"):
        assert 'hx-trigger="every' not in browser.get(other).content.decode()

    for_a_human(plant, emulator, committed=True)
    answer = browser.get(address, {"seen": seen, "state": state}, **HTMX)
    assert answer.status_code == 200
    assert ("<tr data-operation-id" in answer.content.decode()) is (state in ("needs_human", "unsettled"))


def test_the_list_asks_again_at_its_own_address(plant, emulator):
    in_doubt(plant, emulator, DEVICE)

    piece = plant.browser().get("/operations/?state=in_doubt&seen=something-else", **HTMX).content.decode()

    assert 'hx-get="/operations/?state=in_doubt" hx-vals' in piece


def test_the_list_costs_the_same_for_any_number_of_rows(plant, emulator, django_assert_max_num_queries):
    browser = plant.browser()
    for name in ("a", "b", "c", "d"):
        plant.perform(POLICY, data={**EXAMPLES[POLICY].create, "policy_name": name})

    with django_assert_max_num_queries(8):
        assert browser.get("/operations/").status_code == 200


# One operation


def test_the_life_of_an_operation_that_was_found(plant, emulator):
    operation = in_doubt(plant, emulator, DEVICE, committed=True)
    open_ = text_of(plant.browser().get(url(operation)))
    settling.settle_due()

    text = text_of(plant.browser().get(url(operation)))

    assert "next automatic check" in open_
    life = [
        "Requested operator-plant@example.test 2",
        "Sent 2",
        "No clear answer came 2",
        "Found on the platform 2",
    ]
    places = [text.index(step) for step in life]
    assert places == sorted(places)
    assert "by the portal" in text


def test_a_refusal_shows_each_call_with_its_answer(plant, emulator):
    operation = rejected(plant, emulator)

    text = text_of(plant.browser().get(url(operation)))

    assert re.search(r"Sent to the platform .* 1 \d{4}-.* UTC 400 IOTDA.000006 no \d+ ms ", text)
    assert "The platform refused this. Nothing was changed." in text


def test_a_delete_of_what_is_gone_is_done_and_says_that_it_was_gone(plant):
    row = plant.make(POLICY)
    plant.collection(POLICY).delete(row.remote_id)
    operation = plant.perform(POLICY, "delete", target=row)

    text = text_of(plant.browser(Role.OWNER).get(url(operation)))

    assert 'data-operation-state="done"' in plant.browser().get(url(operation)).content.decode()
    assert "no longer existed on the platform, so there was nothing left to delete." in text
    assert re.search(r"Sent to the platform .* 1 \d{4}-.* UTC 404 IOTDA.017001 ", text)
    assert "refused" not in text


def test_of_what_is_gone_nothing_was_refused(plant, emulator):
    row = plant.make(POLICY)
    plant.collection(POLICY).delete(row.remote_id)
    operation = plant.perform(POLICY, "update", target=row)
    assert operation.sent_at is None

    text = text_of(plant.browser(Role.OWNER).get(url(operation)))

    assert "It no longer exists on the platform. Nothing was sent." in text
    assert "refused" not in text
    assert "Never sent Ended without a change" in text


def test_what_could_not_be_looked_at_first_was_not_sent(plant, emulator):
    row = plant.make(POLICY)
    body = {"error_code": "IOTDA.000006", "error_msg": "no"}
    emulator.faults([{"match": {"method": "GET"}, "fault": "answer", "status": 400, "body": body}])
    operation = plant.perform(POLICY, "update", target=row)
    emulator.faults([])
    assert (operation.state, operation.sent_at) == ("rejected", None)

    text = text_of(plant.browser().get(url(operation)))

    assert "The platform refused a read that the portal makes before sending. Nothing was sent." in text
    assert "no longer exists on the platform" not in text


def test_a_page_says_once_when_a_paused_connection_may_be_tried(plant, emulator):
    emulator.faults([{"fault": "answer", "status": 503, "body": "{}"}])
    for name in "abcdef":
        operation = plant.perform(POLICY, data={**EXAMPLES[POLICY].create, "policy_name": name})
    emulator.faults([])
    assert (operation.state, operation.cause) == ("not_sent", "paused")
    browser, condition = plant.browser(), Condition.objects.get()
    first = text_of(browser.get(url(operation)))
    Condition.objects.update(try_at=condition.try_at + timedelta(seconds=60))
    longer = text_of(browser.get(url(operation)))
    Condition.objects.update(probe_until=timezone.now() + timedelta(seconds=60))
    probed = text_of(browser.get(url(operation)))
    Condition.objects.update(paused_at=None, try_at=None, probe_until=None)
    over = text_of(browser.get(url(operation)))

    until, later = clock(condition.try_at), clock(condition.try_at + timedelta(seconds=60))
    assert first.count(until) == 1
    assert first.count("Nothing was sent.") == 1
    assert "accepts calls again" not in first
    assert f"The connection accepts calls again from {later}." in longer
    assert "The portal is testing" in probed
    assert "The connection accepts calls again. You can try now." in over


def test_a_page_says_when_a_throttled_connection_may_be_tried(plant, emulator):
    body = {"error_code": "IOTDA.021101", "error_msg": "busy"}
    fault = {"fault": "answer", "status": 429, "headers": {"Retry-After": "120"}, "body": body}
    emulator.faults([{"match": match(POLICY, "create"), **fault}])
    operations = [plant.perform(POLICY), plant.perform(POLICY, key="second")]
    emulator.faults([])
    browser, until = plant.browser(), clock(Condition.objects.get().wait_until)

    # The second never left the portal: its attempt says why, and so does its message.
    for operation, times in zip(operations, (1, 2), strict=True):
        assert (operation.state, operation.cause) == ("not_sent", "throttled")
        assert text_of(browser.get(url(operation))).count(until) == times


def test_the_record_of_an_operation_says_what_was_asked_and_why_not(plant, emulator):
    operation = in_doubt(plant, emulator, POLICY)
    plant.browser(Role.VIEWER).post(url(operation, "look-again"))
    plant.browser(Role.AUDITOR).post(url(operation, "decide"), {"decision": "ours"})
    plant.browser().post(url(operation, "look-again"))

    text = text_of(plant.browser(Role.OWNER).get(url(operation)))

    record = text.rpartition(" Audit log ")[2]
    denials = Entry.objects.filter(stage="denied").order_by("seq")
    assert "asked Create device policy · operator-plant@example.test 2" in record
    for entry, what in zip(denials, ("Check again", "Decide whether it happened"), strict=True):
        assert f"denied {what} · {entry.actor} {entry.text} 2" in record
    assert re.search(r"in doubt [A-Z][^·]*· operator-plant@example.test", record)
    assert not re.search(r"denied denied|asked asked|outcome|note ", record)


def test_a_call_that_the_portal_did_not_survive_has_no_known_answer(plant, emulator, monkeypatch):
    def dies(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(service, "conclude", dies)
    with pytest.raises(KeyboardInterrupt):
        plant.perform(POLICY)
    operation = Operation.objects.get()
    running = text_of(plant.browser().get(url(operation)))
    Operation.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    settling.sweep()

    swept = text_of(plant.browser().get(url(operation)))

    assert "waiting for the answer" in running
    assert "no known answer" in swept
    assert "The portal stopped while this was being sent" in swept


def test_a_conflict_shows_what_had_changed(plant, emulator):
    text = text_of(plant.browser().get(url(conflict(plant, emulator))))

    assert "What changed after the form was opened" in text
    assert text.count("Nothing was sent.") == 1
    assert "policy_name before allow-hello" in text
    assert "statement" not in text.partition("What changed after")[2].partition("Audit log")[0]


def test_a_watched_operation_says_until_when(plant, emulator, settings):
    operation = absent(plant, emulator, settings)

    text = text_of(plant.browser().get(url(operation)))

    assert f"keeps checking until {operation.watch_until:%Y-%m-%d}" in text


def test_a_viewer_sees_that_something_was_looked_at_and_not_what(plant, emulator):
    operation = for_a_human(plant, emulator, committed=True)

    seen = {role: plant.browser(role).get(url(operation)).content.decode() for role in Role}

    for role, page in seen.items():
        assert "A new object has that name" in page
        shown = role != Role.VIEWER
        assert ("parent_id" in page) is shown
        assert ("ef3845be-091a-4ab5-869a-9de0025e2165" in page) is shown


# What other pages say of them


def test_the_overview_counts_what_waits_and_the_menu_calls_for_a_human(plant, emulator):
    in_doubt(plant, emulator, DEVICE)
    for_a_human(plant, emulator, committed=True)
    emulator.faults([{"match": {"method": "GET", "path": "/v5/"}, "fault": "answer", "status": 503}])
    for _read in range(2):  # each tries a few times; five failures in a row are a pause
        plant.browser().get(f"/{POLICY}/")

    page = plant.browser(Role.VIEWER).get("/").content.decode()

    counts = dict(re.findall(r'data-count="(\w+)" href="[^"]*"><span class="tile-number">(\d+)<', page))
    assert counts == {"needs_human": "1", "in_doubt": "1", "running": "0", "paused": "1"}
    assert '<span class="visually-hidden">1 needs a human</span>' in page


def test_what_the_portal_found_out_by_itself_is_not_said_to_be_somebodys(plant, emulator):
    operation = in_doubt(plant, emulator, DEVICE, committed=True)
    settling.settle_due()
    found = Entry.objects.get(outcome="found")
    asker, finder = operation.actor.email, f"the portal, for {operation.actor.email}"

    page = text_of(plant.browser().get(url(operation))).rpartition("Audit log")[2]
    audit = plant.browser(Role.AUDITOR)

    assert (page.count(finder), page.count(asker)) == (1, 3)
    assert finder in text_of(audit.get("/audit/"))
    assert finder in text_of(audit.get(f"/audit/{found.seq}/"))
