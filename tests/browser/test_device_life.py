"""A device of EnOS by its buttons: disabled, enabled, replaced. And the page of its product.

Would catch: a button that disables without asking, a page with verbs or counts that does not fit a phone.
"""

from playwright.sync_api import expect

from portal.kinds.registry import KINDS
from tests.browser.changing import made, on_platform, visit
from tests.browser.creating import send
from tests.browser.pages import looks_right

DEVICE, PRODUCT = "enos/devices", "enos/products"
MANAGER = "manager@example.test"


def test_a_device_is_disabled_enabled_and_replaced(open_page):
    page = open_page(email=MANAGER)
    device = made(page, DEVICE)
    visit(page, device, DEVICE)

    page.get_by_role("button", name="Disable", exact=True).click()
    question = page.get_by_role("dialog")
    expect(question).to_contain_text("The device can no longer connect until it is enabled again.")
    assert on_platform(device, DEVICE)["status"] == "inactive"
    question.get_by_role("button", name="Continue").click()
    expect(page.locator("#toasts")).to_contain_text("was disabled.")
    expect(page.locator("#resource")).to_have_attribute("data-state", "disabled")
    looks_right(page, "device-disabled")

    page.get_by_role("button", name="Enable", exact=True).click()
    expect(page.locator("#resource")).to_have_attribute("data-state", "inactive")
    page.get_by_role("button", name="Enable", exact=True).click()
    expect(page.locator("#toasts")).to_contain_text("was like that already")

    page.get_by_role("link", name="Replace", exact=True).click()
    key = page.locator("[name=device_key]").input_value()
    looks_right(page, "device-replace")
    page.get_by_label("Request the device secret").check()
    send(page)
    expect(page.get_by_role("button", name="Show the secrets once")).to_be_visible()
    assert on_platform(device, DEVICE)["device_key"] == key


def test_the_page_of_a_product(open_page):
    page = open_page(email=MANAGER)
    made(page, DEVICE)
    page.goto(f"/{PRODUCT}/")
    page.locator("tr[data-remote-id] a").first.click()
    expect(page.locator("#facts")).to_contain_text("Devices of this product")
    looks_right(page, "product")
    assert KINDS[PRODUCT].model.objects.count() == 1
