"""People come and go, in a browser. Would catch: a way that takes more steps than one is willing to take, a
page that does not work without JavaScript, on a phone or in the dark.
"""

import pytest
from playwright.sync_api import expect

from tests.browser.pages import axe
from tests.browser.test_looks import looks_right

PASSWORD = "gravel under heavy boots"


class Counted:
    """Counts each thing that a person does."""

    def __init__(self):
        self.count = 0

    def __call__(self, act, *arguments):
        self.count += 1
        act(*arguments)


def invite(page, do, address, role):
    page.goto("/")
    do(page.get_by_role("link", name="Teams", exact=True).click)
    do(page.get_by_role("rowheader", name="Plant 3").get_by_role("link").click)
    do(page.locator("[name=email]").fill, address)
    do(page.locator(".form-card [name=role]").select_option, role)
    do(page.get_by_role("button", name="Send invitation").click)
    expect(page.locator(f'[data-invitation="{address}"]')).to_contain_text("sent")


def open_link(page, do, address):
    page.goto("/demo/mails/")
    do(page.locator(f'[data-mail-to="{address}"] a').first.click)


@pytest.mark.parametrize("javascript", [True, pytest.param(False, marks=pytest.mark.full)])
def test_an_operator_is_invited_and_joins_in_ten_steps(open_page, javascript):
    do, address = Counted(), f"nina-{javascript}@example.test".lower()
    page = open_page(email="owner@example.test", javascript=javascript)
    invite(page, do, address, "operator")
    guest = open_page(javascript=javascript, width=390)
    open_link(guest, do, address)
    expect(guest.locator("h1")).to_have_text("Join Plant 3")
    if javascript:
        axe(guest)
    do(guest.locator("[name=name]").fill, "Nina New")
    do(guest.locator("[name=password]").fill, PASSWORD)
    do(guest.get_by_role("button", name="Join the team").click)
    expect(guest.locator("h1")).to_have_text("Overview")
    assert do.count <= 10
    page.reload()
    expect(page.locator(f'[data-member="{address}"]')).to_have_attribute("data-role", "operator")


def test_a_leaver_is_out_everywhere_in_four_steps(open_page):
    do, leaver = Counted(), open_page(email="operator@example.test")
    leaver.goto("/")
    admin = open_page(email="admin@example.test")
    admin.goto("/")
    do(admin.get_by_role("link", name="People").click)
    do(admin.get_by_role("link", name="operator@example.test", exact=True).click)
    axe(admin)
    do(admin.get_by_role("button", name="Switch the account off").click)
    do(admin.locator("#confirm .btn-primary").click)
    expect(admin.get_by_role("button", name="Switch the account on")).to_be_visible()
    assert do.count == 4
    leaver.reload()
    expect(leaver.locator("h1")).to_have_text("Sign in")


@pytest.mark.full
def test_how_these_pages_look(open_page):
    page = open_page(email="owner@example.test")
    invite(page, Counted(), "look@example.test", "auditor")
    looks_right(page, "team-invited")
    page.get_by_role("link", name="Vera Viewer").click()
    looks_right(page, "member-leaves")
    guest = open_page()
    open_link(guest, Counted(), "look@example.test")
    looks_right(guest, "invitation")
    guest.goto("/demo/mails/")
    looks_right(guest, "demo-mails")
    guest.goto("/teams/invitation/made-up/")
    looks_right(guest, "invitation-closed")
    for path in ("", "done/", "a/b/", "key/done/"):
        guest.goto(f"/accounts/password/reset/{path}")
        looks_right(guest, f"reset-{path.replace('/', '-')}")
    admin = open_page(email="admin@example.test")
    admin.goto("/people/")
    looks_right(admin, "people")
    admin.get_by_role("link", name="viewer@example.test", exact=True).click()
    looks_right(admin, "person")
