"""EnOS devices, rule by rule. Source: "V2.4 Create Device"; limitations, 3.0.0; get and search pages."""

import base64
import re

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tests.emulator.clouds import DEVICES, ORG, device

EXAMPLE = """{
    "productKey":"prodKey1",
    "deviceName":{
        "defaultValue":"Device Name",
        "i18nValue":{
      "zh_CN": "设备名称",
      "en_US": "Device Name"
        }
    },
    "timezone":"+08:00",
    "deviceAttributes":{
        "serial":111111
    },
    "deviceDesc":"Device description",
    "deviceTags":{
        "tag1":"tag value"
    },
    "requireSecret": true
}"""


def get(enos, **query):
    return enos.get(DEVICES, action="get", orgId=ORG, **query).json()


def test_the_printed_example_is_created_and_its_secret_opens_with_the_private_key(enos, nobody):
    answer = enos.create(EXAMPLE.encode())
    assert answer.status_code == 200
    envelope = answer.json()
    assert (envelope["code"], envelope["msg"]) == (0, "OK")
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", envelope["requestId"])
    created = envelope["data"]
    assert set(created) == {"assetId", "productKey", "deviceKey", "deviceSecret", "sessionKey"}
    assert re.fullmatch(r"[A-Za-z0-9]{8}", created["assetId"])
    pem = nobody.get("/_emulator/key").json()["private_key"]
    key = serialization.load_pem_private_key(pem.encode(), None)
    oaep = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
    session_key = key.decrypt(base64.b64decode(created["sessionKey"]), oaep)
    hidden = base64.b64decode(created["deviceSecret"])
    assert re.fullmatch(rb"[A-Za-z0-9]{20}", AESGCM(session_key).decrypt(hidden[:12], hidden[12:], None))
    stored = get(enos, assetId=created["assetId"])["data"]
    assert stored["deviceName"] == {
        "defaultValue": "Device Name",
        "i18nValue": {"zh_CN": "设备名称", "en_US": "Device Name"},
    }
    assert stored["deviceAttributes"] == {"serial": 111111}
    assert stored["deviceTags"] == {"tag1": "tag value"}
    assert (stored["timezone"], stored["deviceDesc"], stored["status"]) == (
        "+08:00",
        "Device description",
        "inactive",
    )
    assert isinstance(stored["createTime"], int)
    assert stored["deviceSecret"] is None


def test_without_require_secret_no_secret_is_returned(enos):
    for body in (device(), device(requireSecret=False), {**device(), "requireSecret": None}):
        assert set(enos.create(body).json()["data"]) == {"assetId", "productKey", "deviceKey"}


@pytest.mark.parametrize(
    "change",
    [
        {"deviceKey": "abcd"},
        {"deviceKey": "a" * 64},
        {"deviceKey": "Az0-9_x.y"},
        {"timezone": "-05:00"},
        {"timezone": "+14:00"},
        {"timezone": "America/Los_Angeles"},
        {"deviceName": {"defaultValue": "n" * 64, "i18nValue": {}}},
        {"deviceName": {"defaultValue": "泵 1", "i18nValue": {"ja_JP": "ポンプ", "es_ES": "Bomba"}}},
        {"deviceTags": {"k" * 50: "v" * 200, "a/b-c_d": ""}},
        {"deviceTags": {f"tag{number}": "v" for number in range(100)}},
        {"deviceAttributes": {"serial": 99999999999999999, "location": "l" * 4000, "commissioned": True}},
        {"deviceAttributes": {}},
        {"deviceDesc": "Text\nof any kind 文本"},
    ],
)
def test_devices_within_the_rules_are_created(enos, change):
    envelope = enos.create(device(**change)).json()
    assert envelope["code"] == 0
    stored = get(enos, assetId=envelope["data"]["assetId"])["data"]
    assert {name: stored[name] for name in change} == {
        name: {"i18nValue": {}, **value} if name == "deviceName" else value for name, value in change.items()
    }


