"""Two people edit the same thing in two browsers.

Would catch: an overwritten change, lost input, a choice that does something else than it says.
"""

import pytest
from playwright.sync_api import expect

from tests.browser.changing import ask_to_delete, collection, edit, made, on_platform
from tests.browser.creating import send
from tests.examples.iotda_policies import TOPIC
from tests.support.plant import updates_received

OPERATOR, MANAGER = "operator@example.test", "manager@example.test"
BROWSERS = pytest.mark.parametrize("javascript", [True, False], ids=["javascript", "plain"])
POLICY = "iotda/policies"


@pytest.fixture
def clash(open_page, problems):
    """clash(javascript=True): (the page of the slower person, which shows the conflict; the policy's row)."""

    def clash(javascript=True):
        problems.allow("Status Error Code 409")
        slow = open_page(javascript=javascript, email=OPERATOR)
        quick = open_page(javascript=javascript, email=MANAGER)
        policy = made(slow, POLICY)
        edit(slow, policy, POLICY)
        edit(quick, policy, POLICY)
        quick.get_by_label("Effect").select_option("DENY")
        send(quick)
        expect(quick.locator("#toasts")).to_contain_text("was changed.")
        slow.locator("[name=policy_name]").fill("mine")
        slow.get_by_label("Resources (one per line)").fill("topic:/mine")
        send(slow)
        expect(slow.locator("#versions")).to_be_visible()
        return slow, policy

    return clash


def test_both_changes_and_the_old_version_stand_beside_each_other(clash):
    page, policy = clash()

    expect(page.locator("[data-errors]")).to_contain_text("Someone changed this since you opened it.")
    expect(page.locator("[data-errors]")).to_be_focused()
    statements = page.get_by_role("region", name="Statements")
    expect(statements).to_contain_text("Changed on the platform and by you.")
    opened, now, mine = (statements.locator("pre").nth(number) for number in range(3))
    expect(opened).to_contain_text("ALLOW")
    expect(now.locator("del")).to_contain_text("ALLOW")
    expect(now.locator("ins")).to_contain_text("DENY")
    expect(mine.locator("del")).to_contain_text(TOPIC)
    expect(mine.locator("ins")).to_contain_text("topic:/mine")
    expect(page.locator("[name=policy_name]")).to_have_value("mine")
    expect(page.get_by_label("Resources (one per line)")).to_have_value("topic:/mine")
    assert on_platform(policy, POLICY)["statement"][0]["effect"] == "DENY"


@BROWSERS
def test_keep_mine_overwrites_knowingly(clash, emulator, javascript):
    page, policy = clash(javascript)
    page.get_by_role("button", name="Overwrite with my version").first.click()

    expect(page.locator("#toasts")).to_contain_text("Device policy mine was changed.")
    now = on_platform(policy, POLICY)
    assert now["policy_name"] == "mine"
    assert now["statement"][0]["effect"] == "ALLOW"
    assert now["statement"][0]["resources"] == ["topic:/mine"]
    assert len(updates_received(emulator, POLICY)) == 2


def test_edit_takes_something_of_both(clash):
    page, policy = clash()
    page.get_by_label("Effect").select_option("DENY")
    send(page)

    expect(page.locator("#toasts")).to_contain_text("was changed.")
    (statement,) = on_platform(policy, POLICY)["statement"]
    assert (statement["effect"], statement["resources"]) == ("DENY", ["topic:/mine"])


def test_take_theirs_starts_again_from_the_platform(clash):
    page, policy = clash()
    page.get_by_role("link", name="Discard mine and reload").click()

    expect(page.locator("[name=policy_name]")).to_have_value("allow-hello")
    expect(page.get_by_label("Effect")).to_have_value("DENY")
    expect(page.locator("#versions")).to_have_count(0)
    assert on_platform(policy, POLICY)["policy_name"] == "allow-hello"


def test_what_is_edited_may_be_deleted_meanwhile(open_page, emulator):
    page = open_page(email=OPERATOR)
    policy = made(page, POLICY)
    edit(page, policy, POLICY)
    page.locator("[name=policy_name]").fill("mine")
    manager = open_page(email=MANAGER)
    ask_to_delete(manager, policy, POLICY)
    send(manager)
    expect(manager.locator("#toasts")).to_contain_text("was deleted.")
    send(page)

    expect(page.locator("[data-errors]")).to_contain_text("This no longer exists on the platform.")
    expect(page.locator("[name=policy_name]")).to_have_value("mine")
    assert updates_received(emulator, POLICY) == []


def test_the_conflict_is_met_and_answered_by_keyboard(clash):
    page, policy = clash()
    expect(page.locator("[data-errors]")).to_be_focused()
    for _press in range(20):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.id") == "keep-mine":
            break
    page.keyboard.press("Enter")
    expect(page.locator("#toasts")).to_contain_text("Device policy mine was changed.")
    assert on_platform(policy, POLICY)["policy_name"] == "mine"


def test_input_that_came_to_the_platform_by_another_way_is_a_conflict_too(desk, problems):
    problems.allow("Status Error Code 409")
    group = made(desk, "roma/device-groups")
    edit(desk, group, "roma/device-groups")
    collection(group, "roma/device-groups").update(group.remote_id, {"name": "line-1", "description": "new"})
    desk.locator("[name=name]").fill("line-2")
    send(desk)
    expect(desk.get_by_role("region", name="Description")).to_contain_text(
        "Changed on the platform, and not by you: it stays as it is there."
    )
    expect(desk.locator("[name=name]")).to_have_value("line-2")
