"""Enable and disable. Source: "V2.1 Enable Device", 3.0.0; "V2.1 Disable Device", preview."""

import pytest

from tests.emulator.clouds import DEVICES, ORG

ONE = {"assetId": "DemoAst1"}


def status(enos):
    return enos.get(DEVICES, action="get", orgId=ORG, **ONE).json()["data"]["status"]


def keys(enos, expression):
    found = enos.search({"expression": expression}).json()["data"]
    return [each["deviceKey"] for each in found]


def told(answer):
    """(code, message, data) of an answer, whose HTTP status is 200."""
    assert answer.status_code == 200
    envelope = answer.json()
    return envelope["code"], envelope["msg"], envelope["data"]


def test_a_device_is_disabled_and_enabled_again(enos):
    """The status is shown as `disabled`, and a search asks for `disable`."""
    assert told(enos.change("disable", **ONE)) == (0, "OK", None)
    assert status(enos) == "disabled"
    assert keys(enos, "status='disable'") == ["demo-device-1"]
    assert keys(enos, "status='disabled'") == []
    assert keys(enos, "status in ('inactive', 'online')") == ["demo-device-2"]

    assert told(enos.change("enable", **ONE)) == (0, "OK", None)
    assert status(enos) == "inactive"
    assert keys(enos, "status='disable'") == []


def test_what_is_so_already_is_told_by_its_status(enos):
    assert told(enos.change("enable", **ONE)) == (11721, "Device is inactive", None)
    enos.change("disable", **ONE)
    assert told(enos.change("disable", **ONE)) == (11723, "Device is disabled", None)
    assert status(enos) == "disabled"


@pytest.mark.parametrize(
    ("action", "answer"),
    [("enable", (11721, "Device not found")), ("disable", (11404, "Device cannot be found"))],
)
def test_an_absent_device(enos, action, answer):
    assert told(enos.change(action, assetId="nothing1"))[:2] == answer
    assert told(enos.change(action, productKey="prodKey1", deviceKey="nothing"))[:2] == answer
    assert told(enos.change(action))[:2] == (99400, "Invalid arguments")


@pytest.mark.parametrize("action", ["enable", "disable"])
def test_they_take_product_and_key_too_and_are_in_v21_alone(enos, action):
    if action == "enable":
        enos.change("disable", **ONE)
    target = f"{DEVICES}?action={action}&orgId={ORG}&assetId=DemoAst1"
    assert told(enos.post(target))[:2] == (99400, "Invalid Argument action:action is not supported")
    named = {"productKey": "prodKey1", "deviceKey": "demo-device-1"}
    assert told(enos.change(action, **named)) == (0, "OK", None)


@pytest.mark.parametrize("action", ["enable", "disable"])
def test_get_is_tolerated_unless_told_otherwise(enos, emulator, action):
    """The vendor's own samples send them as GET."""
    if action == "enable":
        enos.change("disable", **ONE)
    before = status(enos)
    emulator.settings({"lenient": False})
    assert told(enos.change(action, method="GET", **ONE))[0] == 99400
    assert status(enos) == before
    emulator.settings({"lenient": True})
    assert told(enos.change(action, method="GET", **ONE))[0] == 0


@pytest.mark.parametrize("action", ["enable", "disable"])
def test_an_account_without_rights_changes_nothing(enos, enos_reader, action):
    assert told(enos_reader.change(action, **ONE))[:2] == (99403, f"Denied resource:  orgId {ORG}")
    assert status(enos) == "inactive"
