"""Update and delete of policies, groups and soft buses.

Source: "Update Device Policy Information", 2024-12-31; "Modify a Device Group", 2024-01-26; "Delete a Device
Group" and "Delete a HarmonyOS Soft Bus", 2025-12-02.
"""

import re
import time

import pytest

from tests.emulator.clouds import GROUP, IOTDA, SECOND_SPACE, SPACE, policy

POLICIES = f"{IOTDA}/device-policies"
GROUPS = f"{IOTDA}/device-group"
BUSES = f"{IOTDA}/harmony-soft-bus"
DENY = [
    {
        "effect": "DENY",
        "actions": ["iotda:devices:subscribe"],
        "resources": ["topic:/v1/${devices.productId}/test/deny"],
    }
]


@pytest.fixture
def made(huawei):
    """A policy, as its create call answered it."""
    return huawei.post(POLICIES, policy(app_id=SECOND_SPACE)).json()


@pytest.fixture
def pumps(huawei):
    return huawei.post(GROUPS, {"name": "Pumps", "description": "all pumps", "app_id": SPACE}).json()


def code(answer):
    return answer.status_code, answer.json()["error_code"]


def next_second():
    """The platform's times have whole seconds."""
    time.sleep(1.01 - time.time() % 1)


def test_a_policy_update_answers_the_whole_policy_with_a_later_time(huawei, made):
    next_second()
    answer = huawei.put(f"{POLICIES}/{made['policy_id']}", {"policy_name": "renamed", "statement": DENY})
    assert answer.status_code == 200
    changed = answer.json()
    assert re.fullmatch(r"\d{8}T\d{6}Z", changed["update_time"])
    assert changed["update_time"] > made["update_time"]
    assert changed == {
        **made,
        "policy_name": "renamed",
        "statement": DENY,
        "update_time": changed["update_time"],
    }
    assert huawei.get(f"{POLICIES}/{made['policy_id']}").json() == changed
    listed = huawei.get(POLICIES).json()["policies"][0]
    assert (listed["policy_name"], listed["update_time"]) == ("renamed", changed["update_time"])


@pytest.mark.parametrize("change", [{"policy_name": "renamed"}, {"statement": DENY}, {}])
def test_what_a_policy_update_leaves_out_stays(huawei, made, change):
    changed = huawei.put(f"{POLICIES}/{made['policy_id']}", change).json()
    assert changed == {**made, **change, "update_time": changed["update_time"]}


def test_a_policy_moves_to_no_other_space(huawei, made):
    body = {"policy_name": "renamed", "app_id": SPACE, "policy_id": "0" * 24}
    changed = huawei.put(f"{POLICIES}/{made['policy_id']}", body).json()
    assert (changed["app_id"], changed["policy_id"]) == (SECOND_SPACE, made["policy_id"])


def test_the_printed_carriage_return_is_split_on_update_too(huawei, made):
    joined = [{**DENY[0], "actions": ["iotda:devices:publish\riotda:devices:subscribe"]}]
    changed = huawei.put(f"{POLICIES}/{made['policy_id']}", {"statement": joined}).json()
    assert changed["statement"][0]["actions"] == ["iotda:devices:publish", "iotda:devices:subscribe"]


@pytest.mark.parametrize(
    "change",
    [
        {"policy_name": ""},
        {"policy_name": "a" * 129},
        {"policy_name": "with space"},
        {"policy_name": None},
        {"statement": []},
        {"statement": None},
        {"statement": DENY * 11},
        {"statement": [{**DENY[0], "effect": "MAYBE"}]},
        {"statement": [{**DENY[0], "resources": ["topic:/x"] * 11}]},
        {"policy_name": "renamed", "statement": [{"effect": "ALLOW"}]},
    ],
)
def test_a_policy_update_outside_the_rules_changes_nothing(huawei, made, change):
    answer = huawei.put(f"{POLICIES}/{made['policy_id']}", change)
    assert code(answer) == (400, "IOTDA.000006")
    assert huawei.get(f"{POLICIES}/{made['policy_id']}").json() == made


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"policy_name": NaN}'])
@pytest.mark.parametrize("place", [f"{POLICIES}/%s", f"{GROUPS}/{GROUP}"])
def test_updates_that_cannot_be_read_are_400(huawei, made, place, body):
    target = place % made["policy_id"] if "%s" in place else place
    assert code(huawei.put(target, body)) == (400, "IOTDA.000008")


def test_a_full_account_still_updates(huawei, made, emulator):
    emulator.settings({"limits": {"policies": 1, "groups": 1}})
    assert huawei.put(f"{POLICIES}/{made['policy_id']}", {"policy_name": "renamed"}).status_code == 200
    assert huawei.put(f"{GROUPS}/{GROUP}", {"name": "renamed"}).status_code == 200


