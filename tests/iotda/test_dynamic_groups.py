"""Dynamic groups: a rule decides which devices are in them.

Would catch: a rule that is asked for and not sent, a field that a choice makes needless and that still stands
in the way, a button that lets people add devices to a group that takes none by hand.
"""

import pytest

from portal.iotda.models import DeviceGroup
from portal.operations.models import Operation, State
from portal.platforms.iotda.contract import device_groups as contract
from portal.teams.models import Role
from tests.resources.forms import changing, new, opened, post, read, send
from tests.support.account import GROUP
from tests.support.plant import creates_received, received

pytestmark = pytest.mark.anywhere


GROUPS = "iotda/device-groups"
RULE = "product_id = 'pump' and status = 'ONLINE'"
DYNAMIC = {"group_type": "DYNAMIC", "dynamic_group_rule": RULE}
NODE = "5ba24f5ebbe8f56f5a14f605_node-1"


def chosen(browser, **values):
    """The form as it is drawn again after somebody pressed "Use this choice", without script."""
    data = opened(browser, GROUPS)
    for name, value in values.items():
        data[name] = value
    data["touch"] = "group_type"
    response = send(browser, GROUPS, data)
    assert response.status_code == 200
    return response


def test_the_form_asks_for_what_the_type_needs(plant):
    browser = plant.browser()
    first = browser.get(new(GROUPS)).text
    assert 'name="super_group_id"' in first
    assert 'name="dynamic_group_rule"' not in first
    assert "Use this choice" in first

    again = chosen(browser, name="pumps", group_type="DYNAMIC")

    assert 'name="super_group_id"' not in again.text
    assert 'name="dynamic_group_rule"' in again.text
    assert read(again).fields["name"] == ["pumps"]
    assert 'name="dynamic_group_rule"' not in chosen(browser, group_type="").text


def test_what_was_chosen_before_is_not_lost_out_of_sight(plant):
    shown = read(chosen(plant.browser(), group_type="DYNAMIC", super_group_id=GROUP)).fields
    assert shown["super_group_id"] == [GROUP]


@pytest.mark.parametrize(
    ("values", "wrong", "words"),
    [
        # "when the type is dynamic, the rule of the dynamic group has to be given"
        ({"group_type": "DYNAMIC"}, "dynamic_group_rule", "mandatory for a dynamic group"),
        # "super_group_id: a dynamic group does not support it"
        ({**DYNAMIC, "super_group_id": GROUP}, "super_group_id", "a dynamic group has no parent group"),
        ({"dynamic_group_rule": RULE}, "dynamic_group_rule", "only a dynamic group has a rule"),
        ({"group_type": "STATIC", "dynamic_group_rule": RULE}, "dynamic_group_rule", "only a dynamic group"),
        ({"group_type": "OTHER"}, "group_type", "must be one of STATIC, DYNAMIC"),
    ],
)
def test_a_field_that_does_not_fit_the_type_is_named_and_nothing_is_sent(
    plant, emulator, values, wrong, words
):
    browser = plant.browser()
    data = opened(browser, GROUPS)
    for name, value in {"name": "pumps", **values}.items():
        data[name] = value
    response = send(browser, GROUPS, data)
    page = read(response)
    assert response.status_code == 422
    assert list(page.errors) == [wrong]
    assert words.casefold() in page.errors[wrong].casefold()
    assert page.fields[wrong] == [values.get(wrong, "")]
    assert creates_received(emulator, GROUPS) == []


@pytest.mark.parametrize(
    ("data", "wrong"),
    [
        ({}, []),
        ({"group_type": "STATIC", "super_group_id": GROUP}, []),
        (DYNAMIC, []),
        ({**DYNAMIC, "dynamic_group_rule": ""}, ["dynamic_group_rule"]),
        ({"group_type": "DYNAMIC", "super_group_id": GROUP}, ["dynamic_group_rule", "super_group_id"]),
    ],
)
def test_the_rule_of_types(data, wrong):
    assert [problem.path for problem in contract.type_problems(data)] == wrong


def test_it_is_created_and_its_page_shows_type_and_rule(plant, emulator):
    browser = plant.browser()
    data = opened(browser, GROUPS)
    for name, value in {"name": "pumps", **DYNAMIC}.items():
        data[name] = value
    send(browser, GROUPS, data)
    [request] = creates_received(emulator, GROUPS)
    row = DeviceGroup.objects.get(name="pumps")
    assert (row.group_type, row.dynamic_group_rule) == ("DYNAMIC", RULE)
    assert '"DYNAMIC"' in request["body"]
    page = browser.get(f"/{GROUPS}/{row.pk}/").text
    assert "DYNAMIC" in page
    assert "product_id = &#x27;pump&#x27;" in page


def test_its_buttons_say_why_devices_are_not_added_by_hand(plant):
    row, browser = plant.make(GROUPS, **DYNAMIC), plant.browser()
    page = browser.get(f"/{GROUPS}/{row.pk}/").text
    assert page.count("its rule decides which devices are in it") == 2
    assert f"/{GROUPS}/{row.pk}/add-device/" not in page
    assert f"/{GROUPS}/{row.pk}/delete/" in plant.browser(Role.MANAGER).get(f"/{GROUPS}/{row.pk}/").text
    assert "/add-device/" not in browser.get(f"/{GROUPS}/{row.pk}/related/devices/").text
    assert "its rule decides which devices are in it" in browser.get(changing(row, "add-device")).text
    static = plant.make(GROUPS, name="static")
    assert f"/{GROUPS}/{static.pk}/add-device/" in browser.get(f"/{GROUPS}/{static.pk}/").text


@pytest.mark.parametrize("verb", ["add-device", "remove-device"])
def test_the_platform_has_the_last_word(plant, emulator, verb):
    row = plant.make(GROUPS, **DYNAMIC)
    post(
        plant.browser(),
        changing(row, verb),
        {"device_id": NODE, "operation_key": verb, "connection": str(row.connection_id)},
    )
    operation = Operation.objects.get(key=verb)
    assert (operation.state, operation.platform_code) == (State.REJECTED, "IOTDA.003005")
    assert len(received(emulator, GROUPS, verb)) == 1


def test_a_dynamic_group_is_no_parent(plant):
    row = plant.make(GROUPS, **DYNAMIC)
    form = plant.browser().get(new(GROUPS)).text
    assert f'value="{GROUP}"' in form
    assert row.remote_id not in form
    below = plant.perform(GROUPS, data={"name": "below", "super_group_id": row.remote_id})
    assert below.state == State.REJECTED


def test_ten_fit_in_one_instance(plant, emulator):
    """ "A maximum of 10 dynamic groups can be created for a single instance of an account." """
    states = [plant.perform(GROUPS, data={"name": f"g{n}", **DYNAMIC}).state for n in range(11)]
    assert states == [State.DONE] * 10 + [State.REJECTED]
    assert plant.perform(GROUPS, data={"name": "static"}).state == State.DONE


def test_a_rule_that_an_earlier_version_never_read_is_no_change(plant):
    row = plant.make(GROUPS, **DYNAMIC)
    DeviceGroup.objects.update(dynamic_group_rule="", unshown=["dynamic_group_rule"])
    plant.browser().get(f"/{GROUPS}/{row.pk}/")
    row.refresh_from_db()
    assert (row.dynamic_group_rule, row.drift) == (RULE, None)
