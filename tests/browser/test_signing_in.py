"""The first thing anybody does. Would catch: a door that only opens with JavaScript, or not at all."""

import pytest
from playwright.sync_api import expect

from tests.browser.pages import axe, screenshot, sign_in


@pytest.mark.parametrize("javascript", [True, False], ids=["javascript", "plain"])
def test_the_owner_signs_in_and_lands_on_the_home_page(open_page, portal_server, javascript):
    page = open_page(javascript=javascript)
    sign_in(page, "owner@example.test")
    expect(page).to_have_url(f"{portal_server.url}/")


def test_a_wrong_password_is_refused_and_the_address_kept(page):
    page.goto("/accounts/login/")
    page.locator("[name=login]").fill("owner@example.test")
    page.locator("[name=password]").fill("not the password")
    page.locator("[name=password]").press("Enter")
    expect(page.locator("[name=password]")).to_have_value("")
    expect(page.locator("[name=login]")).to_have_value("owner@example.test")


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_the_sign_in_page_is_fit_for_everyone(open_page, dark, width):
    page = open_page(dark=dark, width=width)
    page.goto("/accounts/login/")
    axe(page)
    screenshot(page, f"sign-in-{width}-{'dark' if dark else 'light'}")
