"""IoTDA over real HTTP: every collection, every way to sign in."""

import json

import pytest

from portal.errors import Missing, Rejected, Unclear
from portal.platforms.iotda.client import IoTDA
from portal.platforms.signing.huawei import SdkHmac, V11Hmac
from tests.platforms.conftest import GROUP, KEYS, PROJECT, SECOND_SPACE, SPACE, token_auth
from tests.platforms.faulty import http

STATEMENT = [
    {
        "effect": "ALLOW",
        "actions": ["iotda:devices:publish", "iotda:devices:subscribe"],
        "resources": ["topic:/v1/${devices.deviceId}/test/allow"],
    }
]


def sent(emulator):
    """(method, path, body) of the last request."""
    last = emulator.requests()[-1]
    return last["method"], last["path"], last["body"]


SIGN_INS = {
    "token": lambda url: token_auth(url),
    "token by region": lambda url: token_auth(url, project_id="", project_name="cn-north-4"),
    "SDK-HMAC-SHA256": lambda url: SdkHmac(*KEYS, project_id=PROJECT),
    "V11-HMAC-SHA256": lambda url: V11Hmac(*KEYS, "cn-north-4", project_id=PROJECT),
    "temporary keys": lambda url: SdkHmac(
        "DEMOTEMPAK0000000000", "DemoTempSK000000000000000000000000000Exmpl", "demo-security-token"
    ),
}


@pytest.mark.parametrize("sign_in", SIGN_INS.values(), ids=SIGN_INS)
def test_every_sign_in_reads_and_changes(emulator, sign_in):
    client = IoTDA(emulator.url, sign_in(emulator.url), project_id=PROJECT, instance_id="demo-iotda-instance")
    assert {space["name"] for space in client.spaces.list().items} == {"DefaultApp", "SecondApp"}
    made = client.device_groups.create({"name": "Group-1", "app_id": SPACE})
    assert client.device_groups.get(made["id"])["name"] == "Group-1"
    names = [group["name"] for group in client.device_groups.list(app_id=SPACE, name="Group-1").items]
    assert names == ["Group-1"]


def test_a_soft_bus_is_created_found_and_synchronized(emulator, iotda):
    bus = iotda.soft_buses.create({"bus_name": "BusA", "group_id": GROUP, "app_id": SPACE})
    assert sent(emulator) == (
        "POST",
        f"/v5/iot/{PROJECT}/harmony-soft-bus",
        f'{{"bus_name":"BusA","group_id":"{GROUP}","app_id":"{SPACE}"}}',
    )
    assert bus == {
        "id": bus["bus_id"],
        "name": "BusA",
        "bus_id": bus["bus_id"],
        "bus_name": "BusA",
        "group_id": GROUP,
        "app_id": SPACE,
        "status": "ToBeSynchronized",
    }
    assert iotda.soft_buses.list(group_id=GROUP).items == [bus]
    answer = iotda.send(iotda.soft_buses.sync_call(bus["id"]))
    assert (answer.status, answer.data) == (200, None)
    assert sent(emulator) == ("POST", f"/v5/iot/{PROJECT}/harmony-soft-bus/{bus['id']}/sync", "")
    assert iotda.soft_buses.get(bus["id"])["status"] in ("Synchronizing", "Synchronized")


def test_empty_members_are_left_out_and_never_null(emulator, iotda):
    iotda.device_groups.create({"name": "组-A", "description": "", "super_group_id": None, "app_id": SPACE})
    assert sent(emulator)[2] == f'{{"name":"组-A","app_id":"{SPACE}"}}'


def test_groups_know_their_space_though_their_bodies_do_not(iotda):
    iotda.device_groups.create({"name": "InSecond", "app_id": SECOND_SPACE})
    listing = iotda.device_groups.list()
    assert {(group["name"], group["app_id"]) for group in listing.items} == {
        ("DemoGroup", SPACE),
        ("InSecond", SECOND_SPACE),
    }
    assert (listing.total, listing.complete) == (2, True)
    assert iotda.device_groups.get(GROUP, app_id=SPACE)["app_id"] == SPACE


def test_two_actions_joined_by_a_carriage_return_are_sent_as_two(emulator, iotda):
    joined = [{**STATEMENT[0], "actions": ["iotda:devices:publish\riotda:devices:subscribe"]}]
    policy = iotda.policies.create({"policy_name": "myPolicyAllow", "app_id": SPACE, "statement": joined})
    assert json.loads(sent(emulator)[2]) == {
        "policy_name": "myPolicyAllow",
        "app_id": SPACE,
        "statement": STATEMENT,
    }
    assert policy["statement"] == STATEMENT
    assert policy["id"] == policy["policy_id"]
    assert policy["name"] == "myPolicyAllow"
    assert iotda.policies.get(policy["id"])["statement"] == STATEMENT
    listed = iotda.policies.list(name="myPolicyAllow").items
    assert [item["id"] for item in listed] == [policy["id"]]
    assert "statement" not in listed[0]


