"""Enable and disable: the codes that mean "it is so already" are successes that say so, and nothing else is.

Would catch: a refusal for what a person wanted and has; a success where the device was not found, or where
the platform's word and its object differ.
"""

import pytest

from portal.kinds.registry import KINDS
from portal.operations.models import Operation, State
from portal.record.models import Entry
from portal.teams.models import Role
from tests.examples import match
from tests.operations.endings import text_of
from tests.resources.forms import changing, post, script
from tests.support.plant import evidence_of

pytestmark = pytest.mark.anywhere  # what it does with the database, tests/operations does too


DEVICE = "enos/devices"


@pytest.fixture
def row(plant):
    return plant.make(DEVICE)


def pressed(plant, row, verb):
    """(the text of the page that follows, the operation)"""
    browser = plant.browser(Role.OWNER)
    response = post(browser, changing(row, verb), script(DEVICE, plant, verb))
    page = text_of(browser.get(response["Location"]))
    return page, Operation.objects.filter(verb_name=verb).latest("created_at")


def answered(emulator, verb, code, message):
    body = {"code": code, "msg": message, "requestId": "r-1", "data": None}
    emulator.faults([{"match": match(DEVICE, verb), "fault": "answer", "status": 200, "body": body}])


def test_a_device_is_disabled_and_enabled_again(plant, row):
    page, _operation = pressed(plant, row, "disable")
    assert "was disabled." in page
    assert plant.seen(DEVICE, row)["status"] == "disabled"
    row.refresh_from_db()
    assert row.status == "disabled"

    page, _operation = pressed(plant, row, "enable")
    assert "was enabled." in page
    assert plant.seen(DEVICE, row)["status"] == "inactive"


@pytest.mark.parametrize(("verb", "code"), [("enable", "11721"), ("disable", "11723")])
def test_what_is_so_already_is_a_success_that_says_so(plant, row, verb, code):
    if verb == "disable":
        plant.perform(DEVICE, "disable", target=row)

    page, operation = pressed(plant, row, verb)

    assert "was like that already, so there was nothing left to do." in page
    assert f"was {verb}d." not in page
    assert (operation.state, operation.platform_code) == (State.DONE, code)
    entry = Entry.objects.order_by("-seq").first()
    assert (entry.outcome, entry.platform_code) == ("done", code)
    assert "was like that already" in entry.text


@pytest.mark.parametrize("message", ["Device is online", "device is Offline.", "Device is inactive"])
def test_each_printed_message_means_enabled_already(plant, row, emulator, message):
    answered(emulator, "enable", 11721, message)

    _page, operation = pressed(plant, row, "enable")

    assert operation.state == State.DONE


@pytest.mark.parametrize(
    ("verb", "code", "message"),
    [
        ("enable", 11721, "Device not found"),
        ("enable", 11721, "Device is in trouble"),
        ("enable", 11721, ""),
        ("enable", 11794, "Device is online"),
        ("enable", 11723, "Device is disabled"),
        ("disable", 11723, "Device not found"),
    ],
)
def test_what_cannot_be_told_apart_stays_a_refusal(plant, row, emulator, verb, code, message):
    if verb == "disable":
        plant.perform(DEVICE, "disable", target=row)
    answered(emulator, verb, code, message)

    page, operation = pressed(plant, row, verb)

    assert operation.state == State.REJECTED
    assert "The platform refused this. Nothing was changed." in page
    assert str(code) in page


def test_already_so_counts_only_if_the_device_shows_it(plant, row, emulator):
    answered(emulator, "disable", 11723, "Device is disabled")

    _page, operation = pressed(plant, row, "disable")

    assert operation.state == State.REJECTED
    assert plant.seen(DEVICE, row)["status"] == "inactive"


def test_a_lost_answer_is_found_by_any_status_but_disabled():
    evidence = evidence_of(KINDS[DEVICE], "enable")
    shown = ["inactive", "online", "offline", "mirror", "something new", "disabled", "disable", "", None]
    assert [evidence.shows({}, {"status": each}) for each in shown] == [True] * 5 + [False] * 4
    assert not evidence.shows({}, None)


def test_its_page_says_when_it_was_online(plant, row, emulator):
    times = {"activeTime": 1700000000000, "lastOnlineTime": 1700000060000, "lastOfflineTime": 1700000120000}
    words = {
        "modelId": "pumpModel",
        "productType": "Gateway",
        "firmwareVersion": "1.2-b7",
        "status": "offline",
    }
    data = {"assetId": row.remote_id, "deviceName": {"defaultValue": "Pump 1"}, **times, **words}
    body = {"code": 0, "msg": "OK", "requestId": "r", "data": data}
    emulator.faults([{"match": match(DEVICE, "get"), "fault": "answer", "status": 200, "body": body}])

    page = text_of(plant.browser().get(f"/{DEVICE}/{row.pk}/"))

    for minute in (13, 14, 15):
        assert f"2023-11-14 22:{minute}:20 UTC" in page
    for word in words.values():
        assert word in page


@pytest.mark.parametrize("role", Role)
def test_buttons_by_right(plant, row, role):
    page = plant.browser(role).get(f"/{DEVICE}/{row.pk}/").content.decode()

    offered = {verb for verb in ("enable", "disable", "replace", "delete") if changing(row, verb) in page}
    may = {
        Role.OPERATOR: {"enable"},
        Role.MANAGER: {"enable", "disable", "replace", "delete"},
        Role.OWNER: {"enable", "disable", "replace", "delete"},
    }
    assert offered == may.get(role, set())
    assert ("data-confirm" in page) is ("disable" in offered)
