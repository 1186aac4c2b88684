"""Update and delete of devices. Source: "V2.1 Update Device", 2.4.4; "V2.1 Delete Device", 3.0.0."""

import re

import pytest

from tests.emulator.clouds import DEVICES, ORG, device

NAME = {"defaultValue": "Renamed", "i18nValue": {"zh_CN": "新名称"}}


def get(enos, asset_id):
    return enos.get(DEVICES, action="get", orgId=ORG, assetId=asset_id).json()


@pytest.fixture
def made(enos):
    """A device that has every member an update can change, as the get call answers it."""
    body = device(
        deviceKey="pump-1",
        deviceName={"defaultValue": "Pump", "i18nValue": {"en_US": "Pump"}},
        deviceDesc="North pump",
        deviceAttributes={"serial": 7, "location": "hall 1"},
        deviceTags={"site": "north", "line": "2"},
    )
    return get(enos, enos.create(body).json()["data"]["assetId"])["data"]


def updated(enos, made, change, **query):
    """The device after an update that must succeed."""
    answer = enos.change("update", change, assetId=made["assetId"], **query)
    assert answer.status_code == 200
    envelope = answer.json()
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", envelope.pop("requestId"))
    assert envelope == {"code": 0, "msg": "OK", "data": None}
    return get(enos, made["assetId"])["data"]


def refusal(answer):
    """(code, message) of a refusal, whose HTTP status is 200."""
    assert (answer.status_code, answer.json()["data"]) == (200, None)
    return answer.json()["code"], answer.json()["msg"]


@pytest.mark.parametrize("query", [{}, {"isPatchUpdate": "true"}, {"IsPatchUpdate": "True"}])
@pytest.mark.parametrize(
    "change",
    [
        {"timezone": "Europe/Berlin"},
        {"deviceName": NAME},
        {"deviceDesc": "changed"},
        {"deviceTags": {"site": "south"}},
        {"deviceTags": {}},
        {},
    ],
)
def test_a_patch_changes_what_it_names_and_tags_as_a_whole_map(enos, made, query, change):
    """ "true (default): Only the fields specified in the parameters are updated"."""
    assert updated(enos, made, change, **query) == {**made, **change}


def test_a_patch_merges_attributes_by_key(enos, made):
    changed = updated(enos, made, {"deviceAttributes": {"serial": 8, "commissioned": True}})
    assert changed["deviceAttributes"] == {"serial": 8, "location": "hall 1", "commissioned": True}


def test_nulls_and_a_missing_body_leave_everything_as_it_is(enos, made):
    nulls = dict.fromkeys(("timezone", "deviceName", "deviceDesc", "deviceTags", "deviceAttributes"))
    assert updated(enos, made, nulls) == made
    assert updated(enos, made, None) == made


@pytest.mark.parametrize("name", ["isPatchUpdate", "IsPatchUpdate"])
def test_no_patch_resets_what_it_leaves_out(enos, made, name):
    """ "Those fields not specified will have their existing values (if any) deleted"."""
    changed = updated(enos, made, {"deviceName": NAME, "timezone": "-05:00"}, **{name: "false"})
    assert changed == {
        **made,
        "deviceName": NAME,
        "timezone": "-05:00",
        "deviceDesc": None,
        "deviceAttributes": {},
        "deviceTags": {},
    }


def test_no_patch_replaces_attributes_as_a_whole(enos, made):
    body = {
        "deviceName": {"defaultValue": "Renamed"},
        "timezone": "+08:00",
        "deviceDesc": "changed",
        "deviceAttributes": {"location": "hall 2"},
        "deviceTags": {"line": "3"},
    }
    changed = updated(enos, made, body, isPatchUpdate="false")
    assert changed == {**made, **body, "deviceName": {"defaultValue": "Renamed", "i18nValue": {}}}


@pytest.mark.parametrize("missing", ["deviceName", "timezone"])
def test_no_patch_needs_a_name_and_a_time_zone(enos, made, missing):
    """ "Note that timezone and deviceName need to be specified when isPatchUpdate is false"."""
    body = {"deviceName": NAME, "timezone": "+08:00", "deviceDesc": "changed"}
    del body[missing]
    answer = enos.change("update", body, assetId=made["assetId"], isPatchUpdate="false")
    assert refusal(answer) == (99400, "Invalid arguments")
    assert missing in answer.headers["X-Emulator-Reason"]
    assert get(enos, made["assetId"])["data"] == made


@pytest.mark.parametrize("patch", ["true", "false"])
@pytest.mark.parametrize(
    "change",
    [
        {"timezone": "Mars/Olympus"},
        {"timezone": ""},
        {"deviceName": {}},
        {"deviceName": {"defaultValue": ""}},
        {"deviceName": {"defaultValue": "n" * 65}},
        {"deviceName": "Pump"},
        {"deviceDesc": 5},
        {"deviceTags": {"a": " v"}},
        {"deviceTags": {f"tag{number}": "v" for number in range(101)}},
        {"deviceAttributes": {"unknown": 1}},
        {"deviceAttributes": {"serial": "7"}},
        {"deviceAttributes": {"serial": None}},
        {"deviceAttributes": []},
    ],
)
def test_updates_outside_the_rules_change_nothing(enos, made, patch, change):
    body = {"deviceName": NAME, "timezone": "+08:00", **change}
    answer = enos.change("update", body, assetId=made["assetId"], isPatchUpdate=patch)
    assert refusal(answer) == (99400, "Invalid arguments")
    assert get(enos, made["assetId"])["data"] == made


