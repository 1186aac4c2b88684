"""Fields of an object that exists: what nobody changed keeps its value, and no rule judges it.

Would catch: a form that changes an object by being pressed, an old value that keeps others from being
changed, blanks or line ends that get lost, a limit that counts a line break twice.
"""

import json

import pytest

from portal.operations.models import Operation
from tests.resources.forms import changing, filled, read, send, sendable
from tests.resources.forms import opened as opened_new
from tests.resources.shown import is_untouched, opened, press, sent, show
from tests.support.plant import creates_received

pytestmark = pytest.mark.anywhere

GROUP, POLICY, ROMA_GROUP, DEVICE = (
    "iotda/device-groups",
    "iotda/policies",
    "roma/device-groups",
    "enos/devices",
)
DENY = {"effect": "DENY", "actions": ["iotda:devices:publish"], "resources": ["topic:/a"]}
NAMED = {"deviceName": {"defaultValue": "Pump"}, "timezone": "+08:00"}
TOPICS = [f"topic:/{number}" for number in range(12)]

# The members that the platform shows, the field that the person changes, and what is sent of it.
ODD = {
    "a name with a blank": (
        GROUP,
        {"name": "Plant A", "description": "x"},
        "description",
        "new",
        "description",
    ),
    "a name of other letters": (GROUP, {"name": "Halle Süd"}, "description", "new", "description"),
    "a name with full-width brackets": (GROUP, {"name": "一号泵（东）"}, "description", "new", "description"),
    "a name that is null": (GROUP, {"name": None}, "description", "new", "description"),
    "a name that is a number": (GROUP, {"name": 7}, "description", "new", "description"),
    "a description with an umlaut": (GROUP, {"name": "a", "description": "Süd"}, "name", "b", "name"),
    "a time zone": (DEVICE, {**NAMED, "timezone": "GMT+8"}, "device_desc", "new", "deviceDesc"),
    "no time zone": (DEVICE, {**NAMED, "timezone": None}, "device_desc", "new", "deviceDesc"),
    "a key of a tag": (
        DEVICE,
        {**NAMED, "deviceTags": {"asset.owner": "x"}},
        "device_desc",
        "n",
        "deviceDesc",
    ),
    "a blank in a tag": (DEVICE, {**NAMED, "deviceTags": {"a": "A "}}, "device_desc", "n", "deviceDesc"),
    "a language": (
        DEVICE,
        {**NAMED, "deviceName": {"defaultValue": "P", "i18nValue": {"zh-CN": "泵"}}},
        "device_desc",
        "new",
        "deviceDesc",
    ),
    "a long name": (
        DEVICE,
        {**NAMED, "deviceName": {"defaultValue": "p" * 70}},
        "device_desc",
        "new",
        "deviceDesc",
    ),
    "a name that is plain text": (DEVICE, {**NAMED, "deviceName": "Plain"}, "device_desc", "n", "deviceDesc"),
    "an attribute without a model": (
        DEVICE,
        {**NAMED, "deviceAttributes": {"gone": 1}},
        "device_desc",
        "new",
        "deviceDesc",
    ),
    "a Chinese topic": (
        POLICY,
        {"policy_name": "p", "statement": [{**DENY, "resources": ["topic:/泵"]}]},
        "policy_name",
        "q",
        "policy_name",
    ),
    "twelve topics": (
        POLICY,
        {"policy_name": "p", "statement": [{**DENY, "resources": TOPICS}]},
        "policy_name",
        "q",
        "policy_name",
    ),
    "statements that are none": (
        POLICY,
        {"policy_name": "p", "statement": "all"},
        "policy_name",
        "q",
        "policy_name",
    ),
}
EVERY_ODD = pytest.mark.parametrize(("slug", "members", "name", "text", "wire"), ODD.values(), ids=ODD)


@EVERY_ODD
def test_an_old_value_that_breaks_a_rule_of_today_keeps_no_other_from_being_changed(
    plant, emulator, slug, members, name, text, wire
):
    row, browser = plant.make(slug), plant.browser()
    show(emulator, slug, row, **members)
    data = opened(browser, row)
    assert is_untouched(press(browser, row, data), emulator, slug)
    data[name] = text

    press(browser, row, data)

    assert sent(emulator, slug) == [{wire: text}]
    operation = Operation.objects.get(verb_name="update")
    assert operation.data == {name: text}


