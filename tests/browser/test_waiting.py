"""While the platform is working: forms show that they wait, and pages update without losing the focus.

Would catch: a press that only fades the button, a focus that is lost every second, a delete by the Enter key.
"""

import pytest
from playwright.sync_api import expect

from tests.browser.changing import ask_to_delete, made, visit
from tests.browser.creating import create, fill_in, send
from tests.browser.pages import axe, screenshot
from tests.support.plant import deletes_received

MANAGER, OPERATOR = "manager@example.test", "operator@example.test"
WITHOUT_SCRIPT = pytest.param(False, marks=pytest.mark.full, id="plain")
BROWSERS = pytest.mark.parametrize("javascript", [pytest.param(True, id="javascript"), WITHOUT_SCRIPT])
BUS, GROUP = "iotda/soft-buses", "roma/device-groups"


def hold(emulator, seconds=30, **match):
    emulator.faults([{"match": match, "fault": "latency", "seconds": seconds}])


def text_shown(button):
    """What a person reads on it: its own text, or what the style puts in its place."""
    return button.evaluate(
        """button => getComputedStyle(button).fontSize === "0px"
            ? getComputedStyle(button, "::after").content.replaceAll('"', "") : button.innerText"""
    )


def test_a_form_says_that_it_is_being_sent(desk, emulator):
    fill_in(desk, BUS)
    hold(emulator, method="POST", path="/v5/")
    submit, form = desk.locator("#submit"), desk.locator("#form")
    assert text_shown(submit) == "Create soft bus"
    send(desk)
    expect(form).to_have_attribute("aria-busy", "true")
    assert text_shown(submit) == "Sending…"
    screenshot(desk, "sending")
    emulator.faults([])
    expect(desk.locator("#resource")).to_be_visible()


def test_what_comes_back_is_not_being_sent_any_more(desk, emulator):
    fill_in(desk, BUS, bus_name="no spaces allowed")
    send(desk)
    expect(desk.locator("[data-errors]")).to_be_visible()
    expect(desk.locator("#form")).not_to_have_attribute("aria-busy", "true")
    assert text_shown(desk.locator("#submit")) == "Create soft bus"


def test_a_preview_is_not_called_sending(desk, emulator):
    fill_in(desk, GROUP)
    hold(emulator, method="GET", path="/v2/")
    desk.get_by_role("button", name="Preview request").click()
    expect(desk.locator("#form")).to_have_attribute("aria-busy", "true")
    assert text_shown(desk.locator("#submit")) != "Sending…"
    emulator.faults([])
    expect(desk.locator("#preview")).to_be_visible()


def test_a_button_without_fields_says_so_too(desk, emulator):
    create(desk, BUS)
    hold(emulator, method="POST", path="/v5/")
    # In one go: Playwright looks at nothing while a page is about to be left.
    pressed = desk.evaluate(
        """() => new Promise((done) => {
            const button = document.querySelector("form[action$='/sync/'] button");
            button.click();
            setTimeout(() => done([button.disabled, getComputedStyle(button, "::after").content]), 50);
        })"""
    )
    assert pressed == [True, '"Sending…"']
    emulator.faults([])
    expect(desk.locator("#toasts")).to_contain_text("was requested")


@pytest.mark.parametrize("page", ["detail", pytest.param("list", marks=pytest.mark.full)])
def test_the_focus_stays_where_it_is_while_a_bus_synchronises(desk, emulator, page):
    emulator.settings({"sync_s": 10_000})
    create(desk, BUS)
    desk.get_by_role("button", name="Sync").click()
    expect(desk.locator("#resource")).to_have_attribute("data-state", "Synchronizing")
    if page == "list":
        desk.goto(f"/{BUS}/")
    focused = desk.locator("#copy-id" if page == "detail" else "tr[data-state=Synchronizing] a")
    focused.focus()
    focused.evaluate("element => element.stays = true")
    with desk.expect_response(lambda answer: "seen=" in answer.url) as answer:
        pass
    assert answer.value.status == 204
    assert desk.evaluate("document.activeElement.stays")
    emulator.settings({"sync_s": 0})
    expect(desk.locator("[data-state=Synchronized]").first).to_be_visible()
    expect(desk.locator("#copy-id" if page == "detail" else "tr[data-state=Synchronized] a")).to_be_focused()
    expect(desk.locator("#refresh")).to_have_count(0)


@BROWSERS
def test_enter_in_the_reason_deletes_nothing(open_page, emulator, javascript):
    page = open_page(javascript=javascript, email=MANAGER)
    ask_to_delete(page, made(page, GROUP), GROUP)
    reason = page.get_by_label("Reason")
    reason.fill("hall 2 was closed")
    reason.press("Enter")
    expect(page.locator("#preview")).to_contain_text("DELETE")
    expect(reason).to_have_value("hall 2 was closed")
    assert deletes_received(emulator, GROUP) == []


@pytest.mark.full
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_the_button_to_delete_can_be_read(open_page, dark):
    page = open_page(dark=dark, email=MANAGER)
    visit(page, made(page, GROUP), GROUP)
    axe(page, "color-contrast")
    screenshot(page, f"delete-button-{'dark' if dark else 'light'}")
    page.get_by_role("link", name="Delete", exact=True).hover()
    axe(page, "color-contrast")
