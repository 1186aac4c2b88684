"""The permissions of a connection, chosen and copied. Would catch: a choice that does not reach the policy
or the address, a policy that only a script can copy, a page that breaks on a phone."""

import json

import pytest
from playwright.sync_api import expect

from portal.connections.models import Connection
from tests.browser.pages import looks_right

VIEWER = "viewer@example.test"
SYNC, DELETE = "iotda:harmonysoftbus:sync", "iotda:harmonysoftbus:delete"


@pytest.fixture
def address(portal_server):
    connection = Connection.objects.get(team__name="Plant 3", platform="iotda")
    return f"/connections/{connection.pk}/rights/"


def test_the_policy_follows_the_choice_and_is_copied(open_page, address):
    page = open_page(email=VIEWER)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(address)
    looks_right(page, "rights")

    page.get_by_label("Device policies").uncheck()
    expect(page.locator("#policy")).not_to_contain_text("devicepolicy")
    page.get_by_label("Operate").check()
    expect(page.locator("#policy")).not_to_contain_text(DELETE)
    expect(page.get_by_label("Operate")).to_be_focused()
    page.get_by_role("button", name="Copy the policy").click()
    expect(page.locator("#toasts")).to_contain_text("Copied")

    copied = json.loads(page.evaluate("navigator.clipboard.readText()"))
    assert SYNC in copied["Statement"][0]["Action"]
    page.reload()
    assert json.loads(page.locator("#policy").input_value()) == copied


@pytest.mark.full
def test_without_a_script_it_is_selected_and_copied_by_hand(open_page, address):
    page = open_page(email=VIEWER, javascript=False)
    page.goto(address)

    page.get_by_label("Read only").check()
    page.get_by_role("button", name="Show").click()

    policy = page.locator("#policy")
    expect(policy).not_to_be_editable()
    assert SYNC not in policy.input_value()
    expect(page.get_by_role("button", name="Copy the policy")).to_be_hidden()
