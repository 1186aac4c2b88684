"""The page of a product: every member that the platform shows, and how many devices it has, read live.

Would catch: a member that is dropped, counts that are invented where they could not be read, a page that
fails because its counts do.
"""

import html

import pytest

from portal.kinds.registry import KINDS
from tests.operations.endings import text_of
from tests.support.account import PRODUCT

pytestmark = pytest.mark.anywhere  # what it does with the database, tests/operations does too


SLUG = "enos/products"
STATS = {"method": "GET", "path": "/connect-service/v2.1/devices$", "query": "action=getStats"}
# Every member of the struct but productSecret, each with a value of its own. Source: "Get Product".
STRUCT = {
    "orgId": "o15000000000001",
    "productKey": PRODUCT,
    "productName": {"defaultValue": "Pumps", "i18nValue": {"zh_CN": "泵"}},
    "productDesc": "All the pumps",
    "productType": "Gateway",
    "dataFormat": "Custom",
    "productTags": {"hall": "north-7"},
    "modelId": "pumpModel",
    "dynamicActivateEnabled": True,
    "biDirectionalAuth": False,
    "createBy": "anna",
    "createTime": 1700000000000,
    "updateBy": "boris",
    "updateTime": 1700000060000,
    "defaultValidDay": 365,
    "maxValidDay": 730,
}
SHOWN = (
    *("o15000000000001", PRODUCT, "Pumps", "泵", "All the pumps", "Gateway", "Custom", "hall", "north-7"),
    *("pumpModel", "anna", "2023-11-14 22:13:20 UTC", "boris", "2023-11-14 22:14:20 UTC", "365", "730"),
    *("Dynamic activation yes", "Certificate on both sides no"),
)


@pytest.fixture
def row(plant):
    plant.refresh(SLUG)
    return KINDS[SLUG].model.objects.get(remote_id=PRODUCT)


def page(plant, row):
    response = plant.browser().get(f"/{SLUG}/{row.pk}/")
    assert response.status_code == 200
    return html.unescape(text_of(response))


def answered(data):
    body = {"code": 0, "msg": "OK", "requestId": "r", "data": data}
    match = {"method": "GET", "path": "/products$", "query": "action=get&"}
    return {"match": match, "fault": "answer", "status": 200, "body": body}


@pytest.mark.parametrize("flag", ["dynamicActivateEnabled", "dynamicActiveEnabled"])
def test_its_page_shows_every_member(plant, emulator, row, flag):
    struct = {flag if name == "dynamicActivateEnabled" else name: each for name, each in STRUCT.items()}
    emulator.faults([answered({**struct, "productSecret": "hunter2"})])

    text = page(plant, row)

    assert [each for each in SHOWN if each not in text] == []
    assert "hunter2" not in text


def test_what_is_null_is_not_called_no(plant, emulator, row):
    nulls = dict.fromkeys(name for name in STRUCT if name not in ("productKey", "productName"))
    emulator.faults([answered({**STRUCT, **nulls})])

    text = page(plant, row)

    assert "Dynamic activation no" not in text
    assert "Dynamic activation yes" not in text


def test_it_shows_how_many_devices_it_has_by_status(plant, emulator, row):
    devices = [plant.make("enos/devices", device_key=f"pump-{number}000") for number in range(3)]
    plant.perform("enos/devices", "disable", target=devices[0])

    text = page(plant, row)

    assert "Devices of this product All 5 Online 0 Offline 0 Inactive 4 Disabled 1" in text
    (asked,) = [each for each in emulator.requests() if "getStats" in each["query"]]
    assert f"productKey={PRODUCT}" in asked["query"]


@pytest.mark.parametrize(
    "fault",
    [
        {"fault": "html_502"},
        {"fault": "reset"},
        {"fault": "answer", "status": 200, "body": {"code": 0, "msg": "OK", "data": None}},
        {"fault": "answer", "status": 200, "body": {"code": 0, "msg": "OK", "data": {"totalCount": 3}}},
        {"fault": "answer", "status": 200, "body": {"code": 99403, "msg": "Denied resource", "data": None}},
    ],
    ids=["502", "reset", "nothing", "a part", "denied"],
)
def test_counts_that_cannot_be_read_are_not_invented(plant, emulator, row, fault):
    emulator.faults([{"match": STATS, **fault}])

    text = page(plant, row)

    assert "Devices of this product The platform could not be read." in text
    assert "Demo product" in text
    assert "Showing data from" not in text
    assert "Online" not in text


def test_of_what_is_gone_nothing_is_counted(plant, emulator, row):
    absent = {"code": 11611, "msg": "Product not found", "requestId": "r", "data": None}
    emulator.faults([{**answered(None), "body": absent}])

    text = page(plant, row)

    assert "no longer exists on the platform" in text
    assert "Devices of this product" not in text
    assert not [each for each in emulator.requests() if "getStats" in each["query"]]
