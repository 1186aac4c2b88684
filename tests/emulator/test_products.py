"""Create, show and delete of IoTDA products, at the limits of their documents.

Source: "Create a Product", 2025-12-02, and "Query a Product", 2024-06-28; 1000 products per instance: the
user guide's limits.
"""

import json
import re

import pytest

from tests.emulator.clouds import IOTDA, SECOND_SPACE, SPACE, TokenCaller

PRODUCTS = f"{IOTDA}/products"
DEMO = f"{PRODUCTS}/5ba24f5ebbe8f56f5a14f605"
SERVICE = {"service_id": "Meter", "service_type": "Meter"}


def product(**changes):
    body = {
        "name": "WaterMeter_A",
        "device_type": "WaterMeter",
        "protocol_type": "MQTT",
        "data_format": "json",
        "service_capabilities": [SERVICE],
        **changes,
    }
    return {name: value for name, value in body.items() if value is not None}


def code(answer):
    return answer.status_code, answer.json()["error_code"]


def services(count, **changes):
    return [{"service_id": f"s{number}", "service_type": "t", **changes} for number in range(count)]


ACCEPTED = [
    {"product_id": "a" * 36},
    {"product_id": "Az09_-"},
    {"name": "n" * 64},
    {"name": "水" * 64},
    {"name": "_?'#().,&%@!-"},
    {"device_type": "d" * 32},
    *(
        {"protocol_type": each}
        for each in "MQTT CoAP HTTP HTTPS Modbus ONVIF OPC-UA OPC-DA TCP UDP Other".split()
    ),
    {"data_format": "binary"},
    {"manufacturer_name": "m" * 32},
    {"industry": "i" * 64},
    {"description": "d" * 128},
    {"description": "Cold water, hall 2; 冷水。\n"},
    {"service_capabilities": services(500)},
    {"service_capabilities": [{"service_id": "s" * 64, "service_type": "t" * 64}]},
    {"service_capabilities": [{"service_id": "$Meter", "service_type": "_?'#().,&%@!-$"}]},
    *(
        {"service_capabilities": [{**SERVICE, "option": each}]}
        for each in ("Master", "Mandatory", "Optional")
    ),
    {"service_capabilities": [{**SERVICE, "properties": [{"property_name": "flow", "data_type": "int"}]}]},
]

REFUSED = [
    {"product_id": "a" * 37},
    {"product_id": "a b"},
    {"name": ""},
    {"name": "n" * 65},
    {"name": "with space"},
    {"device_type": "d" * 33},
    {"device_type": ""},
    {"protocol_type": "mqtt"},
    {"protocol_type": "LoRa"},
    {"data_format": "xml"},
    {"manufacturer_name": "m" * 33},
    {"industry": "i" * 65},
    {"description": "d" * 129},
    {"app_id": "a" * 37},
    {"service_capabilities": services(501)},
    {"service_capabilities": "Meter"},
    {"service_capabilities": [{"service_id": "Meter"}]},
    {"service_capabilities": [{"service_type": "Meter"}]},
    {"service_capabilities": [{**SERVICE, "service_id": "s" * 65}]},
    {"service_capabilities": [{**SERVICE, "service_type": "t" * 65}]},
    {"service_capabilities": [{**SERVICE, "service_id": "a b"}]},
    {"service_capabilities": [SERVICE, SERVICE]},
    {"service_capabilities": [{**SERVICE, "option": "optional"}]},
    {"service_capabilities": [{**SERVICE, "properties": {}}]},
]


@pytest.mark.parametrize("change", ACCEPTED, ids=str)
def test_a_product_at_the_limits_is_created(huawei, change):
    answer = huawei.post(PRODUCTS, product(**change))
    assert answer.status_code == 201, answer.json()
    made = answer.json()
    assert {name: made[name] for name in change} == change
    assert (made["app_id"], made["app_name"]) == (SPACE, "DefaultApp")
    assert huawei.get(f"{PRODUCTS}/{made['product_id']}").json() == made


