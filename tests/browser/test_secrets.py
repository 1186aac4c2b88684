"""The secret of a new EnOS device. Would catch: a secret shown twice, or to somebody who did not ask."""

from playwright.sync_api import expect

from tests.browser.creating import fill_in, send
from tests.support.plant import creates_received


def test_a_device_secret_is_shown_once_and_only_to_who_asked(open_page, emulator):
    page = open_page(email="operator@example.test")
    fill_in(page, "enos/devices")
    page.get_by_label("Request the device secret").check()
    send(page)
    expect(page.locator("#operation")).to_have_attribute("data-operation-state", "done")
    address = page.url
    assert '"requireSecret":true' in creates_received(emulator, "enos/devices")[0]["body"].replace(" ", "")
    owner = open_page(email="owner@example.test")
    owner.goto(address)
    expect(owner.locator("#operation")).to_contain_text("Only the person who made the request can see them")
    expect(owner.get_by_role("button", name="Show the secrets once")).to_have_count(0)

    page.get_by_role("button", name="Show the secrets once").click()
    secret = page.locator("[data-secret]").first.inner_text()
    assert len(secret) > 20
    page.reload()
    expect(page.locator("[data-secret]")).to_have_count(0)
    page.goto(address)
    expect(page.locator("#operation")).to_have_attribute("data-operation-state", "done")
    expect(page.get_by_role("button", name="Show the secrets once")).to_have_count(0)
    assert secret not in page.content()
    owner.goto("/audit/?verb=create")
    for link in owner.locator("tr[data-seq] a").evaluate_all("links => links.map(link => link.href)"):
        owner.goto(link)
        assert secret not in owner.content()