def test_a_deleted_policy_is_gone_and_makes_room(huawei, made, emulator):
    emulator.settings({"limits": {"policies": 1}})
    assert huawei.post(POLICIES, policy()).status_code == 403
    answer = huawei.delete(f"{POLICIES}/{made['policy_id']}")
    assert (answer.status_code, answer.content) == (204, b"")
    assert "Content-Length" not in answer.headers
    assert code(huawei.get(f"{POLICIES}/{made['policy_id']}")) == (404, "IOTDA.017001")
    assert emulator.state()["iotda/policies"] == {"count": 0, "ids": [], "names": []}
    assert huawei.post(POLICIES, policy()).status_code == 201


def test_the_built_in_policy_can_be_deleted(huawei, emulator):
    built_in = emulator.state()["iotda/built-in-policies"]["ids"]
    assert huawei.delete(f"{POLICIES}/{built_in[0]}").status_code == 204
    assert emulator.state()["iotda/built-in-policies"]["ids"] == built_in[1:]


def test_a_group_update_answers_the_whole_group(huawei, pumps):
    change = {"name": "Pumps-2", "description": "pumps of hall 2"}
    answer = huawei.put(f"{GROUPS}/{pumps['group_id']}", change)
    assert (answer.status_code, answer.json()) == (200, {**pumps, **change})
    assert huawei.get(f"{GROUPS}/{pumps['group_id']}").json() == {**pumps, **change}


@pytest.mark.parametrize(
    "change",
    [
        {"name": "Pumps-2"},
        {"name": "组_?'#().,&%@!-"},
        {"name": "Pumps"},
        {"name": "a" * 64},
        {"description": "a b"},
        {"description": ""},
        {},
    ],
)
def test_what_a_group_update_leaves_out_stays(huawei, pumps, change):
    answer = huawei.put(f"{GROUPS}/{pumps['group_id']}", change)
    assert (answer.status_code, answer.json()) == (200, {**pumps, **change})


def test_a_group_keeps_its_parent_its_type_and_its_space(huawei, pumps):
    body = {
        "super_group_id": GROUP,
        "group_type": "DYNAMIC",
        "dynamic_group_rule": "x",
        "app_id": SECOND_SPACE,
    }
    assert huawei.put(f"{GROUPS}/{pumps['group_id']}", body).json() == pumps
    assert huawei.get(GROUPS, app_id=SECOND_SPACE).json()["device_groups"] == []


def test_a_group_update_moves_the_time_that_lists_are_narrowed_by(huawei):
    since = "20260601T000000Z"
    assert huawei.get(GROUPS, last_modified_time=since).json()["device_groups"] == []
    huawei.put(f"{GROUPS}/{GROUP}", {"description": "changed"})
    found = huawei.get(GROUPS, last_modified_time=since).json()["device_groups"]
    assert [group["group_id"] for group in found] == [GROUP]


@pytest.mark.parametrize(
    "change",
    [
        {"name": ""},
        {"name": "a" * 65},
        {"name": "with space"},
        {"name": None},
        {"name": 5},
        {"description": "d" * 65},
        {"description": "a;b"},
        {"description": None},
        {"name": "fine", "description": 5},
    ],
)
def test_a_group_update_outside_the_rules_changes_nothing(huawei, pumps, change):
    assert code(huawei.put(f"{GROUPS}/{pumps['group_id']}", change)) == (400, "IOTDA.000006")
    assert huawei.get(f"{GROUPS}/{pumps['group_id']}").json() == pumps


def test_a_group_takes_no_name_that_another_of_its_space_has(huawei, pumps):
    """ "device group name, which must be unique in a single resource space"."""
    target = f"{GROUPS}/{pumps['group_id']}"
    assert code(huawei.put(target, {"name": "DemoGroup"})) == (400, "IOTDA.003002")
    assert huawei.get(target).json() == pumps
    huawei.post(GROUPS, {"name": "Valves", "app_id": SECOND_SPACE})
    assert huawei.put(target, {"name": "Valves"}).status_code == 200


def test_a_deleted_group_is_gone_and_its_name_is_free(huawei, pumps, emulator):
    answer = huawei.delete(f"{GROUPS}/{pumps['group_id']}")
    assert (answer.status_code, answer.content) == (204, b"")
    assert code(huawei.get(f"{GROUPS}/{pumps['group_id']}")) == (404, "IOTDA.003001")
    assert emulator.state()["iotda/device-groups"]["ids"] == [GROUP]
    again = huawei.post(GROUPS, {"name": "Pumps"}).json()
    assert again["group_id"] != pumps["group_id"]


def test_a_group_with_child_groups_is_not_deleted(huawei, emulator):
    """If the group has child groups, they have to be deleted first."""
    child = huawei.post(GROUPS, {"name": "Child", "super_group_id": GROUP}).json()["group_id"]
    answer = huawei.delete(f"{GROUPS}/{GROUP}")
    assert code(answer) == (403, "IOTDA.003005")
    assert "child groups" in answer.json()["error_msg"]
    assert emulator.state()["iotda/device-groups"]["ids"] == [GROUP, child]
    assert huawei.delete(f"{GROUPS}/{child}").status_code == 204
    assert huawei.delete(f"{GROUPS}/{GROUP}").status_code == 204


