"""ROMA Connect device groups, rule by rule. Source: "Creating a Device Group", 2023-06-29."""

import re

import pytest

from tests.emulator.clouds import PROJECT, ROMA, ROMA_APP, ROMA_INSTANCE, SigningCaller, roma_group

PRINTED_400 = (
    "Parameter is not valid for operation [romalink.link-device-groups.save]. "
    "Parameter is [request]. Processor is [body]."
)


def test_the_printed_example_is_created_and_answers_every_printed_field(huawei):
    example = b"""{
  "parent_id" : 10001,
  "name" : "device_group",
  "description" : "device group",
  "app_id" : "ef3845be-091a-4ab5-869a-9de0025e2165"
}"""
    answer = huawei.post(ROMA, example)
    assert answer.status_code == 200
    group = answer.json()
    assert set(group) == {
        "permissions",
        "parent_id",
        "id",
        "name",
        "description",
        "app_id",
        "created_user",
        "last_updated_user",
        "created_datetime",
        "last_updated_datetime",
    }
    assert group["permissions"] == ["read", "access", "delete", "modify"]
    assert (group["parent_id"], group["name"], group["description"]) == (
        10001,
        "device_group",
        "device group",
    )
    assert group["app_id"] == "ef3845be-091a-4ab5-869a-9de0025e2165"
    assert isinstance(group["id"], int)
    assert 1 <= group["id"] <= 99999999999999999
    assert set(group["created_user"]) == set(group["last_updated_user"]) == {"user_id", "user_name"}
    assert group["created_user"]["user_name"] == "demo-user"
    assert 0 < len(group["created_datetime"]) <= 50
    shown = huawei.get(f"{ROMA}/{group['id']}").json()
    assert shown == {**group, "app_name": "DemoApp"}


@pytest.mark.parametrize(
    "change",
    [
        {"name": "ab"},
        {"name": "a" * 64},
        {"name": "Az_0-9"},
        {"name": "设备组"},
        {"description": "d" * 200},
        {"description": ""},
        {"description": "any <text> at all\n"},
        {"parent_id": 0},
    ],
)
def test_groups_within_the_rules_are_created(huawei, change):
    answer = huawei.post(ROMA, roma_group(**change))
    assert answer.status_code == 200
    assert answer.json().items() >= change.items()


@pytest.mark.parametrize(
    "change",
    [
        {"name": None},
        {"name": "a"},
        {"name": ""},
        {"name": "a" * 65},
        {"name": "with space"},
        {"name": "a.b"},
        {"name": 12},
        {"description": "d" * 201},
        {"description": 1},
        {"app_id": None},
        {"app_id": "a" * 37},
        {"app_id": 1},
        {"parent_id": None},
        {"parent_id": -1},
        {"parent_id": -0.5},
        {"parent_id": 100000000000000000},
        {"parent_id": "10001"},
        {"parent_id": True},
        {"parent_id": 1e300},
    ],
)
def test_groups_outside_the_rules_get_the_printed_refusal(huawei, change, emulator):
    answer = huawei.post(ROMA, roma_group(**change))
    assert answer.status_code == 400
    assert answer.json()["error_code"] == "SCB.00000000"
    assert answer.json()["error_msg"] == PRINTED_400
    assert 0 < len(answer.json()["request_id"]) <= 64
    assert re.fullmatch(r"[0-9a-f-]{36}-\d{13}-cnnorth7a-P", answer.json()["request_id"])
    assert emulator.state()["roma/device-groups"]["count"] == 1


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"null", b"{", b'{"parent_id": NaN}', b"\xff", b'{"parent_id": 1e999999999}']
)
def test_bodies_that_cannot_be_read_get_the_printed_refusal(huawei, body):
    answer = huawei.post(ROMA, body)
    assert (answer.status_code, answer.json()["error_msg"]) == (400, PRINTED_400)


@pytest.mark.parametrize("text", [b"10001.999999999999999999", b"10001.0", b"1.00015e4", b"100019e-1"])
def test_a_fraction_of_the_parent_is_rounded_down_exactly(huawei, text):
    body = b'{"parent_id": %s, "name": "ab", "app_id": "%s"}' % (text, ROMA_APP.encode())
    answer = huawei.post(ROMA, body)
    assert (answer.status_code, answer.json()["parent_id"]) == (200, 10001)


def test_the_greatest_parent_is_looked_for_and_named_in_the_printed_refusal(huawei):
    for text in (b"99999999999999999", b"99999999999999999.9"):
        body = b'{"parent_id": %s, "name": "ab", "app_id": "%s"}' % (text, ROMA_APP.encode())
        answer = huawei.post(ROMA, body)
        assert answer.status_code == 404
        assert answer.json()["error_code"] == "ROMA.00110006"
        assert answer.json()["error_msg"] == (
            "The resource does not exist. Check whether the resource ID 99999999999999999 is correct."
        )


