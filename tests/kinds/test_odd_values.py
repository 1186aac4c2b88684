"""One odd object must not break a whole page: a platform's values are stored as far as the columns can."""

import json
import re

import pytest

from portal.enos.models import Device
from portal.iotda.models import Space
from portal.kinds.registry import KINDS
from portal.platforms.answers import storable
from portal.teams.models import Role
from tests.resources.forms import script, send
from tests.support.account import PROJECT

pytestmark = pytest.mark.anywhere

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
        {"deviceTags": {"a\ud800": "\udfff\0"}},
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
    assert ("an id of more than 160 characters" in page) is (len(id) > 160)


def test_values_of_the_wrong_type_become_the_default():
    values = Space.values_from({"name": 5, "default_app": "maybe", "create_time": None})

    assert values == {"name": "5", "default_app": False, "create_time": ""}


def test_a_model_with_an_odd_attribute_still_makes_a_form(plant, emulator):
    model = {
        "modelId": "m",
        "name": {"defaultValue": "m"},
        "attributes": {
            "a": "x",
            "\ud800": {"dataType": "INT"},
            "b": {"dataType": "INT", "name": {"defaultValue": "B\ud800"}},
            "c": {"dataType": {"odd": True}},
            "d": {"dataType": "\udfff"},
        },
    }
    body = json.dumps({"code": 0, "msg": "OK", "requestId": "r", "data": model})
    match = {"path": "/model-service/v2.1/thing-models"}
    emulator.faults([{"match": match, "fault": "answer", "status": 200, "body": body}])

    browser = plant.browser()
    page = browser.get("/enos/devices/new/").text

    named = set(re.findall(r'name="device_attributes-([^"]*)"', page))
    assert named == {"b", "c", "d"}
    values = script("enos/devices", plant, device_attributes='{"b": "no number", "c": 1, "d": "x"}')
    assert send(browser, "enos/devices", values).status_code == 422


def test_a_choice_with_an_odd_name_can_still_be_made(plant, emulator):
    match = {"method": "GET", "path": f"/v5/iot/{PROJECT}/apps"}
    answer = {"applications": [{"app_id": "odd1", "app_name": "half \ud800"}]}
    emulator.faults([{"match": match, "fault": "answer", "status": 200, "body": json.dumps(answer)}])

    page = plant.browser().get("/iotda/policies/new/").text

    assert 'value="odd1"' in page
    assert "half \ufffd" in page


def test_counts_that_no_platform_can_mean_are_no_counts(plant, emulator):
    groups = {"device_groups": [{"group_id": "g", "name": "n"}], "page": {"count": 2**63 - 1}}
    match = {"method": "GET", "path": f"/v5/iot/{PROJECT}/device-group$"}
    emulator.faults([{"match": match, "fault": "answer", "status": 200, "body": json.dumps(groups)}])

    reading = plant.refresh("iotda/device-groups")

    assert (reading.total, reading.is_complete) == (None, False)


ODD = [None, True, 0, -1, 1.5, 10**400, "", "a\ud800\0", "x" * 5000, [], [["\udfff"]], {}, {"\ud800": None}]


@pytest.mark.parametrize("slug", KINDS)
def test_every_column_of_every_kind_takes_every_value(plant, slug):
    """And reads it back as it was kept, or the next listing would write the row again."""
    kind = KINDS[slug]
    columns = [field.name for field in kind.model.platform_fields()]
    for number, value in enumerate(ODD):
        values = kind.model.values_from({"name": value, **dict.fromkeys(columns, value)})
        row = kind.model.objects.create(connection=plant.connection(kind), remote_id=f"odd{number}", **values)
        row = kind.model.objects.get(pk=row.pk)
        assert {name: getattr(row, name) for name in values} == values


def test_storable_text():
    assert storable("a\0b\ud800c泵") == "a\ufffdb\ufffdc泵"
