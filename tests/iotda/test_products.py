"""Products on the portal's pages: the limits of their fields, the editor of services, ids that are unique in
their space only.

Would catch: a limit off by one, a property that an edit of its service loses, a product of another space that
counts as ours.
"""

import json

import pytest

from portal.iotda.models import Product
from portal.operations import settling
from portal.operations.models import State
from tests.examples import match
from tests.resources.forms import new, opened, post, read, script, send, sendable
from tests.support.account import SECOND_SPACE
from tests.support.plant import creates_received, deletes_received

pytestmark = pytest.mark.anywhere  # what it does with the database, tests/operations does too


PRODUCTS = "iotda/products"
SERVICE = {"service_id": "Meter", "service_type": "Meter"}


def services(*changes):
    return [{**SERVICE, **each} for each in changes]


# "Create a Product", 2025-12-02; names of services: "Query a Product", 2024-06-28.
ACCEPTED = [
    ("product_id", "a" * 36),
    ("name", "n"),
    ("name", "水" * 64),
    ("name", "_?'#().,&%@!-"),
    ("device_type", "d" * 32),
    ("protocol_type", "OPC-UA"),
    ("data_format", "binary"),
    ("manufacturer_name", "m" * 32),
    ("industry", "i" * 64),
    ("description", "d" * 128),
    ("description", "Cold water, hall 2; 冷水。"),
    ("service_capabilities", services({"service_id": "s" * 64, "service_type": "$" * 64})),
]
REFUSED = [
    ("product_id", ""),  # the document lets it be absent; the portal needs it to look up a lost answer
    ("product_id", "a" * 37),
    ("product_id", "a.b"),
    ("name", ""),
    ("name", "n" * 65),
    ("name", "a b"),
    ("device_type", "d" * 33),
    ("device_type", "a b"),
    ("protocol_type", "LoRa"),
    ("data_format", "xml"),
    ("manufacturer_name", "m" * 33),
    ("industry", "i" * 65),
    ("description", "d" * 129),
    ("app_id", "a" * 37),
    ("service_capabilities", ""),
    ("service_capabilities", []),
    ("service_capabilities", ["Meter"]),
    ("service_capabilities", [{"service_id": "Meter"}]),
    ("service_capabilities", services({"service_id": "s" * 65})),
    ("service_capabilities", services({"service_type": "t" * 65})),
    ("service_capabilities", services({}, {})),
    ("service_capabilities", services({"option": "Maybe"})),
]


@pytest.mark.parametrize(("name", "value"), ACCEPTED)
def test_what_the_document_allows_is_sent_as_typed(plant, emulator, name, value):
    response = send(plant.browser(), PRODUCTS, script(PRODUCTS, plant, **{name: value}))
    assert response.status_code == 302, read(response).errors
    (received,) = creates_received(emulator, PRODUCTS)
    assert json.loads(received["body"]) == {**plant.data(PRODUCTS), name: value}


@pytest.mark.parametrize(("name", "value"), REFUSED)
def test_what_the_document_does_not_allow_is_refused_in_its_place(plant, emulator, name, value):
    response = send(plant.browser(), PRODUCTS, script(PRODUCTS, plant, **{name: value}))
    assert response.status_code == 422
    assert read(response).errors[name]
    assert creates_received(emulator, PRODUCTS) == []


def test_each_form_offers_another_id(plant):
    first, second = (opened(plant.browser(), PRODUCTS)["product_id"] for _form in range(2))
    assert len(first) == len(second) == 24
    assert first != second


def typed(browser, **changes):
    data = opened(browser, PRODUCTS)
    for name, value in {"name": "A", "device_type": "B", **changes}.items():
        data[name] = value
    return data


def test_services_are_typed_without_json(plant, emulator):
    browser = plant.browser()
    data = typed(browser, **{f"service_capabilities-0-{part}": "Meter" for part in SERVICE})
    assert send(browser, PRODUCTS, data).status_code == 302
    (received,) = creates_received(emulator, PRODUCTS)
    assert json.loads(received["body"])["service_capabilities"] == [SERVICE]


def test_what_has_no_input_stays_with_its_service(plant, emulator):
    """The JSON is drawn as inputs; one of them is changed."""
    browser = plant.browser()
    value = services({"properties": [{"property_name": "flow"}], "odd": 1}, {"service_id": "Battery"})
    drawn = post(
        browser,
        new(PRODUCTS),
        typed(browser, service_capabilities=json.dumps(value), touch="service_capabilities"),
    )
    data = sendable(read(drawn).fields)
    assert "flow" in drawn.content.decode()
    data["service_capabilities-0-service_type"] = "Changed"
    assert send(browser, PRODUCTS, data).status_code == 302
    (received,) = creates_received(emulator, PRODUCTS)
    sent = json.loads(received["body"])["service_capabilities"]
    assert sent == [{**value[0], "service_type": "Changed"}, value[1]]


def test_a_problem_is_named_at_its_input(plant):
    browser = plant.browser()
    data = typed(browser, **{"service_capabilities-0-service_id": "s" * 65})
    response = send(browser, PRODUCTS, data)
    assert response.status_code == 422
    assert "Service 1, id" in response.content.decode()
    assert read(response).errors["service_capabilities-0-service_id"]


def test_a_product_of_that_id_in_another_space_is_not_ours(plant, emulator):
    """It was made in the console; ours was not made. A look without the space would find the other one."""
    plant.made_in_the_console(PRODUCTS, {**plant.data(PRODUCTS), "app_id": SECOND_SPACE})
    emulator.faults([{"match": match(PRODUCTS, "create"), "fault": "reset"}])
    operation = plant.perform(PRODUCTS)
    emulator.faults([])
    assert operation.state == State.IN_DOUBT
    settling.look_again(operation, actor=operation.actor)
    operation.refresh_from_db()
    assert operation.looks[-1]["verdict"] == "missed"


def test_a_delete_names_the_space_of_the_product(plant, emulator):
    row = plant.perform(PRODUCTS, data=plant.data(PRODUCTS, variety="in another space")).target
    operation = plant.perform(PRODUCTS, "delete", target=row)
    assert operation.state == State.DONE
    (received,) = deletes_received(emulator, PRODUCTS)
    assert received["query"] == f"app_id={SECOND_SPACE}"


def test_a_product_whose_space_is_gone_is_gone(plant, emulator):
    """The platform then says that there is no such space, with a 403."""
    space = plant.make("iotda/spaces")
    row = plant.perform(PRODUCTS, data={**plant.data(PRODUCTS), "app_id": space.remote_id}).target
    plant.collection(PRODUCTS).delete(row.remote_id, app_id=space.remote_id)
    plant.collection("iotda/spaces").delete(space.remote_id)
    operation = plant.perform(PRODUCTS, "delete", target=row)
    assert (operation.state, operation.said.code) == (State.DONE, "operation.already_gone")


def test_a_product_with_devices_stays_and_the_platform_says_why(plant):
    plant.refresh(PRODUCTS)
    row = Product.objects.get()
    operation = plant.perform(PRODUCTS, "delete", target=row)
    assert (operation.state, operation.http_status) == (State.REJECTED, 403)
    assert "devices" in operation.platform_message


def test_the_mirror_keeps_the_services_that_a_list_leaves_out(plant):
    row = plant.make(PRODUCTS)
    plant.refresh(PRODUCTS)
    row = Product.objects.get(remote_id=row.remote_id)
    assert row.service_capabilities == [SERVICE]
