"""Updates and deletes: what goes out, and what an answer to them says."""

import json

import pytest

from portal.errors import Missing, NotSent, Rejected, Unclear
from portal.platforms.enos.client import EnOS
from portal.platforms.roma.client import ROMA
from portal.platforms.signing.enos import EnosAuth
from portal.platforms.signing.huawei import SdkHmac
from portal.platforms.signing.tokens import MemoryTokenStore, Token
from tests.platforms.conftest import KEYS, PROJECT, ROMA_APP, SPACE
from tests.platforms.faulty import http

STATEMENT = [
    {
        "effect": "DENY",
        "actions": ["iotda:devices:publish\riotda:devices:subscribe"],
        "resources": ["topic:/v1/test"],
    }
]
SPLIT = [{**STATEMENT[0], "actions": ["iotda:devices:publish", "iotda:devices:subscribe"]}]
ENOS_NAME = {"defaultValue": "Name", "i18nValue": {}}


@pytest.fixture
def roma_here(server):
    return ROMA(server.url, SdkHmac(*KEYS), project_id=PROJECT, instance_id="i")


@pytest.fixture
def enos_here(server):
    auth = EnosAuth(MemoryTokenStore(), "key", "secret")
    auth._store.renew(auth._name, lambda: Token("t", 9e9), None)
    return EnOS(server.url, auth, org_id="o1")


def sent(server):
    got = server.got[-1]
    return got.method, got.target, json.loads(got.body) if got.body else None


def test_an_iotda_group_is_updated_with_both_fields_even_when_one_is_cleared(server, client):
    server.behave = http(200, '{"group_id": "04ab", "name": "New", "description": ""}')
    group = client.device_groups.update("04ab", {"name": "New", "description": "", "app_id": SPACE})
    path = f"/v5/iot/{PROJECT}/device-group/04ab"
    assert sent(server) == ("PUT", path, {"name": "New", "description": ""})
    assert (group["id"], group["name"], group["app_id"]) == ("04ab", "New", SPACE)


def test_a_description_that_was_never_given_is_cleared(server, client):
    server.behave = http(200, '{"group_id": "04ab"}')
    client.device_groups.update("04ab", {"name": "New", "description": None})
    assert sent(server)[2] == {"name": "New", "description": ""}


def test_what_an_update_does_not_name_is_not_sent(server, client, roma_here):
    """A form that lacks a field, or that nobody touched, says nothing about it: it must not be cleared."""
    server.behave = http(200, '{"group_id": "04ab", "policy_id": "5c90", "id": 7}')
    updates = [
        (client.device_groups, "04ab", {"name": "New"}),
        (client.device_groups, "04ab", {"description": ""}),
        (client.policies, "5c90", {"statement": SPLIT}),
        (client.policies, "5c90", {"policy_name": "P"}),
        (roma_here.device_groups, "7", {"name": "new"}),
        (roma_here.device_groups, "7", {"description": ""}),
        (roma_here.device_groups, "7", {}),
    ]
    for collection, id, data in updates:
        collection.update(id, {**data, "app_id": SPACE})
        assert sent(server)[2] == data


def test_a_policy_is_updated_without_its_space_and_with_its_actions_as_they_are(server, client):
    answer = {"policy_id": "5c90", "policy_name": "P", "app_id": SPACE, "statement": STATEMENT}
    server.behave = http(200, json.dumps(answer))
    data = {"policy_name": "P", "statement": STATEMENT, "app_id": SPACE}
    policy = client.policies.update("5c90", data)
    path = f"/v5/iot/{PROJECT}/device-policies/5c90"
    assert sent(server) == ("PUT", path, {"policy_name": "P", "statement": STATEMENT})
    assert policy == {**answer, "id": "5c90", "name": "P"}


def test_a_roma_group_is_updated_by_its_whole_number(server, roma_here):
    server.behave = http(200, '{"id": 99999999999989999, "name": "New", "parent_id": 0}')
    group = roma_here.device_groups.update("99999999999989999", {"name": "New", "description": ""})
    path = f"/v2/{PROJECT}/link/instances/i/device-groups/99999999999989999"
    assert sent(server) == ("PUT", path, {"name": "New", "description": ""})
    assert (group["id"], group["parent_id"]) == ("99999999999989999", "0")


