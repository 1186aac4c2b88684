"""The main job: create each object, sync the bus, find all of it in the lists, the operations and the record.

Would catch: a form that works in one browser only, a change that a list, the operations or the record miss.
"""

import pytest
from playwright.sync_api import expect

from tests.browser.creating import create, row
from tests.examples import EVERY_CREATE, EXAMPLES
from tests.support.plant import creates_received

OPERATOR, OWNER = "operator@example.test", "owner@example.test"
BROWSERS = pytest.mark.parametrize("javascript", [True, False], ids=["javascript", "plain"])


def assert_recorded(page, verb, slug, name):
    """Done in the operations, and done in the record of the same person."""
    page.goto("/operations/")
    operation = page.locator("tr[data-operation-id]").filter(has_text=name).first
    expect(operation).to_have_attribute("data-operation-state", "done")
    operation.get_by_role("link").click()
    expect(page.locator("#operation")).to_have_attribute("data-operation-state", "done")
    page.goto(f"/audit/?verb={verb}&kind={slug}&outcome=done")
    entry = page.locator("tr[data-seq]").filter(has_text=name)
    expect(entry).to_have_attribute("data-outcome", "done")
    entry.get_by_role("link").click()
    expect(page.locator("[data-seq]")).to_contain_text(OPERATOR)


@BROWSERS
@EVERY_CREATE
def test_what_was_created_is_in_the_list_the_operations_and_the_record(open_page, emulator, slug, javascript):
    page = open_page(javascript=javascript, email=OPERATOR)
    remote_id = create(page, slug)
    expect(page.locator("#toasts")).to_contain_text(EXAMPLES[slug].name)
    assert len(creates_received(emulator, slug)) == 1
    page.goto(f"/{slug}/")
    expect(row(page, remote_id)).to_have_count(1)
    assert_recorded(page, "create", slug, EXAMPLES[slug].name)


@BROWSERS
def test_a_sync_is_followed_until_the_platform_says_synchronized(open_page, emulator, javascript):
    emulator.settings({"sync_s": 10})  # half a second, twenty times faster than real
    page = open_page(javascript=javascript, email=OPERATOR)
    remote_id = create(page, "iotda/soft-buses")
    expect(page.locator("#resource")).to_have_attribute("data-state", "ToBeSynchronized")
    page.get_by_role("button", name="Sync").click()
    expect(page.locator("#toasts")).to_contain_text("Sync of Bus_A was requested")
    resource = page.locator("#resource")
    expect(resource).to_have_attribute("data-state", "Synchronizing")
    while not javascript and resource.get_attribute("data-state") == "Synchronizing":
        page.get_by_role("link", name="Refresh").click()
    expect(resource).to_have_attribute("data-state", "Synchronized")
    page.goto("/iotda/soft-buses/")
    expect(row(page, remote_id)).to_have_attribute("data-state", "Synchronized")
    assert_recorded(page, "sync", "iotda/soft-buses", "Bus_A")


def test_status_and_list_follow_a_slow_sync_without_reloading(desk, emulator):
    emulator.settings({"sync_s": 40})  # two seconds, twenty times faster than real
    create(desk, "iotda/soft-buses")
    desk.get_by_role("button", name="Sync").click()
    expect(desk.locator("#resource")).to_have_attribute("data-state", "Synchronizing")
    desk.evaluate("window.notReloaded = true")
    expect(desk.locator("#resource")).to_have_attribute("data-state", "Synchronized")
    assert desk.evaluate("window.notReloaded")
    expect(desk.get_by_text("Updates automatically")).to_have_count(0)


def test_the_owner_sees_in_the_audit_who_did_it_and_what_was_sent(open_page):
    create(open_page(email=OPERATOR), "iotda/policies")
    page = open_page(email=OWNER)
    page.goto("/audit/?verb=create")
    entry = page.locator("tr[data-seq]").filter(has_text="allow-hello").first
    expect(entry).to_contain_text(OPERATOR)
    entry.get_by_role("link").click()
    expect(page.locator("#main")).to_contain_text("topic:/v1/${devices.deviceId}/test/hello")
    expect(page.locator("#main")).not_to_contain_text("DemoSK")
