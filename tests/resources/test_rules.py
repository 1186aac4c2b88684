"""The rules of the five documents, met at their boundaries in the forms of the portal.

Would catch: a limit off by one, a character allowed or refused against the document, a refusal that reaches
the platform or loses what was typed. Expected values are typed here from the documents:
[000] Create a HarmonyOS Soft Bus, 2026-01-29; [002] EnOS V2.4 Create Device; [003] Create a Device Policy,
2024-12-31; [004] ROMA Connect, Creating a Device Group, 2023-06-29.
"""

import json

import pytest

from tests.resources.forms import as_text, new, read, script, send
from tests.support.plant import creates_received

pytestmark = pytest.mark.anywhere

BUS, POLICY, GROUP, DEVICE = "iotda/soft-buses", "iotda/policies", "roma/device-groups", "enos/devices"
PUBLISH, SUBSCRIBE = "iotda:devices:publish", "iotda:devices:subscribe"
HELLO = "topic:/v1/${devices.deviceId}/test/hello"
WIRE = {
    "product_key": "productKey",
    "device_key": "deviceKey",
    "device_name": "deviceName",
    "device_desc": "deviceDesc",
    "device_attributes": "deviceAttributes",
    "device_tags": "deviceTags",
    "require_secret": "requireSecret",
}
UUID = "ef3845be-091a-4ab5-869a-9de0025e2165"  # 36 characters


def statement(**changes):
    return [{"effect": "ALLOW", "actions": [PUBLISH], "resources": [HELLO], **changes}]


def without(member):
    return [{name: value for name, value in statement()[0].items() if name != member}]


def resources(*texts):
    return statement(resources=list(texts))


ACCEPTED = [
    # [000] "a maximum of 64 characters. Only letters, digits, and special characters (_?'#().,&%@!-)"
    (BUS, "bus_name", "GroupA"),
    (BUS, "bus_name", "b"),
    (BUS, "bus_name", "b" * 64),
    (BUS, "bus_name", "总" * 64),
    (BUS, "bus_name", "Az09_?'#().,&%@!-"),
    *[(BUS, "bus_name", character * 2) for character in "_?'#().,&%@!-"],
    # [003] "a maximum of 128 characters. Only letters, digits, underscores (_), and hyphens (-)"
    (POLICY, "policy_name", "p"),
    (POLICY, "policy_name", "p" * 128),
    (POLICY, "policy_name", "myPolicyAllow_09-"),
    # [003] effect: ALLOW, DENY; the two actions; "Length of the resource list: 1 to 10"
    (POLICY, "statement", statement(effect="ALLOW")),
    (POLICY, "statement", statement(effect="DENY")),
    (POLICY, "statement", statement(actions=[PUBLISH])),
    (POLICY, "statement", statement(actions=[SUBSCRIBE])),
    (POLICY, "statement", statement(actions=[PUBLISH, SUBSCRIBE])),
    (POLICY, "statement", resources(HELLO)),
    (POLICY, "statement", resources(*[f"topic:/v1/{number}" for number in range(10)])),
    (POLICY, "statement", resources("topic:/v1/${devices.deviceId}/test/allow")),
    # [003] "Only letters, digits, and special characters (/{}$=+#?*:._-)"
    *[(POLICY, "statement", resources(f"topic:a{character}b")) for character in "/{}$=+#?*:._-"],
    # [004] name "2 to 64 characters containing letters, digits, underscores (_), and hyphens (-)"
    (GROUP, "name", "ab"),
    (GROUP, "name", "a" * 64),
    (GROUP, "name", "device_group"),
    (GROUP, "name", "Az09_-"),
    (GROUP, "name", "车间"),
    # [004] description: maximum 200
    (GROUP, "description", "device group"),
    (GROUP, "description", "d" * 200),
    (GROUP, "description", "任何字符 <&> \"'"),
    (GROUP, "app_id", UUID),
    # [002] the sample, the formats of its fields
    (
        DEVICE,
        "device_name",
        {"defaultValue": "Device Name", "i18nValue": {"zh_CN": "设备名称", "en_US": "Device Name"}},
    ),
    (DEVICE, "device_name", {"defaultValue": "Device Name"}),
    (DEVICE, "timezone", "+08:00"),
    (DEVICE, "timezone", "-05:30"),
    (DEVICE, "timezone", "Europe/Berlin"),
    (DEVICE, "device_attributes", {"serial": 111111}),
    (DEVICE, "device_desc", "Device description"),
    (DEVICE, "device_tags", {"tag1": "tag value"}),
    (DEVICE, "device_key", "yourDeviceKey"),
    (DEVICE, "device_key", "k234"),
    (DEVICE, "device_key", "k" * 64),
    (DEVICE, "device_key", "aZ0-_.x"),
]

