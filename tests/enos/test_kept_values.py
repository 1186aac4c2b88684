"""Names, tags and attributes of a device that exists, in their editors: what nobody changed stays as it is.

Would catch: a value that changes its type, a tag or attribute that vanishes or loses its line breaks, the
last of two equal keys that wins in silence, a patch that cannot clear what it leaves out.
"""

import json

import pytest

from portal.operations.models import Operation
from tests.resources.forms import changing, filled, post, read, send, sendable
from tests.resources.shown import is_untouched, opened, press, sent, show
from tests.support.plant import creates_received, updates_received

pytestmark = pytest.mark.anywhere

DEVICE = "enos/devices"
NAMED = {"deviceName": {"defaultValue": "Pump", "i18nValue": {}}, "timezone": "+08:00"}


@pytest.fixture
def device(plant):
    return plant.make(DEVICE)


def model(**types):
    """A fault: the product's model has attributes of these types."""
    attributes = {name: {"identifier": name, "dataType": each} for name, each in types.items()}
    body = {"code": 0, "msg": "OK", "requestId": "m", "data": {"modelId": "m", "attributes": attributes}}
    match = {"path": "thing-model"}
    return {"match": match, "fault": "answer", "status": 200, "body": json.dumps(body)}


def started(plant, emulator, device, types=None, **members):
    show(emulator, DEVICE, device, *([model(**types)] if types else []), **{**NAMED, **members})
    browser = plant.browser()
    return browser, opened(browser, device)


# Attributes

TYPES = {"kind": "ENUM", "flag": "BOOL", "note": "STRING", "day": "DATE", "other": "INT", "part": "STRUCT"}
SHOWN = [
    {"kind": "1"},
    {"kind": 1},
    {"kind": "true"},
    {"kind": "null"},
    {"kind": "1e3"},
    {"kind": "01"},
    {"day": "2026"},
    {"flag": 1},
    {"flag": 0},
    {"flag": "true"},
    {"flag": "yes"},
    {"flag": True},
    {"flag": None},
    {"note": "one\ntwo"},
    {"note": "one\r\ntwo"},
    {"note": " blanks "},
    {"note": 5},
    {"note": ""},
    {"note": None},
    {"part": {"deep": [1, {"a": None, "b": 1.5}]}},
    {"part": "[1]"},
    {"gone": "not in the model any more"},
    {"gone": {"x": 1}},
]


@pytest.mark.parametrize(
    ("value", "rule"),
    [({"other": "many"}, "must be a whole number"), ({"gone": 1}, "is not an attribute of the product")],
    ids=["type", "unknown"],
)
def test_an_old_attribute_that_breaks_the_model_has_a_hint(plant, emulator, device, value, rule):
    browser, _data = started(plant, emulator, device, TYPES, deviceAttributes=value)

    said = browser.get(changing(device, "update")).content.decode().partition("stays as it is unless")[2]

    assert rule in said.partition("</div></div>")[0]


@pytest.mark.parametrize("value", SHOWN, ids=json.dumps)
def test_an_attribute_that_nobody_changed_keeps_value_and_type(plant, emulator, device, value):
    browser, data = started(plant, emulator, device, TYPES, deviceAttributes={**value, "other": 1})
    assert is_untouched(press(browser, device, data), emulator, DEVICE)
    data["device_attributes-other"] = "2"

    press(browser, device, data)

    kept = {name: each for name, each in value.items() if each is not None}
    if "part" in kept and isinstance(kept["part"], dict):
        kept["part"] = {"deep": [1, {"b": 1.5}]}  # EnOS accepts no null
    assert sent(emulator, DEVICE) == [{"deviceAttributes": {**kept, "other": 2}}]
    assert "isPatchUpdate=true" in updates_received(emulator, DEVICE)[0]["query"]


@pytest.mark.parametrize(
    ("types", "was", "typed", "now"),
    [
        ({"kind": "ENUM"}, "1", "2", "2"),
        ({"kind": "ENUM"}, 1, "2", 2),
        ({"kind": "ENUM"}, "a", "true", "true"),
        ({"kind": "STRING"}, "1", "1e3", "1e3"),
        ({"kind": "string"}, None, "42", "42"),
        ({"kind": "String"}, None, "true", "true"),
        ({"kind": "DATE"}, None, "2026", "2026"),
        ({"kind": "date"}, "2026", "2027", "2027"),
        ({"kind": "int"}, None, "42", 42),
        ({"kind": "Float"}, 1.5, "2.5", 2.5),
        ({"kind": "BOOL"}, 1, "false", False),
        ({"kind": "bool"}, "true", "false", False),
        ({"kind": "enum"}, None, "01", "01"),
        ({"kind": "enum"}, None, "null", "null"),
        ({"kind": "STRUCT"}, {"a": 1}, '{"a": 2}', {"a": 2}),
        ({"kind": "ARRAY"}, None, "[1]", [1]),
    ],
)
def test_a_new_value_has_the_type_of_the_old_one_else_that_of_the_model(
    plant, emulator, device, types, was, typed, now
):
    browser, data = started(plant, emulator, device, types, deviceAttributes={"kind": was})
    data["device_attributes-kind"] = typed

    press(browser, device, data)

    (body,) = sent(emulator, DEVICE)
    assert json.dumps(body) == json.dumps({"deviceAttributes": {"kind": now}})


