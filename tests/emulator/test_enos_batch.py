"""Devices made in a batch. Source: "V2.4 Batch Create Devices", 2.4.4; Limitations, 3.0.0."""

import pytest

from tests.emulator.clouds import DEVICES, OLDER_DEVICES, ORG, device


def post(enos, body, path=DEVICES):
    return enos.post(f"{path}?action=batchCreate&orgId={ORG}", body).json()


def batch(enos, *devices, **more):
    return post(enos, {"deviceList": list(devices), **more})


def keyed(key, **more):
    return device(deviceKey=key, **more)


def test_each_device_has_its_own_result(enos):
    answer = batch(
        enos, keyed("pump-1"), keyed("pump-1"), keyed("pump-3", timezone="nowhere"), keyed("pump-4")
    )
    assert (answer["code"], answer["successSize"], answer["totalSize"]) == (0, 2, 4)
    assert [item["code"] for item in answer["data"]] == [0, -1, -1, 0]
    assert set(answer["data"][0]["data"]) == {"assetId", "productKey", "deviceKey"}
    assert (answer["data"][1]["msg"], answer["data"][1]["data"]) == ("DeviceKey already exists", None)


def test_the_older_path_takes_it_too(enos):
    assert post(enos, {"deviceList": [keyed("pump-1")]}, OLDER_DEVICES)["successSize"] == 1


@pytest.mark.parametrize("count", [0, 1001])
def test_a_batch_has_1_to_1000_devices(enos, count):
    """ "1,000 devices per batch create" """
    assert batch(enos, *(keyed(f"pump-{n}") for n in range(count)))["code"] == 99400


def test_1000_devices_are_made(enos):
    assert batch(enos, *(keyed(f"pump-{n}") for n in range(1000)))["successSize"] == 1000


def test_the_secret_is_asked_for_beside_the_list(enos, enos_without_key_pair):
    (item,) = batch(enos, keyed("pump-1"), requireSecret=True)["data"]
    assert {"deviceSecret", "sessionKey"} < set(item["data"])
    (item,) = batch(enos, keyed("pump-2", requireSecret=True))["data"]
    assert "deviceSecret" not in item["data"]
    assert batch(enos_without_key_pair, keyed("pump-3"), requireSecret=True)["data"][0]["code"] == -1


@pytest.mark.parametrize("list_", [None, "x", {}, [7]])
def test_what_is_no_list_of_devices(enos, list_):
    answer = post(enos, {"deviceList": list_})
    assert answer["code"] == 99400 or answer["data"][0]["code"] == -1