REFUSED = [
    (BUS, "bus_name", ""),  # the document lets it be absent; the portal needs it to look up a lost answer
    (BUS, "bus_name", "b" * 65),
    (BUS, "bus_name", "总" * 65),
    *[(BUS, "bus_name", f"a{character}b") for character in ' /\\:;*+="$^~<>[]{}|`é'],
    (BUS, "bus_name", "bus\U0001f68c"),
    (BUS, "app_id", "a" * 37),
    *[(BUS, "app_id", f"a{character}b") for character in " ./#间"],
    (POLICY, "policy_name", ""),
    (POLICY, "policy_name", "p" * 129),
    *[(POLICY, "policy_name", f"p{character}q") for character in " .,#()策é"],
    (POLICY, "app_id", "a" * 37),
    (POLICY, "app_id", "a.b"),
    (POLICY, "statement", ""),
    (POLICY, "statement", []),
    (POLICY, "statement", {}),
    (POLICY, "statement", ["ALLOW"]),
    (POLICY, "statement", "ALLOW everything"),
    *[(POLICY, "statement", without(member)) for member in ("effect", "actions", "resources")],
    *[(POLICY, "statement", statement(effect=effect)) for effect in ("allow", "PERMIT", "", None, 1)],
    (POLICY, "statement", statement(actions=[])),
    (POLICY, "statement", statement(actions=PUBLISH)),
    (POLICY, "statement", statement(actions=["iotda:devices:delete"])),
    (POLICY, "statement", statement(actions=[PUBLISH, ""])),
    (POLICY, "statement", resources()),
    (POLICY, "statement", resources(*[f"topic:/v1/{number}" for number in range(11)])),
    *[(POLICY, "statement", resources(f"topic:a{character}b")) for character in " %&@!~^(),;'\"\\<>|设"],
    (POLICY, "statement", resources("")),
    (POLICY, "statement", resources("topic")),  # "Format: Resource type:Resource name"
    (POLICY, "statement", resources(7)),
    (GROUP, "name", ""),
    (GROUP, "name", "a"),
    (GROUP, "name", "间"),
    (GROUP, "name", "a" * 65),
    *[(GROUP, "name", f"a{character}b") for character in " .,#()/é"],
    (GROUP, "description", "d" * 201),
    (GROUP, "app_id", ""),
    (GROUP, "app_id", UUID + "0"),
    # [004] parent_id: "Minimum: 0, Maximum: 99999999999999999", mandatory, an integer
    *[
        (GROUP, "parent_id", text)
        for text in ("", "-1", "100000000000000000", "-0.5", "abc", "1e3", "0x10", "1_0")
    ],
    *[(GROUP, "parent_id", text) for text in ("NaN", "Infinity", "1e999999999", "9" * 5000, "1,5", "true")],
    (DEVICE, "product_key", ""),
    (DEVICE, "device_name", ""),
    (DEVICE, "device_name", {}),
    (DEVICE, "device_name", "Device Name"),
    (DEVICE, "device_name", ["Device Name"]),
    (DEVICE, "device_name", {"i18nValue": {"en_US": "Device Name"}}),
    (DEVICE, "device_name", {"defaultValue": ""}),
    (DEVICE, "device_name", {"defaultValue": 7}),
    (DEVICE, "device_name", {"defaultValue": "Device Name", "i18nValue": {"english": "Device Name"}}),
    (DEVICE, "device_name", {"defaultValue": "Device Name", "i18nValue": {"en_US": 1}}),
    *[
        (DEVICE, "timezone", text)
        for text in ("", "8", "08:00", "+8:00", "+0800", "+15:00", "+08:60", "Mars/Base")
    ],
    (DEVICE, "device_attributes", ["serial"]),
    (DEVICE, "device_attributes", {"serial": "111111"}),
    (DEVICE, "device_attributes", {"no_such_attribute": 1}),
    (DEVICE, "device_tags", ["tag1"]),
    (DEVICE, "device_tags", {"tag1": 1}),  # "The Key and Value are of String type."
    (DEVICE, "device_tags", {"tag1": {"deep": "value"}}),
    (DEVICE, "device_key", "k23"),
    (DEVICE, "device_key", "k" * 65),
    (DEVICE, "device_key", "pump 1"),
]