def test_in_the_json_a_number_is_not_its_text(plant, emulator, device):
    browser, data = started(plant, emulator, device, TYPES, deviceAttributes={"kind": "1", "other": 1})
    data["device_attributes"] = json.dumps({"kind": 1, "other": 1})

    press(browser, device, data)

    (body,) = sent(emulator, DEVICE)
    assert json.dumps(body) == json.dumps({"deviceAttributes": {"kind": 1, "other": 1}})


def test_a_value_that_fits_no_type_is_named_at_its_input(plant, emulator, device):
    browser, data = started(plant, emulator, device, TYPES, deviceAttributes={"other": 1})
    data["device_attributes-other"] = "many"

    page = read(press(browser, device, data))

    assert page.errors["device_attributes-other"].strip() == "Must be a whole number."
    assert "other: must be a whole number." in page.errors["device_attributes"]
    assert sent(emulator, DEVICE) == []


# Tags


@pytest.mark.parametrize(
    "tags",
    [
        {"address": "Dock 4\nGate B"},
        {"address": "Dock 4\r\nGate B"},
        {"address": "\nGate B"},
        {"asset.owner": " x "},
        {"": "no key"},
        {"key\nof two lines": "x"},
        {"number": 5},
        {"flag": True, "none": None, "list": ["a"]},
        {"empty": ""},
        {f"tag{number}": "x" for number in range(120)},
    ],
    ids=lambda tags: json.dumps(tags)[:40],
)
def test_tags_that_nobody_changed_stay_beside_one_that_is_added(plant, emulator, device, tags):
    browser, data = started(plant, emulator, device, deviceTags=tags)
    assert is_untouched(press(browser, device, data), emulator, DEVICE)
    data[f"device_tags-{len(tags)}-key"], data[f"device_tags-{len(tags)}-value"] = "new", "tag"

    response = press(browser, device, data)

    kept = {key: value for key, value in tags.items() if value is not None}
    if len(tags) > 100:
        assert "at most 100 entries" in read(response).errors["device_tags"]
    else:
        assert sent(emulator, DEVICE) == [{"deviceTags": {**kept, "new": "tag"}}]


def test_removing_one_tag_removes_just_that_one(plant, emulator, device):
    tags = {"a": "1", "b": 2, "c": "3 ", "d": "4"}
    browser, data = started(plant, emulator, device, deviceTags=tags)
    data["device_tags-0-key"] = data["device_tags-0-value"] = ""
    data["touch"] = "device_tags:remove:1"
    data = sendable(read(post(browser, changing(device, "update"), data)).fields)
    data["device_tags-2-value"] = "5"

    press(browser, device, data)

    assert sent(emulator, DEVICE) == [{"deviceTags": {"c": "3 ", "d": "5"}}]


@pytest.mark.parametrize(
    ("row", "key"), [(1, "a"), (2, "a"), (2, "b"), (0, "b")], ids=["renamed", "added", "added-b", "first"]
)
def test_the_same_key_twice_is_refused(plant, emulator, device, row, key):
    browser, data = started(plant, emulator, device, deviceTags={"a": "1", "b": "2"})
    data[f"device_tags-{row}-key"] = key

    response = press(browser, device, data)

    assert response.status_code == 422
    page = read(response)
    assert f"The key {key} stands here twice." in page.errors["device_tags"]
    assert page.fields[f"device_tags-{row}-key"] == [key]
    assert sent(emulator, DEVICE) == []


def test_the_same_key_twice_is_refused_in_a_new_device_and_in_the_json_too(plant, emulator):
    browser = plant.browser()
    data = filled(browser, DEVICE)
    for number, value in enumerate("12"):
        data[f"device_tags-{number}-key"], data[f"device_tags-{number}-value"] = "a", value
    data["device_tags-count"] = "2"
    assert "stands here twice" in read(send(browser, DEVICE, data)).errors["device_tags"]
    data = filled(browser, DEVICE)
    data["device_tags"] = '{"a": "1", "a": "2"}'
    assert "a key stands twice" in read(send(browser, DEVICE, data)).errors["device_tags"]
    data["device_tags"] = ""
    data["device_name"] = '{"defaultValue": "P", "i18nValue": {"zh_CN": "a", "zh_CN": "b"}}'
    assert "a key stands twice" in read(send(browser, DEVICE, data)).errors["device_name"]
    assert creates_received(emulator, DEVICE) == []


