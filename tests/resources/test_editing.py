"""Pickers and JSON fields: searching, adding rows, and the two sides of one field.

Would catch: a search that judges or loses input, an unreadable list that blocks the form, a silent choice
between the editor and its JSON.
"""

import json
import re

import pytest

from portal.operations.models import Operation
from tests.examples import EXAMPLES
from tests.resources.forms import HTMX, filled, new, opened, read, script, send, sendable, typed
from tests.support.account import ROMA_APP
from tests.support.plant import creates_received

pytestmark = pytest.mark.anywhere

BUS, POLICY, GROUP, DEVICE = "iotda/soft-buses", "iotda/policies", "roma/device-groups", "enos/devices"
BOTH_WAYS = pytest.mark.parametrize("headers", [{}, HTMX], ids=["plain", "htmx"])


TOUCHES = [
    (BUS, {"touch": "group_id", "group_id_search": "Demo", "bus_name": "half typ ed"}),
    (BUS, {"touch": "app_id", "bus_name": "half typ ed", "app_id": "secondSpace0000000000000000"}),
    (POLICY, {"touch": "statement:add", "policy_name": "not. valid"}),
    (GROUP, {"touch": "parent_id", "parent_id_search": "root", "name": "x", "description": "d" * 300}),
    (DEVICE, {"touch": "timezone", "timezone_search": "berlin", "device_key": "k", "device_name": "{broken"}),
    (DEVICE, {"touch": "product_key", "product_key_search": "", "device_desc": "half"}),
]


@BOTH_WAYS
@pytest.mark.parametrize(
    ("slug", "changes"), TOUCHES, ids=[f"{slug}-{each['touch']}" for slug, each in TOUCHES]
)
def test_searching_a_picker_neither_judges_nor_loses_what_was_typed(plant, emulator, slug, changes, headers):
    browser = plant.browser()
    data = filled(browser, slug)
    for name, value in changes.items():
        data[name] = value

    response = send(browser, slug, data, **headers)

    assert response.status_code == 200
    page = read(response)
    assert page.errors == {}
    for name, value in changes.items():
        if name != "touch":
            assert page.fields[name] == [value], name
    assert page.fields["operation_key"] == [data["operation_key"]]
    assert creates_received(emulator, slug) == []
    assert not Operation.objects.exists()


def options(response, name):
    select = re.search(rf'<select[^>]*name="{name}".*?</select>', response.content.decode(), re.DOTALL)[0]
    return re.findall(r'<option value="([^"]*)"', select)


def search(plant, slug, name, text, **changes):
    browser = plant.browser()
    data = opened(browser, slug)
    for field, value in {**changes, f"{name}_search": text, "touch": name}.items():
        data[field] = value
    return options(send(browser, slug, data), name)


@pytest.fixture
def groups(plant):
    """Two more IoTDA groups beside the demo account's DemoGroup."""
    ids = [
        plant.perform("iotda/device-groups", data={"name": name}).object_id
        for name in ("north-pumps", "south-pumps")
    ]
    return ["04ed32dc1b0025b52fe3c01a27c2b0a8", *ids]


@pytest.mark.parametrize(
    ("text", "found"), [("pumps", {1, 2}), ("north", {1}), ("Demo", {0}), ("", {0, 1, 2}), ("zzz", set())]
)
def test_device_groups_are_found_by_a_part_of_their_name(plant, groups, text, found):
    shown = set(search(plant, BUS, "group_id", text)) - {""}

    assert shown == {groups[number] for number in found}


def test_products_are_found_by_a_part_of_their_name(plant):
    assert search(plant, DEVICE, "product_key", "Demo pro") == ["prodKey1"]
    # What was chosen before stays among the choices.
    assert search(plant, DEVICE, "product_key", "zzz", product_key="prodKey1") == ["prodKey1"]


def test_time_zones_are_found_by_offset_and_by_name(plant):
    assert "Europe/Berlin" in search(plant, DEVICE, "timezone", "berlin")
    assert "America/New_York" in search(plant, DEVICE, "timezone", "new york")
    assert "-05:30" in search(plant, DEVICE, "timezone", "-05:30")


def test_parents_are_those_of_the_chosen_application(plant):
    plant.perform(GROUP)

    shown = search(plant, GROUP, "parent_id", "line", app_id=ROMA_APP, parent_id="")

    assert len([value for value in shown if value]) == 1


@pytest.mark.parametrize(
    ("slug", "field", "gone"), [(BUS, "group_id", "/device-group"), (GROUP, "parent_id", "/device-groups")]
)
def test_a_picker_that_cannot_be_read_says_so_and_takes_a_typed_id(plant, emulator, slug, field, gone):
    rule = {"match": {"method": "GET", "path": f"{gone}$"}, "fault": "answer", "status": 503, "body": ""}
    emulator.faults([rule])
    browser = plant.browser()

    page = browser.get(new(slug)).content.decode()

    assert 'class="field-problem"' in page
    assert re.search(rf'<input type="text" name="{field}"', page)
    emulator.faults([])
    assert send(browser, slug, script(slug, plant)).status_code == 302


# Both sides of a JSON field.

ADDED = json.dumps(
    [{"effect": "DENY", "actions": ["iotda:devices:publish"], "resources": ["topic:from-json"]}]
)


