"""IoTDA device groups, spaces, products, devices; paging and the headers that all of IoTDA shares."""

import re

import pytest

from tests.emulator.clouds import GROUP, IOTDA, SECOND_SPACE, SPACE

GROUPS = f"{IOTDA}/device-group"
BUSES = f"{IOTDA}/harmony-soft-bus"


def create(huawei, name, **more):
    return huawei.post(GROUPS, {"name": name, **more})


def test_a_group_is_created_without_app_id_in_its_answer(huawei):
    answer = create(huawei, "Pumps", description="all pumps", app_id=SPACE, super_group_id=GROUP)
    assert answer.status_code == 201
    group = answer.json()
    assert re.fullmatch(r"[0-9a-f]{32}", group["group_id"])
    assert group == {
        "group_id": group["group_id"],
        "name": "Pumps",
        "description": "all pumps",
        "super_group_id": GROUP,
        "group_type": "STATIC",
        "dynamic_group_rule": None,
    }
    assert huawei.get(f"{GROUPS}/{group['group_id']}").json() == group
    item = huawei.get(GROUPS, app_id=SPACE).json()["device_groups"][0]
    assert set(item) == {"group_id", "name", "description", "super_group_id", "group_type"}


@pytest.mark.parametrize(
    "body",
    [
        {"name": "a" * 64},
        {"name": "组_?'#().,&%@!-"},
        {"name": "a", "description": "a b" * 21},
        {"name": "a", "description": "d" * 64},
        {"name": "a", "group_type": "DYNAMIC", "dynamic_group_rule": "device_name = 'a'"},
        {},
    ],
)
def test_groups_within_the_rules_are_created(huawei, body):
    assert huawei.post(GROUPS, body).status_code == 201


@pytest.mark.parametrize(
    "body",
    [
        {"name": "a" * 65},
        {"name": "with space"},
        {"name": None},
        {"name": "a", "description": "d" * 65},
        {"name": "a", "description": "a;b"},
        {"name": "a", "super_group_id": "0" * 37},
        {"name": "a", "super_group_id": "not hex"},
        {"name": "a", "group_type": "OTHER"},
        {"name": "a", "group_type": "DYNAMIC"},
        {"name": "a", "group_type": "DYNAMIC", "dynamic_group_rule": "x = 1", "super_group_id": GROUP},
        {"name": "a", "app_id": "a" * 37},
    ],
)
def test_groups_outside_the_rules_are_400(huawei, body):
    answer = huawei.post(GROUPS, body)
    assert (answer.status_code, answer.json()["error_code"]) == (400, "IOTDA.000006")


def test_the_basic_edition_knows_no_dynamic_groups(huawei, emulator):
    emulator.settings({"edition": "basic"})
    assert create(huawei, "a", group_type="DYNAMIC", dynamic_group_rule="x = 1").status_code == 403
    assert create(huawei, "a").status_code == 201


def test_groups_nest_five_levels_deep(huawei):
    parent = GROUP
    for level in range(2, 6):
        answer = create(huawei, f"level{level}", super_group_id=parent)
        assert answer.status_code == 201
        parent = answer.json()["group_id"]
    answer = create(huawei, "level6", super_group_id=parent)
    assert (answer.status_code, answer.json()["error_code"]) == (403, "IOTDA.003004")


def test_an_account_holds_1000_groups(huawei):
    for number in range(999):
        assert create(huawei, f"g{number}").status_code == 201
    answer = create(huawei, "one-more")
    assert (answer.status_code, answer.json()["error_code"]) == (403, "IOTDA.003003")


def test_a_name_is_unique_in_its_space_only(huawei):
    assert create(huawei, "A").status_code == 201
    assert create(huawei, "A").status_code == 400
    assert create(huawei, "A", app_id=SECOND_SPACE).status_code == 201


def test_the_parent_must_exist_in_the_same_space(huawei):
    assert create(huawei, "A", super_group_id="0" * 32).status_code == 404
    assert create(huawei, "A", super_group_id=GROUP, app_id=SECOND_SPACE).status_code == 403
    assert huawei.get(f"{GROUPS}/{'0' * 32}").status_code == 404


def test_group_lists_are_narrowed_by_space_name_type_and_time(huawei):
    create(huawei, "Pumps-1")
    create(huawei, "Pumps-2", app_id=SECOND_SPACE)
    create(huawei, "Valves", group_type="DYNAMIC", dynamic_group_rule="x = 1")

    def names(**query):
        return [group["name"] for group in huawei.get(GROUPS, **query).json()["device_groups"]]

    assert names() == ["Valves", "Pumps-2", "Pumps-1", "DemoGroup"]
    assert names(app_id=SPACE, name="Pumps") == ["Pumps-1"]
    assert names(group_type="DYNAMIC") == ["Valves"]
    assert names(last_modified_time="20260601T000000Z") == ["Valves", "Pumps-2", "Pumps-1"]
    answer = huawei.get(GROUPS, last_modified_time="2026-06-01")
    assert (answer.status_code, answer.json()["error_code"]) == (400, "IOTDA.000009")


def test_a_user_without_rights_may_not_create(reader):
    answer = create(reader, "A")
    assert (answer.status_code, answer.json()["error_code"]) == (403, "IOTDA.000022")


