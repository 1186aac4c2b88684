"""Every error code and status that the five documents print, met in the forms.

Would catch: a refusal shown as success or as "in doubt", a code, message or request id that gets lost, a form
that loses what was typed or that cannot be sent again because its key is used up.
"""

import pytest

from portal.kinds.registry import KINDS
from portal.operations.models import Operation
from tests.examples import EXAMPLES, match
from tests.resources.forms import opened, read, script, send, sendable
from tests.support.account import READER_KEYS
from tests.support.plant import creates_received

pytestmark = pytest.mark.anywhere

BUS, POLICY, GROUP, DEVICE = "iotda/soft-buses", "iotda/policies", "roma/device-groups", "enos/devices"
NO_KEY_PAIR = {
    "app_key": "22222222-3333-4444-8555-666666666666",
    "app_secret": "bbbbbbbb-cccc-4ddd-8eee-ffffffffffff",
}


def answer(slug, status, body):
    """The create call is answered so, word for word as in the document's example."""
    return [{"match": match(slug, "create"), "fault": "answer", "status": status, "body": body}]


def refused(response, posted, *words):
    """The page of a refusal: 422, the platform's words, everything typed, and a fresh operation key."""
    assert response.status_code == 422
    text = response.content.decode().replace("&#x27;", "'")
    for word in words:
        assert word in text, word
    page = read(response)
    for name, value in posted.items():
        if name != "operation_key":
            assert page.fields[name] == [value], name
    assert page.fields["operation_key"] != [posted["operation_key"]]
    assert page.fields["operation_key"][0]
    return page


def test_11702_device_key_existed(plant, emulator):
    posted = script(DEVICE, plant, device_key="demo-device-1")

    response = send(plant.browser(), DEVICE, posted)

    refused(response, posted, "11702", "DeviceKey existed", "Choose another device key")


def test_11714_generate_device_key_failed(plant, emulator):
    # The portal always sends a key, so only the platform's own words can bring this about.
    body = {"code": 11714, "msg": "Generate deviceKey failed", "requestId": "fd79d0f5-69c5", "data": None}
    emulator.faults(answer(DEVICE, 200, body))
    posted = script(DEVICE, plant)

    response = send(plant.browser(), DEVICE, posted)

    refused(response, posted, "11714", "Generate deviceKey failed", "fd79d0f5-69c5")


def test_11739_exceed_max_device_size(plant, emulator):
    emulator.settings({"limits": {"devices_per_product": 2}})  # the demo product holds two
    posted = script(DEVICE, plant)

    response = send(plant.browser(), DEVICE, posted)

    refused(response, posted, "11739", "Exceed max device size", "10,000")


def test_11858_unable_to_find_public_key(plant, emulator):
    plant.connections["enos"].set_credentials(NO_KEY_PAIR)
    plant.connections["enos"].save()
    posted = script(DEVICE, plant, require_secret="on")

    response = send(plant.browser(), DEVICE, posted)

    refused(response, posted, "11858", "Unable to find public key", "RSA key pair")


def test_99400_invalid_arguments(plant, emulator):
    posted = script(DEVICE, plant, product_key="noSuchProduct")

    response = send(plant.browser(), DEVICE, posted)

    refused(response, posted, "99400", "Invalid arguments")


def test_scb_00000000_parameter_is_not_valid(plant, emulator):
    message = (
        "Parameter is not valid for operation [romalink.link-device-groups.save]. "
        "Parameter is [request]. Processor is [body]."
    )
    request_id = "4946aac3-6f8f-46b8-8b06-513f4084196c-1619602488278-cnnorth7a-P-romalink-service01"
    body = {"error_code": "SCB.00000000", "error_msg": message, "request_id": request_id}
    emulator.faults(answer(GROUP, 400, body))
    posted = script(GROUP, plant)

    response = send(plant.browser(), GROUP, posted)

    refused(response, posted, "SCB.00000000", message, request_id, "400")


def test_roma_00110006_the_resource_does_not_exist(plant, emulator):
    posted = script(GROUP, plant, parent_id="1")

    response = send(plant.browser(), GROUP, posted)

    message = "The resource does not exist. Check whether the resource ID 1 is correct."
    request_id = Operation.objects.get().platform_request_id
    assert request_id
    refused(response, posted, "ROMA.00110006", message, "404", request_id)


def test_roma_00110002_the_instance_does_not_exist(plant, emulator):
    plant.connections["roma"].instance_id = "f3bb386a-23ec-47aa-9943-4c60ac658611"
    plant.connections["roma"].save()
    posted = script(GROUP, plant)

    response = send(plant.browser(), GROUP, posted)

    words = ("The instance does not exist. project_id: ", "instance_id: f3bb386a-23ec-47aa-9943-4c60ac658611")
    operation = Operation.objects.get()
    assert operation.platform_request_id
    assert operation.state == "rejected"
    refused(response, posted, "ROMA.00110002", "500", operation.platform_request_id, *words)


IOTDA_REFUSALS = [
    (BUS, 400, "IOTDA.000006", "Invalid input data."),
    (BUS, 403, "IOTDA.000022", "You do not have the permission to perform this operation."),
    (POLICY, 400, "IOTDA.000006", "Invalid input data."),
    (POLICY, 403, "IOTDA.000022", "You do not have the permission to perform this operation."),
]


