"""Statements of a policy that exists, in their editor: what it has no input for stays as it is.

Would catch: a DENY in other letters that becomes ALLOW because another statement was edited, an action that
is dropped, members of one statement that move to another.
"""

import json

import pytest

from tests.resources.forms import changing, post, read, sendable
from tests.resources.shown import is_untouched, opened, press, sent, show

pytestmark = pytest.mark.anywhere

POLICY = "iotda/policies"
PUBLISH, SUBSCRIBE = "iotda:devices:publish", "iotda:devices:subscribe"
PLAIN = {"effect": "ALLOW", "actions": [PUBLISH], "resources": ["topic:/v1/a"]}
SECRET = {"effect": "DENY", "actions": [PUBLISH], "resources": ["topic:/secret/*"]}

ODD = {
    "an effect in other letters": {**SECRET, "effect": "Deny"},
    "an effect in small letters": {**SECRET, "effect": "deny"},
    "an effect that no document knows": {**SECRET, "effect": "AUDIT_ONLY"},
    "an effect that is null": {**SECRET, "effect": None},
    "an effect that is a number": {**SECRET, "effect": 1},
    "no effect": {"actions": [PUBLISH], "resources": ["topic:/secret/*"]},
    "an action that no document knows": {**SECRET, "actions": [PUBLISH, "iotda:devices:receive"]},
    "two actions in one text": {**SECRET, "actions": [f"{PUBLISH}\r{SUBSCRIBE}"]},
    "one action twice": {**SECRET, "actions": [SUBSCRIBE, PUBLISH, SUBSCRIBE]},
    "an action that is a number": {**SECRET, "actions": [7, PUBLISH]},
    "actions that are no list": {**SECRET, "actions": PUBLISH},
    "no actions": {"effect": "DENY", "resources": ["topic:/secret/*"]},
    "a topic with blanks": {**SECRET, "resources": [" topic:/secret/* "]},
    "a topic of two lines": {**SECRET, "resources": ["topic:/a\ntopic:/b", "topic:/c\r\n"]},
    "an empty topic": {**SECRET, "resources": ["", "topic:/c"]},
    "a topic that is a number": {**SECRET, "resources": ["topic:/b", 7, None]},
    "resources that are no list": {**SECRET, "resources": "topic:/b"},
    "other members": {"sid": "one", **SECRET, "condition": {"ip": ["10.0.0.0/8"], "none": None}},
    "a text": "DENY everything",
    "null": None,
    "a list": [SECRET],
    "nothing": {},
}
EVERY_ODD = pytest.mark.parametrize("odd", ODD.values(), ids=ODD)


@pytest.fixture
def policy(plant):
    return plant.make(POLICY)


def started(plant, emulator, policy, *statements):
    """(browser, posted fields) of the edit form while the platform shows these statements."""
    show(emulator, POLICY, policy, policy_name="p", statement=list(statements))
    browser = plant.browser()
    return browser, opened(browser, policy)


def touch(browser, row, data, action):
    data = data.copy()
    data["touch"] = f"statement:{action}"
    return sendable(read(post(browser, changing(row, "update"), data)).fields)


@EVERY_ODD
def test_an_odd_statement_is_untouched_while_another_one_is_edited(plant, emulator, policy, odd):
    browser, data = started(plant, emulator, policy, odd, PLAIN)
    assert is_untouched(press(browser, policy, data), emulator, POLICY)
    data["statement-1-resources"] = "topic:/v1/b"

    press(browser, policy, data)  # what the platform thinks of the odd one is its own affair

    assert sent(emulator, POLICY) == [{"statement": [odd, {**PLAIN, "resources": ["topic:/v1/b"]}]}]


@EVERY_ODD
def test_an_odd_statement_keeps_its_own_when_others_are_removed_and_added(plant, emulator, policy, odd):
    first, third = {**PLAIN, "sid": "first"}, {**PLAIN, "sid": "third"}
    browser, data = started(plant, emulator, policy, first, odd, third)

    data = touch(browser, policy, data, "remove:0")
    data = touch(browser, policy, data, "add")
    data["statement-1-effect"] = "DENY"
    data.setlist("statement-2-actions", [SUBSCRIBE])
    data["statement-2-resources"] = "topic:/new"
    press(browser, policy, data)

    new = {"effect": "ALLOW", "actions": [SUBSCRIBE], "resources": ["topic:/new"]}
    assert sent(emulator, POLICY) == [{"statement": [odd, {**third, "effect": "DENY"}, new]}]


@pytest.mark.parametrize("odd", ["DENY everything", {**SECRET, "effect": "Deny"}])
def test_an_odd_statement_can_be_removed(plant, emulator, policy, odd):
    browser, data = started(plant, emulator, policy, PLAIN, odd)

    press(browser, policy, touch(browser, policy, data, "remove:1"))

    assert sent(emulator, POLICY) == [{"statement": [PLAIN]}]


