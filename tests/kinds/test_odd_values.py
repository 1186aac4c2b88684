"""One odd object must not take a whole page down: whatever a platform shows is kept as far as it fits."""

import json

import pytest

from portal.enos.models import Device
from portal.iotda.models import Space
from portal.platforms.answers import storable
from portal.teams.models import Role

SEARCH = {"method": "POST", "path": "/connect-service/v2.4/devices", "query": "action=search"}
DEVICE = {
    "assetId": "odd00001",
    "productKey": "prodKey1",
    "deviceKey": "odd",
    "deviceName": {"defaultValue": "Odd"},
}


def shown(**values):
    page = {"pageNo": 1, "pageSize": 100, "totalSize": values.pop("totalSize", 1)}
    answer = {"code": 0, "msg": "OK", "requestId": "r", "data": [{**DEVICE, **values}], "pagination": page}
    return [{"match": SEARCH, "fault": "answer", "status": 200, "body": json.dumps(answer)}]


@pytest.mark.parametrize(
    "values",
    [
        {"deviceDesc": "a\ud800b"},
        {"deviceDesc": "a\0b"},
        {"deviceDesc": 7},
        {"createTime": 1e30},
        {"createTime": "soon"},
        {"createTime": 10**17},
        {"timezone": "x" * 5000},
        {"deviceName": "not an object"},
        {"deviceTags": ["a"]},
        {"totalSize": 1e30},
        {"totalSize": -5},
    ],
    ids=lambda values: next(iter(values)),
)
def test_a_list_and_a_page_with_an_odd_object_are_shown(plant, emulator, values):
    emulator.faults(shown(**values))
    browser = plant.browser(Role.OWNER)

    assert 'data-remote-id="odd00001"' in browser.get("/enos/devices/").text

    row = Device.objects.get(remote_id="odd00001")
    assert browser.get(f"/enos/devices/{row.pk}/").status_code == 200


@pytest.mark.parametrize("id", ["a\ud800b", "a\0b", "x" * 161, ""], ids=["surrogate", "nul", "long", "empty"])
def test_an_object_whose_id_cannot_be_kept_makes_the_list_unreadable_and_not_empty(plant, emulator, id):
    emulator.faults(shown(assetId=id))

    page = plant.browser().get("/enos/devices/").text

    assert "could not be read" in page
    assert "The platform has no" not in page


def test_values_of_the_wrong_type_become_the_default():
    values = Space.values_from({"name": 5, "default_app": "maybe", "create_time": None})

    assert values == {"name": "5", "default_app": False, "create_time": ""}


def test_a_model_with_an_odd_attribute_still_makes_a_form(plant, emulator):
    model = {
        "modelId": "m",
        "name": {"defaultValue": "m"},
        "attributes": {"a": "x", "b": {"dataType": "INT"}},
    }
    body = json.dumps({"code": 0, "msg": "OK", "requestId": "r", "data": model})
    match = {"path": "/model-service/v2.1/thing-models"}
    emulator.faults([{"match": match, "fault": "answer", "status": 200, "body": body}])

    page = plant.browser().get("/enos/devices/new/").text

    assert 'name="device_attributes-b"' in page
    assert 'name="device_attributes-a"' not in page


def test_storable_text():
    assert storable("a\0b\ud800c泵") == "a\ufffdb\ufffdc泵"
