"""Create, show and delete of IoTDA devices, at the limits of "Create a Device", 2024-12-02.

Would catch: a limit off by one, an id that does not follow the printed rule, a secret in a list.
"""

import re

import pytest

from tests.emulator.clouds import IOTDA, SECOND_SPACE, TokenCaller

DEVICES = f"{IOTDA}/devices"
PRODUCT = "5ba24f5ebbe8f56f5a14f605"
GATEWAY = f"{PRODUCT}_node-1"


def device(**changes):
    body = {"node_id": "pump-1", "product_id": PRODUCT, **changes}
    return {name: value for name, value in body.items() if value is not None}


def code(answer):
    return answer.status_code, answer.json()["error_code"]


def with_secret(secret):
    return {"auth_info": {"auth_type": "SECRET", "secret": secret}}


ACCEPTED = [
    {"node_id": "n"},
    {"node_id": "n" * 64},
    {"node_id": "Az09_-"},
    {"device_id": "d" * 128},
    {"device_name": "n" * 256},
    {"device_name": "泵_?'#().,&%@!-"},
    {"description": "d" * 2048},
    {"gateway_id": GATEWAY},
    with_secret("s" * 8),
    with_secret("Az09_-" + "s" * 26),
    {"auth_info": {"auth_type": "CERTIFICATES"}},
    {"auth_info": {"auth_type": "CERTIFICATES", "fingerprint": "a" * 40}},
    {"auth_info": {"auth_type": "CERTIFICATES", "fingerprint": "a" * 64}},
    {"auth_info": {"secure_access": False, "timeout": 300}},
]
REFUSED = [
    {"node_id": None},
    {"node_id": ""},
    {"node_id": "n" * 65},
    {"node_id": "a b"},
    {"node_id": "泵"},
    {"product_id": None},
    {"product_id": "p" * 37},
    {"device_id": "d" * 129},
    {"device_id": "a.b"},
    {"device_name": "n" * 257},
    {"device_name": "a b"},
    {"description": "d" * 2049},
    {"gateway_id": "g" * 129},
    {"app_id": "a" * 37},
    with_secret("s" * 7),
    with_secret("s" * 33),
    with_secret("with space"),
    {"auth_info": {"auth_type": "PASSWORD"}},
    {"auth_info": {"fingerprint": "a" * 41}},
    {"auth_info": {"timeout": -1}},
    {"auth_info": "SECRET"},
]


@pytest.mark.parametrize("change", ACCEPTED, ids=str)
def test_a_device_at_the_limits_is_created(huawei, change):
    answer = huawei.post(DEVICES, device(**change))
    assert answer.status_code == 201, answer.json()
    made = answer.json()
    shown = {name: value for name, value in change.items() if name != "auth_info"}
    assert {name: made[name] for name in shown} == shown
    assert huawei.get(f"{DEVICES}/{made['device_id']}").json() == made


@pytest.mark.parametrize("change", REFUSED, ids=str)
def test_a_device_beyond_the_limits_is_refused(huawei, change):
    assert code(huawei.post(DEVICES, device(**change))) == (400, "IOTDA.000006")
    assert huawei.get(DEVICES).json()["page"]["count"] == 2


def test_the_platform_makes_id_and_secret(huawei):
    """[Create a Device] "product_id" + "_" + "node_id"; SECRET is the default."""
    made = huawei.post(DEVICES, device()).json()
    assert made["device_id"] == made["gateway_id"] == f"{PRODUCT}_pump-1"
    assert (made["node_type"], made["status"]) == ("GATEWAY", "INACTIVE")
    assert made["auth_info"]["auth_type"] == "SECRET"
    assert re.fullmatch(r"[A-Za-z0-9_-]{8,32}", made["auth_info"]["secret"])
    assert re.fullmatch(r"\d{8}T\d{6}Z", made["create_time"])


def test_a_sent_secret_is_taken_and_no_list_shows_it(huawei):
    made = huawei.post(DEVICES, device(**with_secret("my-secret-1"))).json()
    assert made["auth_info"]["secret"] == "my-secret-1"
    assert "my-secret-1" not in huawei.get(DEVICES).text


def test_a_device_with_a_certificate_has_no_secret(huawei):
    made = huawei.post(DEVICES, device(auth_info={"auth_type": "CERTIFICATES", "secret": "ignored-1"})).json()
    assert "secret" not in made["auth_info"]


def test_an_id_is_taken_once(huawei):
    assert huawei.post(DEVICES, device()).status_code == 201
    assert code(huawei.post(DEVICES, device())) == (400, "IOTDA.014031")
    assert huawei.post(DEVICES, device(device_id="other")).status_code == 201


def test_a_child_device_names_its_parent(huawei):
    made = huawei.post(DEVICES, device(gateway_id=GATEWAY)).json()
    assert (made["gateway_id"], made["node_type"]) == (GATEWAY, "ENDPOINT")
    children = huawei.get(DEVICES, gateway_id=GATEWAY).json()["devices"]
    assert [each["device_id"] for each in children] == [made["device_id"]]


def test_two_levels_of_child_devices_and_no_more(huawei):
    """[Create a Device] "up to two levels of child devices are supported"."""
    parent = GATEWAY
    for level in (1, 2):
        answer = huawei.post(DEVICES, device(node_id=f"child-{level}", gateway_id=parent))
        assert answer.status_code == 201
        parent = answer.json()["device_id"]
    assert huawei.post(DEVICES, device(node_id="child-3", gateway_id=parent)).status_code == 403


def test_product_and_parent_must_be_in_the_space(huawei):
    assert huawei.post(DEVICES, device(product_id="none")).status_code == 400
    assert huawei.post(DEVICES, device(gateway_id="none")).status_code == 400
    assert huawei.post(DEVICES, device(app_id=SECOND_SPACE)).status_code == 400
    assert code(huawei.post(DEVICES, device(app_id="none"))) == (403, "IOTDA.001000")


def test_a_device_is_deleted_after_its_children(huawei):
    child = huawei.post(DEVICES, device(gateway_id=GATEWAY)).json()["device_id"]
    assert huawei.delete(f"{DEVICES}/{GATEWAY}").status_code == 403
    assert huawei.delete(f"{DEVICES}/{child}").status_code == 204
    answer = huawei.delete(f"{DEVICES}/{GATEWAY}")
    assert (answer.status_code, answer.content) == (204, b"")
    assert huawei.delete(f"{DEVICES}/{GATEWAY}").status_code == 404


def test_a_product_without_devices_is_deleted(huawei):
    for number in (1, 2):
        assert huawei.delete(f"{IOTDA}/products/{PRODUCT}").status_code == 403
        huawei.delete(f"{DEVICES}/{PRODUCT}_node-{number}")
    assert huawei.delete(f"{IOTDA}/products/{PRODUCT}").status_code == 204


def test_who_may_not_write_makes_and_deletes_no_device(emulator):
    reader = TokenCaller(emulator.url, user="demo-reader", password="Demo-pass-2")
    assert code(reader.post(DEVICES, device())) == (403, "IOTDA.000022")
    assert code(reader.delete(f"{DEVICES}/{GATEWAY}")) == (403, "IOTDA.000022")
