"""What people come for, done as a new user would, in Chromium, with every click and filled field counted.

Would catch: a page that leads nowhere, a step that takes a detour, a result that cannot be found again.
"""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.pages import looks_right
from tests.support.plant import demo_plant

MANAGER, OPERATOR = "manager@example.test", "operator@example.test"
PUBLISH = "iotda:devices:publish"


class Hand:
    """A person's hand on a page. `count` is how often it clicked or filled something in."""

    def __init__(self, page):
        self.page, self.count = page, 0

    def click(self, role, name, **options):
        self.count += 1
        self.page.get_by_role(role, name=name, **options).first.click()

    def follow(self, address):
        self.count += 1
        self.page.locator(f'a[href="{address}"]:visible').first.click()

    def fill(self, name, text):
        self.count += 1
        self.page.locator(f"[name={name}]").fill(text)

    def choose(self, name, text):
        self.count += 1
        self.page.locator(f"[name={name}]").select_option(label=re.compile(text))

    def check(self, label):
        self.count += 1
        self.page.get_by_label(label).check()


@pytest.fixture
def demo(portal_server):
    return demo_plant()


@pytest.fixture
def hand(open_page):
    page = open_page(email=MANAGER)
    page.goto("/")
    return Hand(page)


def test_a_group_with_children_and_a_bus_is_deleted_within_10(hand, demo, emulator):
    groups, buses = demo.collection("iotda/device-groups"), demo.collection("iotda/soft-buses")
    top = groups.create({"name": "Hall-7"})
    inner = groups.create({"name": "Line-1", "super_group_id": top["id"]})
    buses.create({"bus_name": "Bus-1", "group_id": inner["id"]})
    page = hand.page

    hand.follow("/iotda/device-groups/")
    hand.fill("q", "Hall-7")
    hand.click("link", "Hall-7")
    hand.click("link", "Delete")
    looks_right(page, "delete-with-blockers")
    hand.click("link", "Delete it with everything inside…")
    expect(page.locator("#plan-steps li")).to_have_count(3)
    looks_right(page, "delete-everything")
    hand.fill("typed_name", "Hall-7")
    hand.click("button", re.compile(r"Delete \(3 steps\)"))

    expect(page.locator("[data-job-state=done]")).to_be_visible()
    looks_right(page, "job-done")
    assert hand.count <= 10
    state = emulator.state()
    assert top["id"] not in state["iotda/device-groups"]["ids"]


def test_a_policy_that_denies_is_created_and_bound_within_20(hand, demo, emulator):
    product = demo.made_in_the_console("iotda/products")
    page = hand.page

    hand.follow("/iotda/policies/")
    hand.follow("/iotda/policies/new/")
    hand.fill("policy_name", "deny-publish")
    page.locator("[name=statement-0-effect]").select_option("DENY")
    hand.count += 1
    hand.check(PUBLISH)
    page.get_by_label("Resources (one per line)").fill("topic:/v1/${devices.deviceId}/test")
    hand.count += 1
    page.locator("[name=then_target_type]").select_option("product")
    hand.count += 1
    expect(page.locator("[name=then_target_ids_pick]")).to_be_visible()
    page.locator("[name=then_target_ids_pick]").select_option(product["id"])
    hand.click("button", "Add", exact=True)
    looks_right(page, "form-policy-then-bind")
    hand.click("button", "Create device policy")

    expect(page.locator("#resource")).to_be_visible()
    expect(page.locator("#related-targets")).to_contain_text(product["id"])
    assert hand.count <= 20


def test_a_soft_bus_is_made_on_a_first_group_and_synchronized_within_12_each(hand, emulator):
    page = hand.page

    hand.follow("/iotda/device-groups/")
    hand.follow("/iotda/device-groups/new/")
    hand.fill("name", "Hall-1")
    hand.click("button", "Create device group")
    expect(page.locator("#resource")).to_have_attribute("data-kind", "iotda/device-groups")
    group = page.locator("#resource").get_attribute("data-remote-id")
    assert hand.count <= 12

    hand.count = 0
    hand.follow("/iotda/soft-buses/")
    hand.follow("/iotda/soft-buses/new/")
    hand.fill("bus_name", "Bus-1")
    page.locator("[name=group_id]").select_option(group)
    hand.count += 1
    hand.check("Then sync the bus")
    hand.click("button", "Create soft bus")
    expect(page.locator("#resource")).to_have_attribute("data-kind", "iotda/soft-buses")
    expect(page.locator("#resource[data-state=Synchronized]")).to_be_visible()
    assert hand.count <= 12


@pytest.mark.full
def test_why_a_create_failed_is_found_within_6(hand, demo, problems):
    problems.allow("Status Error Code 422")
    demo.perform("iotda/device-groups", data={"name": "Hall-1"})
    refused = demo.perform("iotda/device-groups", data={"name": "Hall-1"})
    page = hand.page

    hand.follow("/operations/")
    hand.follow(f"/operations/{refused.pk}/")
    expect(page.locator("#operation")).to_contain_text("IOTDA.003002")
    expect(page.locator("#operation")).to_contain_text("name")
    assert hand.count <= 6


def test_a_device_with_a_chinese_name_is_made_and_found_by_it_within_14(hand, demo):
    page = hand.page
    hand.follow("/enos/devices/")
    hand.follow("/enos/devices/new/")
    hand.fill("device_name-default", "水泵一号")
    page.locator("[name=product_key] option").first.wait_for(state="attached")
    hand.click("button", "Create device")
    expect(page.locator("#resource")).to_have_attribute("data-kind", "enos/devices")
    id = page.locator("#resource").get_attribute("data-remote-id")
    hand.follow("/enos/devices/")
    hand.fill("q", "水泵")
    expect(page.locator(f'tr[data-remote-id="{id}"]')).to_be_visible()
    assert hand.count <= 14
