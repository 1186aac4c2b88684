"""Watching, cancelling, retrying and deciding operations in the browser.

Would catch: a page that does not update, or that loses focus and open details when it does; a cancelled
change that is sent; a decision that works only with JavaScript or is made twice.
"""

import re

import pytest
from playwright.sync_api import expect

from portal.operations import settling
from portal.operations.models import RUNNING, Operation
from tests.browser.creating import fill_in, send
from tests.browser.pages import axe, fits, looks_right
from tests.examples import match
from tests.support.plant import creates_received, demo_plant, received
from tests.support.site import until

OPERATOR, OWNER = "operator@example.test", "owner@example.test"
WITHOUT_SCRIPT = pytest.param(False, marks=pytest.mark.full, id="plain")
BROWSERS = pytest.mark.parametrize("javascript", [pytest.param(True, id="javascript"), WITHOUT_SCRIPT])
# How many lines a text takes on the screen.
LINES_DRAWN = """each => {
    const range = document.createRange();
    range.selectNodeContents(each);
    return new Set([...range.getClientRects()].map((box) => Math.round(box.top))).size;
}"""
POLICY, GROUP = "iotda/policies", "roma/device-groups"


def lost(emulator, slug, data=None):
    """The platform did it, and its answer never came."""
    fault = {"fault": "timeout_after_commit", "seconds": 0.1}
    emulator.faults([{"match": match(slug, "create"), **fault}])
    operation = demo_plant().perform(slug, data=data)
    emulator.faults([])
    return operation


def state_of(page):
    return page.locator("#operation")


def ends_done(page):
    """The second press may have met an operation that still ran: without script its page stands still."""
    until(lambda: not Operation.objects.filter(state__in=RUNNING).exists())
    page.reload()
    expect(state_of(page)).to_have_attribute("data-operation-state", "done")


def held(emulator, **picked):
    """The platform lets these requests wait until other faults are set."""
    emulator.faults([{"match": picked, "fault": "latency", "seconds": 18}])


def catch(page, address, state):
    """Open the list until it shows an operation in this state; its row."""
    row = page.locator(f"tr[data-operation-state={state}]")
    for _visit in range(100):
        page.goto(address)
        if row.count():
            return row
    raise AssertionError(f"never {state}")


def undecided(page, operation):
    """The page of an operation that a look of this person left to a human."""
    page.goto(f"/operations/{operation.pk}/")
    page.get_by_role("button", name="Check again").click()
    expect(state_of(page)).to_have_attribute("data-operation-state", "needs_human")


def test_a_colleague_sees_what_runs_and_cancels_it(open_page, emulator):
    asking, watching = open_page(email=OPERATOR), open_page(email=OWNER)
    fill_in(asking, POLICY)
    held(emulator, method="GET", query="policy_name")  # the look before sending
    send(asking)
    expect(asking.locator("#submit")).to_be_disabled()
    catch(watching, "/operations/?state=running", "intent")
    expect(watching.locator("[data-count=running]")).to_have_text("1")
    axe(watching)
    fits(watching)
    watching.get_by_role("button", name="Cancel allow-hello").click()
    expect(watching.locator("#toasts")).to_contain_text("Nothing was sent")
    expect(watching.locator("#rows")).to_contain_text("Nothing is running")
    emulator.faults([])
    expect(asking.locator("#form [data-errors]")).to_be_visible()
    assert creates_received(emulator, POLICY) == []


def test_a_page_follows_and_leaves_open_what_is_open_and_focused_what_is_focused(open_page, emulator):
    asking, watching = open_page(email=OPERATOR), open_page(email=OWNER)
    fill_in(asking, POLICY)
    held(emulator, **match(POLICY, "create"))
    send(asking)
    catch(watching, "/operations/", "sending").locator("a").click()
    expect(state_of(watching)).to_contain_text("waiting for the answer")
    request = watching.locator("#request")
    request.locator("summary").focus()
    watching.keyboard.press("Enter")
    expect(request.locator("pre")).to_be_visible()
    with watching.expect_response(lambda answer: "seen=" in answer.url) as answer:
        pass
    assert answer.value.status == 204
    emulator.faults([])
    expect(state_of(watching)).to_have_attribute("data-operation-state", "done")
    expect(request.locator("pre")).to_be_visible()
    expect(request.locator("summary")).to_be_focused()
    expect(watching.locator("#refresh")).to_have_count(0)


