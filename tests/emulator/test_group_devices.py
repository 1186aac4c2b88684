"""Devices in groups of IoTDA and ROMA. Source: user guide of IoTDA, limits; SDK roma v2."""

import pytest

from tests.emulator.clouds import IOTDA, ROMA, SECOND_SPACE

GROUPS = f"{IOTDA}/device-group"
GROUP = "04ed32dc1b0025b52fe3c01a27c2b0a8"
NODE_1, NODE_2 = "5ba24f5ebbe8f56f5a14f605_node-1", "5ba24f5ebbe8f56f5a14f605_node-2"


def act(huawei, device, group=GROUP, action="addDevice"):
    return huawei.post(f"{GROUPS}/{group}/action?action_id={action}&device_id={device}", b"")


def inside(huawei, group=GROUP):
    return [each["device_id"] for each in huawei.get(f"{GROUPS}/{group}/devices").json()["devices"]]


def new_group(huawei, name, **more):
    return huawei.post(GROUPS, {"name": name, **more}).json()["group_id"]


def test_a_device_is_added_listed_and_removed(huawei):
    answer = act(huawei, NODE_1)
    assert (answer.status_code, answer.content) == (200, b"")
    assert act(huawei, NODE_1).status_code == 200, "again is fine"
    act(huawei, NODE_2)
    assert inside(huawei) == [NODE_2, NODE_1]
    [shown] = huawei.get(f"{GROUPS}/{GROUP}/devices?limit=1").json()["devices"]
    assert set(shown) == {"device_id", "node_id", "device_name", "product_id"}
    groups = huawei.post(f"{IOTDA}/devices/{NODE_1}/list-device-group", b"").json()["device_groups"]
    assert [each["group_id"] for each in groups] == [GROUP]
    assert act(huawei, NODE_1, action="removeDevice").status_code == 200
    assert inside(huawei) == [NODE_2]
    assert act(huawei, NODE_1, action="removeDevice").status_code == 400


def test_a_group_with_devices_is_not_deleted(huawei):
    act(huawei, NODE_1)
    assert huawei.delete(f"{GROUPS}/{GROUP}").status_code == 403
    act(huawei, NODE_1, action="removeDevice")
    assert huawei.delete(f"{GROUPS}/{GROUP}").status_code == 204


@pytest.mark.parametrize(
    ("device", "action", "status"),
    [
        ("nobody", "addDevice", 404),
        ("", "addDevice", 400),
        ("a" * 129, "addDevice", 400),
        (NODE_1, "move", 400),
    ],
)
def test_what_cannot_be_added(huawei, device, action, status):
    assert act(huawei, device, action=action).status_code == status
    assert inside(huawei) == []


def test_a_group_of_another_space_or_with_a_rule_takes_no_device(huawei):
    other = new_group(huawei, "other", app_id=SECOND_SPACE)
    ruled = new_group(huawei, "ruled", group_type="DYNAMIC", dynamic_group_rule="device_name = 'x'")
    for group in (other, ruled):
        assert act(huawei, NODE_1, group).json()["error_code"] == "IOTDA.003005"


def test_a_device_is_in_up_to_10_groups(huawei):
    groups = [new_group(huawei, f"g{number}") for number in range(11)]
    assert [act(huawei, NODE_1, group).status_code for group in groups] == [200] * 10 + [403]


def test_a_group_holds_so_many_devices(huawei, emulator):
    emulator.settings({"limits": {"devices_per_group": 1}})
    assert [act(huawei, node).status_code for node in (NODE_1, NODE_2)] == [200, 403]


ROMA_GROUP = f"{ROMA}/10001"


def test_roma_adds_all_devices_or_none(huawei):
    path = f"{ROMA_GROUP}/devices/batch-add"
    assert huawei.post(path, {"resources": [20001, 7]}).status_code == 404
    assert huawei.get(f"{ROMA_GROUP}/devices").json() == {"total": 0, "size": 0, "items": []}
    assert huawei.post(path, {"resources": [20001, 20002.9]}).status_code == 200
    shown = huawei.get(f"{ROMA_GROUP}/devices?limit=1&offset=1").json()
    assert (shown["total"], shown["size"], shown["items"][0]["device_id"]) == (2, 1, 20002)
    assert huawei.delete(ROMA_GROUP).status_code == 400
    assert huawei.delete(f"{ROMA_GROUP}/devices/20001").status_code == 204
    assert huawei.delete(f"{ROMA_GROUP}/devices/20001").status_code == 404


@pytest.mark.parametrize(("count", "status"), [(0, 200), (9999, 404), (10000, 400)])
def test_roma_takes_up_to_9999_ids(huawei, count, status):
    ids = [7] * count
    assert huawei.post(f"{ROMA_GROUP}/devices/batch-add", {"resources": ids}).status_code == status


@pytest.mark.parametrize("body", [{}, {"resources": "20001"}, {"resources": ["20001"]}, {"resources": [-1]}])
def test_what_is_no_list_of_ids_is_refused(huawei, body):
    answer = huawei.post(f"{ROMA_GROUP}/devices/batch-add", body)
    assert (answer.status_code, answer.json()["error_code"]) == (400, "SCB.00000000")