@pytest.mark.parametrize(
    ("part", "text", "error"),
    [
        ("value", " x", "Tag a: cannot begin or end with a space."),
        ("value", "x" * 201, "Tag a: can have at most 200 characters"),
        ("key", " b", "Tag  b: can contain only"),
        ("key", "", "Tag 1: needs at least 1 character."),
    ],
)
def test_a_new_tag_is_judged_in_words_at_its_input(plant, emulator, device, part, text, error):
    browser, data = started(plant, emulator, device, deviceTags={"a": "1", "old key": " old "})
    data[f"device_tags-0-{part}"] = text

    page = read(press(browser, device, data))

    assert error in page.errors["device_tags"]
    assert page.errors["device_tags"].count("Tag") == 1
    assert sent(emulator, DEVICE) == []


# Names


@pytest.mark.parametrize(
    "name",
    [
        {"defaultValue": "Pump\nhouse"},
        {"defaultValue": " Pump ", "i18nValue": None},
        {"defaultValue": "p" * 70, "i18nValue": {"zh-CN": "泵", "default": "x", "en_US": None}},
        {"defaultValue": "Pump", "i18nValue": {"fr_FR": "Pompe\r\n", "zh_CN": 5}, "extra": [1]},
    ],
    ids=json.dumps,
)
def test_names_that_nobody_changed_stay_beside_one_that_is_typed(plant, emulator, device, name):
    browser, data = started(plant, emulator, device, deviceName=name)
    assert is_untouched(press(browser, device, data), emulator, DEVICE)
    data["device_name-ja_JP"] = "ポンプ"

    press(browser, device, data)

    names = {key: each for key, each in (name.get("i18nValue") or {}).items() if each is not None}
    assert sent(emulator, DEVICE) == [{"deviceName": {**name, "i18nValue": {**names, "ja_JP": "ポンプ"}}}]


@pytest.mark.parametrize(
    ("typed", "now"),
    [
        ({"device_name-default": "Other"}, {"defaultValue": "Other"}),
        ({"device_name-zh_CN": "泵"}, {"defaultValue": "Plain text", "i18nValue": {"zh_CN": "泵"}}),
    ],
)
def test_a_name_that_is_plain_text_is_edited_as_the_default_name(plant, emulator, device, typed, now):
    browser, data = started(plant, emulator, device, deviceName="Plain text")
    assert data["device_name-default"] == "Plain text"
    assert is_untouched(press(browser, device, data), emulator, DEVICE)
    data.update(typed)
    data = sendable({name: data.getlist(name)[-1:] for name in data})

    press(browser, device, data)

    assert sent(emulator, DEVICE) == [{"deviceName": now}]


def test_a_name_is_judged_in_words_at_its_input(plant, emulator, device):
    browser, data = started(plant, emulator, device)
    data["device_name-default"], data["device_name-zh_CN"] = "", "x" * 65

    response = press(browser, device, data)

    said, errors = response.content.decode(), read(response).errors
    assert "Default name: needs at least 1 character." in said
    assert "Chinese: can have at most 64 characters, but has 65." in said
    assert errors["device_name-default"].strip() == "Needs at least 1 character."
    assert errors["device_name-zh_CN"].strip() == "Can have at most 64 characters, but has 65."


# Patch and replacement


FULL = {
    **NAMED,
    "deviceDesc": "one\r\ntwo ",
    "deviceAttributes": {"serial": 1, "gone": None, "old": "x"},
    "deviceTags": {"a": " 1", "n": 5},
}
REPLACED = {**FULL, "deviceAttributes": {"serial": 1, "old": "x"}}


@pytest.mark.parametrize(
    ("typed", "body"),
    [
        ({"device_desc": ""}, {name: each for name, each in REPLACED.items() if name != "deviceDesc"}),
        ({"device_attributes-serial": ""}, {**REPLACED, "deviceAttributes": {"old": "x"}}),
        ({"device_tags": ""}, {name: each for name, each in REPLACED.items() if name != "deviceTags"}),
    ],
    ids=["description", "attribute", "tags"],
)
def test_what_a_patch_cannot_clear_is_replaced_with_all_else_as_it_is_shown(
    plant, emulator, device, typed, body
):
    browser, data = started(plant, emulator, device, **FULL)
    for name, text in typed.items():
        data[name] = text

    press(browser, device, data)

    assert sent(emulator, DEVICE) == [body]
    assert "isPatchUpdate=false" in updates_received(emulator, DEVICE)[0]["query"]


def test_an_operation_of_before_with_all_fields_is_still_a_replacement(plant, emulator, device):
    """Try again repeats what was asked for, as it stands."""
    emulator.faults([{"match": {"query": "action=update"}, "fault": "answer", "status": 503, "body": "no"}])
    data = dict.fromkeys(("device_desc", "device_attributes", "device_tags")) | {
        "device_name": {"defaultValue": "Pump 2"},
        "timezone": "+08:00",
    }
    plant.perform(DEVICE, "update", data, target=device)
    assert Operation.objects.filter(verb_name="update").get().data == data
    assert sent(emulator, DEVICE)[0] == {"timezone": "+08:00", "deviceName": {"defaultValue": "Pump 2"}}
    assert "isPatchUpdate=false" in updates_received(emulator, DEVICE)[0]["query"]