def test_an_enos_device_of_which_all_is_given_is_replaced_so_that_what_is_left_out_is_cleared(
    server, enos_here
):
    server.behave = http(200, '{"code": 0, "msg": "OK", "requestId": "r", "data": null}')
    data = {
        "product_key": "prodKey1",
        "device_key": "dev-1",
        "device_name": ENOS_NAME,
        "timezone": "Europe/Berlin",
        "device_attributes": {"serial": 0, "gone": None},
        "device_tags": {},
        "device_desc": None,
        "require_secret": False,
    }
    assert enos_here.devices.update("oj7x", data) is None
    assert sent(server) == (
        "POST",
        "/connect-service/v2.1/devices?action=update&assetId=oj7x&isPatchUpdate=false&orgId=o1",
        {
            "timezone": "Europe/Berlin",
            "deviceName": ENOS_NAME,
            "deviceAttributes": {"serial": 0},
            "deviceTags": {},
        },
    )


def test_an_enos_device_of_which_a_part_is_given_is_patched_and_a_patch_clears_nothing(server, enos_here):
    server.behave = http(200, '{"code": 0, "msg": "OK", "requestId": "r", "data": null}')
    enos_here.devices.update("oj7x", {"timezone": "+08:00"})
    query = "action=update&assetId=oj7x&isPatchUpdate=true&orgId=o1"
    assert sent(server)[1:] == (f"/connect-service/v2.1/devices?{query}", {"timezone": "+08:00"})
    with pytest.raises(ValueError, match="cannot clear"):
        enos_here.devices.update("oj7x", {"timezone": "+08:00", "device_desc": None})


DELETES = {
    "IoTDA group": (lambda c: c.device_groups, f"/v5/iot/{PROJECT}/device-group/04ab"),
    "soft bus": (lambda c: c.soft_buses, f"/v5/iot/{PROJECT}/harmony-soft-bus/04ab"),
    "policy": (lambda c: c.policies, f"/v5/iot/{PROJECT}/device-policies/04ab"),
}


@pytest.mark.parametrize(("collection", "path"), DELETES.values(), ids=DELETES)
def test_a_delete_sends_no_body(server, client, collection, path):
    server.behave = http(204, b"")
    collection(client).delete("04ab")
    assert sent(server) == ("DELETE", path, None)


def test_a_roma_group_is_deleted(server, roma_here):
    server.behave = http(204, b"")
    roma_here.device_groups.delete("10002")
    assert sent(server) == ("DELETE", f"/v2/{PROJECT}/link/instances/i/device-groups/10002", None)


def test_an_enos_device_is_deleted_by_a_post_without_a_body(server, enos_here):
    server.behave = http(200, '{"code": 0, "msg": "OK", "data": null}')
    enos_here.devices.delete("oj7x")
    assert sent(server) == (
        "POST", "/connect-service/v2.1/devices?action=delete&assetId=oj7x&orgId=o1", None,
    )  # fmt: skip


@pytest.mark.parametrize("code", ["11404", "99404"])
def test_an_enos_device_that_does_not_exist_cannot_be_deleted(server, enos_here, code):
    server.behave = http(200, f'{{"code": {code}, "msg": "Device cannot be found", "data": null}}')
    with pytest.raises(Missing):
        enos_here.devices.delete("oj7x")


def test_a_refused_change_carries_the_platforms_words(server, client):
    server.behave = http(403, '{"error_code": "IOTDA.003005", "error_msg": "has children"}')
    with pytest.raises(Rejected, match="has children") as caught:
        client.device_groups.delete("04ab")
    assert type(caught.value) is Rejected


@pytest.mark.parametrize("answer", [http(200, ""), http(200, "{}"), http(200, "<html></html>")])
def test_an_update_that_shows_no_object_is_unclear(server, client, answer):
    server.behave = answer
    with pytest.raises(Unclear):
        client.policies.update("5c90", {"policy_name": "P", "statement": STATEMENT})


