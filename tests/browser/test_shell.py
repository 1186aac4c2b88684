"""What stands around every page: colours, teams, the way out, the phone's menu."""

import re

import pytest
from playwright.sync_api import expect

from portal.teams.models import Membership, Role, Team, User

BROWSERS = pytest.mark.parametrize("javascript", [True, False], ids=["javascript", "plain"])
OPERATOR = "operator@example.test"


def choose_theme(page, name):
    page.locator("summary[aria-label=Theme]").click()
    with page.expect_response("**/web/theme/"):
        page.get_by_role("button", name=name).click()


@BROWSERS
def test_the_chosen_colours_stay_on_every_page(open_page, javascript):
    page = open_page(javascript=javascript, email=OPERATOR)
    page.goto("/")
    html = page.locator("html")
    expect(html).to_have_attribute("data-bs-theme", "light")
    choose_theme(page, "Dark")
    expect(html).to_have_attribute("data-bs-theme", "dark")
    page.goto("/iotda/policies/")
    expect(html).to_have_attribute("data-bs-theme", "dark")
    choose_theme(page, "Light")
    expect(html).to_have_attribute("data-bs-theme", "light")
    expect(page).to_have_url(re.compile("/iotda/policies/"))


def test_auto_follows_the_system(open_page):
    page = open_page(email=OPERATOR, dark=True)
    page.goto("/")
    html = page.locator("html")
    expect(html).to_have_attribute("data-bs-theme", "dark")
    choose_theme(page, "Light")
    expect(html).to_have_attribute("data-bs-theme", "light")
    choose_theme(page, "Match system")
    expect(html).to_have_attribute("data-bs-theme", "dark")
    page.emulate_media(color_scheme="light")
    expect(html).to_have_attribute("data-bs-theme", "light")


@BROWSERS
def test_who_is_in_two_teams_switches_between_them(open_page, javascript):
    harbour = Team.objects.get(name="Harbour")
    Membership.objects.create(team=harbour, user=User.objects.get(email=OPERATOR), role=Role.VIEWER)
    page = open_page(javascript=javascript, email=OPERATOR)
    page.goto("/connections/")
    expect(page.locator("#main")).to_contain_text("Harbour IoTDA (emulator)")
    page.locator("header summary", has_text="Harbour").click()
    page.get_by_role("button", name="Plant 3").click()
    expect(page.locator("header summary").first).to_contain_text("Plant 3")
    page.goto("/connections/")
    expect(page.locator("#main")).not_to_contain_text("Harbour")
    expect(page.locator("#main")).to_contain_text("IoTDA (emulator)")


@BROWSERS
def test_signing_out_closes_the_door(open_page, javascript):
    page = open_page(javascript=javascript, email=OPERATOR)
    page.goto("/")
    page.locator("header summary", has_text="Oscar Operator").click()
    page.get_by_role("button", name="Sign out").click()
    page.goto("/operations/")
    expect(page).to_have_url(re.compile("/accounts/login/"))
    page.go_back()
    expect(page.locator("body")).not_to_contain_text("Oscar Operator")


@BROWSERS
def test_the_phone_has_the_whole_menu_behind_a_button(open_page, javascript):
    page = open_page(javascript=javascript, email=OPERATOR, width=390)
    page.goto("/")
    link = page.locator("#sidebar").get_by_role("link", name="Soft buses")
    expect(link).to_be_hidden()
    page.get_by_role("button", name="Menu", exact=True).click()
    expect(link).to_be_visible()
    link.click()
    expect(page).to_have_url(re.compile("/iotda/soft-buses/"))
    expect(link).to_be_hidden()
    expect(page.locator("h1")).to_have_text("Soft buses")


def test_a_page_for_a_right_one_lacks_says_which_and_who_grants_it(open_page):
    page = open_page(email="viewer@example.test")
    page.goto("/iotda/policies/")
    expect(page.get_by_role("link", name="New")).to_have_count(0)
    page.goto("/iotda/policies/new/")
    expect(page.locator("h1")).to_have_text("Not allowed")
    expect(page.locator("main")).to_contain_text("create")
    expect(page.locator("main")).to_contain_text("can give it")
