"""Odd objects in Chromium, with and without script: Save on an untouched form sends nothing.

What a browser posts of a shown value only a browser knows: it drops line breaks, evens out line ends, and
chooses the first of a list.
"""

import json

import pytest
from playwright.sync_api import expect

from tests.browser.changing import made
from tests.browser.creating import send
from tests.browser.pages import looks_right
from tests.resources.shown import sent, show

OPERATOR = "operator@example.test"
BROWSERS = pytest.mark.parametrize("javascript", [True, False], ids=["javascript", "plain"])
GROUP, POLICY, ROMA_GROUP, DEVICE = (
    "iotda/device-groups",
    "iotda/policies",
    "roma/device-groups",
    "enos/devices",
)
PUBLISH = "iotda:devices:publish"
PLAIN = {"effect": "ALLOW", "actions": [PUBLISH], "resources": ["topic:/v1/a"]}
ODD_POLICY = {
    "policy_name": "Erlaubt (Halle Süd)",
    "statement": [
        {"effect": "Deny", "actions": [PUBLISH, "iotda:devices:receive"], "resources": ["topic:/secret/*"]},
        {"actions": [f"{PUBLISH}\riotda:devices:subscribe"], "resources": ["topic:/泵", " blank ", 7, ""]},
        "a text",
        {"sid": "x", **PLAIN},
    ],
}
ODD_DEVICE = {
    "deviceName": {"defaultValue": "Pump\r\nhouse", "i18nValue": {"zh-CN": "泵\n一", "en_US": 5}},
    "timezone": "GMT+8",
    "deviceDesc": "\nline one\r\nline two\rthree ",
    "deviceAttributes": {"kind": "1", "flag": 1, "text": "a\r\n\tb ", "day": "2026", "other": 1, "gone": [1]},
    "deviceTags": {"address": "Dock 4\nGate B", "asset.owner": " x ", "number": 5, "empty": ""},
}
TYPES = {"kind": "ENUM", "flag": "BOOL", "text": "STRING", "day": "DATE", "other": "INT", "new": "bool"}
MODEL = {
    "match": {"path": "thing-model"},
    "fault": "answer",
    "status": 200,
    "body": json.dumps(
        {
            "code": 0,
            "msg": "OK",
            "requestId": "m",
            "data": {
                "modelId": "m",
                "attributes": {name: {"identifier": name, "dataType": each} for name, each in TYPES.items()},
            },
        }
    ),
}
ODD = {
    GROUP: ({"name": "Plant\nA ", "description": " one\r\ntwo\r"}, "description", "description"),
    ROMA_GROUP: ({"name": "A", "description": "line one\nline two "}, "description", "description"),
    POLICY: (ODD_POLICY, "policy_name", "policy_name"),
    DEVICE: (ODD_DEVICE, "device_desc", "deviceDesc"),
}


def opened(page, emulator, slug, members):
    """Open the edit form of an object that the platform shows with these members; its mirror row."""
    row = made(page, slug)
    show(emulator, slug, row, MODEL, **members)
    page.goto(f"/{slug}/{row.pk}/update/")
    expect(page.locator("#submit")).to_have_text("Save changes")
    return row


@pytest.mark.full
@BROWSERS
@pytest.mark.parametrize("slug", ODD)
def test_an_odd_object_that_nobody_changed_is_not_sent_and_one_change_is_all_that_is(
    open_page, emulator, slug, javascript
):
    page = open_page(javascript=javascript, email=OPERATOR)
    members, name, wire = ODD[slug]
    opened(page, emulator, slug, members)
    send(page)
    expect(page.locator("[data-errors]")).to_contain_text("Nothing was changed, so nothing was sent.")
    assert sent(emulator, slug) == []

    page.locator(f"#form [name={name}]").fill("changed")
    send(page)

    ended = page.locator("#resource, [data-errors]:not(:has-text('so nothing was sent'))")
    expect(ended).to_be_visible()  # the emulator takes some of it and refuses the rest
    told = {"name": "A"} if slug == ROMA_GROUP else {}
    assert sent(emulator, slug) == [{**told, wire: "changed"}]


@BROWSERS
def test_one_statement_is_edited_beside_others_that_the_editor_does_not_know(open_page, emulator, javascript):
    page = open_page(javascript=javascript, email=OPERATOR)
    opened(page, emulator, POLICY, ODD_POLICY)
    first, fourth = (page.get_by_role("group", name=f"Statement {number}") for number in (1, 4))
    expect(first.get_by_label("Effect").locator("option:checked")).to_have_text('Kept as it is: "Deny"')
    expect(first.get_by_label('"iotda:devices:receive"')).to_be_checked()
    fourth.get_by_label("Resources (one per line)").fill("topic:/v1/b")
    page.get_by_role("button", name="Remove statement 3").click()
    expect(page.get_by_role("group", name="Statement 4")).to_have_count(0)

    send(page)

    expect(page.locator("[data-errors]")).to_be_visible()  # the emulator does not take such words
    odd, glued, _text, last = ODD_POLICY["statement"]
    assert sent(emulator, POLICY) == [{"statement": [odd, glued, {**last, "resources": ["topic:/v1/b"]}]}]


@BROWSERS
def test_one_attribute_and_one_tag_are_edited_beside_odd_ones(open_page, emulator, javascript):
    page = open_page(javascript=javascript, email=OPERATOR)
    opened(page, emulator, DEVICE, ODD_DEVICE)
    expect(page.get_by_label("Value of tag 1")).to_have_value("Dock 4\nGate B")
    page.locator("[name=device_attributes-other]").fill("2")
    page.get_by_label("Key of tag 4").fill("filled")
    page.get_by_role("button", name="Remove tag 2").click()
    expect(page.get_by_label("Key of tag 3")).to_have_value("filled")

    send(page)

    expect(page.locator("[data-errors]")).to_be_visible()
    tags = {name: each for name, each in ODD_DEVICE["deviceTags"].items() if name in ("address", "number")}
    assert sent(emulator, DEVICE) == [
        {
            "deviceAttributes": {**ODD_DEVICE["deviceAttributes"], "other": 2},
            "deviceTags": {**tags, "filled": ""},
        }
    ]


@pytest.mark.full
@pytest.mark.parametrize("slug", ODD)
def test_edit_forms_of_odd_objects_look_right(desk, emulator, slug):
    opened(desk, emulator, slug, ODD[slug][0])
    looks_right(desk, f"odd-{slug.replace('/', '-')}")