@pytest.mark.parametrize("body", [b"[]", b"{", b"\xff", b'{"deviceDesc": NaN}'])
def test_updates_that_cannot_be_read_are_99400(enos, made, body):
    assert refusal(enos.change("update", body, assetId=made["assetId"])) == (99400, "Invalid arguments")


def test_keys_and_product_of_a_device_do_not_change(enos, made):
    body = {"deviceKey": "other-key", "productKey": "other", "assetId": "otherAst", "deviceDesc": "changed"}
    assert updated(enos, made, body) == {**made, "deviceDesc": "changed"}


def test_a_deleted_device_is_gone_and_its_key_is_free(enos, made, emulator):
    answer = enos.change("delete", assetId=made["assetId"])
    envelope = answer.json()
    assert (answer.status_code, envelope["code"], envelope["msg"]) == (200, 0, "OK")
    assert envelope["data"] is None
    assert get(enos, made["assetId"])["code"] == 11404
    assert enos.search({"expression": "deviceKey='pump-1'"}).json()["data"] == []
    assert emulator.state()["enos/devices"]["names"] == ["demo-device-1", "demo-device-2"]
    again = enos.create(device(deviceKey="pump-1")).json()["data"]
    assert again["assetId"] != made["assetId"]


def test_a_deleted_device_makes_room_in_its_product(enos, made, emulator):
    emulator.settings({"limits": {"devices_per_product": 3}})
    assert enos.create(device()).json()["code"] == 11739
    assert enos.change("delete", assetId=made["assetId"]).json()["code"] == 0
    assert enos.create(device()).json()["code"] == 0


@pytest.mark.parametrize("action", ["update", "delete"])
def test_the_device_is_named_by_asset_or_by_product_and_key(enos, made, emulator, action):
    body = {"deviceDesc": "changed"} if action == "update" else None
    answer = enos.change(action, body, productKey="prodKey1", deviceKey="pump-1")
    assert answer.json()["code"] == 0
    if action == "update":
        assert get(enos, made["assetId"])["data"]["deviceDesc"] == "changed"
    else:
        assert get(enos, made["assetId"])["code"] == 11404
    for query in ({}, {"deviceKey": "pump-1"}, {"productKey": "prodKey1"}, {"assetId": ""}):
        assert refusal(enos.change(action, body, **query)) == (99400, "Invalid arguments")
    for query in ({"assetId": "nothing1"}, {"productKey": "prodKey1", "deviceKey": "nothing"}):
        assert refusal(enos.change(action, body, **query)) == (11404, "Device cannot be found")
    # When both are given, the asset counts.
    answer = enos.change(action, body, assetId="DemoAst1", productKey="prodKey1", deviceKey="demo-device-2")
    assert answer.json()["code"] == 0
    assert (get(enos, "DemoAst1")["code"] == 0) == (action == "update")
    assert get(enos, "DemoAst2")["data"]["deviceDesc"] is None


def test_whether_it_is_a_patch_must_be_said_plainly(enos, made):
    answer = enos.change("update", {}, assetId=made["assetId"], isPatchUpdate="maybe")
    assert refusal(answer) == (99400, "Invalid arguments")


def test_an_account_without_rights_changes_nothing(enos, enos_reader, made):
    for answer in (
        enos_reader.change("update", {"deviceDesc": "changed"}, assetId=made["assetId"]),
        enos_reader.change("delete", assetId=made["assetId"]),
    ):
        assert refusal(answer) == (99403, f"Denied resource:  orgId {ORG}")
    assert get(enos, made["assetId"])["data"] == made


def test_a_delete_by_get_is_tolerated_unless_told_otherwise(enos, made, emulator):
    """The vendor's own samples send a delete without a body as GET."""
    assert enos.change("delete", method="GET", assetId="DemoAst1").json()["code"] == 0
    emulator.settings({"lenient": False})
    assert refusal(enos.change("delete", method="GET", assetId="DemoAst2"))[0] == 99400
    assert refusal(enos.change("update", method="GET", assetId="DemoAst2"))[0] == 99400
    assert emulator.state()["enos/devices"]["names"] == ["demo-device-2", "pump-1"]
    assert enos.change("delete", assetId="DemoAst2").json()["code"] == 0


def test_an_update_is_no_get(enos, made):
    assert refusal(enos.change("update", method="GET", assetId=made["assetId"]))[0] == 99400


@pytest.mark.parametrize("action", ["update", "delete"])
def test_v24_knows_neither_update_nor_delete(enos, made, action):
    answer = enos.post(f"{DEVICES}?action={action}&orgId={ORG}&assetId={made['assetId']}", {})
    assert refusal(answer) == (99400, "Invalid Argument action:action is not supported")
    assert get(enos, made["assetId"])["data"] == made


@pytest.mark.parametrize("action", ["update", "delete"])
def test_the_organisation_is_mandatory(enos, made, action):
    target = f"/connect-service/v2.1/devices?action={action}&assetId={made['assetId']}"
    assert refusal(enos.post(target))[1] == "Invalid Argument orgId:orgId is missing"
    assert refusal(enos.post(f"{target}&orgId=o0"))[1] == "Invalid Argument orgId:  orgId does not exist"
    assert get(enos, made["assetId"])["data"] == made
