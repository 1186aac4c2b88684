"""Replacing a device: the asset stays, key and secret are new, and the key that we chose proves it.

Would catch: a secret that is shown twice or stands in a table, an answer about another device taken for
ours, a create that counts as absent because its device got another key meanwhile.
"""

import re

import pytest

from portal.kinds.registry import KINDS
from portal.operations import settling
from portal.operations.models import Operation, State
from portal.teams.models import Role
from tests.examples import EXAMPLES, match
from tests.operations.dying import settle_all
from tests.operations.endings import in_doubt, lost, someone, text_of, url
from tests.operations.stored import rows_but_of
from tests.resources.forms import HTMX, changing, post, read, script, sendable
from tests.support.plant import received

pytestmark = pytest.mark.anywhere  # what it does with the database, tests/operations does too


DEVICE = "enos/devices"
KEY = EXAMPLES[DEVICE].verbs["replace"]["device_key"]


@pytest.fixture
def row(plant):
    return plant.make(DEVICE)


@pytest.fixture
def browser(plant):
    return plant.browser(Role.MANAGER)


def replacing(plant, browser, row, **changes):
    return post(browser, changing(row, "replace"), script(DEVICE, plant, "replace", **changes))


def latest():
    return Operation.objects.filter(verb_name="replace").latest("created_at")


def answered(emulator, data):
    body = {"code": 0, "msg": "OK", "requestId": "r-1", "data": data}
    emulator.faults([{"match": match(DEVICE, "replace"), "fault": "answer", "status": 200, "body": body}])


def test_each_form_offers_a_key_of_its_own(browser, row):
    keys = [read(browser.get(changing(row, "replace"))).fields for _visit in range(2)]
    first, second = (fields["device_key"][0] for fields in keys)
    assert re.fullmatch(r"dev-[a-z0-9]{16}", first)
    assert first != second
    assert "require_secret" not in keys[0]


def test_the_page_says_what_it_changes(browser, row):
    text = text_of(browser.get(changing(row, "replace")))
    assert "The asset keeps its id" in text
    assert "the old device can no longer connect" in text
    assert "4 to 64 letters, digits and ._-" in text
    assert 'href="' + changing(row, "replace") in browser.get(f"/{DEVICE}/{row.pk}/").content.decode()


@pytest.mark.parametrize("headers", [{}, HTMX], ids=["plain", "htmx"])
def test_the_offered_key_is_sent_and_the_asset_stays(plant, browser, emulator, row, headers):
    data = sendable(read(browser.get(changing(row, "replace"))).fields)

    response = post(browser, changing(row, "replace"), data, **headers)

    assert response.get("HX-Redirect" if headers else "Location") == f"/{DEVICE}/{row.pk}/"
    (call,) = received(emulator, DEVICE, "replace")
    assert call["body"] == f'{{"newDeviceKey":"{data["device_key"]}","requireSecret":false}}'
    assert f"assetId={row.remote_id}" in call["query"]
    seen = plant.seen(DEVICE, row)
    assert (seen["id"], seen["device_key"], seen["name"]) == (row.remote_id, data["device_key"], "Pump 1")
    page = text_of(browser.get(f"/{DEVICE}/{row.pk}/"))
    assert "Device Pump 1 was replaced." in page.replace("\u2068", "").replace("\u2069", "")
    assert data["device_key"] in page
    row.refresh_from_db()
    assert (row.name, row.device_key) == ("Pump 1", data["device_key"])


def test_its_secret_is_shown_once_and_stands_in_no_table(plant, browser, row):
    response = replacing(plant, browser, row, require_secret="on")

    operation = latest()
    assert response["Location"] == url(operation)
    secrets = operation.open_secrets()
    assert set(secrets) == set(EXAMPLES[DEVICE].shown_once)
    written = rows_but_of(KINDS[DEVICE].model)
    assert KEY in written
    assert not [name for name, value in secrets.items() if value in written]
    pages = [browser.post(url(operation, "secrets")) for _press in range(2)]
    shown = [all(value in page.content.decode() for value in secrets.values()) for page in pages]
    assert shown == [True, False]


def test_a_lost_answer_is_found_by_the_key_and_its_secret_is_lost(plant, emulator, settings):
    settings.SETTLE_SECONDS = 0
    operation = lost(plant, emulator, DEVICE, "replace", committed=True)
    settle_all()
    operation.refresh_from_db()
    assert (operation.state, operation.secrets_lost) == (State.FOUND, True)
    assert "replace the device" in text_of(plant.browser(Role.MANAGER).get(url(operation)))


@pytest.mark.parametrize("data", [{"assetId": "another1"}, {"deviceKey": "another-key"}, None])
def test_an_answer_about_something_else_is_in_doubt(plant, emulator, row, data):
    good = {"assetId": row.remote_id, "productKey": "prodKey1", "deviceKey": KEY}
    answered(emulator, data and {**good, **data})

    operation = plant.perform(DEVICE, "replace", target=row)

    assert operation.state == State.IN_DOUBT
    assert settling.look_again(operation, actor=someone(plant, Role.MANAGER)).verdict == "missed"


@pytest.mark.parametrize(
    ("key", "code", "advice"),
    [
        ("demo-device-1", "11702", "Another device has this key."),
        ("pump-0001", "11704", "The device has this key already."),
    ],
)
def test_11702_and_11704_keep_the_form(plant, browser, row, key, code, advice):
    response = replacing(plant, browser, row, device_key=key, require_secret=None)

    assert response.status_code == 422
    text = text_of(response)
    assert code in text
    assert advice in text
    assert read(response).fields["device_key"] == [key]
    assert latest().state == State.REJECTED


@pytest.mark.parametrize("key", ["", "abc", "k" * 65, "with space"])
def test_a_key_against_the_rules_is_not_sent(plant, browser, emulator, row, key):
    response = replacing(plant, browser, row, device_key=key)

    assert response.status_code == 422
    assert "device_key" in read(response).errors
    assert received(emulator, DEVICE, "replace") == []


# A create that is in doubt, whose device got another key meanwhile


@pytest.mark.parametrize("before", [(), ("disable",), ("update",)], ids=["alone", "disabled", "edited"])
@pytest.mark.parametrize("is_deleted", [False, True], ids=["there", "deleted"])
def test_a_create_whose_device_was_replaced_since_is_found(plant, emulator, settings, before, is_deleted):
    settings.SETTLE_SECONDS = 0
    first = in_doubt(plant, emulator, DEVICE, committed=True)
    plant.refresh(DEVICE)
    row = KINDS[DEVICE].model.objects.get(device_key="pump-0001")
    for verb in (*before, "replace", *(["delete"] if is_deleted else [])):
        assert plant.perform(DEVICE, verb, target=row).state == State.DONE
        plant.browser().get(f"/{DEVICE}/{row.pk}/")  # the mirror follows

    look = settling.look_again(first, actor=someone(plant))

    first.refresh_from_db()
    assert look.verdict == "found", look.said
    assert first.state == State.FOUND
    assert [each["object"]["id"] for each in look.candidates] == [row.remote_id]
    assert look.is_gone is is_deleted
    settle_all()
    first.refresh_from_db()
    assert first.state != State.ABSENT