def test_a_page_in_place_of_an_answer_deletes_nothing_for_sure(server, client):
    server.behave = http(200, "<html>Welcome to this network</html>")
    with pytest.raises(Unclear):
        client.policies.delete("5c90")


@pytest.mark.parametrize("id", ["", None])
def test_a_device_without_an_id_is_never_asked_for(server, enos_here, id):
    for call in (enos_here.devices.delete_call, lambda id: enos_here.devices.update_call(id, {})):
        with pytest.raises(NotSent):
            call(id)
    assert server.got == []


# The same through the emulated clouds.


def test_a_group_is_renamed_cleared_and_deleted(iotda):
    group = iotda.device_groups.create({"name": "Before", "description": "text", "app_id": SPACE})
    data = {"name": "After", "description": "", "app_id": SPACE}
    updated = iotda.device_groups.update(group["id"], data)
    shown = iotda.device_groups.get(group["id"], app_id=SPACE)
    assert (shown["name"], shown["description"] or "") == ("After", "")
    assert (updated["id"], updated["name"], updated["app_id"]) == (group["id"], "After", SPACE)
    iotda.device_groups.delete(group["id"])
    with pytest.raises(Missing):
        iotda.device_groups.get(group["id"])
    with pytest.raises(Missing):
        iotda.device_groups.delete(group["id"])


def test_a_policy_is_rewritten_and_deleted(iotda):
    policy = iotda.policies.create({"policy_name": "Before", "app_id": SPACE, "statement": STATEMENT})
    other = [{**SPLIT[0], "effect": "ALLOW"}]
    updated = iotda.policies.update(policy["id"], {"policy_name": "After", "statement": other})
    assert updated == iotda.policies.get(policy["id"])
    assert (updated["name"], updated["statement"], updated["app_id"]) == ("After", other, SPACE)
    iotda.policies.delete(policy["id"])
    with pytest.raises(Missing):
        iotda.policies.get(policy["id"])


def test_a_soft_bus_is_deleted(iotda):
    bus = iotda.soft_buses.create({"bus_name": "BusA", "app_id": SPACE})
    iotda.soft_buses.delete(bus["id"])
    with pytest.raises(Missing):
        iotda.soft_buses.get(bus["id"])


def test_a_roma_group_is_renamed_cleared_and_really_deleted(roma):
    body = {"parent_id": "10001", "name": "before", "description": "text", "app_id": ROMA_APP}
    group = roma.device_groups.create(body)
    updated = roma.device_groups.update(group["id"], {"name": "after", "description": ""})
    assert (updated["id"], updated["name"], updated["parent_id"]) == (group["id"], "after", "10001")
    assert (roma.device_groups.get(group["id"])["description"] or "") == ""
    roma.device_groups.delete(group["id"])
    with pytest.raises(Missing):
        roma.device_groups.get(group["id"])


def test_a_device_has_after_an_update_what_was_sent_and_nothing_else(enos):
    data = {
        "product_key": "prodKey1",
        "device_name": ENOS_NAME,
        "timezone": "+08:00",
        "device_key": "dev-1",
        "device_attributes": {"serial": 7},
        "device_desc": "text",
        "device_tags": {"a": "b"},
    }
    device = enos.devices.create(data)
    changed = {
        **data,
        "timezone": "Europe/Berlin",
        "device_attributes": {},
        "device_desc": "",
        "device_tags": {},
    }
    assert enos.devices.update(device["id"], changed) is None
    shown = enos.devices.get(device["id"])
    assert shown["timezone"] == "Europe/Berlin"
    assert shown["device_name"]["defaultValue"] == "Name"
    assert not any(shown[name] for name in ("device_attributes", "device_desc", "device_tags"))
    enos.devices.delete(device["id"])
    with pytest.raises(Missing):
        enos.devices.get(device["id"])