def label(case):
    return "-".join(str(part)[:24] for part in case[1:]).encode("ascii", "replace").decode()


def body_received(emulator, slug):
    received = creates_received(emulator, slug)
    assert len(received) == 1
    return json.loads(received[0]["body"])


@pytest.mark.parametrize(("slug", "name", "value"), ACCEPTED, ids=map(label, ACCEPTED))
def test_what_the_document_allows_is_sent_as_typed(plant, emulator, slug, name, value):
    response = send(plant.browser(), slug, script(slug, plant, **{name: value}))

    assert response.status_code == 302
    assert body_received(emulator, slug)[WIRE.get(name, name)] == value


@pytest.mark.parametrize("slug", [BUS, POLICY])
@pytest.mark.parametrize("app_id", ["a" * 36, "aZ0_-"])
def test_an_app_id_that_keeps_the_rule_but_names_no_space_is_refused_by_the_platform_alone(
    plant, slug, app_id
):
    """[000], [003]: "up to 36 characters. Only letters, digits, underscores (_), and hyphens (-)"."""
    response = send(plant.browser(), slug, script(slug, plant, app_id=app_id))

    assert response.status_code == 422
    page = read(response)
    assert page.errors == {}
    assert page.fields["app_id"] == [app_id]
    assert "IOTDA.001000" in response.content.decode()


@pytest.mark.parametrize(("slug", "name", "value"), REFUSED, ids=map(label, REFUSED))
def test_what_the_document_forbids_is_named_kept_and_not_sent(plant, emulator, slug, name, value):
    posted, browser = script(slug, plant, **{name: value}), plant.browser()
    browser.get(new(slug))  # as people do; a form of devices learns the model of its product then

    response = send(browser, slug, posted)

    assert response.status_code == 422
    page = read(response)
    assert page.errors.get(name, "").strip(), page.errors
    for field, text in posted.items():
        if text:
            assert page.fields.get(field) == [text], field
    assert creates_received(emulator, slug) == []


@pytest.mark.parametrize(
    ("slug", "name"),
    [
        (POLICY, "policy_name"),
        (POLICY, "statement"),
        (GROUP, "parent_id"),
        (GROUP, "name"),
        (GROUP, "app_id"),
        (DEVICE, "product_key"),
        (DEVICE, "device_name"),
        (DEVICE, "timezone"),
    ],
)
def test_a_mandatory_field_that_is_missing_is_named(plant, emulator, slug, name):
    response = send(plant.browser(), slug, script(slug, plant, **{name: None}))

    assert response.status_code == 422
    assert read(response).errors[name].strip()
    assert creates_received(emulator, slug) == []


@pytest.mark.parametrize(
    ("slug", "name", "absent"),
    [
        (BUS, "group_id", "group_id"),
        (BUS, "app_id", "app_id"),
        (POLICY, "app_id", "app_id"),
        (GROUP, "description", "description"),
        (DEVICE, "device_attributes", "deviceAttributes"),
        (DEVICE, "device_desc", "deviceDesc"),
        (DEVICE, "device_tags", "deviceTags"),
    ],
)
def test_an_optional_field_left_empty_is_not_sent_at_all(plant, emulator, slug, name, absent):
    response = send(plant.browser(), slug, script(slug, plant, **{name: ""}))

    assert response.status_code == 302
    assert absent not in body_received(emulator, slug)


