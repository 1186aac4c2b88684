"""Selecting rows of a list in Chromium, while the list updates by itself and without script.

Would catch: a selection that an update loses, a box that no keyboard reaches, a row that is deleted although
nobody selected it, a page of many rows that does not fit.
"""

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from portal.kinds.models import Reading
from portal.kinds.registry import KINDS
from portal.operations.job import Job
from tests.browser.creating import row
from tests.browser.pages import axe, fits, looks_right, screenshot
from tests.support.plant import deletes_received, demo_plant

MANAGER, POLICY, DEVICE = "manager@example.test", "iotda/policies", "iotda/devices"
LONG = "a-name-that-is-as-long-as-a-name-may-be-" * 7


@pytest.fixture
def policies(portal_server):
    plant = demo_plant()
    made = [plant.make(POLICY, policy_name=f"policy-{number}") for number in range(5)]
    plant.refresh(POLICY)
    return made


def box(page, thing):
    return row(page, thing.remote_id).locator("[name=pick]")


def test_three_are_selected_while_the_list_updates_and_deleted(open_page, emulator, policies):
    page = open_page(email=MANAGER)
    page.goto(f"/{POLICY}/")
    reading = Reading.objects.filter(kind=POLICY, connection=policies[0].connection)
    now = timezone.now()
    reading.update(started_at=now, lease_until=now + timedelta(minutes=5))  # a worker reads the list now
    page.reload()
    expect(page.locator("#picked")).to_have_text("None selected")
    box(page, policies[0]).check()
    box(page, policies[2]).focus()
    page.keyboard.press("Space")
    expect(page.locator("#picked")).to_have_text("2 selected")

    type(policies[0]).objects.filter(pk=policies[4].pk).update(name="renamed-meanwhile")
    expect(row(page, policies[4].remote_id)).to_contain_text("renamed-meanwhile")

    expect(page.locator("#picked")).to_have_text("2 selected")
    expect(box(page, policies[0])).to_be_checked()
    expect(box(page, policies[2])).to_be_focused()
    expect(box(page, policies[1])).not_to_be_checked()
    reading.update(started_at=None, lease_until=None)
    box(page, policies[4]).check()
    looks_right(page, "list-selected")
    fits_at_a_tablet(page, "list-selected")
    page.get_by_role("button", name="Delete").click()

    expect(page.locator("#chosen tbody tr")).to_have_count(3)
    looks_right(page, "bulk-delete")
    fits_at_a_tablet(page, "bulk-delete")
    page.locator("#submit").click()
    expect(page.locator("[data-errors]")).to_be_focused()
    screenshot(page, "bulk-delete-refused")
    page.get_by_label("Reason").fill("hall 2 closed")
    page.get_by_label("Ticket").fill("CHG-1042")
    page.get_by_label("Type 3 to confirm").fill("3")
    page.locator("#submit").click()

    expect(page.locator("#job")).to_have_attribute("data-job-state", "done")
    looks_right(page, "job-of-many")
    fits_at_a_tablet(page, "job-of-many")
    assert len(deletes_received(emulator, POLICY)) == 3
    page.goto(f"/{POLICY}/")
    for number, thing in enumerate(policies):
        expect(row(page, thing.remote_id)).to_have_count(0 if number in (0, 2, 4) else 1)


def fits_at_a_tablet(page, name):
    page.set_viewport_size({"width": 1024, "height": 800})
    fits(page)
    screenshot(page, f"{name}-1024-light")
    page.set_viewport_size({"width": 1440, "height": 900})


def test_all_on_the_page_are_selected_with_and_without_script(open_page, policies):
    page = open_page(email=MANAGER)
    page.goto(f"/{POLICY}/")
    every = page.locator("#rows [name=pick]")
    count = every.count()
    page.get_by_label("Select all on this page").check()
    expect(page.locator("#picked")).to_have_text(f"{count} selected")
    box(page, policies[0]).uncheck()
    assert page.locator("#pick-all").evaluate("box => box.indeterminate")

    plain = open_page(email=MANAGER, javascript=False, width=390)
    plain.goto(f"/{POLICY}/?q=policy-")
    plain.get_by_role("link", name="Select all on this page").click()
    box(plain, policies[0]).uncheck()
    plain.get_by_role("button", name="Delete").click()
    expect(plain.locator("#chosen tbody tr")).to_have_count(4)
    fits(plain)
    plain.get_by_label("Type 4 to confirm").fill("4")
    plain.locator("#submit").click()
    expect(plain.locator("#job [data-step]")).to_have_count(4)
    assert Job.objects.get().steps.count() == 4


def test_devices_are_bound_to_a_policy_that_is_searched(open_page, portal_server):
    plant = demo_plant()
    long = plant.make(POLICY, policy_name="south-policy")
    KINDS[POLICY].model.objects.filter(pk=long.pk).update(name=f"south {LONG}")
    plant.make(POLICY, policy_name="north-policy")
    plant.make(DEVICE)
    page = open_page(email=MANAGER)
    page.goto(f"/{DEVICE}/")
    page.locator("#rows [name=pick]").first.check()
    looks_right(page, "list-devices-selected")
    page.get_by_role("button", name="Bind policy…").click()
    looks_right(page, "bulk-bind")
    page.get_by_label("Search: Device policy").press_sequentially("north")
    expect(page.locator("#id_other option")).to_have_count(1)
    page.locator("#id_other").select_option(index=0)
    axe(page)
    page.locator("#submit").click()
    expect(page.locator("#job")).to_have_attribute("data-job-state", "done")
    looks_right(page, "job-of-bindings")