def test_pages_hold_10_unless_asked_and_markers_walk_through_all(huawei):
    for number in range(14):
        create(huawei, f"g{number}")
    first = huawei.get(GROUPS).json()
    assert len(first["device_groups"]) == 10
    assert first["page"]["count"] == 15
    assert re.fullmatch(r"[0-9a-f]{24}", first["page"]["marker"])
    rest = huawei.get(GROUPS, marker=first["page"]["marker"]).json()
    assert rest["page"]["count"] == 15
    names = [group["name"] for group in first["device_groups"] + rest["device_groups"]]
    assert names == [f"g{number}" for number in range(13, -1, -1)] + ["DemoGroup"]
    assert huawei.get(GROUPS, marker=rest["page"]["marker"]).json()["device_groups"] == []
    skipped = huawei.get(GROUPS, marker=first["page"]["marker"], offset=2, limit=2).json()
    assert [group["name"] for group in skipped["device_groups"]] == ["g1", "g0"]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"limit": 0}, "IOTDA.000017"),
        ({"limit": 51}, "IOTDA.000017"),
        ({"limit": "ten"}, "IOTDA.000017"),
        ({"limit": ""}, "IOTDA.000017"),
        ({"limit": "٣"}, "IOTDA.000017"),
        ({"offset": 501}, "IOTDA.000013"),
        ({"offset": -1}, "IOTDA.000013"),
        ({"marker": "f" * 23}, "IOTDA.000018"),
        ({"marker": "g" * 24}, "IOTDA.000018"),
    ],
)
def test_pages_out_of_range_are_400(huawei, query, code):
    for target in (GROUPS, BUSES, f"{IOTDA}/device-policies", f"{IOTDA}/products", f"{IOTDA}/devices"):
        answer = huawei.get(target, **query)
        assert (answer.status_code, answer.json()["error_code"]) == (400, code)


@pytest.mark.parametrize("query", [{"limit": 1}, {"limit": 50}, {"offset": 500}, {"marker": "F" * 24}])
def test_pages_at_the_edges_are_fine(huawei, query):
    assert huawei.get(GROUPS, **query).status_code == 200


def test_spaces_are_listed_unpaged_and_shown(huawei):
    spaces = huawei.get(f"{IOTDA}/apps").json()["applications"]
    assert [(space["app_id"], space["app_name"], space["default_app"]) for space in spaces] == [
        ("jeQDJQZltU8iKgFFoW060F5SGZka", "DefaultApp", True),
        ("secondSpace0000000000000000", "SecondApp", False),
    ]
    assert [
        space["app_name"] for space in huawei.get(f"{IOTDA}/apps", default_app="false").json()["applications"]
    ] == ["SecondApp"]
    assert huawei.get(f"{IOTDA}/apps/{SECOND_SPACE}").json()["app_name"] == "SecondApp"
    answer = huawei.get(f"{IOTDA}/apps/noSuchSpace")
    assert (answer.status_code, answer.json()["error_code"]) == (403, "IOTDA.001000")


def test_products_and_devices_are_listed_and_shown(huawei):
    product = huawei.get(f"{IOTDA}/products", app_id=SPACE).json()["products"][0]
    assert (product["protocol_type"], "service_capabilities" in product) == ("MQTT", False)
    assert huawei.get(f"{IOTDA}/products/{product['product_id']}").json()["service_capabilities"]
    assert huawei.get(f"{IOTDA}/products", app_id=SECOND_SPACE).json()["products"] == []
    devices = huawei.get(f"{IOTDA}/devices", product_id=product["product_id"]).json()
    assert devices["page"]["count"] == 2
    assert "auth_info" not in devices["devices"][0]
    shown = huawei.get(f"{IOTDA}/devices/{devices['devices'][0]['device_id']}").json()
    assert shown["auth_info"]["auth_type"] == "SECRET"
    assert huawei.get(f"{IOTDA}/products/none").status_code == 404
    assert huawei.get(f"{IOTDA}/devices/none").status_code == 404


def test_the_instance_id_is_optional_checked_and_can_be_made_mandatory(huawei, emulator):
    right, wrong = {"Instance-Id": "demo-iotda-instance"}, {"Instance-Id": "other"}
    assert huawei.send("GET", GROUPS, headers=right).status_code == 200
    assert huawei.send("GET", GROUPS, headers=wrong).json()["error_code"] == "IOTDA.000091"
    emulator.settings({"require_instance_id": True})
    assert huawei.send("GET", GROUPS).status_code == 403
    assert huawei.send("GET", GROUPS, headers=right).status_code == 200


@pytest.mark.parametrize("project", ["f" * 32, "%7Bproject_id%7D", "x"])
def test_another_project_is_403(huawei, project):
    assert huawei.get(f"/v5/iot/{project}/device-group").status_code == 403


@pytest.mark.parametrize(
    ("method", "target"),
    [("GET", "/"), ("GET", f"{IOTDA}/nothing"), ("PATCH", GROUPS), ("DELETE", BUSES), ("GET", "//")],
)
def test_unknown_addresses_and_methods_are_404_of_the_gateway(huawei, method, target):
    answer = huawei.send(method, target)
    assert (answer.status_code, answer.json()["error_code"]) == (404, "APIGW.0101")


def test_every_answer_has_a_request_id_in_its_header(huawei):
    assert huawei.get(GROUPS).headers["X-Request-Id"] != huawei.get(GROUPS).headers["X-Request-Id"]
    assert huawei.post(GROUPS, b"{").headers["X-Request-Id"]
