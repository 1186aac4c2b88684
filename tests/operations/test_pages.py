"""The pages of operations, asked for as a browser does: what they show in each state, and their buttons.

Would catch: a button for somebody who may not press it or in a state it does not fit, a press that sends
twice, a page that asks for ever or never again, evidence shown to somebody whose role hides it.
"""

import re
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from django.db import connections
from django.utils import timezone

from portal.connections.models import Condition
from portal.operations import service, settling
from portal.operations.models import Operation, State
from portal.record.models import Entry
from portal.teams.models import Role
from tests.operations.changes import match, received
from tests.operations.test_evidence import in_doubt
from tests.operations.test_people import for_a_human
from tests.support.plant import CREATES, UPDATES, creates_received, make_plant

HTMX = {"HTTP_HX_REQUEST": "true"}
POLICY, BUS, GROUP, DEVICE = "iotda/policies", "iotda/soft-buses", "roma/device-groups", "enos/devices"


def url(operation, what=""):
    return f"/operations/{operation.pk}/{what}{'/' if what else ''}"


def text_of(response):
    """What people read on a page, in one line."""
    text = re.sub(r"<[^>]*>", " ", response.content.decode())
    return re.sub(r"\s+", " ", text.replace("&#x27;", "'"))


def rejected(plant, emulator, slug=POLICY, data=None):
    body = {"error_code": "IOTDA.000006", "error_msg": "no", "request_id": "r-77"}
    emulator.faults([{"match": match(slug, "create"), "fault": "answer", "status": 400, "body": body}])
    operation = plant.perform(slug, data=data)
    emulator.faults([])
    assert operation.state == State.REJECTED
    return operation


def not_sent(plant, emulator):
    """The platform could not be reached."""
    connection = plant.connections["iotda"]
    endpoint, connection.endpoint = connection.endpoint, "http://127.0.0.1:9"
    connection.save()
    operation = plant.perform(POLICY)
    connection.endpoint = endpoint
    connection.save()
    Condition.objects.all().delete()
    assert (operation.state, operation.cause) == (State.NOT_SENT, "unreachable")
    return operation


def conflict(plant, emulator):
    row = plant.make(POLICY)
    expected = {"policy_name": "before", "statement": row.statement}
    operation = plant.perform(POLICY, "update", target=row, expected=expected)
    assert (operation.state, operation.cause) == (State.NOT_SENT, "conflict")
    return operation


def absent(plant, emulator, settings, data=None):
    operation = in_doubt(plant, emulator, DEVICE, data)
    settings.SETTLE_SECONDS = 0
    for _look in range(3):
        settling.look_again(operation, actor=operation.actor)
    operation.refresh_from_db()
    assert operation.state == State.ABSENT
    return operation


@contextmanager
def on_its_way(plant, emulator, picked):
    """An operation whose process waits for the platform, and what lets it go on and returns it at its end.

    Needs real commits.
    """
    emulator.faults([{"match": picked, "fault": "latency", "seconds": 18}])
    before = len(emulator.requests())

    def perform():
        try:
            return plant.perform(POLICY)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(perform)

        def release():
            emulator.faults([])
            return running.result()

        try:
            while len(emulator.requests()) == before and not running.done():
                pass
            yield Operation.objects.get(), release
        finally:
            release()


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
        ("needs_human", "Nothing waits for a human"),
        ("cancelled", "No operation in this state"),
        ("", "Nothing was asked yet"),
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


def test_the_list_asks_again_at_its_own_address(plant, emulator):
    in_doubt(plant, emulator, DEVICE)

    piece = plant.browser().get("/operations/?state=in_doubt&seen=something-else", **HTMX).content.decode()

    assert 'hx-get="/operations/?state=in_doubt" hx-vals' in piece


def test_the_list_costs_the_same_for_any_number_of_rows(plant, emulator, django_assert_max_num_queries):
    browser = plant.browser()
    for name in ("a", "b", "c", "d"):
        plant.perform(POLICY, data={**CREATES[POLICY], "policy_name": name})

    with django_assert_max_num_queries(8):
        assert browser.get("/operations/").status_code == 200


# One operation