@pytest.mark.parametrize("name", ["Plant A", "A"])
def test_what_the_platform_wants_to_be_told_again_is_told_as_it_is(plant, emulator, name):
    row, browser = plant.make(ROMA_GROUP), plant.browser()
    show(emulator, ROMA_GROUP, row, name=name, description="old")
    data = opened(browser, row)
    data["description"] = "new"

    press(browser, row, data)

    assert sent(emulator, ROMA_GROUP) == [{"name": name, "description": "new"}]


@pytest.mark.parametrize("name", [5, ["x"], ""])
def test_so_is_a_name_that_is_no_text_whatever_else_the_platform_shows(plant, emulator, name):
    """`shown_name` is the portal's own word for it, and here a member of a platform that lies."""
    row, browser = plant.make(ROMA_GROUP), plant.browser()
    show(emulator, ROMA_GROUP, row, name=name, shown_name="evil", shown_description="evil", description="old")
    data = opened(browser, row)
    data["description"] = "new"

    press(browser, row, data)

    assert sent(emulator, ROMA_GROUP) == [{"name": name, "description": "new"}]


@pytest.mark.parametrize(
    ("slug", "members", "rule"),
    [
        (GROUP, {"name": "Plant A"}, "Can contain only letters, digits"),
        (ROMA_GROUP, {"name": "A"}, "Needs at least 2 characters"),
        (DEVICE, {**NAMED, "timezone": "GMT+8"}, "Must be an offset like"),
        (DEVICE, {**NAMED, "deviceTags": {"asset.owner": "x"}}, "Tag asset.owner: can contain only"),
        (DEVICE, {**NAMED, "deviceName": {"defaultValue": "p" * 70}}, "Default name: can have at most 64"),
        (
            POLICY,
            {"policy_name": "p", "statement": [{**DENY, "resources": ["a"]}]},
            "Statement 1, resource 1",
        ),
    ],
)
def test_the_form_says_which_rule_of_today_an_old_value_breaks(plant, emulator, slug, members, rule):
    row, browser = plant.make(slug), plant.browser()
    show(emulator, slug, row, **members)

    page = browser.get(changing(row, "update")).content.decode()

    said = page.partition("It stays as it is unless you change it.")[2]
    assert rule in said[:400]
    assert read(browser.get(changing(row, "update"))).errors == {}


@pytest.mark.parametrize(("slug", "name"), [(GROUP, "Plant B"), (ROMA_GROUP, "B")])
def test_a_new_value_is_judged_though_the_old_one_broke_the_same_rule(plant, emulator, slug, name):
    row, browser = plant.make(slug), plant.browser()
    show(emulator, slug, row, name=name.replace("B", "A"))
    data = opened(browser, row)
    data["name"] = name

    response = press(browser, row, data)

    assert response.status_code == 422
    assert read(response).errors["name"].strip()
    assert sent(emulator, slug) == []


TEXTS = ["one\r\ntwo", "one\ntwo", "one\rtwo", "\nfirst", "\r\nfirst", "last\n", "  blanks  ", "\t", " \n "]


FIELDS = [*((GROUP, "description", text) for text in TEXTS), *((GROUP, "name", text) for text in TEXTS[:4])]
FIELDS += [(slug, name, TEXTS[0]) for slug, name in ((ROMA_GROUP, "description"), (DEVICE, "deviceDesc"))]


@pytest.mark.parametrize(("slug", "member", "text"), FIELDS, ids=repr)
def test_line_ends_and_blanks_of_what_nobody_changed_are_no_change(plant, emulator, slug, member, text):
    row, browser = plant.make(slug), plant.browser()
    show(emulator, slug, row, **({**NAMED} if slug == DEVICE else {"name": "pumps"}) | {member: text})
    data = opened(browser, row)

    assert is_untouched(press(browser, row, data), emulator, slug)
    for name in data:
        data[name] = data[name].replace("\r\n", "\n")  # as script posts it
    assert is_untouched(press(browser, row, data), emulator, slug)


def test_a_script_that_posts_the_fields_alone_is_judged_alike(plant, emulator):
    row, browser = plant.make(POLICY), plant.browser()
    odd = [{**DENY, "effect": "Deny"}, DENY]
    show(emulator, POLICY, row, policy_name="p", statement=odd)
    posted = opened(browser, row)
    data = sendable({name: posted.getlist(name) for name in posted if "statement" not in name})
    assert is_untouched(press(browser, row, data), emulator, POLICY)
    data["statement"] = posted["statement"]
    assert is_untouched(press(browser, row, data), emulator, POLICY)
    data["policy_name"] = "q"

    press(browser, row, data)

    assert sent(emulator, POLICY) == [{"policy_name": "q"}]