@pytest.mark.parametrize(
    "change",
    [
        {"productKey": None},
        {"productKey": ""},
        {"productKey": "noSuchProduct"},
        {"productKey": 1},
        {"deviceName": None},
        {"deviceName": "Device Name"},
        {"deviceName": {}},
        {"deviceName": {"defaultValue": ""}},
        {"deviceName": {"defaultValue": "n" * 65}},
        {"deviceName": {"defaultValue": 1}},
        {"deviceName": {"defaultValue": "a", "i18nValue": {"chinese": "a"}}},
        {"deviceName": {"defaultValue": "a", "i18nValue": {"zh_CN": "n" * 65}}},
        {"deviceName": {"defaultValue": "a", "i18nValue": []}},
        {"timezone": None},
        {"timezone": "8"},
        {"timezone": "+8:00"},
        {"timezone": "+15:00"},
        {"timezone": "Mars/Olympus"},
        {"timezone": ""},
        {"deviceKey": "abc"},
        {"deviceKey": "a" * 65},
        {"deviceKey": "with space"},
        {"deviceKey": "a:bcd"},
        {"deviceKey": "设备设备"},
        {"requireSecret": "true"},
        {"requireSecret": 1},
        {"deviceTags": []},
        {"deviceTags": {"": "v"}},
        {"deviceTags": {"k" * 51: "v"}},
        {"deviceTags": {"a b": "v"}},
        {"deviceTags": {"a": "v" * 201}},
        {"deviceTags": {"a": " v"}},
        {"deviceTags": {"a": "v "}},
        {"deviceTags": {"a": 1}},
        {"deviceTags": {f"tag{number}": "v" for number in range(101)}},
        {"deviceAttributes": {"unknown": 1}},
        {"deviceAttributes": {"serial": "111111"}},
        {"deviceAttributes": {"serial": 1.5}},
        {"deviceAttributes": {"location": 1}},
        {"deviceAttributes": {"location": "l" * 4001}},
        {"deviceAttributes": {"commissioned": "yes"}},
        {"deviceDesc": 5},
    ],
)
def test_devices_outside_the_rules_are_99400(enos, change, emulator):
    answer = enos.create(device(**change))
    assert answer.status_code == 200
    envelope = answer.json()
    assert (envelope["code"], envelope["msg"], envelope["data"]) == (99400, "Invalid arguments", None)
    assert envelope["requestId"]
    assert answer.headers["X-Emulator-Reason"]
    assert emulator.state()["enos/devices"]["count"] == 2


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"\xff", b'{"a": NaN}', b"[" * 50_000])
def test_bodies_that_cannot_be_read_are_99400(enos, body):
    assert enos.create(body).json()["code"] == 99400


def test_nulls_of_optional_fields_count_as_absent(enos):
    nulls = dict.fromkeys(("deviceKey", "deviceDesc", "deviceTags", "deviceAttributes", "requireSecret"))
    body = {**device(), **nulls, "deviceName": {"defaultValue": "a", "i18nValue": None}}
    assert enos.create(body).json()["code"] == 0


def test_a_device_key_is_unique_in_the_organisation(enos):
    assert enos.create(device(deviceKey="yourDeviceKey")).json()["data"]["deviceKey"] == "yourDeviceKey"
    answer = enos.create(device(deviceKey="yourDeviceKey"))
    assert (answer.status_code, answer.json()["code"], answer.json()["msg"]) == (
        200,
        11702,
        "DeviceKey existed",
    )
    assert enos.create(device(deviceKey="yourdevicekey")).json()["code"] == 0


def test_a_missing_device_key_is_generated_unless_that_fails(enos, emulator):
    assert re.fullmatch(r"[A-Za-z0-9]{4,64}", enos.create(device()).json()["data"]["deviceKey"])
    emulator.settings({"generate_key_fails": True})
    envelope = enos.create(device()).json()
    assert (envelope["code"], envelope["msg"]) == (11714, "Generate deviceKey failed")
    assert enos.create(device(deviceKey="chosen")).json()["code"] == 0


def test_a_product_holds_so_many_devices(enos, emulator):
    emulator.settings({"limits": {"devices_per_product": 3}})
    assert enos.create(device()).json()["code"] == 0
    envelope = enos.create(device()).json()
    assert (envelope["code"], envelope["msg"]) == (11739, "Exceed max device size")


