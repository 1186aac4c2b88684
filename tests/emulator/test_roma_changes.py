"""Update and delete of ROMA groups. Source: "Modifying ..." and "Deleting a Device Group", 2025-10-22."""

import pytest

from tests.emulator.clouds import PROJECT, ROMA, ROMA_APP, roma_group
from tests.emulator.test_iotda_changes import next_second

PRINTED_400 = (
    "Parameter is not valid for operation [romalink.link-device-groups.{}]. "
    "Parameter is [{}]. Processor is [{}]."
)


@pytest.fixture
def made(huawei):
    return huawei.post(ROMA, roma_group(description="device group")).json()


def test_an_update_answers_the_whole_group_with_a_later_time(huawei, made):
    next_second()
    change = {"name": "renamed", "description": "changed"}
    answer = huawei.put(f"{ROMA}/{made['id']}", change)
    assert answer.status_code == 200
    changed = answer.json()
    assert changed["last_updated_datetime"] > made["last_updated_datetime"]
    assert changed["last_updated_user"]["user_name"] == "demo-user"
    assert changed == {**made, **change, "last_updated_datetime": changed["last_updated_datetime"]}
    assert huawei.get(f"{ROMA}/{made['id']}").json() == {**changed, "app_name": "DemoApp"}
    root = huawei.get(ROMA, app_id=ROMA_APP).json()["items"][0]
    assert root["children"][0]["name"] == "renamed"


@pytest.mark.parametrize(
    ("change", "description"),
    [
        ({"name": "ab"}, "device group"),
        ({"name": "设备组", "description": ""}, ""),
        ({"name": "a" * 64, "description": "d" * 200}, "d" * 200),
    ],
)
def test_a_description_that_is_left_out_stays_and_an_empty_one_counts(huawei, made, change, description):
    answer = huawei.put(f"{ROMA}/{made['id']}", change)
    assert (answer.status_code, answer.json()["description"]) == (200, description)
    assert answer.json()["name"] == change["name"]


def test_a_group_keeps_its_parent_its_application_and_its_id(huawei, made):
    body = {"name": "renamed", "parent_id": 0, "app_id": "other", "id": 5}
    changed = huawei.put(f"{ROMA}/{made['id']}", body).json()
    kept = ("parent_id", "app_id", "id")
    assert [changed[name] for name in kept] == [made[name] for name in kept]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"description": "without a name"},
        {"name": "a"},
        {"name": ""},
        {"name": None},
        {"name": "a" * 65},
        {"name": "with space"},
        {"name": 12},
        {"name": "ab", "description": "d" * 201},
        {"name": "ab", "description": None},
        [],
        b"",
        b"{",
        b'{"name": NaN}',
    ],
)
def test_an_update_outside_the_rules_changes_nothing(huawei, made, body):
    answer = huawei.put(f"{ROMA}/{made['id']}", body)
    assert (answer.status_code, answer.json()["error_code"]) == (400, "SCB.00000000")
    assert answer.json()["error_msg"] == PRINTED_400.format("update", "request", "body")
    assert huawei.get(f"{ROMA}/{made['id']}").json() == {**made, "app_name": "DemoApp"}


def test_a_deleted_group_is_gone(huawei, made, emulator):
    answer = huawei.delete(f"{ROMA}/{made['id']}")
    assert (answer.status_code, answer.content) == (204, b"")
    gone = huawei.get(f"{ROMA}/{made['id']}")
    assert (gone.status_code, gone.json()["error_code"]) == (404, "ROMA.00110006")
    assert emulator.state()["roma/device-groups"]["ids"] == [10001]
    assert huawei.delete(f"{ROMA}/{made['id']}").status_code == 404


def test_the_id_of_a_deleted_group_is_never_given_again(huawei, made, emulator):
    """ "an auto-increment unique identifier in the database"."""
    assert huawei.delete(f"{ROMA}/{made['id']}").status_code == 204
    following = huawei.post(ROMA, roma_group()).json()["id"]
    assert following == made["id"] + 1
    first = huawei.post(ROMA, roma_group()).json()["id"]
    huawei.delete(f"{ROMA}/{first}")
    huawei.delete(f"{ROMA}/{following}")
    assert huawei.post(ROMA, roma_group()).json()["id"] == first + 1
    emulator.reset()
    huawei.token = ""
    assert huawei.post(ROMA, roma_group()).json()["id"] == made["id"]


def test_a_group_with_child_groups_is_not_deleted(huawei, made, emulator):
    child = huawei.post(ROMA, roma_group(parent_id=made["id"])).json()["id"]
    answer = huawei.delete(f"{ROMA}/{made['id']}")
    assert (answer.status_code, answer.json()["error_code"]) == (400, "ROMA.00111001")
    assert emulator.state()["roma/device-groups"]["ids"] == [10001, made["id"], child]
    assert huawei.delete(f"{ROMA}/{child}").status_code == 204
    assert huawei.delete(f"{ROMA}/{made['id']}").status_code == 204


@pytest.mark.parametrize(("method", "operation"), [("PUT", "update"), ("DELETE", "delete")])
def test_absent_groups_wrong_ids_and_unknown_instances_get_the_printed_refusals(huawei, method, operation):
    body = {"name": "renamed"}
    answer = huawei.send(method, f"{ROMA}/1", body)
    assert (answer.status_code, answer.json()["error_code"]) == (404, "ROMA.00110006")
    assert answer.json()["error_msg"] == (
        "The resource does not exist. Check whether the resource ID 1 is correct."
    )
    for group_id in ("x", "9" * 18, "1.5", "-1"):
        answer = huawei.send(method, f"{ROMA}/{group_id}", body)
        assert (answer.status_code, answer.json()["error_code"]) == (400, "SCB.00000000")
        assert answer.json()["error_msg"] == PRINTED_400.format(operation, "group_id", "path")
    other = f"/v2/{PROJECT}/link/instances/f3bb386a-23ec-47aa-9943-4c60ac658611/device-groups/10001"
    answer = huawei.send(method, other, body)
    assert (answer.status_code, answer.json()["error_code"]) == (500, "ROMA.00110002")


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_who_may_not_write_changes_nothing(huawei, reader, nobody, made, method):
    target = f"{ROMA}/{made['id']}"
    answer = reader.send(method, target, {"name": "renamed"})
    assert (answer.status_code, answer.json()["error_code"]) == (403, "ROMA.1006")
    answer = nobody.send(method, target, {"name": "renamed"})
    assert (answer.status_code, answer.json()["error_code"]) == (400, "ROMA.1000")
    assert huawei.get(target).json()["name"] == made["name"]