def test_the_list_follows_until_nothing_runs(open_page, emulator):
    asking, watching = open_page(email=OPERATOR), open_page(email=OWNER)
    fill_in(asking, POLICY)
    held(emulator, **match(POLICY, "create"))
    send(asking)
    catch(watching, "/operations/", "sending").locator("a").focus()
    emulator.faults([])
    expect(watching.locator("tr[data-operation-state=done]")).to_have_count(1)
    expect(watching.locator("tr[data-operation-id] a")).to_be_focused()
    expect(watching.locator("#refresh")).to_have_count(0)


@BROWSERS
def test_an_owner_decides_what_the_portal_cannot_tell(open_page, emulator, javascript):
    page = open_page(javascript=javascript, email=OWNER)
    undecided(page, lost(emulator, POLICY))
    page.get_by_role("link", name="Decide").click()
    expect(page.locator("#main")).to_contain_text("the platform does not promise that names are unique")
    page.get_by_role("radio", name="It is ours").check()
    page.get_by_role("button", name="Save decision").click()
    expect(page.locator("[data-errors]")).to_contain_text("Enter a reason.")
    expect(page.get_by_role("radio", name="It is ours")).to_be_checked()
    if javascript:
        expect(page.locator("[data-errors]")).to_be_focused()
    page.get_by_label("Reason").fill("Only we work in this space")
    page.get_by_role("button", name="Save decision").click()
    expect(state_of(page)).to_have_attribute("data-operation-state", "found")
    expect(state_of(page)).to_contain_text("Decided: it is ours")
    state_of(page).locator(f'a[href^="/{POLICY}/"]').click()
    expect(page.locator("#resource")).to_have_attribute("data-state", "present")
    assert len(creates_received(emulator, POLICY)) == 1


@BROWSERS
def test_a_double_click_on_send_again_sends_once(open_page, emulator, javascript):
    page = open_page(javascript=javascript, email=OWNER)
    undecided(page, lost(emulator, GROUP))
    page.get_by_role("link", name="Decide").click()
    page.get_by_role("radio", name="Send again").check()
    page.get_by_label("This may create a second object").check()
    page.get_by_label("Reason").fill("The first one is not there")
    page.get_by_role("button", name="Save decision").dblclick()
    expect(state_of(page)).to_contain_text("Repeats")
    ends_done(page)
    assert len(creates_received(emulator, GROUP)) == 2
    assert Operation.objects.count() == 2


@BROWSERS
def test_a_refused_change_is_tried_again(open_page, emulator, javascript):
    page = open_page(javascript=javascript, email=OPERATOR)
    body = {"error_code": "IOTDA.000006", "error_msg": "not now"}
    emulator.faults([{"match": match(POLICY, "create"), "fault": "answer", "status": 400, "body": body}])
    operation = demo_plant().perform(POLICY)
    emulator.faults([])
    page.goto(f"/operations/{operation.pk}/")
    page.get_by_role("button", name="Try again").dblclick()
    expect(page).not_to_have_url(re.compile(str(operation.pk)))
    ends_done(page)
    page.get_by_role("link", name=re.compile("^Operation from")).click()
    expect(state_of(page)).to_have_attribute("data-operation-state", "rejected")
    expect(state_of(page)).to_contain_text("Repeated by")
    assert len(creates_received(emulator, POLICY)) == 2


def test_who_may_not_decide_learns_who_can(open_page, emulator):
    page = open_page(email=OPERATOR)
    undecided(page, lost(emulator, GROUP))
    expect(state_of(page)).to_contain_text("A team owner decides whether this happened.")
    expect(page.get_by_role("link", name="Decide")).to_have_count(0)
    expect(page.locator(".sidebar-count").first).to_contain_text("1")


@BROWSERS
def test_looking_again_first_keeps_the_typed_decision(open_page, emulator, problems, javascript):
    problems.allow("answer 503")
    page = open_page(javascript=javascript, email=OWNER)
    undecided(page, lost(emulator, GROUP))
    page.get_by_role("link", name="Decide").click()
    page.get_by_role("radio", name="It is not ours").check()
    page.get_by_label("Reason").fill("Two shifts know nothing of it")
    for status in (200, 503):
        if status == 503:
            emulator.faults([{"match": {"method": "GET"}, "fault": "answer", "status": 500, "body": "{}"}])
        with page.expect_response(lambda answer: answer.request.method == "POST") as answer:
            page.get_by_role("button", name="Check again first").click()
        assert answer.value.status == status
        expect(page.get_by_role("radio", name="It is not ours")).to_be_checked()
        expect(page.get_by_label("Reason")).to_have_value("Two shifts know nothing of it")
    if javascript:
        page.get_by_label("Reason").press("Enter")
    else:
        page.get_by_role("button", name="Save decision").click()
    expect(state_of(page)).to_have_attribute("data-operation-state", "absent")