def test_the_life_of_an_operation_that_was_found(plant, emulator):
    operation = in_doubt(plant, emulator, DEVICE, committed=True)
    open_ = text_of(plant.browser().get(url(operation)))
    settling.settle_due()

    text = text_of(plant.browser().get(url(operation)))

    assert "The portal looks again by itself" in open_
    life = [
        "Asked operator-plant@example.test 2",
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


def test_a_call_that_the_portal_did_not_survive_has_no_known_answer(plant, emulator, monkeypatch):
    def dies(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(service, "conclude", dies)
    with pytest.raises(KeyboardInterrupt):
        plant.perform(POLICY)
    operation = Operation.objects.get()
    running = text_of(plant.browser().get(url(operation)))
    Operation.objects.update(lease_until=timezone.now() - timezone.timedelta(seconds=1))
    settling.sweep()

    swept = text_of(plant.browser().get(url(operation)))

    assert "waiting for the answer" in running
    assert "no answer known" in swept
    assert "The portal stopped while this was being sent" in swept


def test_a_conflict_shows_what_had_changed(plant, emulator):
    text = text_of(plant.browser().get(url(conflict(plant, emulator))))

    assert "What had changed since the form was opened" in text
    assert "policy_name before allow-hello" in text
    assert "statement" not in text.partition("What had changed")[2].partition("Record")[0]


def test_a_watched_operation_says_until_when(plant, emulator, settings):
    operation = absent(plant, emulator, settings)

    text = text_of(plant.browser().get(url(operation)))

    assert f"goes on watching until {operation.watch_until:%Y-%m-%d}" in text


def test_a_viewer_sees_that_something_was_looked_at_and_not_what(plant, emulator):
    operation = for_a_human(plant, emulator, committed=True)

    seen = {role: plant.browser(role).get(url(operation)).content.decode() for role in Role}

    for role, page in seen.items():
        assert "Something new has that name" in page
        shown = role != Role.VIEWER
        assert ("parent_id" in page) is shown
        assert ("ef3845be-091a-4ab5-869a-9de0025e2165" in page) is shown


BUTTONS = {"cancel": "Cancel before", "look": "Look again", "decide": 'id="decide"', "again": "Try again"}
# Typed by hand: which buttons a role has in a state. Operators, managers and owners change, owners decide.
CHANGER = {
    "in_doubt": {"look", "form"},
    "needs_human": {"look", "form"},
    "rejected": {"again", "form"},
    "not_sent": {"again", "form"},
    "absent": {"again", "form"},
    "conflict": {"form"},
    "done": set(),
}


@pytest.mark.parametrize("state", CHANGER)
def test_buttons_by_state_and_role(plant, emulator, settings, state):
    makers = {
        "in_doubt": lambda: in_doubt(plant, emulator, DEVICE),
        "needs_human": lambda: for_a_human(plant, emulator, committed=True),
        "rejected": lambda: rejected(plant, emulator),
        "not_sent": lambda: not_sent(plant, emulator),
        "absent": lambda: absent(plant, emulator, settings),
        "conflict": lambda: conflict(plant, emulator),
        "done": lambda: plant.perform(POLICY),
    }
    operation = makers[state]()

    for role in Role:
        page = plant.browser(role).get(url(operation)).content.decode()
        shown = {name for name, mark in BUTTONS.items() if mark in page}
        shown |= {"form"} if f"?from={operation.pk}" in page else set()
        expected = CHANGER[state] if role in (Role.OPERATOR, Role.MANAGER, Role.OWNER) else set()
        expected = expected | ({"decide"} if (role, state) == (Role.OWNER, "needs_human") else set())
        assert shown == expected, role
        if state == "needs_human" and role != Role.OWNER:
            assert "An owner of the team decides" in page
            assert "It takes: Owner." in page


def test_the_form_of_a_change_is_that_of_its_object(plant, emulator):
    operation = conflict(plant, emulator)

    page = plant.browser().get(url(operation)).content.decode()

    assert f'href="/{POLICY}/{operation.target.pk}/update/?from={operation.pk}"' in page
    assert operation.data["policy_name"] == UPDATES[POLICY]["policy_name"]


# Cancel


def test_what_waits_for_the_platform_can_be_cancelled_from_the_list(committed_plant, emulator):
    plant, browser = committed_plant, committed_plant.browser()
    with on_its_way(plant, emulator, {"method": "GET", "path": "/v5/"}) as (operation, release):
        page = browser.get("/operations/?state=running")
        assert f'action="{url(operation, "cancel")}"' in page.content.decode()
        assert 'hx-trigger="every 2s"' in page.content.decode()
        assert f'action="{url(operation, "cancel")}"' in browser.get(url(operation)).content.decode()
        viewer = plant.browser(Role.VIEWER).get("/operations/?state=running").content.decode()
        assert "/cancel/" not in viewer

        answer = browser.post(url(operation, "cancel"), {"state": "running"})

        assert (answer.status_code, answer["Location"]) == (302, "/operations/?state=running")
        assert release().state == State.CANCELLED
    assert creates_received(emulator, POLICY) == []
    text = text_of(browser.get(url(operation)))
    assert "It was cancelled before it was sent." in text
    assert "operator-plant@example.test cancelled it" in text


def test_what_is_being_sent_cannot_be_cancelled(committed_plant, emulator):
    plant, browser = committed_plant, committed_plant.browser()
    with on_its_way(plant, emulator, match(POLICY, "create")) as (operation, release):
        while not creates_received(emulator, POLICY):
            pass
        assert "waiting for the answer" in text_of(browser.get(url(operation)))
        assert "/cancel/" not in browser.get("/operations/").content.decode()

        answer = browser.post(url(operation, "cancel"), follow=True)

        assert "too late to cancel" in text_of(answer)
        assert release().state == State.DONE


@pytest.mark.parametrize(("what", "asked"), [("cancel", "cancel"), ("look-again", "look_again")])
def test_a_viewers_press_is_refused_and_recorded(plant, emulator, what, asked):
    operation = in_doubt(plant, emulator, DEVICE)

    answer = plant.browser(Role.VIEWER).post(url(operation, what))

    assert answer.status_code == 403
    entry = Entry.objects.order_by("-seq").first()
    assert (entry.stage, entry.actor) == ("denied", "viewer-plant@example.test")


# Try again


def test_try_again_makes_one_new_operation_that_both_pages_name(plant, emulator):
    first, browser = rejected(plant, emulator), plant.browser()
    page = browser.get(url(first)).content.decode()
    key = re.search(r'name="operation_key" value="([^"]+)"', page)[1]

    answers = [browser.post(url(first, "requeue"), {"operation_key": key}) for _press in range(2)]

    second = Operation.objects.exclude(pk=first.pk).get()
    assert {answer["Location"] for answer in answers} == {url(second)}
    assert second.state == State.DONE
    assert len(received(emulator, POLICY, "create")) == 2
    assert 'Repeated by</dt><dd><div><span class="badge' in browser.get(url(first)).content.decode()
    assert url(second) in browser.get(url(first)).content.decode()
    assert re.search(rf"Repeats</dt><dd>.*{url(first)}", browser.get(url(second)).content.decode())


def test_each_page_has_a_key_of_its_own(plant, emulator):
    first, browser = rejected(plant, emulator), plant.browser()

    keys = {
        re.search(r'name="operation_key" value="([^"]+)"', browser.get(url(first)).content.decode())[1]
        for _visit in range(2)
    }

    assert len(keys) == 2


def test_a_press_without_a_key_sends_nothing(plant, emulator):
    first = rejected(plant, emulator)

    answer = plant.browser().post(url(first, "requeue"), follow=True)

    assert "The button's form was incomplete" in text_of(answer)
    assert Operation.objects.count() == 1


def test_what_held_a_secret_is_not_tried_again_but_typed_again(plant, emulator):
    tags = {"password": "hunter2-secret"}
    operation = rejected(plant, emulator, DEVICE, {**CREATES[DEVICE], "device_tags": tags})

    page = plant.browser().get(url(operation))
    answer = plant.browser().post(url(operation, "requeue"), {"operation_key": "k-1"}, follow=True)

    assert "it held a secret" in text_of(page)
    assert b"/requeue/" not in page.content
    assert "This cannot be asked for again" in text_of(answer)
    assert Operation.objects.count() == 1


def test_what_is_about_a_gone_object_is_not_tried_again(plant, emulator):
    row = plant.make(BUS)
    emulator.faults([{"match": match(BUS, "sync"), "fault": "answer", "status": 400, "body": "{}"}])
    operation = plant.perform(BUS, "sync", target=row)
    emulator.faults([])
    plant.perform(BUS, "delete", target=row)

    page = plant.browser().get(url(operation))

    assert "the object it was about is gone" in text_of(page)
    assert b"/requeue/" not in page.content


def test_an_absent_one_asks_before_it_is_sent_again(plant, emulator, settings):
    page = plant.browser().get(url(absent(plant, emulator, settings))).content.decode()

    assert 'data-confirm="The platform may still carry out the first one late' in page


@pytest.mark.parametrize("role", [Role.VIEWER, Role.AUDITOR])
def test_only_who_may_create_tries_again(plant, emulator, role):
    operation = rejected(plant, emulator)

    answer = plant.browser(role).post(url(operation, "requeue"), {"operation_key": str(uuid.uuid4())})

    assert answer.status_code == 403
    assert Operation.objects.count() == 1
    assert Entry.objects.order_by("-seq").first().stage == "denied"


# Doors


@pytest.mark.parametrize("what", ["cancel", "requeue", "decide", "look-again", "secrets"])
def test_operations_of_another_team_do_not_exist(plant, emulator, what):
    operation = for_a_human(plant, emulator, committed=True)
    stranger = make_plant(emulator.url, name="Harbour").browser(Role.OWNER)

    answer = stranger.post(
        url(operation, what), {"operation_key": "k", "decision": "not_ours", "reason": "x"}
    )

    assert answer.status_code == 404
    assert Operation.objects.get().state == State.NEEDS_HUMAN


@pytest.mark.parametrize("what", ["cancel", "requeue", "look-again", "secrets"])
def test_buttons_are_pressed_not_visited(plant, emulator, what):
    operation = in_doubt(plant, emulator, DEVICE)

    assert plant.browser().get(url(operation, what)).status_code == 405


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
