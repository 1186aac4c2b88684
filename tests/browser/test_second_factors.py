"""Setting up an app and confirming who one is, in Chromium. Would catch: a picture, a script or a form that
the content policy stops; pages that nobody can use on a phone, in the dark or by keyboard.
"""

import pytest
from django.contrib.sessions.models import Session
from playwright.sync_api import expect

from portal.teams.models import Team
from portal.teams.signin.sessions import SessionStore
from tests.browser.pages import looks_right, sign_in
from tests.support.codes import code_of

OWNER, PASSWORD = "owner@example.test", "demo-pass-1"


def test_a_team_asks_for_a_second_factor_and_its_member_sets_one_up(page):
    Team.objects.filter(name="Plant 3").update(mfa_required=True)
    sign_in(page, OWNER)
    expect(page).to_have_url("/profile/")
    expect(page.get_by_role("alert").first).to_contain_text("You need a second factor")
    looks_right(page, "profile-demanded")
    page.get_by_role("link", name="Add an app").click()
    picture = page.get_by_alt_text("QR code of the key below")
    assert picture.evaluate("each => each.complete && each.naturalWidth > 0")
    looks_right(page, "app-add")
    page.get_by_label("code").fill(code_of(page.locator("dl code").inner_text()))
    page.keyboard.press("Enter")
    expect(page).to_have_url("/accounts/2fa/recovery-codes/")
    page.goto("/teams/")
    expect(page.get_by_role("heading", name="Teams")).to_be_visible()


@pytest.mark.parametrize("javascript", [True, False], ids=["javascript", "plain"])
def test_whoever_was_away_confirms_and_finds_what_was_typed(open_page, javascript):
    page = open_page(javascript=javascript)
    sign_in(page, OWNER)
    page.goto(f"/teams/{Team.objects.get(name='Plant 3').pk}/")
    if javascript:
        looks_right(page, "team")
    page.get_by_label("E-mail address").fill("new@example.test")
    for row in Session.objects.all():
        store = SessionStore(row.session_key)
        if "confirmed_at" in store:
            store["confirmed_at"] = 0
            store.save()
    page.get_by_role("button", name="Send invitation").click()
    expect(page.get_by_role("heading", name="Confirm that it is you")).to_be_visible()
    if javascript:
        looks_right(page, "confirm")
    page.locator("[name=password]").fill(PASSWORD)
    page.locator("[name=password]").press("Enter")
    expect(page.get_by_label("E-mail address")).to_have_value("new@example.test")