@pytest.mark.parametrize(("slug", "status", "code", "message"), IOTDA_REFUSALS)
def test_the_printed_400_and_403_of_iotda(plant, emulator, slug, status, code, message):
    emulator.faults(
        answer(slug, status, {"error_code": code, "error_msg": message, "request_id": "req-4711"})
    )
    posted = script(slug, plant)

    response = send(plant.browser(), slug, posted)

    refused(response, posted, str(status), code, message, "req-4711")


@pytest.mark.parametrize("slug", [BUS, POLICY])
def test_a_cloud_account_without_rights_is_told_so(plant, emulator, slug):
    plant.connections["iotda"].set_credentials(READER_KEYS)
    plant.connections["iotda"].save()
    posted = script(slug, plant)

    response = send(plant.browser(), slug, posted)

    refused(response, posted, "403", "IOTDA.000022", "Ask your cloud administrator")


@pytest.mark.parametrize("slug", [BUS, POLICY])
def test_401_says_that_nothing_was_done_and_keeps_the_form(plant, emulator, slug):
    emulator.faults(
        answer(slug, 401, {"error_code": "IOTDA.000002", "error_msg": "The request is unauthorized."})
    )
    posted = script(slug, plant)

    response = send(plant.browser(), slug, posted)

    refused(response, posted, "did not carry it out", "401", "IOTDA.000002", "The request is unauthorized.")


@pytest.mark.parametrize("slug", [BUS, POLICY])
def test_500_is_in_doubt_and_never_called_a_refusal(plant, emulator, slug):
    emulator.faults(answer(slug, 500, {"error_code": "IOTDA.000001", "error_msg": "Internal server error."}))
    browser = plant.browser()

    response = send(browser, slug, script(slug, plant), HTTP_HX_REQUEST="true")

    address = f"/operations/{Operation.objects.get().pk}/"
    assert (response.status_code, response.content, response["HX-Redirect"]) == (200, b"", address)
    text = browser.get(address).content.decode()
    assert 'data-operation-state="in_doubt"' in text
    for word in ("No clear answer came", "IOTDA.000001", "Internal server error.", "500"):
        assert word in text


def test_the_fifty_first_policy_is_refused_by_the_platform(plant, emulator):
    emulator.settings({"limits": {"policies": 1}})  # stands for the printed 50
    plant.perform(POLICY)
    posted = script(POLICY, plant, policy_name="one-too-many")

    response = send(plant.browser(), POLICY, posted)

    refused(response, posted, "403", "maximum number of policies")


def test_policies_need_the_standard_or_enterprise_edition(plant, emulator):
    emulator.settings({"edition": "basic"})
    posted = script(POLICY, plant)

    response = send(plant.browser(), POLICY, posted)

    refused(response, posted, "403", "not supported by the basic edition")


def test_a_taken_bus_name_is_refused_and_another_name_goes_through_on_the_same_page(plant, emulator):
    plant.perform(BUS)
    browser = plant.browser()
    data = opened(browser, BUS)
    data["bus_name"] = EXAMPLES[BUS].create["bus_name"]
    refusal = send(browser, BUS, data)
    assert refusal.status_code == 422

    data = sendable(read(refusal).fields)
    data["bus_name"] = "Bus_B"
    response = send(browser, BUS, data)

    assert response.status_code == 302
    assert [row.name for row in KINDS[BUS].model.objects.order_by("name")] == ["Bus_A", "Bus_B"]
    assert len(creates_received(emulator, BUS)) == 3


# [001] Synchronize the HarmonyOS Soft Bus prints 200, 404 and 403.


@pytest.fixture
def bus(plant):
    plant.perform(BUS)
    return KINDS[BUS].model.objects.get()


def press_sync(browser, bus, key="sync-key-1", **headers):
    return browser.post(f"/{BUS}/{bus.pk}/sync/", {"operation_key": key}, **headers)


def test_sync_200_leads_to_the_bus_and_says_what_was_asked_for(plant, bus, emulator):
    browser = plant.browser()

    response = press_sync(browser, bus)

    assert response.status_code == 302
    assert response["Location"] == f"/{BUS}/{bus.pk}/"
    page = browser.get(response["Location"]).content.decode()
    assert "Sync of Bus_A was requested." in page


@pytest.mark.parametrize(
    ("status", "code", "message"),
    [
        (404, "IOTDA.016001", "The soft bus does not exist."),
        (403, "IOTDA.000022", "You do not have the permission to perform this operation."),
    ],
)
def test_sync_404_and_403_are_told_on_the_page_of_the_operation(plant, bus, emulator, status, code, message):
    path = f"/harmony-soft-bus/{bus.remote_id}/sync$"
    body = {"error_code": code, "error_msg": message, "request_id": "req-4712"}
    match = {"method": "POST", "path": path}
    emulator.faults([{"match": match, "fault": "answer", "status": status, "body": body}])
    browser = plant.browser()

    response = press_sync(browser, bus)

    page = browser.get(response["Location"]).content.decode()
    assert 'data-operation-state="rejected"' in page
    for word in (str(status), code, message, "req-4712"):
        assert word in page
