"""The buttons on pages of operations: who sees which, and what a press does.

Would catch: a button for a person or a state that it does not fit, a press that sends twice, a cancelled
change that is sent, a retry whose data is no longer complete.
"""

import re
import uuid

import pytest

from portal.operations.models import Operation, State
from portal.record.models import Entry
from portal.teams.models import Membership, Role, User
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
    on_its_way,
    refused_delete,
    rejected,
    text_of,
    url,
)
from tests.support.plant import creates_received, make_plant, received

pytestmark = pytest.mark.anywhere

BUTTONS = {
    "cancel": "Cancel before",
    "look": "Check again",
    "decide": 'id="decide"',
    "again": "</svg>Try again",
}
# Typed by hand: which buttons a role has in a state. Operators, managers and owners change, owners decide.
CHANGER = {
    "in_doubt": {"look"},
    "needs_human": {"look"},
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
        is_closed = "until this is resolved; a retry could create a duplicate" in page
        assert is_closed == ("look" in expected), role
        if state == "needs_human" and role != Role.OWNER:
            assert "A team owner decides" in page
            assert "Required role: Owner." in page


def test_the_form_of_a_change_is_that_of_its_object(plant, emulator):
    operation = conflict(plant, emulator)

    page = plant.browser().get(url(operation)).content.decode()

    assert f'href="/{POLICY}/{operation.target.pk}/update/?from={operation.pk}"' in page
    assert operation.data["policy_name"] == EXAMPLES[POLICY].update["policy_name"]


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


@pytest.mark.parametrize("again", ["rejected", "in_doubt", "done"])
def test_what_was_asked_for_again_leads_there_and_offers_nothing(plant, emulator, again):
    first, browser = rejected(plant, emulator), plant.browser()
    faults = {
        "rejected": {"fault": "answer", "status": 400, "body": {"error_code": "IOTDA.000006"}},
        "in_doubt": {"fault": "timeout_after_commit", "seconds": 0.1},
    }
    emulator.faults([{"match": match(POLICY, "create"), **faults[again]}] if again in faults else [])

    browser.post(url(first, "requeue"), {"operation_key": "k-1"})

    second = first.followers.get()
    page = browser.get(url(first)).content.decode()
    assert second.state == again
    assert re.search(rf'Requested again:.*<a id="repeat" href="{url(second)}"', page)
    assert "/requeue/" not in page
    assert "?from=" not in page


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

    assert "The request was incomplete" in text_of(answer)
    assert Operation.objects.count() == 1


def test_what_held_a_secret_is_not_tried_again_but_typed_again(plant, emulator):
    tags = {"password": "hunter2-secret"}
    operation = rejected(plant, emulator, DEVICE, {**EXAMPLES[DEVICE].create, "device_tags": tags})

    page = plant.browser().get(url(operation))
    answer = plant.browser().post(url(operation, "requeue"), {"operation_key": "k-1"}, follow=True)

    assert "it contained a secret" in text_of(page)
    assert b"/requeue/" not in page.content
    assert "This cannot be requested again" in text_of(answer)
    assert Operation.objects.count() == 1


def test_what_is_about_a_gone_object_is_not_tried_again(plant, emulator):
    row = plant.make(BUS)
    emulator.faults([{"match": match(BUS, "sync"), "fault": "answer", "status": 400, "body": "{}"}])
    operation = plant.perform(BUS, "sync", target=row)
    emulator.faults([])
    plant.perform(BUS, "delete", target=row)

    page = plant.browser().get(url(operation))

    assert "the object no longer exists" in text_of(page)
    assert b"/requeue/" not in page.content


def test_an_absent_one_asks_before_it_is_sent_again(plant, emulator, settings):
    page = plant.browser().get(url(absent(plant, emulator, settings))).content.decode()

    assert 'data-confirm="The platform may still carry out the first request late' in page


@pytest.mark.parametrize("role", [Role.VIEWER, Role.AUDITOR])
def test_only_who_may_create_tries_again(plant, emulator, role):
    operation = rejected(plant, emulator)

    answer = plant.browser(role).post(url(operation, "requeue"), {"operation_key": str(uuid.uuid4())})

    assert answer.status_code == 403
    assert Operation.objects.count() == 1
    assert Entry.objects.order_by("-seq").first().stage == "denied"


def test_what_another_person_asked_for_is_tried_again_only_by_who_may_read_it(plant, emulator):
    operation = rejected(plant, emulator)
    other = User.objects.create(email="second-operator@example.test")
    Membership.objects.create(team=plant.team, user=other, role=Role.OPERATOR)
    browser = plant.browser()
    browser.force_login(other)

    page = browser.get(url(operation))

    assert b"/requeue/" not in page.content
    assert f'href="/{POLICY}/new/"' in page.content.decode()
    text = text_of(page)
    assert "Open the form " in text
    assert "Edit and resend" not in text
    assert "Only the person who requested it and readers of the whole audit log" in text
    assert b"/requeue/" in plant.browser(Role.MANAGER).get(url(operation)).content


@pytest.mark.parametrize("slug", [POLICY, BUS])
def test_a_delete_is_tried_again_on_the_page_that_asks(plant, emulator, slug):
    operation = refused_delete(plant, emulator, slug)
    browser, form = plant.browser(Role.MANAGER), f"/{slug}/{operation.target.pk}/delete/?from={operation.pk}"
    page = browser.get(url(operation)).content.decode()
    assert re.search(rf'href="{re.escape(form)}">.*Try again</a>', page)
    assert "/requeue/" not in page

    answer = browser.post(url(operation, "requeue"), {"operation_key": "k-1"}, follow=True)

    assert answer.redirect_chain == [(form, 302)]
    assert "Nothing was sent yet" in text_of(answer)
    assert "This cannot be undone." in text_of(answer)
    assert len(received(emulator, slug, "delete")) == 1
    assert Operation.objects.filter(verb_name="delete").get() == operation


def test_a_delete_is_not_tried_again_by_who_may_not_delete(plant, emulator):
    operation = refused_delete(plant, emulator)

    answer = plant.browser().post(url(operation, "requeue"), {"operation_key": "k-1"})

    assert b"delete/?from=" not in plant.browser().get(url(operation)).content
    assert answer.status_code == 403
    assert Entry.objects.order_by("-seq").first().stage == "denied"


def test_what_is_deleted_meanwhile_is_not_deleted_again(plant, emulator):
    operation = refused_delete(plant, emulator)
    plant.perform(POLICY, "delete", target=operation.target)
    browser = plant.browser(Role.MANAGER)

    answer = browser.post(url(operation, "requeue"), {"operation_key": "k-1"}, follow=True)

    assert answer.redirect_chain == [(url(operation), 302)]
    assert "This cannot be requested again." in text_of(answer)
    assert "the object no longer exists" in text_of(answer)
    assert len(received(emulator, POLICY, "delete")) == 2


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