def test_a_group_that_a_soft_bus_uses_is_not_deleted(huawei, emulator):
    bus_id = huawei.post(BUSES, {"bus_name": "A", "group_id": GROUP}).json()["bus_id"]
    answer = huawei.delete(f"{GROUPS}/{GROUP}")
    assert code(answer) == (403, "IOTDA.003005")
    assert "soft bus" in answer.json()["error_msg"]
    assert emulator.state()["iotda/device-groups"]["ids"] == [GROUP]
    assert huawei.delete(f"{BUSES}/{bus_id}").status_code == 204
    assert huawei.delete(f"{GROUPS}/{GROUP}").status_code == 204


@pytest.mark.parametrize("first", ["nothing", "sync"])
def test_a_deleted_bus_is_gone_also_while_it_synchronises(huawei, emulator, first):
    emulator.settings({"sync_s": 1000})
    bus_id = huawei.post(BUSES, {"bus_name": "A", "group_id": GROUP}).json()["bus_id"]
    if first == "sync":
        huawei.post(f"{BUSES}/{bus_id}/sync")
    answer = huawei.delete(f"{BUSES}/{bus_id}")
    assert (answer.status_code, answer.content) == (204, b"")
    assert code(huawei.get(f"{BUSES}/{bus_id}")) == (404, "IOTDA.016001")
    assert code(huawei.post(f"{BUSES}/{bus_id}/sync")) == (404, "IOTDA.016001")
    assert emulator.state()["iotda/soft-buses"]["count"] == 0
    assert huawei.post(BUSES, {"bus_name": "A"}).status_code == 201


ABSENT = [
    ("PUT", f"{POLICIES}/{'a' * 24}", "IOTDA.017001"),
    ("DELETE", f"{POLICIES}/{'a' * 24}", "IOTDA.017001"),
    ("DELETE", f"{POLICIES}/%7Bpolicy_id%7D", "IOTDA.017001"),
    ("PUT", f"{GROUPS}/{'0' * 32}", "IOTDA.003001"),
    ("DELETE", f"{GROUPS}/{'0' * 32}", "IOTDA.003001"),
    ("DELETE", f"{BUSES}/{'0' * 32}", "IOTDA.016001"),
    ("DELETE", f"{BUSES}/not-hex", "IOTDA.016001"),
]


@pytest.mark.parametrize(("method", "target", "expected"), ABSENT)
def test_what_does_not_exist_is_404_on_every_change(huawei, method, target, expected):
    assert code(huawei.send(method, target, {})) == (404, expected)


def test_a_second_delete_is_404(huawei, made, pumps):
    """The service's delete is not idempotent: a client that repeats it has to know."""
    for target in (f"{POLICIES}/{made['policy_id']}", f"{GROUPS}/{pumps['group_id']}"):
        assert [huawei.delete(target).status_code for _ in range(2)] == [204, 404]


def test_a_user_without_rights_changes_nothing(huawei, reader, made, pumps, emulator):
    bus_id = huawei.post(BUSES, {"bus_name": "A"}).json()["bus_id"]
    before = emulator.state()
    for answer in (
        reader.put(f"{POLICIES}/{made['policy_id']}", {"policy_name": "renamed"}),
        reader.delete(f"{POLICIES}/{made['policy_id']}"),
        reader.put(f"{GROUPS}/{pumps['group_id']}", {"name": "renamed"}),
        reader.delete(f"{GROUPS}/{pumps['group_id']}"),
        reader.delete(f"{BUSES}/{bus_id}"),
    ):
        assert code(answer) == (403, "IOTDA.000022")
    after = emulator.state()
    assert {name: after[name] for name in after if name != "requests"} == {
        name: before[name] for name in before if name != "requests"
    }


def test_nobody_changes_anything_without_signing_in(nobody, huawei, pumps):
    for method in ("PUT", "DELETE"):
        assert code(nobody.send(method, f"{GROUPS}/{pumps['group_id']}", {})) == (401, "APIGW.0301")
    huawei.token = "never issued"
    assert code(huawei.delete(f"{GROUPS}/{pumps['group_id']}")) == (401, "IOTDA.000002")
    assert code(huawei.delete(f"{BUSES}/{'0' * 32}")) == (403, "IOTDA.000004")


def test_the_basic_edition_changes_no_policies(huawei, made, emulator):
    emulator.settings({"edition": "basic"})
    target = f"{POLICIES}/{made['policy_id']}"
    assert code(huawei.put(target, {"policy_name": "renamed"})) == (403, "IOTDA.000090")
    assert code(huawei.delete(target)) == (403, "IOTDA.000090")