def test_products_and_devices_are_read(iotda):
    (product,) = iotda.products.list().items
    assert iotda.products.get(product["id"], app_id=SPACE)["name"] == product["name"]
    devices = iotda.devices.list(product_id=product["id"])
    assert (len(devices.items), devices.total, devices.complete) == (2, 2, True)
    assert iotda.devices.get(devices.items[0]["id"])["product_id"] == product["id"]


@pytest.mark.parametrize(
    "collection", ["device_groups", "soft_buses", "policies", "products", "devices", "spaces"]
)
def test_an_object_that_does_not_exist_is_missing(iotda, collection):
    with pytest.raises(Missing):
        getattr(iotda, collection).get("0" * 24)


def test_a_list_longer_than_a_page_is_read_whole(emulator, iotda):
    for number in range(60):
        iotda.device_groups.create({"name": f"Group-{number}", "app_id": SPACE})
    listing = iotda.device_groups.list(app_id=SPACE)
    assert len({group["id"] for group in listing.items}) == 61
    assert (listing.total, listing.complete) == (61, True)
    short = iotda.device_groups.list(app_id=SPACE, limit=10)
    assert [group["name"] for group in short.items] == [f"Group-{number}" for number in range(59, 49, -1)]
    assert (short.total, short.complete) == (61, False)


def page(ids, count=None, marker="same"):
    items = [{"bus_id": id, "bus_name": id} for id in ids]
    return http(200, json.dumps({"harmony_soft_buses": items, "page": {"count": count, "marker": marker}}))


def test_short_pages_do_not_end_a_list(server, client):
    pages = [page("ab", 5, "m1"), page("c", 5, "m2"), page("de", 5, "m3")]
    server.behave = lambda connection, got: pages.pop(0)
    listing = client.soft_buses.list()
    assert [bus["id"] for bus in listing.items] == list("abcde")
    assert "marker=m2" in server.got[2].target


def test_a_list_that_shrinks_meanwhile_ends(server, client):
    pages = [page("ab", 5, "m1"), page("", 2, "")]
    server.behave = lambda connection, got: pages.pop(0)
    listing = client.soft_buses.list()
    assert len(listing.items) == 2
    assert listing.complete


def test_a_list_cut_short_by_the_platform_is_not_called_complete(server, client):
    server.behave = page("ab", 5, "")
    assert not client.soft_buses.list().complete


@pytest.mark.parametrize("count", [5, None])
def test_a_list_that_runs_in_circles_ends_and_is_not_called_complete(server, client, count):
    server.behave = lambda connection, got: page("ab" if len(server.got) < 9 else "", count, "m1")
    listing = client.soft_buses.list()
    assert ([bus["id"] for bus in listing.items], listing.complete) == (["a", "b"], False)
    assert len(server.got) == 2


BROKEN = [
    "[]",
    "{}",
    '{"harmony_soft_buses": null}',
    '{"harmony_soft_buses": [{}]}',
    '{"harmony_soft_buses": [7]}',
    "",
]


@pytest.mark.parametrize("body", BROKEN)
def test_a_broken_list_is_a_failure_and_not_empty(server, client, body):
    server.behave = http(200, body)
    with pytest.raises(Unclear):
        client.soft_buses.list()


def test_a_failure_in_the_middle_of_a_list_is_a_failure(server, client):
    server.behave = lambda connection, got: http(500, "{}") if "marker" in got.target else page("ab", 5, "m1")
    with pytest.raises(Unclear):
        client.soft_buses.list()


def test_a_page_that_fails_once_is_read_again(server, client):
    pages = [page("ab", 3, "m1"), http(502, "<html>"), page("c", 3, "m2")]
    server.behave = lambda connection, got: pages.pop(0)
    assert [bus["id"] for bus in client.soft_buses.list().items] == list("abc")


def test_a_user_without_rights_gets_the_platforms_code(emulator):
    auth = token_auth(emulator.url, user="demo-reader", password="Demo-pass-2")
    reader = IoTDA(emulator.url, auth, project_id=PROJECT)
    with pytest.raises(Rejected) as caught:
        reader.soft_buses.create({"bus_name": "BusA", "group_id": GROUP, "app_id": SPACE})
    assert (caught.value.status, caught.value.code) == (403, "IOTDA.000022")
