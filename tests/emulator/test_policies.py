"""Device policies, rule by rule. Source: "Create a Device Policy", 2024-12-31; user guide limits, 2025-12."""

import json
import re

import pytest

from tests.emulator.clouds import IOTDA, SECOND_SPACE, SPACE, policy

POLICIES = f"{IOTDA}/device-policies"
HELLO = "topic:/v1/${devices.deviceId}/test/hello"


def statement(**changes):
    item = {"effect": "ALLOW", "actions": ["iotda:devices:publish"], "resources": [HELLO], **changes}
    return [{name: value for name, value in item.items() if value is not None}]


EXAMPLE = r"""{
  "policy_name" : "%s",
  "app_id" : "jeQDJQZltU8iKgFFoW060F5SGZka",
  "statement" : [ {
    "effect" : "%s",
    "actions" : [ "iotda:devices:publish\riotda:devices:subscribe" ],
    "resources" : [ "topic:/v1/${devices.deviceId}/test/%s" ]
  } ]
}"""


@pytest.mark.parametrize(
    ("name", "effect", "topic"), [("myPolicyAllow", "ALLOW", "allow"), ("myPolicyDeny", "DENY", "deny")]
)
def test_the_printed_examples_are_created_with_two_actions(huawei, name, effect, topic):
    answer = huawei.post(POLICIES, (EXAMPLE % (name, effect, topic)).encode())
    assert answer.status_code == 201
    created = answer.json()
    assert re.fullmatch(r"[0-9a-f]{24}", created["policy_id"])
    assert re.fullmatch(r"\d{8}T\d{6}Z", created["create_time"])
    assert created["update_time"] == created["create_time"]
    assert created["app_id"] == "jeQDJQZltU8iKgFFoW060F5SGZka"
    assert created["policy_name"] == name
    assert created["statement"] == [
        {
            "effect": effect,
            "actions": ["iotda:devices:publish", "iotda:devices:subscribe"],
            "resources": ["topic:/v1/${devices.deviceId}/test/" + topic],
        }
    ]
    assert set(created) == {"app_id", "policy_id", "policy_name", "statement", "create_time", "update_time"}
    assert huawei.get(f"{POLICIES}/{created['policy_id']}").json() == created


@pytest.mark.parametrize(
    "body",
    [
        {"policy_name": "a" * 128},
        {"policy_name": "Az09_-"},
        {"app_id": None},
        {"statement": statement(actions=["iotda:devices:subscribe"])},
        {"statement": statement(actions=["iotda:devices:publish", "iotda:devices:subscribe"])},
        {"statement": statement(effect="DENY")},
        {"statement": statement(resources=[f"topic:/v1/{number}" for number in range(10)])},
        {"statement": statement(resources=["topic:/{}$=+#?*:._-Az09"])},
        {"statement": statement(resources=["topic:" + "a" * 128])},
        {"statement": statement() * 10},
    ],
)
def test_policies_within_the_rules_are_created(huawei, body):
    assert huawei.post(POLICIES, policy(**body)).status_code == 201


@pytest.mark.parametrize(
    "body",
    [
        {"policy_name": None},
        {"policy_name": ""},
        {"policy_name": "a" * 129},
        {"policy_name": "with space"},
        {"policy_name": "a.b"},
        {"policy_name": "策略"},
        {"policy_name": 7},
        {"app_id": "a" * 37},
        {"app_id": "a/b"},
        {"statement": None},
        {"statement": {}},
        {"statement": []},
        {"statement": ["ALLOW"]},
        {"statement": statement() * 11},
        {"statement": statement(effect=None)},
        {"statement": statement(effect="allow")},
        {"statement": statement(effect="MAYBE")},
        {"statement": statement(actions=None)},
        {"statement": statement(actions=[])},
        {"statement": statement(actions="iotda:devices:publish")},
        {"statement": statement(actions=["iotda:devices:delete"])},
        {"statement": statement(actions=["iotda:devices:publish\niotda:devices:subscribe"])},
        {"statement": statement(actions=["iotda:devices:publish\r"])},
        {"statement": statement(actions=[1])},
        {"statement": statement(resources=None)},
        {"statement": statement(resources=[])},
        {"statement": statement(resources=[HELLO] * 11)},
        {"statement": statement(resources=["topic:with space"])},
        {"statement": statement(resources=["topic:/a,b"])},
        {"statement": statement(resources=["/v1/hello"])},
        {"statement": statement(resources=["topic:"])},
        {"statement": statement(resources=["topic:" + "a" * 129])},
        {"statement": statement(resources=[None])},
    ],
)
def test_policies_outside_the_rules_are_400(huawei, body, emulator):
    answer = huawei.post(POLICIES, policy(**body))
    assert (answer.status_code, answer.json()["error_code"]) == (400, "IOTDA.000006")
    assert emulator.state()["iotda/policies"]["count"] == 0


