"""Replace. Source: "V2.4 Replace Device", 3.0.0; the rules of the key: limitations, 3.0.0."""

import pytest

from tests.emulator.clouds import DEVICES, OLDER_DEVICES, ORG, device


@pytest.fixture
def made(enos):
    body = device(deviceKey="pump-1", deviceTags={"site": "north"}, deviceAttributes={"serial": 7})
    return enos.create(body).json()["data"]["assetId"]


def shown(enos, asset_id):
    return enos.get(DEVICES, action="get", orgId=ORG, assetId=asset_id).json()["data"]


def replaced(caller, body, path=DEVICES, **query):
    named = "".join(f"&{name}={value}" for name, value in query.items())
    return caller.post(f"{path}?action=replaceDevice&orgId={ORG}{named}", body)


def told(answer):
    assert answer.status_code == 200
    return answer.json()["code"], answer.json()["msg"]


@pytest.mark.parametrize("path", [DEVICES, OLDER_DEVICES])
def test_the_asset_stays_and_the_key_changes(enos, made, path):
    before = shown(enos, made)

    answer = replaced(enos, {"newDeviceKey": "pump-2"}, path, assetId=made)

    assert answer.json()["data"] == {"assetId": made, "productKey": "prodKey1", "deviceKey": "pump-2"}
    assert shown(enos, made) == {**before, "deviceKey": "pump-2"}
    named = {"productKey": "prodKey1", "deviceKey": "pump-1"}
    assert enos.get(DEVICES, action="get", orgId=ORG, **named).json()["code"] == 11404
    assert enos.create(device(deviceKey="pump-1")).json()["code"] == 0, "the old key is free"


def test_the_secret_is_new_and_given_to_who_requires_it(enos, made):
    answer = replaced(enos, {"newDeviceKey": "pump-2", "requireSecret": True}, assetId=made).json()["data"]
    assert set(answer) == {"assetId", "productKey", "deviceKey", "deviceSecret", "sessionKey"}
    assert answer["deviceSecret"]
    answer = replaced(enos, {"newDeviceKey": "pump-3", "requireSecret": False}, assetId=made).json()["data"]
    assert set(answer) == {"assetId", "productKey", "deviceKey"}


def test_the_device_goes_back_to_inactive(enos, made):
    enos.change("disable", assetId=made)
    assert told(replaced(enos, {"newDeviceKey": "pump-2"}, assetId=made)) == (0, "OK")
    assert shown(enos, made)["status"] == "inactive"


def test_11702_and_11704(enos, made):
    assert told(replaced(enos, {"newDeviceKey": "demo-device-1"}, assetId=made)) == (
        11702, "DeviceKey existed",
    )  # fmt: skip
    assert told(replaced(enos, {"newDeviceKey": "pump-1"}, assetId=made)) == (
        11704, "DeviceKey is repetitive",
    )  # fmt: skip
    assert shown(enos, made)["deviceKey"] == "pump-1"


@pytest.mark.parametrize(
    ("key", "fits"),
    [("abc", False), ("abcd", True), ("k" * 64, True), ("k" * 65, False), ("a-_.", True), ("a:bc", False)],
)
def test_a_key_has_4_to_64_letters_digits_and_marks(enos, made, key, fits):
    """ "4–64 chars; letters, digits, - _ . only"."""
    answer = told(replaced(enos, {"newDeviceKey": key}, assetId=made))
    assert answer == ((0, "OK") if fits else (99400, "Invalid arguments"))


@pytest.mark.parametrize("body", [{}, {"deviceKey": "pump-2"}, {"newDeviceKey": 5}, {"newDeviceKey": None}])
def test_the_new_key_is_mandatory(enos, made, body):
    assert told(replaced(enos, body, assetId=made)) == (99400, "Invalid arguments")


def test_who_is_absent_or_not_named_or_may_not(enos, enos_reader, enos_without_key_pair, made):
    new = {"newDeviceKey": "pump-2"}
    assert told(replaced(enos, new, assetId="nothing1")) == (11404, "Device cannot be found")
    assert told(replaced(enos, new)) == (99400, "Invalid arguments")
    assert told(replaced(enos_reader, new, assetId=made))[0] == 99403
    hidden = {**new, "requireSecret": True}
    assert told(replaced(enos_without_key_pair, hidden, assetId=made)) == (11858, "Unable to find public key")
    assert shown(enos, made)["deviceKey"] == "pump-1"
    assert told(replaced(enos, new, productKey="prodKey1", deviceKey="pump-1")) == (0, "OK")