def test_the_limit_is_10000_devices_unless_told_otherwise(emulator, nobody):
    assert nobody.get("/_emulator/settings").json()["limits"]["devices_per_product"] == 10000


def test_an_account_without_key_pair_gets_no_secret(enos_without_key_pair):
    envelope = enos_without_key_pair.create(device(requireSecret=True)).json()
    assert (envelope["code"], envelope["msg"]) == (11858, "Unable to find public key")
    assert enos_without_key_pair.create(device()).json()["code"] == 0


def test_an_account_without_rights_reads_but_may_not_create(enos_reader):
    assert enos_reader.search({}).json()["code"] == 0
    answer = enos_reader.create(device())
    assert (answer.status_code, answer.json()["code"]) == (200, 99403)


@pytest.mark.parametrize(
    ("query", "message"),
    [
        (f"orgId={ORG}", "Invalid Argument action:action is missing"),
        (f"action=explode&orgId={ORG}", "Invalid Argument action:action is not supported"),
        ("action=create", "Invalid Argument orgId:orgId is missing"),
        ("action=create&orgId=o00000000000000", "Invalid Argument orgId:  orgId does not exist"),
    ],
)
def test_action_and_organisation_are_mandatory(enos, query, message):
    answer = enos.post(f"{DEVICES}?{query}", device())
    assert (answer.status_code, answer.json()["code"], answer.json()["msg"]) == (200, 99400, message)


def test_a_create_is_no_get(enos):
    assert enos.get(DEVICES, action="create", orgId=ORG).json()["code"] == 99400


def test_a_device_is_found_by_asset_or_by_product_and_key(enos):
    first = get(enos, assetId="DemoAst1")["data"]
    assert first == get(enos, productKey="prodKey1", deviceKey="demo-device-1")["data"]
    assert first["modelId"] == "demoModel"
    assert get(enos, assetId="nothing1")["code"] == 11404
    assert get(enos, deviceKey="demo-device-1")["code"] == 99400
    assert get(enos, assetId="DemoAst1", requireSecret="true")["data"]["sessionKey"]
    assert get(enos, assetId="DemoAst1", requireSecret="maybe")["code"] == 99400


@pytest.fixture
def fleet(enos):
    for key, name, attributes, tags in (
        (
            "pump-1",
            {"defaultValue": "North pump", "i18nValue": {"zh_CN": "北泵"}},
            {"serial": 7},
            {"site": "north"},
        ),
        ("pump-2", {"defaultValue": "South pump"}, {"serial": 8, "commissioned": True}, {"site": "south"}),
        ("valve-1", {"defaultValue": "Valve"}, {}, {"a/b-c": "x y"}),
    ):
        assert enos.create(
            device(deviceKey=key, deviceName=name, deviceAttributes=attributes, deviceTags=tags)
        ).ok
    return enos


@pytest.mark.parametrize(
    ("expression", "keys"),
    [
        ("", ["valve-1", "pump-2", "pump-1", "demo-device-2", "demo-device-1"]),
        ("deviceKey = 'pump-1'", ["pump-1"]),
        ('deviceKey in ("pump-1", "valve-1")', ["valve-1", "pump-1"]),
        ("productKey='prodKey1' and deviceName like 'pump'", ["pump-2", "pump-1"]),
        ("deviceName like '北%'", ["pump-1"]),
        ("deviceName.zh_CN like 'Valve'", ["valve-1"]),
        ("deviceName.default like '%pump'", ["pump-2", "pump-1"]),
        ("deviceName.default like 's%H%pump'", ["pump-2"]),
        ("deviceName.default like '%pumps%' or deviceName.default like 'south pump%pump'", []),
        ("deviceAttributes.serial = 8", ["pump-2"]),
        ("deviceAttributes.serial in (7, 8)", ["pump-2", "pump-1"]),
        ("deviceAttributes.commissioned = true", ["pump-2"]),
        ("exists(deviceTags.site)", ["pump-2", "pump-1"]),
        ("not exists(deviceTags.site) and deviceKey != 'valve-1'", ["demo-device-2", "demo-device-1"]),
        ("deviceTags.site != 'north' and deviceTags.site in ('north', 'south')", ["pump-2"]),
        ('deviceTags.a/b-c = "x y"', ["valve-1"]),
        ("deviceKey='valve-1' or deviceTags.site='north' and deviceKey='pump-1'", ["valve-1", "pump-1"]),
        ("(deviceKey='valve-1' or deviceKey='pump-1') and deviceTags.site='north'", ["pump-1"]),
        ("status = 'inactive' and deviceKey in ('pump-1')", ["pump-1"]),
        ("status = 'disable'", []),
    ],
)
def test_searches_find_what_the_expression_says_newest_first(fleet, expression, keys):
    envelope = fleet.search({"expression": expression}).json()
    assert envelope["code"] == 0
    assert [item["deviceKey"] for item in envelope["data"]] == keys
    assert envelope["pagination"] == {"sortedBy": None, "pageNo": 1, "pageSize": 10, "totalSize": len(keys)}


