"""Rules and approvals as three people meet them, with and without JavaScript.

Would catch: a button that works in one browser only, a page that says nothing about what comes next, letters
too pale, a table that pushes the phone's page sideways.
"""

import pytest
from playwright.sync_api import expect

from portal.operations import ruling
from portal.teams.models import Role
from tests.browser.pages import looks_right
from tests.operations.ruled import APPROVED, asked, rule
from tests.support.plant import deletes_received, demo_plant

MANAGER, OWNER, BUS = "manager@example.test", "owner@example.test", "iotda/soft-buses"
BROWSERS = pytest.mark.parametrize("javascript", [True, False], ids=["javascript", "plain"])


@BROWSERS
def test_an_owner_asks_for_approval_a_manager_asks_and_the_owner_approves(open_page, emulator, javascript):
    plant = demo_plant()
    row = plant.make(BUS)
    owner = open_page(javascript=javascript, email=OWNER)
    owner.goto(f"/teams/{plant.team.pk}/rules/")
    for demand in ("Reason", "Approval by a second person"):
        owner.get_by_label(f"Delete anything: {demand}").check()
    owner.get_by_role("button", name="Save the rules").click()
    expect(owner.locator("#no-rules")).to_have_count(0)
    assert ruling.current(plant.team) == {"delete": ["reason", "approval"]}

    manager = open_page(javascript=javascript, email=MANAGER)
    manager.goto(f"/{BUS}/{row.pk}/delete/")
    expect(manager.locator("#needs-approval")).to_be_visible()
    manager.get_by_role("button", name="Ask for approval").click()
    expect(manager.locator("#id_reason_error")).to_contain_text("Your team asks for a reason")
    manager.get_by_label("Reason").fill("old")
    manager.get_by_role("button", name="Ask for approval").click()
    expect(manager.locator("#approval")).to_have_attribute("data-approval-state", "waiting")
    assert not deletes_received(emulator, BUS)

    owner.goto("/approvals/")
    owner.locator("#approvals").get_by_role("link").first.click()
    expect(owner.locator("#approval")).to_contain_text("old")
    owner.get_by_role("button", name="Approve and send").click()
    expect(owner.locator("#approval")).to_have_attribute("data-approval-state", "approved")
    assert len(deletes_received(emulator, BUS)) == 1


def test_their_pages_look_right(open_page, portal_server):
    plant = demo_plant()
    row = plant.make(BUS)
    page = open_page(email=OWNER)
    page.goto(f"/teams/{plant.team.pk}/rules/")
    looks_right(page, "rules-none")
    rule(plant, any=["reason"], delete=APPROVED, deny=["ticket"])
    page.reload()
    looks_right(page, "rules")
    page.goto(f"/{BUS}/{row.pk}/delete/")
    looks_right(page, "form-needs-approval")
    page.goto("/approvals/")
    looks_right(page, "approvals-none")
    approval = asked(plant, BUS, "delete", data={}, target=row, reason="old", role=Role.MANAGER)
    page.reload()
    looks_right(page, "approvals")
    page.goto(f"/approvals/{approval.pk}/")
    looks_right(page, "approval")
    page.get_by_role("button", name="Refuse").click()
    expect(page.locator("[data-errors]")).to_be_visible()
    looks_right(page, "approval-refusing")
