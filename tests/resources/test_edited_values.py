"""What an edit sends, field by field, by the rules of the update calls.

Would catch: a field that cannot be cleared, a rule that only the create forms know, a member that gets lost
because the form does not know it.
"""

import json

import pytest

from portal.operations.models import Operation
from tests.examples import EXAMPLES, match
from tests.examples.iotda_policies import STATEMENT
from tests.resources.forms import changing, edited, post, read, sendable, typed
from tests.support.plant import updates_received

pytestmark = pytest.mark.anywhere

GROUP, POLICY, ROMA_GROUP, DEVICE = (
    "iotda/device-groups",
    "iotda/policies",
    "roma/device-groups",
    "enos/devices",
)


CLEARED = [
    (GROUP, "description", "description", ""),
    (ROMA_GROUP, "description", "description", ""),
    (DEVICE, "device_desc", "deviceDesc", None),
    (DEVICE, "device_attributes", "deviceAttributes", None),
    (DEVICE, "device_tags", "deviceTags", None),
]


@pytest.mark.parametrize(("slug", "name", "wire", "sent"), CLEARED)
def test_a_field_that_is_emptied_is_empty_on_the_platform(plant, emulator, slug, name, wire, sent):
    row, browser = plant.make(slug), plant.browser()
    post(browser, changing(row, "update"), edited(browser, slug, row))
    assert plant.seen(slug, row)[name] not in ("", None, {})

    data = sendable(read(browser.get(changing(row, "update"))).fields)
    data[name] = ""
    response = post(browser, changing(row, "update"), data)

    assert response.status_code == 302
    assert json.loads(updates_received(emulator, slug)[-1]["body"]).get(wire) == sent
    now = plant.seen(slug, row)
    assert now[name] in ("", None, {})
    untouched = EXAMPLES[slug].update.keys() - {name}
    assert {each: now[each] for each in untouched} == {
        each: EXAMPLES[slug].update[each] for each in untouched
    }


# A rule of each update body, broken: what the create forms refuse, these refuse, too.
REFUSED = [
    (GROUP, "name", ""),
    (GROUP, "name", "a" * 65),
    (GROUP, "name", "no spaces"),
    (GROUP, "description", "d" * 65),
    (POLICY, "policy_name", ""),
    (POLICY, "policy_name", "p" * 129),
    (POLICY, "statement", ""),
    (POLICY, "statement", []),
    (POLICY, "statement", [{"effect": "PERMIT", "actions": [], "resources": ["x"]}]),
    (ROMA_GROUP, "name", "a"),
    (ROMA_GROUP, "name", "a" * 65),
    (ROMA_GROUP, "description", "d" * 201),
    (DEVICE, "device_name", {"i18nValue": {"en_US": "Device Name"}}),
    (DEVICE, "device_name", ""),
    (DEVICE, "timezone", "Mars/Base"),
    (DEVICE, "device_attributes", {"serial": "111111"}),
    (DEVICE, "device_attributes", {"no_such_attribute": 1}),
    (DEVICE, "device_tags", {"tag1": 1}),
]


@pytest.mark.parametrize(("slug", "name", "value"), REFUSED)
def test_a_broken_rule_is_named_in_place_kept_and_not_sent(plant, emulator, slug, name, value):
    row, browser = plant.make(slug), plant.browser()
    data = edited(browser, slug, row, **{name: value})

    response = post(browser, changing(row, "update"), data)

    assert response.status_code == 422
    page = read(response)
    assert page.errors[name].strip()
    typed(page, data)
    assert updates_received(emulator, slug) == []


def test_two_actions_joined_by_a_carriage_return_are_sent_as_two(plant, emulator):
    row, browser = plant.make(POLICY), plant.browser()
    printed = """[ {
        "effect" : "DENY",
        "actions" : [ "iotda:devices:publish\\riotda:devices:subscribe" ],
        "resources" : [ "topic:/x" ]
      } ]"""

    post(browser, changing(row, "update"), edited(browser, POLICY, row, statement=printed))

    (received,) = updates_received(emulator, POLICY)
    actions = ["iotda:devices:publish", "iotda:devices:subscribe"]
    assert json.loads(received["body"])["statement"][0]["actions"] == actions


def test_what_the_editor_does_not_know_of_a_statement_stays_as_it_was(plant, emulator):
    row, browser = plant.make(POLICY), plant.browser()
    first, second = STATEMENT[0] | {"sid": "first"}, STATEMENT[0] | {"sid": "second"}
    shown = {"policy_id": row.remote_id, "policy_name": "allow-hello", "statement": [first, second]}
    answer = {"fault": "answer", "status": 200, "body": json.dumps(shown)}
    emulator.faults([{"match": match(POLICY, "get"), **answer}])
    data = sendable(read(browser.get(changing(row, "update"))).fields)
    data["touch"] = "statement:remove:0"
    data = sendable(read(post(browser, changing(row, "update"), data)).fields)
    data["statement-0-effect"] = "DENY"

    assert post(browser, changing(row, "update"), data).status_code == 302

    (received,) = updates_received(emulator, POLICY)
    assert json.loads(received["body"])["statement"] == [second | {"effect": "DENY"}]


def test_the_space_of_a_group_stays_known_though_its_answer_does_not_name_it(plant):
    space = "secondSpace0000000000000000"
    row, browser = plant.make(GROUP, app_id=space), plant.browser()

    assert post(browser, changing(row, "update"), edited(browser, GROUP, row)).status_code == 302

    row.refresh_from_db()
    assert (row.name, row.app_id) == ("pumps-2", space)


def test_an_answer_about_another_object_is_no_success(plant, emulator):
    row, browser = plant.make(POLICY), plant.browser()
    other = plant.make(POLICY, policy_name="other")
    body = {"policy_id": other.remote_id, "policy_name": "mixed-up", "statement": []}
    data = edited(browser, POLICY, row)
    emulator.faults(
        [{"match": {"method": "PUT"}, "fault": "answer", "status": 200, "body": json.dumps(body)}]
    )

    post(browser, changing(row, "update"), data)

    assert Operation.objects.get(verb_name="update").state == "in_doubt"
    other.refresh_from_db()
    assert other.name == "other"


def test_what_the_platform_shows_as_null_is_not_sent_back(plant, emulator):
    row, browser = plant.make(DEVICE), plant.browser()
    shown = {
        "assetId": row.remote_id,
        "deviceName": {"defaultValue": "Pump 1", "i18nValue": {"zh_CN": None}},
        "timezone": "+08:00",
        "deviceAttributes": {"serial": 1, "location": None},
        "deviceDesc": None,
        "deviceTags": None,
    }
    body = json.dumps({"code": 0, "msg": "OK", "requestId": "r-1", "data": shown})
    emulator.faults([{"match": match(DEVICE, "get"), "fault": "answer", "status": 200, "body": body}])
    data = sendable(read(browser.get(changing(row, "update"))).fields)
    data["device_name-default"] = "Pump 2"
    data["device_attributes-serial"] = "2"

    response = post(browser, changing(row, "update"), data)

    assert response.status_code == 302
    (received,) = updates_received(emulator, DEVICE)
    assert json.loads(received["body"]) == {
        "deviceName": {"defaultValue": "Pump 2", "i18nValue": {}},
        "deviceAttributes": {"serial": 2},
    }