def test_ids_beyond_what_a_float_can_hold_stay_exact(huawei, emulator):
    emulator.settings({"roma_first_id": 99999999999990000 - 1})
    created = huawei.post(ROMA, roma_group()).json()
    assert created["id"] == 99999999999989999
    child = huawei.post(ROMA, roma_group(parent_id=99999999999989999)).json()
    assert (child["id"], child["parent_id"]) == (99999999999990000, 99999999999989999)
    assert huawei.get(f"{ROMA}/99999999999989999").json()["id"] == 99999999999989999
    tree = huawei.get(ROMA, app_id=ROMA_APP)
    assert "99999999999989999" in tree.text
    assert "99999999999990000" in tree.text


def test_an_absent_parent_application_or_group_is_404_with_its_id(huawei):
    answer = huawei.post(ROMA, roma_group(app_id="no-such-app"))
    assert (answer.status_code, answer.json()["error_code"]) == (404, "ROMA.00110006")
    assert "resource ID no-such-app is" in answer.json()["error_msg"]
    assert "resource ID 5 is" in huawei.post(ROMA, roma_group(parent_id=5)).json()["error_msg"]
    assert "resource ID 5 is" in huawei.get(f"{ROMA}/5").json()["error_msg"]
    assert huawei.get(ROMA, app_id="no-such-app").status_code == 404


def test_an_unknown_instance_is_the_printed_500(huawei):
    target = f"/v2/{PROJECT}/link/instances/f3bb386a-23ec-47aa-9943-4c60ac658611/device-groups"
    answer = huawei.post(target, roma_group())
    assert (answer.status_code, answer.json()["error_code"]) == (500, "ROMA.00110002")
    assert answer.json()["error_msg"] == (
        f"The instance does not exist. project_id: {PROJECT}, "
        "instance_id: f3bb386a-23ec-47aa-9943-4c60ac658611"
    )
    assert set(answer.json()) == {"error_code", "error_msg", "request_id"}
    other = ROMA.replace(PROJECT, "397cd10b30544c588b2f4a56d83856c4")
    assert (
        "project_id: 397cd10b30544c588b2f4a56d83856c4" in huawei.post(other, roma_group()).json()["error_msg"]
    )


def test_ids_in_the_path_that_are_too_long_are_400(huawei):
    for target in (
        ROMA.replace(PROJECT, "a" * 33),
        ROMA.replace(ROMA_INSTANCE, "a" * 37),
        f"{ROMA}/{'9' * 18}",
        f"{ROMA}/x",
    ):
        answer = huawei.get(target, app_id=ROMA_APP)
        assert (answer.status_code, answer.json()["error_code"]) == (400, "SCB.00000000")
        assert "Processor is [path]" in answer.json()["error_msg"]


def test_the_tree_nests_children_in_the_order_they_were_made(huawei):
    first = huawei.post(ROMA, roma_group(name="first")).json()["id"]
    huawei.post(ROMA, roma_group(name="second"))
    huawei.post(ROMA, roma_group(name="leaf", parent_id=first))
    huawei.post(ROMA, roma_group(name="top", parent_id=0))
    tree = huawei.get(ROMA, app_id=ROMA_APP).json()
    assert tree["size"] == 2
    root, top = tree["items"]
    assert (root["id"], root["name"], root["parent_id"], top["name"], top["children"]) == (
        10001,
        "root",
        0,
        "top",
        [],
    )
    assert [child["name"] for child in root["children"]] == ["first", "second"]
    assert [leaf["name"] for leaf in root["children"][0]["children"]] == ["leaf"]
    assert huawei.get(ROMA).status_code == 400


def test_names_may_repeat(huawei):
    ids = {huawei.post(ROMA, roma_group()).json()["id"] for _ in range(3)}
    assert len(ids) == 3


def test_applications_are_listed(huawei):
    apps = huawei.get(f"/v2/{PROJECT}/instances/{ROMA_INSTANCE}/apps").json()
    assert (apps["total"], apps["size"]) == (1, 1)
    assert (apps["apps"][0]["id"], apps["apps"][0]["name"]) == (ROMA_APP, "DemoApp")
    assert huawei.get(f"/v2/{PROJECT}/instances/{ROMA_INSTANCE}/apps/{ROMA_APP}").json() == apps["apps"][0]
    absent = huawei.get(f"/v2/{PROJECT}/instances/{ROMA_INSTANCE}/apps/nobody")
    assert (absent.status_code, absent.json()["error_code"]) == (404, "ROMA.00110006")


def test_a_user_without_rights_reads_but_may_not_create(reader):
    assert reader.get(ROMA, app_id=ROMA_APP).status_code == 200
    answer = reader.post(ROMA, roma_group())
    assert (answer.status_code, answer.json()["error_code"]) == (403, "ROMA.1006")


def test_a_signature_creates_too(emulator):
    assert SigningCaller(emulator.url).post(ROMA, roma_group()).status_code == 200


def test_an_unknown_address_is_romas_own_404(huawei):
    answer = huawei.get(f"/v2/{PROJECT}/link/nothing")
    assert (answer.status_code, answer.json()["error_code"], answer.json()["error_msg"]) == (
        404,
        "SCB.00000000",
        "Not Found",
    )