@pytest.mark.parametrize("change", REFUSED, ids=str)
def test_a_product_beyond_the_limits_is_refused(huawei, change):
    assert code(huawei.post(PRODUCTS, product(**change))) == (400, "IOTDA.000006")
    assert huawei.get(PRODUCTS).json()["page"]["count"] == 1


@pytest.mark.parametrize(
    "name", ["name", "device_type", "protocol_type", "data_format", "service_capabilities"]
)
def test_what_is_mandatory_must_be_there(huawei, name):
    assert code(huawei.post(PRODUCTS, product(**{name: None}))) == (400, "IOTDA.000006")


@pytest.mark.parametrize(("most", "status"), [(500 * 1024, 201), (500 * 1024 + 1, 400)])
def test_the_services_have_500_kilobytes_at_most(huawei, most, status):
    value = [{**SERVICE, "properties": [{"property_name": ""}]}]
    size = len(json.dumps(value, separators=(",", ":")))
    value[0]["properties"][0]["property_name"] = "x" * (most - size)
    assert huawei.post(PRODUCTS, product(service_capabilities=value)).status_code == status


def test_without_an_id_the_platform_gives_one(huawei):
    made = huawei.post(PRODUCTS, product()).json()
    assert re.fullmatch(r"[0-9a-f]{24}", made["product_id"])
    assert re.fullmatch(r"\d{8}T\d{6}Z", made["create_time"])
    assert "service_capabilities" not in huawei.get(PRODUCTS).json()["products"][0]


def test_an_id_is_unique_in_its_space_only(huawei):
    body = product(product_id="meter-1")
    assert huawei.post(PRODUCTS, body).status_code == 201
    assert huawei.post(PRODUCTS, body).status_code == 400
    assert huawei.post(PRODUCTS, {**body, "name": "Second", "app_id": SECOND_SPACE}).status_code == 201
    assert huawei.get(f"{PRODUCTS}/meter-1").json()["name"] == "WaterMeter_A"
    assert huawei.get(f"{PRODUCTS}/meter-1", app_id=SECOND_SPACE).json()["name"] == "Second"


def test_a_delete_names_the_space_and_without_it_the_default_one_wins(huawei):
    for app_id in (SECOND_SPACE, SPACE):
        huawei.post(PRODUCTS, product(product_id="meter-1", app_id=app_id))
    assert huawei.delete(f"{PRODUCTS}/meter-1").status_code == 204
    assert huawei.get(PRODUCTS, app_id=SPACE).json()["page"]["count"] == 1  # that of the demo
    assert huawei.delete(f"{PRODUCTS}/meter-1?app_id={SPACE}").status_code == 404
    assert huawei.delete(f"{PRODUCTS}/meter-1?app_id={SECOND_SPACE}").status_code == 204
    assert huawei.delete(f"{PRODUCTS}/meter-1").status_code == 404


def test_a_product_that_has_devices_is_not_deleted(huawei):
    assert huawei.delete(DEMO).status_code == 403
    assert huawei.get(DEMO).status_code == 200


def test_an_unknown_space_is_403(huawei):
    assert code(huawei.post(PRODUCTS, product(app_id="none"))) == (403, "IOTDA.001000")
    assert code(huawei.delete(f"{DEMO}?app_id=none")) == (403, "IOTDA.001000")


def test_a_full_instance_takes_no_more(huawei, emulator):
    emulator.settings({"limits": {"products": 2}})
    assert huawei.post(PRODUCTS, product()).status_code == 201
    assert huawei.post(PRODUCTS, product()).status_code == 403


def test_a_space_that_holds_a_product_is_not_deleted(huawei):
    huawei.post(PRODUCTS, product(app_id=SECOND_SPACE))
    assert huawei.delete(f"{IOTDA}/apps/{SECOND_SPACE}").status_code == 403


def test_who_may_not_write_makes_and_deletes_no_product(emulator):
    reader = TokenCaller(emulator.url, user="demo-reader", password="Demo-pass-2")
    assert code(reader.post(PRODUCTS, product())) == (403, "IOTDA.000022")
    assert code(reader.delete(DEMO)) == (403, "IOTDA.000022")