@pytest.mark.parametrize("effect", ["Deny", "AUDIT_ONLY", None, 1])
def test_a_changed_statement_needs_an_effect_that_is_known(plant, emulator, policy, effect):
    browser, data = started(plant, emulator, policy, PLAIN, {**SECRET, "effect": effect})
    data["statement-1-resources"] = "topic:/other"

    response = press(browser, policy, data)

    assert response.status_code == 422
    page = read(response)
    assert "Statement 2, effect: must be ALLOW or DENY" in page.errors["statement"]
    assert page.errors["statement-1-effect"].strip().startswith("Must be ALLOW or DENY")
    assert page.fields["statement-1-resources"] == ["topic:/other"]
    assert sent(emulator, POLICY) == []
    data = sendable(page.fields)
    data["statement-1-effect"] = "DENY"
    press(browser, policy, data)
    assert sent(emulator, POLICY) == [{"statement": [PLAIN, {**SECRET, "resources": ["topic:/other"]}]}]


def test_a_missing_effect_is_chosen_anew_too(plant, emulator, policy):
    browser, data = started(plant, emulator, policy, {"actions": [PUBLISH], "resources": ["topic:/a"]})
    data.setlist("statement-0-actions", [PUBLISH, SUBSCRIBE])

    assert "Statement 1, effect" in read(press(browser, policy, data)).errors["statement"]
    assert sent(emulator, POLICY) == []


def test_in_the_json_a_changed_statement_needs_a_known_effect_too(plant, emulator, policy):
    odd = {**SECRET, "effect": "Deny"}
    browser, data = started(plant, emulator, policy, odd, PLAIN)
    data["statement"] = json.dumps([{**odd, "resources": ["topic:/other"]}, PLAIN])

    assert "must be ALLOW or DENY" in read(press(browser, policy, data)).errors["statement"]
    assert sent(emulator, POLICY) == []


@pytest.mark.parametrize(
    ("actions", "posted", "left"),
    [
        ([PUBLISH, "iotda:devices:receive"], ["kept-1"], ["iotda:devices:receive"]),
        (["iotda:devices:receive"], ["kept-0", SUBSCRIBE], ["iotda:devices:receive", SUBSCRIBE]),
        ([f"{PUBLISH}\r{SUBSCRIBE}"], [PUBLISH], [PUBLISH]),
        ([7, PUBLISH], [PUBLISH], [PUBLISH]),
    ],
)
def test_an_unknown_action_goes_only_if_its_box_is_cleared(plant, emulator, policy, actions, posted, left):
    browser, data = started(plant, emulator, policy, {**SECRET, "actions": actions})
    data.setlist("statement-0-actions", posted)

    press(browser, policy, data)

    assert sent(emulator, POLICY) == [{"statement": [{**SECRET, "actions": left}]}]


def test_resources_that_are_no_line_of_text_stay_in_their_place(plant, emulator, policy):
    browser, data = started(
        plant, emulator, policy, {**SECRET, "resources": ["topic:/a", 7, "topic:/泵", ""]}
    )
    assert data["statement-0-resources"] == "topic:/a\r\ntopic:/泵"
    data["statement-0-resources"] = "topic:/b\r\ntopic:/泵"

    press(browser, policy, data)

    assert sent(emulator, POLICY) == [
        {"statement": [{**SECRET, "resources": ["topic:/b", 7, "topic:/泵", ""]}]}
    ]


def test_a_new_topic_is_judged_beside_an_old_one(plant, emulator, policy):
    browser, data = started(plant, emulator, policy, {**SECRET, "resources": ["topic:/泵"]})
    data["statement-0-resources"] = "topic:/泵\r\ntopic:/新"

    page = read(press(browser, policy, data))

    assert "Statement 1, resource 2: can contain only" in page.errors["statement"]
    assert page.errors["statement"].count("can contain only") == 1
    assert sent(emulator, POLICY) == []


def test_what_is_edited_in_the_editor_survives_a_redraw_of_the_json(plant, emulator, policy):
    """With script the JSON is redrawn after each key, the inputs are not."""
    first, second = {**PLAIN, "sid": "1"}, {**SECRET, "sid": "2"}
    browser, data = started(plant, emulator, policy, first, second)
    data["statement-0-effect"] = "DENY"
    redrawn = touch(browser, policy, data, "")
    for name in ("statement", "statement_was"):
        data[name] = redrawn[name]
    data["statement-1-resources"] = "topic:/x"

    press(browser, policy, data)

    assert sent(emulator, POLICY) == [
        {"statement": [{**first, "effect": "DENY"}, {**second, "resources": ["topic:/x"]}]}
    ]


def test_statements_of_another_form_are_changed_as_json(plant, emulator, policy):
    show(emulator, POLICY, policy, policy_name="p", statement={"effect": "DENY"})
    browser = plant.browser()
    data = opened(browser, policy)
    assert "statement_editor" not in data
    assert is_untouched(press(browser, policy, data), emulator, POLICY)
    data["statement"] = json.dumps([SECRET])

    press(browser, policy, data)

    assert sent(emulator, POLICY) == [{"statement": [SECRET]}]