def test_a_text_of_several_lines_has_room_for_them(plant, emulator):
    row, browser = plant.make(GROUP), plant.browser()
    show(emulator, GROUP, row, name="one\ntwo")

    page = browser.get(changing(row, "update")).content.decode()

    assert '<textarea name="name"' in page
    assert '<input type="text" name="description"' in page


# Blanks and line ends of what is new


LONG = "\r\n".join(["a" * 49, "b" * 49, "c" * 49, "d" * 50])  # 200 characters where a line break is one


def test_a_line_break_counts_once_in_a_create(plant, emulator):
    browser = plant.browser()

    assert send(browser, ROMA_GROUP, filled(browser, ROMA_GROUP, description=LONG)).status_code == 302

    (received,) = creates_received(emulator, ROMA_GROUP)
    assert json.loads(received["body"])["description"] == LONG.replace("\r\n", "\n")


@pytest.mark.parametrize(
    ("slug", "name", "wire"),
    [(ROMA_GROUP, "description", "description"), (DEVICE, "device_desc", "deviceDesc")],
)
def test_a_line_break_counts_once_in_an_update(plant, emulator, slug, name, wire):
    row, browser = plant.make(slug), plant.browser()
    data = opened(browser, row)
    data[name] = LONG

    press(browser, row, data)

    assert sent(emulator, slug)[0][wire] == LONG.replace("\r\n", "\n")


def test_the_counter_counts_a_line_break_once(plant):
    row, browser = plant.make(ROMA_GROUP), plant.browser()
    data = opened(browser, row)
    data["name"], data["description"] = "x", "\r\n".join(["a" * 99, "b" * 100])

    page = press(browser, row, data).content.decode()

    assert 'data-counter-of="id_description">200 / 200</span>' in page


def test_blanks_at_the_ends_of_a_new_text_are_sent(plant, emulator):
    row, browser = plant.make(ROMA_GROUP), plant.browser()
    data = opened(browser, row)
    data["description"] = "  indented "

    press(browser, row, data)

    assert sent(emulator, ROMA_GROUP)[0]["description"] == "  indented "


@pytest.mark.parametrize(("slug", "name"), [(GROUP, "name"), (POLICY, "policy_name"), (ROMA_GROUP, "name")])
def test_blanks_that_the_document_forbids_are_named(plant, emulator, slug, name):
    browser = plant.browser()
    data = opened_new(browser, slug)
    data[name] = " blank"

    response = send(browser, slug, data)

    assert "can contain only" in read(response).errors[name].casefold()
    assert creates_received(emulator, slug) == []


# Characters that no database and no request can hold


@pytest.mark.parametrize("odd", ["nul \0", "half \ud83d"], ids=ascii)
@pytest.mark.parametrize(
    ("slug", "members", "typed"),
    [
        (
            DEVICE,
            lambda odd: {**NAMED, "deviceTags": {"a": odd, "b": "1"}, "deviceDesc": "x"},
            {"device_tags-1-value": "2"},
        ),
        (POLICY, lambda odd: {"policy_name": "p", "statement": [odd, DENY]}, {"statement-1-effect": "ALLOW"}),
    ],
    ids=["beside a tag", "beside a statement"],
)
def test_what_cannot_be_sent_as_it_is_is_not_sent_in_other_words(plant, emulator, slug, members, typed, odd):
    row, browser = plant.make(slug), plant.browser()
    show(emulator, slug, row, **members(odd))
    data = opened(browser, row)
    assert is_untouched(press(browser, row, data), emulator, slug)
    for name, text in typed.items():
        data[name] = text

    response = press(browser, row, data)

    assert response.status_code == 422
    assert "cannot send as they are" in response.content.decode()
    assert sent(emulator, slug) == []


def test_what_cannot_be_sent_as_it_is_hinders_no_other_field(plant, emulator):
    row, browser = plant.make(GROUP), plant.browser()
    show(emulator, GROUP, row, name="pumps", description="nul \0")
    data = opened(browser, row)
    data["name"] = "valves"

    press(browser, row, data)

    assert sent(emulator, GROUP) == [{"name": "valves"}]
