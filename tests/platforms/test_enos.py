"""EnOS over real HTTP: errors ride on 200, secrets stay out of what is decoded."""

import json

import pytest

from portal.errors import Missing, Rejected, Unclear
from portal.platforms.enos.client import EnOS
from portal.platforms.signing.enos import EnosAuth
from portal.platforms.signing.tokens import MemoryTokenStore, Token
from tests.platforms.conftest import ENOS_KEYS
from tests.platforms.faulty import http

DEVICE = {
    "product_key": "prodKey1",
    "device_name": {
        "defaultValue": "Device Name",
        "i18nValue": {"zh_CN": "设备名称", "en_US": "Device Name"},
    },
    "timezone": "+08:00",
    "device_attributes": {"serial": 111111},
    "device_desc": "Device description",
    "device_tags": {"tag1": "tag value"},
    "require_secret": True,
}


@pytest.fixture
def plain(server):
    store = MemoryTokenStore()
    auth = EnosAuth(store, "key", "secret")
    store.renew(auth._name, lambda: Token("t", 9e9), None)
    return EnOS(server.url, auth, org_id="o1")


def test_a_device_is_created_as_printed(emulator, enos):
    device = enos.devices.create(DEVICE)
    last = emulator.requests()[-1]
    assert (last["path"], last["query"]) == (
        "/connect-service/v2.4/devices",
        "action=create&orgId=o15000000000001",
    )
    assert last["body"] == (
        '{"productKey":"prodKey1","deviceName":{"defaultValue":"Device Name","i18nValue":'
        '{"zh_CN":"设备名称","en_US":"Device Name"}},"timezone":"+08:00",'
        '"deviceAttributes":{"serial":111111},'
        '"deviceDesc":"Device description","deviceTags":{"tag1":"tag value"},"requireSecret":true}'
    )
    assert device["id"] == device["asset_id"]
    assert device["name"] == "Device Name"
    shown = enos.devices.get(device["id"])
    for field in ("device_name", "timezone", "device_attributes", "device_desc", "device_tags"):
        assert shown[field]
        assert field not in device, "what was sent is a wish until it is read"
    assert enos.devices.get_by_key("prodKey1", device["device_key"])["id"] == device["id"]


def test_secrets_are_in_the_answer_alone(enos):
    call = enos.devices.create_call(DEVICE)
    answer = enos.send(call)
    secrets = {answer.data["data"][name] for name in ("deviceSecret", "sessionKey")}
    decoded = json.dumps(enos.devices.created(answer, DEVICE))
    assert all(secret and secret not in decoded for secret in secrets)
    assert {"deviceSecret", "sessionKey"} <= set(enos.devices.secret_fields)


def test_empty_members_are_left_out_and_a_choice_is_not(emulator, enos):
    empty = {"device_attributes": {}, "device_tags": {}, "device_desc": "", "require_secret": False}
    enos.devices.create({**DEVICE, **empty, "device_key": "dev-1", "device_name": {"defaultValue": "D"}})
    assert emulator.requests()[-1]["body"] == (
        '{"productKey":"prodKey1","deviceName":{"defaultValue":"D"},"timezone":"+08:00",'
        '"deviceKey":"dev-1","requireSecret":false}'
    )


def test_devices_are_found_by_product_key_and_name(enos):
    device = enos.devices.create({**DEVICE, "device_key": "dev-1"})
    enos.devices.create(
        {**DEVICE, "device_key": "dev-2", "device_name": {"defaultValue": "Device Name 2", "i18nValue": {}}}
    )
    assert [item["id"] for item in enos.devices.list(name="Device Name").items] == [device["id"]]
    assert [item["id"] for item in enos.devices.list(device_key="dev-1").items] == [device["id"]]
    everything = enos.devices.list(product_key="prodKey1")
    assert everything.total == len(everything.items)
    assert everything.complete
    assert isinstance(everything.items[0]["create_time"], int)
    assert not enos.devices.list(limit=1).complete


@pytest.mark.parametrize("name", ["O'Neil", 'a "quoted" one', """both ' and " """])
def test_quotes_in_a_filter_cannot_leave_their_text(enos, name):
    assert enos.devices.list(device_key=name, name=name).items == []