def test_a_null_member_is_refused(huawei):
    body = {**policy(), "app_id": None}
    assert huawei.post(POLICIES, body).status_code == 400


def test_a_policy_may_have_10_kilobytes(huawei):
    def body_of(size):
        """A statement of exactly `size` bytes as compact JSON."""
        items = [
            {"effect": "DENY", "actions": ["iotda:devices:publish"], "resources": ["topic:" + "a" * 128] * 7}
            for _ in range(9)
        ]
        last = {"effect": "DENY", "actions": ["iotda:devices:publish"], "resources": []}
        while size - len(json.dumps([*items, last], separators=(",", ":"))) > 140:
            last["resources"].append("topic:" + "a" * 90)
        missing = size - len(json.dumps([*items, last], separators=(",", ":"))) - len(',"topic:"')
        last["resources"].append("topic:" + "a" * missing)
        assert len(json.dumps([*items, last], separators=(",", ":"))) == size
        return policy(statement=[*items, last])

    assert huawei.post(POLICIES, body_of(10240)).status_code == 201
    assert huawei.post(POLICIES, body_of(10241)).status_code == 400


def test_an_instance_holds_50_policies_and_the_built_in_ones_do_not_count(huawei):
    for number in range(50):
        space = SPACE if number % 2 else SECOND_SPACE
        assert huawei.post(POLICIES, policy(policy_name=f"p{number}", app_id=space)).status_code == 201
    answer = huawei.post(POLICIES, policy(policy_name="one-more"))
    assert answer.status_code == 403
    assert re.fullmatch(r"IOTDA\.\d{6}", answer.json()["error_code"])
    assert huawei.get(POLICIES).json()["page"]["count"] == 52


def test_names_may_repeat(huawei):
    first, second = (huawei.post(POLICIES, policy()).json() for _ in range(2))
    assert first["policy_id"] != second["policy_id"]


def test_lists_carry_no_statement_and_filter_by_name_and_space(huawei):
    huawei.post(POLICIES, policy(policy_name="pumps"))
    huawei.post(POLICIES, policy(policy_name="valves", app_id=SECOND_SPACE))
    items = huawei.get(POLICIES).json()["policies"]
    assert [item["policy_name"] for item in items] == [
        "valves",
        "pumps",
        "system_default_policy",
        "system_default_policy",
    ]
    assert set(items[0]) == {"app_id", "policy_id", "policy_name", "create_time", "update_time"}
    assert [item["policy_name"] for item in huawei.get(POLICIES, policy_name="ump").json()["policies"]] == [
        "pumps"
    ]
    assert huawei.get(POLICIES, app_id=SECOND_SPACE).json()["page"]["count"] == 2


def test_the_basic_edition_knows_no_policies(huawei, emulator):
    emulator.settings({"edition": "basic"})
    for answer in (
        huawei.post(POLICIES, policy()),
        huawei.get(POLICIES),
        huawei.get(f"{POLICIES}/{'a' * 24}"),
    ):
        assert (answer.status_code, answer.json()["error_code"]) == (403, "IOTDA.000090")
    emulator.settings({"edition": "enterprise"})
    assert huawei.post(POLICIES, policy()).status_code == 201


def test_an_absent_policy_is_404_and_an_absent_space_403(huawei):
    assert huawei.get(f"{POLICIES}/{'a' * 24}").status_code == 404
    answer = huawei.post(POLICIES, policy(app_id="noSuchSpace"))
    assert (answer.status_code, answer.json()["error_code"]) == (403, "IOTDA.001000")


def test_a_user_without_rights_may_not_create(reader):
    answer = reader.post(POLICIES, policy())
    assert (answer.status_code, answer.json()["error_code"]) == (403, "IOTDA.000022")
