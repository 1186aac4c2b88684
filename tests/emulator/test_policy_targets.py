"""What policies are bound to. Source: "Bind a Device Policy", 2025-12 (20 ids); user guide (5 policies)."""

import pytest

from tests.emulator.clouds import IOTDA, SECOND_SPACE, SPACE, policy

POLICIES = f"{IOTDA}/device-policies"
PRODUCT = "5ba24f5ebbe8f56f5a14f605"
NODE_1, NODE_2 = f"{PRODUCT}_node-1", f"{PRODUCT}_node-2"


@pytest.fixture
def one(huawei):
    return huawei.post(POLICIES, policy()).json()["policy_id"]


def bind(huawei, id, *targets, kind="device", do="bind"):
    return huawei.post(f"{POLICIES}/{id}/{do}", {"target_type": kind, "target_ids": list(targets)})


def targets(huawei, id, **body):
    return huawei.post(f"{POLICIES}/{id}/list-targets", body).json()


def test_each_target_has_its_own_ending(huawei, one):
    answer = bind(huawei, one, NODE_1, "nobody", NODE_2)
    assert answer.status_code == 200
    body = answer.json()
    assert (body["policy_id"], body["target_type"]) == (one, "device")
    assert body["success_targets"] == [NODE_1, NODE_2]
    [failed] = body["failure_targets"]
    assert set(failed) == {"target_id", "error_code", "error_msg"}
    assert failed["target_id"] == "nobody"
    listed = targets(huawei, one)
    assert {each["target_id"] for each in listed["targets"]} == {NODE_1, NODE_2}
    assert listed["page"]["count"] == 2


@pytest.mark.parametrize(("kind", "id"), [("device", NODE_1), ("product", PRODUCT), ("app", SPACE)])
def test_devices_products_and_spaces_are_bound_and_unbound(huawei, one, kind, id):
    assert bind(huawei, one, id, kind=kind).json()["success_targets"] == [id]
    assert bind(huawei, one, id, kind=kind).json()["success_targets"] == [id], "again is fine"
    assert targets(huawei, one)["targets"] == [{"target_type": kind, "target_id": id}]
    assert bind(huawei, one, id, kind=kind, do="unbind").json()["success_targets"] == [id]
    assert targets(huawei, one)["targets"] == []
    assert bind(huawei, one, id, kind=kind, do="unbind").json()["failure_targets"]


def test_a_policy_reaches_no_other_space(huawei):
    other = huawei.post(POLICIES, {**policy(), "app_id": SECOND_SPACE}).json()["policy_id"]
    for kind, id in (("device", NODE_1), ("product", PRODUCT), ("app", SPACE)):
        assert bind(huawei, other, id, kind=kind).json()["failure_targets"]
    assert bind(huawei, other, SECOND_SPACE, kind="app").json()["success_targets"] == [SECOND_SPACE]


@pytest.mark.parametrize(("count", "status"), [(0, 400), (1, 200), (20, 200), (21, 400)])
def test_up_to_20_ids_a_call(huawei, one, count, status):
    answer = bind(huawei, one, *[f"node-{number}" for number in range(count)])
    assert answer.status_code == status
    if status == 400:
        assert answer.json()["error_code"] == "IOTDA.000006"


def test_up_to_5_policies_for_a_device(huawei):
    ids = [huawei.post(POLICIES, policy(policy_name=f"P{n}")).json()["policy_id"] for n in range(6)]
    for id in ids[:5]:
        assert bind(huawei, id, NODE_1).json()["success_targets"] == [NODE_1]
    [failed] = bind(huawei, ids[5], NODE_1).json()["failure_targets"]
    assert "5 policies already" in failed["error_msg"]
    bind(huawei, ids[0], NODE_1, do="unbind")
    assert bind(huawei, ids[5], NODE_1).json()["success_targets"] == [NODE_1]


@pytest.mark.parametrize(
    "body",
    [
        {"target_type": "group", "target_ids": [NODE_1]},
        {"target_ids": [NODE_1]},
        {"target_type": "device"},
        {"target_type": "device", "target_ids": NODE_1},
        {"target_type": "device", "target_ids": [7]},
        {"target_type": "device", "target_ids": ["a b"]},
    ],
)
def test_what_is_no_target_is_refused_whole(huawei, one, body):
    answer = huawei.post(f"{POLICIES}/{one}/bind", body)
    assert (answer.status_code, answer.json()["error_code"]) == (400, "IOTDA.000006")


def test_an_absent_policy_binds_nothing(huawei):
    for do in ("bind", "unbind", "list-targets"):
        assert (
            huawei.post(
                f"{POLICIES}/{'0' * 24}/{do}", {"target_type": "app", "target_ids": ["a"]}
            ).status_code
            == 404
        )


def test_a_deleted_policy_is_bound_to_nothing(huawei, one, emulator):
    bind(huawei, one, NODE_1)
    huawei.delete(f"{POLICIES}/{one}")
    assert emulator.state()["iotda/policy-targets"]["count"] == 0


def test_targets_come_in_pages_that_the_body_asks_for(huawei, one):
    bind(huawei, one, NODE_1, NODE_2)
    bind(huawei, one, PRODUCT, kind="product")
    first = targets(huawei, one, limit=2)
    assert first["page"]["count"] == 3
    assert [each["target_type"] for each in first["targets"]] == ["product", "device"]
    rest = targets(huawei, one, limit=2, marker=first["page"]["marker"])
    assert [each["target_id"] for each in rest["targets"]] == [NODE_1]
    assert [each["target_id"] for each in targets(huawei, one, target_type="product")["targets"]] == [PRODUCT]
    assert targets(huawei, one, limit=51)["error_code"] == "IOTDA.000017"
    assert targets(huawei, one, marker="no marker")["error_code"] == "IOTDA.000018"


def test_what_is_deleted_is_bound_to_nothing(huawei, one, emulator):
    bind(huawei, one, NODE_1)
    assert huawei.delete(f"{IOTDA}/devices/{NODE_1}").status_code == 204
    assert targets(huawei, one)["targets"] == []
