"""Devices of a ROMA group, by numbers that are written in more than one way.

Would catch: one device asked for twice in one request, a request that adds nobody and is called a success.
"""

import json

import pytest

from portal.operations.models import Operation
from tests.api.calling import Api, path_of
from tests.resources.forms import changing, post, script
from tests.support.plant import received

pytestmark = pytest.mark.anywhere  # what it does with the database, tests/operations does too


GROUP = "roma/device-groups"


def test_no_search_is_offered_where_nothing_can_be_searched(plant):
    page = plant.browser().get(changing(plant.make(GROUP), "add-devices")).text
    assert 'name="resources"' in page
    assert "resources_search" not in page


@pytest.mark.parametrize("text", ["[]", "[ ]"])
def test_nobody_cannot_be_added(plant, emulator, text):
    row = plant.make(GROUP)
    response = post(
        plant.browser(), changing(row, "add-devices"), script(GROUP, plant, "add-devices", resources=text)
    )
    assert received(emulator, GROUP, "add-devices") == []
    assert response.status_code == 422


@pytest.mark.parametrize("ids", [[], [""], ["  "]], ids=repr)
def test_nobody_cannot_be_added_by_a_program(plant, emulator, ids):
    row = plant.make(GROUP)
    response = Api(plant).post(path_of(GROUP, "add-devices", row), {"resources": ids})
    assert received(emulator, GROUP, "add-devices") == []
    assert response.status_code == 422


@pytest.mark.parametrize("text", ["20001\n020001", "20001\n20001.9", "20001\n+20001", '[20001, "20001.0"]'])
def test_one_device_is_asked_for_once(plant, emulator, text):
    row = plant.make(GROUP)
    post(plant.browser(), changing(row, "add-devices"), script(GROUP, plant, "add-devices", resources=text))
    for request in received(emulator, GROUP, "add-devices"):
        assert json.loads(request["body"])["resources"] == [20001]


def test_a_device_that_is_written_otherwise_is_not_taken_for_gone(plant, emulator):
    """ROMA ids are numbers: 020001 is 20001, which is inside."""
    row = plant.make(GROUP)
    plant.perform(GROUP, "add-devices", data={"resources": [20001]}, target=row)
    response = post(
        plant.browser(),
        changing(row, "remove-device"),
        script(GROUP, plant, "remove-device", device_id="020001"),
    )
    operation = Operation.objects.filter(verb_name="remove-device").first()
    assert operation is None or operation.baseline == [], (response.status_code, operation.baseline)


@pytest.mark.parametrize(
    "value",
    [[1.5], ["1.5"], [True], [None], [[1]], [{"a": 1}], ["1e5"], [10**30], ["١٢"], ["\ud7ff"]],
    ids=repr,
)
def test_odd_ids_of_a_program_are_no_bug(plant, emulator, value):
    row = plant.make(GROUP)
    response = Api(plant).post(path_of(GROUP, "add-devices", row), {"resources": value})
    assert response.status_code in (200, 422)
    if response.status_code == 200:
        assert value[0] in (1.5, "1.5", "١٢")