@BROWSERS
def test_a_refused_delete_is_confirmed_again(open_page, emulator, javascript):
    page = open_page(javascript=javascript, email=OWNER)
    body = {"error_code": "IOTDA.000006", "error_msg": "not now"}
    row = demo_plant().perform(POLICY).target
    emulator.faults([{"match": match(POLICY, "delete"), "fault": "answer", "status": 400, "body": body}])
    page.goto(f"/{POLICY}/{row.pk}/delete/")
    page.locator("#submit").click()
    expect(page.locator("#form")).to_contain_text("not now")
    emulator.faults([])
    page.goto(f"/operations/{Operation.objects.get(verb_name='delete').pk}/")
    if javascript:
        looks_right(page, "operation-delete-refused")
    page.get_by_role("link", name="Try again").click()
    expect(page.locator("#form")).to_contain_text("This cannot be undone.")
    assert len(received(emulator, POLICY, "delete")) == 1
    page.locator("#submit").click()
    expect(page).to_have_url(re.compile(f"/{POLICY}/$"))
    assert len(received(emulator, POLICY, "delete")) == 2


def test_an_empty_filter_shows_what_comes(open_page, emulator):
    page = open_page(email=OWNER)
    page.clock.install()
    page.goto("/operations/?state=needs_human")
    expect(page.locator("#rows")).to_contain_text("Nothing needs a human")
    undecided(open_page(email=OWNER), lost(emulator, GROUP))
    page.clock.run_for(16_000)
    expect(page.locator("tr[data-operation-state=needs_human]")).to_have_count(1)


@pytest.mark.full
def test_statements_are_compared_line_by_line(open_page, emulator):
    page = open_page(email=OWNER)
    operation = lost(emulator, POLICY)
    undecided(page, operation)
    for name, what in (("operation", ""), ("decide", "decide/")):
        page.goto(f"/operations/{operation.pk}/{what}")
        values = page.locator("pre.evidence-json:visible")
        expect(values).to_have_count(2)
        for width in (1440, 390):
            page.set_viewport_size({"width": width, "height": 900})
            for value in values.all():
                assert value.evaluate(LINES_DRAWN) == value.inner_text().count("\n") + 1
                assert "monospace" in value.evaluate("each => getComputedStyle(each).fontFamily")
        page.set_viewport_size({"width": 1440, "height": 900})
        looks_right(page, f"{name}-statement")


@pytest.mark.full
def test_evidence_and_decisions_in_both_colours_at_a_desk_and_on_a_phone(open_page, emulator):
    page = open_page(email=OWNER)
    several = lost(emulator, GROUP)
    lost(emulator, GROUP)
    undecided(page, several)
    looks_right(page, "operation-needs_human")
    page.get_by_role("link", name="Decide").click()
    expect(page.get_by_role("radio")).to_have_count(5)  # three decisions, two objects
    page.get_by_role("radio", name="It is ours").check()
    page.get_by_role("button", name="Save decision").click()
    expect(page.locator("[data-errors]")).to_contain_text("Choose the object that this operation created.")
    looks_right(page, "decide-refused")
    page.get_by_role("radio", name="It is not ours").check()
    page.get_by_label("Reason").fill("Neither of them")
    page.get_by_role("button", name="Save decision").click()
    expect(state_of(page)).to_have_attribute("data-operation-state", "absent")
    looks_right(page, "operation-decided")


@pytest.mark.full
def test_the_ledger_has_room_for_its_longest_words(open_page, emulator):
    """What the portal found out by itself, and "needs a human", between the verbs of connections."""
    page = open_page(email=OWNER)
    lost(emulator, GROUP)
    settling.settle_due()
    body = {"error_code": "IOTDA.000006", "error_msg": "no"}
    emulator.faults([{"match": match(POLICY, "create"), "fault": "answer", "status": 400, "body": body}])
    demo_plant().perform(POLICY)
    page.goto("/audit/")
    expect(page.locator("#entries")).to_contain_text("the portal, for")
    table = page.locator(".table-responsive")
    for width in (1440, 1024, 700, 390):  # where it cannot fit, the table is pushed, not the page
        page.set_viewport_size({"width": width, "height": 900})
        fits(page)
        if width in (1440, 390):
            assert table.evaluate("each => each.scrollWidth - each.clientWidth") == 0
    looks_right(page, "ledger")
