"""Editing in Chromium, with and without JavaScript.

Would catch: an editor that starts empty, a save that loses a field, a page that still shows the old values.
"""

import json

import pytest
from playwright.sync_api import expect

from tests.browser.changing import edit, made, on_platform
from tests.browser.creating import row, send
from tests.examples.iotda_policies import PUBLISH, SUBSCRIBE, TOPIC
from tests.support.plant import updates_received

OPERATOR = "operator@example.test"
BROWSERS = pytest.mark.parametrize("javascript", [True, False], ids=["javascript", "plain"])
POLICY, DEVICE, GROUP = "iotda/policies", "enos/devices", "roma/device-groups"


@BROWSERS
def test_a_policy_in_its_editor(open_page, emulator, javascript):
    page = open_page(javascript=javascript, email=OPERATOR)
    policy = made(page, POLICY)
    edit(page, policy, POLICY)
    statement = page.get_by_role("group", name="Statement 1")
    expect(page.locator("[name=policy_name]")).to_have_value("allow-hello")
    expect(statement.get_by_label(PUBLISH)).to_be_checked()
    expect(statement.get_by_label("Resources (one per line)")).to_have_value(TOPIC)

    statement.get_by_label("Effect").select_option("DENY")
    statement.get_by_label(SUBSCRIBE).uncheck()
    page.get_by_role("button", name="Add statement").click()
    second = page.get_by_role("group", name="Statement 2")
    second.get_by_label(SUBSCRIBE).check()
    second.get_by_label("Resources (one per line)").fill("topic:/second")
    page.locator("[name=policy_name]").fill("renamed")
    send(page)

    expect(page.locator("#toasts")).to_contain_text("Device policy renamed was changed.")
    expect(page.locator("h1")).to_have_text("renamed")
    statements = [
        {"effect": "DENY", "actions": [PUBLISH], "resources": [TOPIC]},
        {"effect": "ALLOW", "actions": [SUBSCRIBE], "resources": ["topic:/second"]},
    ]
    (sent,) = updates_received(emulator, POLICY)
    assert json.loads(sent["body"]) == {"policy_name": "renamed", "statement": statements}
    page.goto(f"/{POLICY}/")
    expect(row(page, policy.remote_id)).to_contain_text("renamed")


@BROWSERS
def test_a_device_with_names_attributes_and_tags(open_page, emulator, javascript):
    page = open_page(javascript=javascript, email=OPERATOR)
    device = made(page, DEVICE)
    edit(page, device, DEVICE)
    expect(page.get_by_label("Chinese")).to_have_value("泵")
    expect(page.locator("[name=timezone]")).to_have_value("+08:00")
    expect(page.locator("[name=device_attributes-serial]")).to_have_value("111111")
    expect(page.get_by_label("Value of tag 1")).to_have_value("Plant 3")

    page.get_by_label("Default name").fill("Pump 2")
    page.get_by_label("Chinese").fill("")
    page.locator("[name=timezone]").select_option("-05:00")
    page.locator("[name=device_desc]").fill("moved")
    page.locator("[name=device_attributes-serial]").fill("222222")
    page.get_by_label("Value of tag 1").fill("Plant 4")
    send(page)

    expect(page.locator("#toasts")).to_contain_text("was changed.")
    expect(page.locator("h1")).to_have_text("Pump 2")
    now = on_platform(device, DEVICE)
    assert (now["device_name"]["defaultValue"], now["timezone"]) == ("Pump 2", "-05:00")
    assert not now["device_name"].get("i18nValue")
    assert (now["device_attributes"]["serial"], now["device_tags"]) == (222222, {"site": "Plant 4"})
    assert now["device_desc"] == "moved"


@BROWSERS
def test_a_broken_rule_is_named_in_place_and_everything_stays(open_page, emulator, javascript):
    page = open_page(javascript=javascript, email=OPERATOR)
    group = made(page, GROUP)
    edit(page, group, GROUP)
    page.locator("[name=name]").fill("x")
    page.locator("[name=description]").fill("kept")
    send(page)

    expect(page.locator("[data-errors]")).to_be_visible()
    expect(page.locator("[name=name]")).to_have_attribute("aria-invalid", "true")
    expect(page.locator("[name=description]")).to_have_value("kept")
    assert updates_received(emulator, GROUP) == []
    page.locator("[name=name]").fill("line-2")
    send(page)
    expect(page.locator("h1")).to_have_text("line-2")


def test_nothing_changed_is_said_and_nothing_is_sent(desk, emulator):
    group = made(desk, GROUP)
    edit(desk, group, GROUP)
    send(desk)
    expect(desk.locator("[data-errors]")).to_contain_text("Nothing was changed, so nothing was sent.")
    assert updates_received(emulator, GROUP) == []


def test_a_platform_that_cannot_be_read_offers_no_form_but_another_try(desk, emulator, problems):
    problems.allow("answer 503")
    group = made(desk, GROUP)
    match = {"method": "GET", "path": "/link/instances/"}
    emulator.faults([{"fault": "answer", "status": 503, "body": {}, "match": match}])
    desk.goto(f"/{GROUP}/{group.pk}/update/")
    expect(desk.get_by_role("alert")).to_contain_text("The platform could not be read.")
    expect(desk.locator("#form")).to_have_count(0)
    emulator.faults([])
    desk.get_by_role("link", name="Try again").click()
    expect(desk.locator("[name=name]")).to_have_value("line-1")


def test_a_viewer_sees_why_the_buttons_do_nothing(open_page, desk):
    group = made(desk, GROUP)
    page = open_page(email="viewer@example.test")
    page.goto(f"/{GROUP}/{group.pk}/")
    for name in ("Edit", "Delete"):
        expect(page.get_by_role("button", name=name, exact=True)).to_be_disabled()
    expect(page.get_by_title("Viewers can't do this. Required role: Manager or Owner.")).to_have_count(1)
