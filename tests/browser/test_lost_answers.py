"""Lost answers, platforms that do not answer, buttons pressed twice.

Would catch: a page that says "failed" or "created" although nobody knows, a failed list shown as empty, a
second create from a double click, Back or a reload.
"""

import re

import pytest
from playwright.sync_api import expect

from portal.operations.models import Operation, State
from tests.browser.creating import create, fill_in, row, send
from tests.examples import creating, is_provable, match, one_per_platform
from tests.support.plant import creates_received
from tests.support.site import until

BROWSERS = pytest.mark.parametrize("javascript", [True, False], ids=["javascript", "plain"])
DEVICE = "enos/devices"
# Of each platform one of those of which the portal can say by itself that they happened.
FOUND = one_per_platform(slug for slug in creating() if is_provable(slug, "create", happened=True))


def let_through(open_page):
    """A manager ends the pause that the failures caused, unless it is over already."""
    page = open_page(email="manager@example.test")
    page.goto("/connections/")
    page.get_by_role("link", name="IoTDA (emulator)").click()
    expect(page.locator("#condition")).to_be_visible()
    again = page.get_by_role("button", name="Try again now")
    if again.is_visible():
        again.click()
        expect(again).to_have_count(0)


def lose_the_answer(emulator, slug):
    """The platform creates the object, but its answer is lost."""
    lost = {"fault": "timeout_after_commit", "seconds": 0.1, "match": match(slug, "create")}
    emulator.faults([lost])


@BROWSERS
@pytest.mark.parametrize("slug", FOUND)
def test_a_lost_answer_is_in_doubt_until_a_look_finds_it(open_page, emulator, slug, javascript):
    page = open_page(javascript=javascript, email="operator@example.test")
    fill_in(page, slug)
    lose_the_answer(emulator, slug)
    send(page)
    operation = page.locator("#operation")
    expect(operation).to_have_attribute("data-operation-state", "in_doubt")
    expect(operation).to_contain_text("may or may not have happened")
    expect(page).to_have_url(re.compile(r"/operations/[0-9a-f-]{36}/$"))
    label = page.locator("h1").inner_text().partition(":")[0]
    assert label.startswith("Create")
    expect(page).to_have_title(re.compile(f"^{label}"))
    expect(page.locator(".breadcrumb")).to_contain_text("Operations")
    expect(page.get_by_role("link", name="Open the form")).to_have_count(0)
    page.get_by_role("button", name="Check again").click()
    expect(operation).to_have_attribute("data-operation-state", "found")
    operation.locator(f'a[href^="/{slug}/"]').click()
    remote_id = page.locator("#resource").get_attribute("data-remote-id")
    page.goto(f"/{slug}/")
    expect(row(page, remote_id)).to_have_count(1)
    assert len(creates_received(emulator, slug)) == 1


def test_a_failed_look_concludes_nothing(desk, emulator, problems):
    problems.allow("answer 503")
    fill_in(desk, "enos/devices")
    lose_the_answer(emulator, DEVICE)
    send(desk)
    expect(desk.locator("#operation")).to_have_attribute("data-operation-state", "in_doubt")
    emulator.faults([{"fault": "answer", "status": 503, "match": {"path": "/connect-service/"}}])
    desk.get_by_role("button", name="Check again").click()
    expect(desk.locator("#toasts")).to_contain_text("nothing has changed here")
    expect(desk.locator("#operation")).to_have_attribute("data-operation-state", "in_doubt")


def test_reloading_the_page_of_a_lost_answer_sends_nothing(desk, emulator):
    fill_in(desk, "enos/devices")
    lose_the_answer(emulator, DEVICE)
    send(desk)
    expect(desk.locator("#operation")).to_have_attribute("data-operation-state", "in_doubt")
    desk.reload()
    expect(desk.locator("#operation")).to_have_attribute("data-operation-state", "in_doubt")
    assert len(creates_received(emulator, "enos/devices")) == 1


@pytest.mark.parametrize(
    "javascript", [True, pytest.param(False, marks=pytest.mark.full)], ids=["javascript", "plain"]
)
def test_a_platform_that_is_down_shows_what_is_known_and_since_when(open_page, emulator, javascript):
    page = open_page(javascript=javascript, email="operator@example.test")
    remote_id = create(page, "iotda/policies")
    page.goto("/iotda/policies/")
    emulator.faults([{"fault": "answer", "status": 503, "match": {"path": "/v5/"}}])
    page.reload()
    expect(row(page, remote_id)).to_have_count(1)
    expect(page.locator("#rows")).to_contain_text("could not be read")
    expect(page.locator("#rows")).to_contain_text(re.compile(r"Showing data from\s+\d{4}-\d\d-\d\d"))
    page.goto("/iotda/soft-buses/")
    expect(page.locator("#rows")).to_contain_text("It was never read before, so there is no data to show.")
    expect(page.locator("#main")).not_to_contain_text("The platform has no")
    page.goto(f"/iotda/policies/{remote_id}/")
    expect(page.locator("#resource")).to_contain_text(re.compile(r"Showing data from\s+\d{4}-\d\d-\d\d"))
    emulator.faults([])
    let_through(open_page)
    page.goto("/iotda/soft-buses/")
    expect(page.locator("#rows")).to_contain_text("The platform has no Soft buses")


def test_a_form_can_be_filled_in_while_the_platform_is_down(open_page, desk, emulator):
    emulator.faults([{"fault": "answer", "status": 503, "match": {"path": "/v5/"}}])
    desk.goto("/iotda/soft-buses/new/")
    expect(desk.locator(".field-problem").first).to_be_visible()
    desk.locator("[name=bus_name]").fill("Bus_A")
    desk.locator("[name=group_id]").fill("04ed32dc1b0025b52fe3c01a27c2b0a8")
    emulator.faults([])
    let_through(open_page)
    send(desk)
    expect(desk.locator("#resource")).to_have_attribute("data-kind", "iotda/soft-buses")


@BROWSERS
def test_a_double_click_creates_once(open_page, emulator, javascript):
    page = open_page(javascript=javascript, email="operator@example.test")
    fill_in(page, "iotda/policies")
    page.locator("#submit").dblclick()
    # Without script the second press is one of its own: it may meet the operation while that runs.
    expect(page.locator("#resource" if javascript else "#resource, #operation")).to_be_visible()
    until(lambda: Operation.objects.get().state == State.DONE)
    assert len(creates_received(emulator, "iotda/policies")) == 1
    page.goto("/operations/")
    expect(page.locator("tr[data-operation-id]")).to_have_count(1)


@BROWSERS
def test_back_and_the_button_again_create_nothing_new(open_page, emulator, javascript):
    page = open_page(javascript=javascript, email="operator@example.test")
    remote_id = create(page, "roma/device-groups")
    page.reload()
    expect(row(page, remote_id)).to_have_count(1)
    page.go_back()
    expect(page.locator("#form")).to_be_visible()
    page.go_forward()
    expect(row(page, remote_id)).to_have_count(1)
    assert len(creates_received(emulator, "roma/device-groups")) == 1
    page.goto("/operations/")
    expect(page.locator("tr[data-operation-id]")).to_have_count(1)