@pytest.mark.parametrize(
    "expression",
    [
        "deviceKey",
        "deviceKey = ",
        "= 'a'",
        "colour = 'red'",
        "(deviceKey='a'",
        "deviceKey='a' 'b'",
        "deviceKey ~ 'a'",
        5,
        [],
    ],
)
def test_expressions_that_make_no_sense_are_99400(enos, expression):
    assert enos.search({"expression": expression}).json()["code"] == 99400


def test_search_pages_and_projects(fleet):
    body = {
        "pagination": {"pageNo": 2, "pageSize": 2},
        "projection": ["deviceKey", "deviceName.defaultValue"],
    }
    envelope = fleet.search(body).json()
    assert envelope["pagination"]["totalSize"] == 5
    assert envelope["data"] == [
        {"deviceKey": "pump-1", "deviceName": {"defaultValue": "North pump"}},
        {"deviceKey": "demo-device-2", "deviceName": {"defaultValue": "Demo device 2"}},
    ]
    assert fleet.search({"pagination": {"pageNo": 9, "pageSize": 1000}}).json()["data"] == []


@pytest.mark.parametrize(
    "page", [{"pageNo": 0}, {"pageSize": 0}, {"pageSize": 1001}, {"pageNo": "1"}, {"pageSize": 1.5}]
)
def test_pages_out_of_range_are_99400(enos, page):
    assert enos.search({"pagination": page}).json()["code"] == 99400


def test_a_new_device_stays_out_of_sight_of_searches_for_a_while(enos, emulator):
    emulator.settings({"search_lag_s": 100_000})
    created = enos.create(device(deviceKey="fresh-one")).json()["data"]
    assert enos.search({"expression": "deviceKey='fresh-one'"}).json()["data"] == []
    assert get(enos, assetId=created["assetId"])["code"] == 0
    emulator.settings({"search_lag_s": 0})
    assert len(enos.search({"expression": "deviceKey='fresh-one'"}).json()["data"]) == 1


def test_products_and_their_model_are_shown(enos):
    products = enos.search({}, "products").json()
    assert [(item["productKey"], item["modelId"]) for item in products["data"]] == [("prodKey1", "demoModel")]
    assert (
        enos.get("/connect-service/v2.4/products", action="get", orgId=ORG, productKey="prodKey1").json()[
            "code"
        ]
        == 0
    )
    assert (
        enos.get("/connect-service/v2.4/products", action="get", orgId=ORG, productKey="no").json()["code"]
        == 11611
    )
    model = enos.get("/model-service/v2.1/thing-models", action="get", orgId=ORG, modelId="demoModel").json()[
        "data"
    ]
    assert model["attributes"]["serial"]["dataType"] == "INT"
    assert model["attributes"]["serial"]["isRequired"] is False
    part = enos.get(
        "/model-service/v2.1/thing-models", action="get", orgId=ORG, modelId="demoModel", scope="attributes"
    ).json()["data"]
    assert "attributes" in part
    assert "events" not in part
