"""Deleting in Chromium, with and without JavaScript.

Would catch: a delete by one careless click, a list that still shows what is gone, a refusal that is lost.
"""

import pytest
from playwright.sync_api import expect

from tests.browser.changing import ask_to_delete, collection, made
from tests.browser.creating import row, send
from tests.browser.pages import looks_right
from tests.examples import deleting
from tests.support.plant import deletes_received

MANAGER = "manager@example.test"
BROWSERS = pytest.mark.parametrize("javascript", [True, False], ids=["javascript", "plain"])
GROUP = "roma/device-groups"


@pytest.mark.parametrize(
    ("slug", "javascript"), [*((slug, True) for slug in deleting()), (GROUP, False)], ids=str
)
def test_what_was_deleted_is_gone_from_the_list_and_its_reason_and_ticket_in_the_record(
    open_page, emulator, slug, javascript
):
    page = open_page(javascript=javascript, email=MANAGER)
    thing = made(page, slug)
    ask_to_delete(page, thing, slug)
    expect(page.locator("#form")).to_contain_text(thing.remote_id)
    assert deletes_received(emulator, slug) == [], "opening the page deletes nothing"
    page.get_by_label("Reason").fill("hall 2 was closed")
    page.get_by_label("Ticket").fill("CHG-1042")
    send(page)

    expect(page.locator("#toasts")).to_contain_text("was deleted.")
    expect(page).to_have_url(f"/{slug}/")
    expect(row(page, thing.remote_id)).to_have_count(0)
    assert len(deletes_received(emulator, slug)) == 1
    page.goto("/audit/?verb=delete&outcome=done&ticket=CHG-1042")
    page.locator("tr[data-seq] a").first.click()
    expect(page.locator("#main")).to_contain_text("hall 2 was closed")


def test_reason_and_ticket_stand_beside_each_other_where_there_is_room(open_page):
    page = open_page(email=MANAGER)
    thing = made(page, GROUP)
    ask_to_delete(page, thing, GROUP)
    looks_right(page, "delete")
    for width, is_beside in {1440: True, 390: False}.items():
        page.set_viewport_size({"width": width, "height": 900})
        reason, ticket = (page.get_by_label(name).bounding_box() for name in ("Reason", "Ticket"))
        assert (reason["y"] == ticket["y"], reason["x"] == ticket["x"]) == (is_beside, not is_beside)


@BROWSERS
def test_a_refusal_keeps_the_reason(open_page, javascript):
    page = open_page(javascript=javascript, email=MANAGER)
    parent = made(page, GROUP)
    made(page, GROUP, name="below", parent_id=parent.remote_id)
    ask_to_delete(page, parent, GROUP)
    page.get_by_label("Reason").fill("typed before")
    send(page)

    refusal = page.locator("[data-operation-state=rejected]")
    expect(refusal).to_contain_text("The platform refused this. Nothing was changed.")
    if javascript:
        expect(refusal).to_be_focused()
    expect(page.get_by_label("Reason")).to_have_value("typed before")


@BROWSERS
def test_what_somebody_else_deleted_meanwhile_is_said(open_page, emulator, javascript):
    page = open_page(javascript=javascript, email=MANAGER)
    group = made(page, GROUP)
    ask_to_delete(page, group, GROUP)
    collection(group, GROUP).delete(group.remote_id)
    send(page)

    expect(page.locator("#toasts")).to_contain_text("so there was nothing left to delete.")
    expect(page).to_have_url(f"/{GROUP}/")
    expect(row(page, group.remote_id)).to_have_count(0)