@pytest.mark.parametrize(("name", "effect"), [("myPolicyAllow", "ALLOW"), ("myPolicyDeny", "DENY")])
def test_the_printed_policies_with_a_carriage_return_in_an_action_are_sent_as_two_actions(
    plant, emulator, name, effect
):
    topic = "topic:/v1/${devices.deviceId}/test/" + effect.lower()
    printed = f"""[ {{
        "effect" : "{effect}",
        "actions" : [ "iotda:devices:publish\\riotda:devices:subscribe" ],
        "resources" : [ "{topic}" ]
      }} ]"""
    posted = script(POLICY, plant, policy_name=name, app_id="jeQDJQZltU8iKgFFoW060F5SGZka", statement=printed)

    response = send(plant.browser(), POLICY, posted)

    assert response.status_code == 302
    assert body_received(emulator, POLICY) == {
        "policy_name": name,
        "app_id": "jeQDJQZltU8iKgFFoW060F5SGZka",
        "statement": [{"effect": effect, "actions": [PUBLISH, SUBSCRIBE], "resources": [topic]}],
    }


@pytest.mark.parametrize(
    ("typed", "sent"),
    [
        ("10001", "10001"),
        ("10001.9", "10001"),  # "The value is automatically rounded down."
        ("0", "0"),
        ("0.99", "0"),
        ("99999999999999999", "99999999999999999"),
        ("99999999999999999.9", "99999999999999999"),
        ("9007199254740993", "9007199254740993"),
        ("00010001", "10001"),
    ],
)
def test_a_parent_id_is_rounded_down_and_stays_exact(plant, emulator, typed, sent):
    send(plant.browser(), GROUP, script(GROUP, plant, parent_id=typed))

    (received,) = creates_received(emulator, GROUP)
    assert f'"parent_id":{sent},' in received["body"]


def test_a_parent_id_that_the_platform_refuses_is_still_exact_in_the_form(plant, emulator):
    response = send(plant.browser(), GROUP, script(GROUP, plant, parent_id="99999999999999999"))

    assert response.status_code == 422
    assert read(response).fields["parent_id"] == ["99999999999999999"]
    assert creates_received(emulator, GROUP)


def test_the_printed_soft_bus_is_created_as_printed(plant, emulator):
    printed = {
        "bus_name": "GroupA",
        "group_id": "04ed32dc1b0025b52fe3c01a27c2b0a8",
        "app_id": "jeQDJQZltU8iKgFFoW060F5SGZka",
    }

    response = send(plant.browser(), BUS, script(BUS, plant, **printed))

    assert response.status_code == 302
    assert body_received(emulator, BUS) == printed


def test_the_printed_roma_group_is_created_as_printed(plant, emulator):
    printed = {
        "parent_id": 10001,
        "name": "device_group",
        "description": "device group",
        "app_id": "ef3845be-091a-4ab5-869a-9de0025e2165",
    }

    response = send(plant.browser(), GROUP, script(GROUP, plant, **{**printed, "parent_id": "10001"}))

    assert response.status_code == 302
    assert body_received(emulator, GROUP) == printed


def test_the_printed_device_is_created_as_printed(plant, emulator):
    printed = {
        "productKey": "prodKey1",
        "deviceName": {
            "defaultValue": "Device Name",
            "i18nValue": {"zh_CN": "设备名称", "en_US": "Device Name"},
        },
        "timezone": "+08:00",
        "deviceAttributes": {"serial": 111111},
        "deviceDesc": "Device description",
        "deviceTags": {"tag1": "tag value"},
        "requireSecret": True,
    }
    names = {wire: name for name, wire in WIRE.items()}
    values = {names.get(wire, wire): as_text(value) for wire, value in printed.items()} | {
        "require_secret": "on"
    }

    response = send(plant.browser(), DEVICE, script(DEVICE, plant, **values))

    assert response.status_code == 302
    assert body_received(emulator, DEVICE) == {**printed, "deviceKey": "pump-0001"}


@pytest.mark.parametrize(("ticked", "sent"), [({"require_secret": "on"}, True), ({}, False)])
def test_the_device_secret_is_asked_for_only_when_ticked(plant, emulator, ticked, sent):
    """[002] "false (default): deviceSecret and sessionKey will not be returned"."""
    assert send(plant.browser(), DEVICE, script(DEVICE, plant, **ticked)).status_code == 302

    assert body_received(emulator, DEVICE).get("requireSecret", False) is sent