@pytest.mark.parametrize(("fault", "status"), [("reset", 204), ("reset_mid_body", 404)])
def test_a_delete_whose_answer_was_lost_is_done_when_it_is_repeated(iotda, emulator, fault, status):
    """The first fault comes before the platform deletes, the second after it."""
    policy = iotda.policies.create({"policy_name": "P", "app_id": SPACE, "statement": STATEMENT})
    emulator.faults([{"match": {"method": "DELETE"}, "fault": fault, "times": 1}])
    answer = iotda.send(iotda.policies.delete_call(policy["id"]), again=lambda number, error: True)
    assert answer.status == status
    with pytest.raises(Missing):
        iotda.policies.get(policy["id"])


def test_an_update_whose_answer_was_lost_is_there_when_it_is_repeated(enos, emulator):
    data = {"product_key": "prodKey1", "device_name": ENOS_NAME, "timezone": "+08:00", "device_key": "dev-1"}
    device = enos.devices.create(data)
    rule = {"match": {"query": "action=update"}, "fault": "answer_after_commit", "times": 1}
    emulator.faults([{**rule, "body": {"code": 99500, "msg": "Internal Server Error"}, "status": 200}])
    call = enos.devices.update_call(device["id"], {**data, "device_desc": "text"})
    asked = []
    enos.send(call, again=lambda *args: asked.append(args) or True)
    assert [(number, type(error), error.code) for number, error in asked] == [(2, Unclear, "99500")]
    assert enos.devices.get(device["id"])["device_desc"] == "text"


@pytest.mark.parametrize("action", ["enable", "disable"])
def test_an_enos_device_is_switched_by_a_post_without_a_body(server, enos_here, action):
    server.behave = http(200, '{"code": 0, "msg": "OK", "data": null}')
    devices = enos_here.devices
    enos_here.send(getattr(devices, f"{action}_call")("oj7x"))
    assert sent(server) == (
        "POST", f"/connect-service/v2.1/devices?action={action}&assetId=oj7x&orgId=o1", None,
    )  # fmt: skip


def test_an_enos_device_is_replaced(server, enos_here):
    data = '{"assetId": "oj7x", "productKey": "p", "deviceKey": "new-key"}'
    server.behave = http(200, f'{{"code": 0, "msg": "OK", "data": {data}}}')
    enos_here.devices.replace("oj7x", {"device_key": "new-key", "require_secret": True})
    assert sent(server) == (
        "POST",
        "/connect-service/v2.4/devices?action=replaceDevice&assetId=oj7x&orgId=o1",
        {"newDeviceKey": "new-key", "requireSecret": True},
    )


@pytest.mark.parametrize("verb", ["enable", "disable", "replace", "delete"])
def test_without_an_id_no_enos_device_is_asked_for(server, enos_here, verb):
    more = [{"device_key": "new-key"}] if verb == "replace" else []
    with pytest.raises(NotSent):
        getattr(enos_here.devices, f"{verb}_call")("", *more)
    assert server.got == []


def test_the_devices_of_a_product_are_counted(server, enos_here):
    counts = '{"totalCount": 9, "onlineCount": 2, "offlineCount": 3, "inactiveCount": 4, "disabledCount": 0}'
    server.behave = http(200, f'{{"code": 0, "msg": "OK", "data": {counts}}}')
    assert enos_here.devices.get_statistics("p 1") == {
        "total_count": 9,
        "online_count": 2,
        "offline_count": 3,
        "inactive_count": 4,
        "disabled_count": 0,
    }
    path = "/connect-service/v2.1/devices?action=getStats&productKey=p%201&orgId=o1"
    assert sent(server) == ("GET", path, None)


@pytest.mark.parametrize(
    ("code", "message", "failure"),
    [
        (11721, "Device is inactive", Rejected),
        (11721, "Device not found", Missing),
        (11723, "Device is disabled", Rejected),
        (11723, "Device not found", Missing),
    ],
)
def test_one_code_of_enos_stands_for_two_things(server, enos_here, code, message, failure):
    server.behave = http(200, f'{{"code": {code}, "msg": "{message}", "data": null}}')
    call = enos_here.devices.enable_call("oj7x")
    with pytest.raises(Rejected) as caught:
        enos_here.send(call)
    assert type(caught.value) is failure
    assert call.finds_done(caught.value) is (message == "Device is inactive")