def test_what_is_typed_into_the_editor_is_sent(plant, emulator):
    browser = plant.browser()
    data = opened(browser, POLICY)
    data["policy_name"] = "by-editor"
    data["statement-0-effect"] = "DENY"
    data.setlist("statement-0-actions", ["iotda:devices:subscribe"])
    data["statement-0-resources"] = "topic:/one\r\ntopic:/two\r\n"

    assert send(browser, POLICY, data).status_code == 302

    (received,) = creates_received(emulator, POLICY)
    assert json.loads(received["body"])["statement"] == [
        {"effect": "DENY", "actions": ["iotda:devices:subscribe"], "resources": ["topic:/one", "topic:/two"]}
    ]


def test_the_same_change_on_both_sides_is_no_conflict(plant, emulator):
    browser = plant.browser()
    data = opened(browser, POLICY)
    data["policy_name"] = "both-the-same"
    data["statement"] = ADDED
    data["statement-0-effect"] = "DENY"
    data.setlist("statement-0-actions", ["iotda:devices:publish"])
    data["statement-0-resources"] = "topic:from-json"

    assert send(browser, POLICY, data).status_code == 302


@BOTH_WAYS
def test_different_changes_on_both_sides_are_named_and_both_kept(plant, emulator, headers):
    browser = plant.browser()
    data = opened(browser, POLICY)
    data["policy_name"] = "both-sides"
    data["statement"] = ADDED
    data["statement-0-resources"] = "topic:from-editor"
    data.setlist("statement-0-actions", ["iotda:devices:publish"])

    response = send(browser, POLICY, data, **headers)

    assert response.status_code == 422
    page = read(response)
    assert "changed both the form and the JSON" in page.errors["statement"]
    typed(page, data)
    for name in ("statement-0-effect", "statement-0-resources", "statement-0-actions", "statement_was"):
        assert page.fields[name] == data.getlist(name)
    assert creates_received(emulator, POLICY) == []
    # Pressing again without undoing one side does not pick one silently.
    assert send(browser, POLICY, sendable(page.fields), **headers).status_code == 422
    # With the JSON undone, the editor counts.
    undone = sendable(page.fields)
    undone["statement"] = undone["statement_was"]
    assert send(browser, POLICY, undone).status_code == 302
    (received,) = creates_received(emulator, POLICY)
    assert "topic:from-editor" in received["body"]


def test_a_touch_elsewhere_keeps_both_changed_sides_too(plant):
    browser = plant.browser()
    data = opened(browser, DEVICE)
    data["device_name"] = '{"defaultValue": "from JSON"}'
    data["device_name-default"] = "from the editor"
    data["touch"] = "timezone"

    page = read(send(browser, DEVICE, data))

    assert page.fields["device_name"] == ['{"defaultValue": "from JSON"}']
    assert page.fields["device_name-default"] == ["from the editor"]


def test_broken_json_is_named_and_kept(plant, emulator):
    browser = plant.browser()
    data = filled(browser, POLICY, statement='[{"effect": "ALLOW",')

    response = send(browser, POLICY, data)

    assert response.status_code == 422
    page = read(response)
    assert "not valid JSON" in page.errors["statement"]
    assert page.fields["statement"] == ['[{"effect": "ALLOW",']
    assert creates_received(emulator, POLICY) == []


def test_statements_are_added_and_removed_without_javascript(plant):
    browser = plant.browser()
    data = filled(browser, POLICY)
    data["touch"] = "statement:add"
    two = sendable(read(send(browser, POLICY, data)).fields)
    assert two["statement-count"] == "2"
    assert two["statement-0-resources"] == "topic:/v1/${devices.deviceId}/test/hello"
    two["touch"] = "statement:remove:1"

    one = read(send(browser, POLICY, two)).fields

    assert one["statement-count"] == ["1"]
    assert json.loads(one["statement"][0]) == EXAMPLES[POLICY].create["statement"]


def test_the_name_of_a_device_in_four_languages_comes_from_the_editor(plant, emulator):
    browser = plant.browser()
    data = opened(browser, DEVICE)
    for locale, text in {
        "default": "Pump",
        "zh_CN": "泵",
        "en_US": "Pump",
        "ja_JP": "ポンプ",
        "es_ES": "Bomba",
    }.items():
        data[f"device_name-{locale}"] = text
    data["device_attributes-serial"] = "42"
    data["device_tags-0-key"], data["device_tags-0-value"] = "site", "north"

    assert send(browser, DEVICE, data).status_code == 302

    body = json.loads(creates_received(emulator, DEVICE)[0]["body"])
    names = {"zh_CN": "泵", "en_US": "Pump", "ja_JP": "ポンプ", "es_ES": "Bomba"}
    assert body["deviceName"] == {"defaultValue": "Pump", "i18nValue": names}
    assert body["deviceAttributes"] == {"serial": 42}
    assert body["deviceTags"] == {"site": "north"}


def test_each_opened_device_form_brings_a_key_of_its_own(plant):
    browser = plant.browser()

    first, second = opened(browser, DEVICE)["device_key"], opened(browser, DEVICE)["device_key"]

    assert first != second
    assert re.fullmatch(r"[A-Za-z0-9_.-]{4,64}", first)


def test_a_script_that_knows_no_editor_posts_json_alone(plant, emulator):
    assert send(plant.browser(), POLICY, script(POLICY, plant)).status_code == 302

    body = json.loads(creates_received(emulator, POLICY)[0]["body"])
    assert body == {"policy_name": "allow-hello", "statement": EXAMPLES[POLICY].create["statement"]}
