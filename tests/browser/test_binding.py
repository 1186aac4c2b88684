"""Binding a policy in Chromium: choose devices, see which were refused, ask for just those again."""

import pytest
from playwright.sync_api import expect

from tests.browser.pages import looks_right
from tests.support.plant import demo_plant

POLICY = "iotda/policies"
NODE_1 = "5ba24f5ebbe8f56f5a14f605_node-1"


@pytest.mark.parametrize("javascript", [True, False], ids=["javascript", "plain"])
def test_a_policy_is_bound_and_what_was_refused_is_asked_for_again(open_page, javascript):
    row = demo_plant().make(POLICY)
    page = open_page(javascript=javascript, email="manager@example.test")
    page.goto(f"/{POLICY}/{row.pk}/")
    page.get_by_role("link", name="Bind", exact=True).first.click()
    page.locator("[name=target_ids_pick]").select_option(NODE_1)
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.locator("[name=target_ids]")).to_have_value(NODE_1)
    if javascript:
        looks_right(page, "bind-form")
    page.locator("[name=target_ids]").fill(f"{NODE_1}\nno-such-device")
    page.locator("#submit").click()
    expect(page.locator("#operation")).to_have_attribute("data-operation-state", "partly")
    expect(page.locator("tr[data-target=no-such-device]")).to_contain_text("does not exist")
    if javascript:
        looks_right(page, "bind-partly")
    page.get_by_role("button", name="Try again what was refused").click()
    expect(page.locator("#operation")).to_have_attribute("data-operation-state", "rejected")
    expect(page.locator("#endings tbody tr")).to_have_count(1)
    page.goto(f"/{POLICY}/{row.pk}/")
    if not javascript:
        page.get_by_role("link", name="Show", exact=True).click()
    bound = page.locator(f"[data-related-id='{NODE_1}']")
    expect(bound).to_contain_text("Device")
    if javascript:
        looks_right(page, "policy-bound")
    bound.get_by_role("link", name="Unbind").click()
    expect(page.locator("[name=target_ids]")).to_have_value(NODE_1)
    page.locator("#submit").click()
    expect(page.locator("#resource")).to_be_visible()
    page.goto(f"/{POLICY}/{row.pk}/related/targets/")
    expect(page.locator("#main")).to_contain_text("None.")
