"""Passkeys, with Chromium's virtual authenticator. Would catch: a ceremony that the content policy, a script
or the server breaks; a passkey that is a password to be typed as well.
"""

import pytest
from allauth.mfa.models import Authenticator
from playwright.sync_api import expect

from portal.record.models import Entry
from tests.browser.pages import looks_right, sign_in

OWNER = "owner@example.test"


@pytest.fixture
def device(page):
    """The page's own authenticator, whose person is always there and is who they say."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    made = session.send("WebAuthn.addVirtualAuthenticator", {"options": options})

    def is_present(present):
        session.send(
            "WebAuthn.setUserVerified",
            {"authenticatorId": made["authenticatorId"], "isUserVerified": present},
        )

    return is_present


def test_a_passkey_signs_in_alone_and_as_a_second_factor(page, device):
    sign_in(page, OWNER)
    page.goto("/profile/")
    page.get_by_role("link", name="Add a passkey").click()
    looks_right(page, "passkey-add")
    page.get_by_label("Name").fill("Laptop")
    page.get_by_role("button", name="Add the passkey").click()
    expect(page).to_have_url("/accounts/2fa/recovery-codes/")
    looks_right(page, "recovery-codes-ready")
    page.get_by_role("button", name="Show the codes").click()
    expect(page.locator(".codes li")).to_have_count(10)
    looks_right(page, "recovery-codes")
    with page.expect_download() as told:
        page.get_by_role("link", name="Download").click()
    assert len(told.value.path().read_text().split()) == 10
    page.goto("/profile/")
    expect(page.locator("[data-passkey-id]")).to_contain_text("Laptop")
    looks_right(page, "profile-passkey")

    page.context.clear_cookies()
    page.goto("/accounts/login/?next=/audit/")
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page).to_have_url("/audit/")
    assert Entry.objects.filter(verb="sign_in").latest("seq").actor == OWNER

    page.context.clear_cookies()
    page.goto("/accounts/login/")
    page.locator("[name=login]").fill(OWNER)
    page.locator("[name=password]").fill("demo-pass-1")
    page.locator("[name=password]").press("Enter")
    expect(page).to_have_url("/accounts/2fa/authenticate/")
    looks_right(page, "second-factor")
    page.get_by_role("button", name="Use a passkey").click()
    expect(page).to_have_url("/")

    page.goto("/profile/")
    page.locator("[data-passkey-id]").get_by_role("link", name="Remove").click()
    page.get_by_role("button", name="Remove the passkey").click()
    expect(page.locator("[data-second-factor=off]")).to_be_visible()
    assert not Authenticator.objects.exists()


def test_a_refused_passkey_is_said(page, device):
    device(False)
    page.goto("/accounts/login/")
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.locator("[data-passkey-problem]")).to_be_visible()
    expect(page).to_have_url("/accounts/login/")