def test_products_and_the_model_that_rules_their_devices(enos):
    (product,) = enos.products.list().items
    assert (product["id"], product["product_key"]) == ("prodKey1", "prodKey1")
    model = enos.models.get(enos.products.get("prodKey1")["model_id"])
    assert model["attributes"]["serial"]["dataType"] == "INT"


def test_a_page_shown_twice_does_not_make_a_list_whole(server, plain):
    page = {"pageNo": 1, "pageSize": 1, "totalSize": 3}
    server.behave = http(200, json.dumps({"code": 0, "data": [{"productKey": "p"}], "pagination": page}))
    listing = plain.products.list()
    assert ([item["id"] for item in listing.items], listing.complete) == (["p"], False)


def test_what_does_not_exist_is_missing(enos):
    for read in (
        lambda: enos.devices.get("noSuch00"),
        lambda: enos.devices.get_by_key("prodKey1", "no-such-key"),
        lambda: enos.products.get("noSuch00"),
        lambda: enos.models.get("noSuchModel"),
    ):
        with pytest.raises(Missing):
            read()


def test_a_time_in_exact_digits_is_a_time_also_as_a_text(server, plain):
    times = {"createTime": "1700000000000", "activeTime": 1700000000001, "lastOnlineTime": "17e3"}
    data = {"assetId": 77, "deviceName": {"defaultValue": 5}, "description": "0012", **times}
    server.behave = http(200, json.dumps({"code": "0", "data": data}))
    device = plain.devices.get("77")
    assert (device["create_time"], device["active_time"]) == (1700000000000, 1700000000001)
    assert (device["id"], device["name"], device["description"]) == ("77", "5", "0012")
    assert device["last_online_time"] == "17e3"


def test_no_data_where_an_object_should_be_is_missing(server, plain):
    server.behave = http(200, '{"code": 0, "msg": "OK", "requestId": "r", "data": null}')
    with pytest.raises(Missing):
        plain.devices.get("x")


def test_a_refusal_on_200_carries_code_message_and_request_id(server, plain):
    server.behave = http(200, '{"code": 11702, "msg": "DeviceKey existed", "requestId": "r-1", "data": null}')
    with pytest.raises(Rejected) as caught:
        plain.devices.create(DEVICE)
    refused = caught.value
    assert (refused.status, refused.code, refused.message, refused.request_id) == (
        200, "11702", "DeviceKey existed", "r-1",
    )  # fmt: skip
    assert len(server.got) == 1


UNCLEAR = {
    "99500 on 200": http(200, '{"code": 99500, "msg": "Internal Server Error", "data": null}'),
    "no envelope": http(200, "{}"),
    "a list": http(200, "[]"),
    "a page": http(200, "<html></html>"),
    "nothing": http(200, ""),
    "nothing, with 204": http(204, ""),
    "code of the wrong type": http(200, '{"code": false, "data": {}}'),
    "success without data": http(200, '{"code": 0, "data": null}'),
    "success without an id": http(200, '{"code": 0, "data": {"productKey": "p", "deviceKey": "d"}}'),
    "success without a key": http(200, '{"code": 0, "data": {"assetId": "a", "productKey": "p"}}'),
    "success that says no": http(503, '{"code": 0, "data": {}}'),
}


@pytest.mark.parametrize("answer", UNCLEAR.values(), ids=UNCLEAR)
def test_what_promises_nothing_is_unclear(server, plain, answer):
    server.behave = answer
    with pytest.raises(Unclear):
        plain.devices.create(DEVICE)
    assert len(server.got) == 1


def test_secret_without_a_key_pair_is_refused(emulator):
    keys = ("22222222-3333-4444-8555-666666666666", "bbbbbbbb-cccc-4ddd-8eee-ffffffffffff")
    enos = EnOS(emulator.url, EnosAuth(MemoryTokenStore(), *keys), org_id="o15000000000001")
    with pytest.raises(Rejected) as caught:
        enos.devices.create(DEVICE)
    assert caught.value.code == "11858"


def test_a_token_dropped_by_the_platform_is_renewed(enos, emulator):
    enos.products.list()
    store = enos.auth._store
    store._tokens[enos.auth._name] = enos.auth._token = Token("unknown-token", 9e9)
    assert enos.products.list().items
    assert enos.auth._token.value != "unknown-token"


def test_the_account_of_the_tests_is_the_emulators():
    assert ENOS_KEYS[0] == "11111111-2222-4333-8444-555555555555"
