"""Rights, the access review and the settings, in a browser. Would catch: a question that takes long to
answer, a page that cannot be read by ear, on a phone or in the dark.
"""

import pytest
from playwright.sync_api import expect

from tests.browser.pages import axe
from tests.browser.test_inviting import Counted
from tests.browser.test_looks import looks_right

WHO = "Who can do this?"


def test_who_can_delete_in_my_team_in_three_steps(open_page):
    do, page = Counted(), open_page(email="auditor@example.test", width=390)
    page.goto("/teams/")
    do(page.get_by_role("rowheader", name="Plant 3").get_by_role("link").click)
    do(page.get_by_role("link", name=WHO).click)
    expect(page.locator("h1")).to_have_text(WHO)
    found = page.locator('[data-rights~="delete"] [data-person]').evaluate_all(
        "all => all.map(e => e.dataset.person)"
    )
    assert sorted(found) == ["manager@example.test", "owner@example.test"]
    assert do.count <= 3
    axe(page)


def test_an_owner_confirms_the_review(open_page):
    page = open_page(email="owner@example.test")
    page.goto("/teams/")
    page.get_by_role("rowheader", name="Plant 3").get_by_role("link").click()
    page.get_by_role("link", name="Access review").click()
    axe(page)
    page.get_by_role("button", name="I reviewed this list").click()
    expect(page.locator("#reviewed + *, main")).to_contain_text("Nothing changed since.")


def test_settings_can_be_read_by_ear(open_page):
    page = open_page(email="admin@example.test", width=390)
    page.goto("/settings/")
    expect(page.locator("h1")).to_have_text("Settings")
    axe(page)


@pytest.mark.full
def test_how_these_pages_look(open_page):
    page = open_page(email="owner@example.test")
    page.goto("/teams/")
    page.get_by_role("rowheader", name="Plant 3").get_by_role("link").click()
    team = page.url
    for name in ("who", "access-review"):
        page.goto(f"{team}{name}/")
        looks_right(page, f"team-{name}")
    admin = open_page(email="admin@example.test")
    admin.goto("/settings/")
    looks_right(admin, "settings")
