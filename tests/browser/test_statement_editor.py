"""A policy's statements and a device's tags, as a small form and as JSON side by side.

Would catch: one side that does not follow the other, a row that vanishes with what was typed into it, an
editor that needs JavaScript.
"""

import json

import pytest
from playwright.sync_api import expect

from tests.browser.creating import send
from tests.examples.iotda_policies import PUBLISH, SUBSCRIBE, TOPIC
from tests.support.plant import creates_received

BROWSERS = pytest.mark.parametrize("javascript", [True, False], ids=["javascript", "plain"])


@pytest.fixture
def policy(desk):
    desk.goto("/iotda/policies/new/")
    return desk


def statement(page):
    return page.locator("textarea[name=statement]")


def holds(page, value):
    """The JSON beside the editor says so, after the redraw that is on its way."""
    expect(statement(page)).to_have_value(json.dumps(value, indent=2))


def test_typing_in_the_editor_updates_the_json_beside_it(policy):
    policy.get_by_label(PUBLISH).check()
    policy.get_by_label("Resources (one per line)").press_sequentially(f"{TOPIC}\ntopic:/v1/other")
    holds(policy, [{"effect": "ALLOW", "actions": [PUBLISH], "resources": [TOPIC, "topic:/v1/other"]}])
    expect(policy.get_by_label("Resources (one per line)")).to_be_focused()
    policy.get_by_label("Effect").select_option("DENY")
    holds(policy, [{"effect": "DENY", "actions": [PUBLISH], "resources": [TOPIC, "topic:/v1/other"]}])


def test_editing_the_json_redraws_the_editor(policy):
    wanted = [
        {"effect": "DENY", "actions": [SUBSCRIBE], "resources": ["topic:/a"]},
        {"effect": "ALLOW", "actions": [PUBLISH, SUBSCRIBE], "resources": ["topic:/b", "topic:/c"]},
    ]
    statement(policy).fill(json.dumps(wanted))
    statement(policy).press("Tab")
    second = policy.get_by_role("group", name="Statement 2")
    expect(second.get_by_label("Resources (one per line)")).to_have_value("topic:/b\ntopic:/c")
    expect(second.get_by_label(PUBLISH)).to_be_checked()
    first = policy.get_by_role("group", name="Statement 1")
    expect(first.get_by_label("Effect")).to_have_value("DENY")
    expect(first.get_by_label(PUBLISH)).not_to_be_checked()


def test_broken_json_is_named_and_kept(policy, emulator):
    statement(policy).fill('[{"effect": "ALLOW",')
    policy.locator("[name=policy_name]").fill("broken")
    send(policy)
    expect(policy.locator("[data-errors]")).to_contain_text("This is not valid JSON")
    expect(statement(policy)).to_have_value('[{"effect": "ALLOW",')
    assert creates_received(emulator, "iotda/policies") == []


@BROWSERS
def test_statements_are_added_and_removed(open_page, emulator, javascript):
    page = open_page(javascript=javascript, email="operator@example.test")
    page.goto("/iotda/policies/new/")
    page.locator("[name=policy_name]").fill("three-less-one")
    for number, topic in enumerate(["topic:/one", "topic:/two", "topic:/three"], start=1):
        if number > 1:
            page.get_by_role("button", name="Add statement").click()
        block = page.get_by_role("group", name=f"Statement {number}")
        block.get_by_label(PUBLISH).check()
        block.get_by_label("Resources (one per line)").fill(topic)
    page.get_by_role("button", name="Remove statement 2").click()
    expect(page.get_by_role("group", name="Statement 3")).to_have_count(0)
    second = page.get_by_role("group", name="Statement 2")
    expect(second.get_by_label("Resources (one per line)")).to_have_value("topic:/three")
    expect(page.locator("[name=policy_name]")).to_have_value("three-less-one")
    send(page)
    expect(page.locator("#resource")).to_have_attribute("data-kind", "iotda/policies")
    sent = json.loads(creates_received(emulator, "iotda/policies")[0]["body"])["statement"]
    assert [each["resources"] for each in sent] == [["topic:/one"], ["topic:/three"]]


def test_without_javascript_the_json_can_be_edited_too(open_page, emulator):
    page = open_page(javascript=False, email="operator@example.test")
    page.goto("/iotda/policies/new/")
    page.locator("[name=policy_name]").fill("plain-json")
    wanted = [{"effect": "DENY", "actions": [SUBSCRIBE], "resources": ["topic:/plain"]}]
    statement(page).fill(json.dumps(wanted))
    send(page)
    expect(page.locator("#resource")).to_have_attribute("data-kind", "iotda/policies")
    assert json.loads(creates_received(emulator, "iotda/policies")[0]["body"])["statement"] == wanted


def test_sending_right_after_the_last_key_sends_all_that_was_typed(policy, emulator):
    policy.locator("[name=policy_name]").fill("in-a-hurry")
    policy.get_by_label(PUBLISH).check()
    policy.get_by_label("Resources (one per line)").press_sequentially("topic:/hurry")
    send(policy)
    expect(policy.locator("#resource")).to_have_attribute("data-kind", "iotda/policies")
    sent = json.loads(creates_received(emulator, "iotda/policies")[0]["body"])["statement"]
    assert sent == [{"effect": "ALLOW", "actions": [PUBLISH], "resources": ["topic:/hurry"]}]


@BROWSERS
def test_tags_are_added_and_removed(open_page, emulator, javascript):
    page = open_page(javascript=javascript, email="operator@example.test")
    page.goto("/enos/devices/new/")
    page.get_by_label("Default name").fill("Pump 1")
    for number, (key, value) in enumerate([("site", "Plant 3"), ("line", "7"), ("old", "yes")], start=1):
        if number > 1:
            page.get_by_role("button", name="Add tag").click()
        page.get_by_label(f"Key of tag {number}").fill(key)
        page.get_by_label(f"Value of tag {number}").fill(value)
    page.get_by_role("button", name="Add tag").click()
    expect(page.get_by_label("Key of tag 4")).to_be_visible()
    page.get_by_role("button", name="Remove tag 3").click()
    expect(page.get_by_label("Key of tag 4")).to_have_count(0)
    send(page)
    expect(page.locator("#resource")).to_have_attribute("data-kind", "enos/devices")
    sent = json.loads(creates_received(emulator, "enos/devices")[0]["body"])
    assert sent["deviceTags"] == {"site": "Plant 3", "line": "7"}
