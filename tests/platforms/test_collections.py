"""A client finds the resources of its platform by their files.

Would catch: a resource that needs an edit of its client, two threads that get two collections, a collection
of another client, an update that sends what its document does not take.
"""

import copy
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from portal.platforms import collections_of
from portal.platforms.iotda.client import IoTDA
from portal.platforms.iotda.contract import device_groups as group_rules
from portal.platforms.iotda.contract import policies as policy_rules
from portal.platforms.iotda.contract import spaces as space_rules
from portal.platforms.roma.contract import device_groups as roma_group_rules
from portal.platforms.signing.huawei import SdkHmac
from tests.platforms.conftest import KEYS, PROJECT

RESOURCES = {
    "iotda": {"spaces", "device_groups", "soft_buses", "policies", "products", "devices"},
    "roma": {"apps", "device_groups"},
    "enos": {"devices", "products", "models"},
}


def new_client():
    return IoTDA("https://iotda.example.com", SdkHmac(*KEYS), project_id=PROJECT)


@pytest.mark.parametrize("platform", RESOURCES)
def test_each_file_of_a_resource_is_a_collection_of_the_client(platform):
    assert set(collections_of(platform)) >= RESOURCES[platform]
    assert all(collection.client is None for collection in collections_of(platform).values())


def test_a_collection_is_bound_once_to_each_client():
    one, other = new_client(), new_client()
    assert one.soft_buses is one.soft_buses
    assert one.soft_buses is not other.soft_buses
    assert (one.soft_buses.client, other.soft_buses.client) == (one, other)


def test_many_threads_get_the_same_collection():
    client, begin = new_client(), Barrier(8)

    def read(number):
        begin.wait()
        return client.policies

    with ThreadPoolExecutor(8) as threads:
        assert len({id(found) for found in threads.map(read, range(8))}) == 1


def test_an_unknown_collection_is_told_with_the_known_ones():
    with pytest.raises(AttributeError, match=r"'soft_buss'.*devices, policies, products, soft_buses, spaces"):
        _ = new_client().soft_buss
    assert not hasattr(new_client(), "contract")


def test_a_client_can_be_copied():
    assert copy.copy(new_client()).soft_buses.path() == f"/v5/iot/{PROJECT}/harmony-soft-bus"


@pytest.mark.parametrize(
    ("collection", "rules"),
    [
        (collections_of("iotda")["device_groups"], group_rules),
        (collections_of("iotda")["policies"], policy_rules),
        (collections_of("iotda")["spaces"], space_rules),
        (collections_of("roma")["device_groups"], roma_group_rules),
    ],
    ids=["IoTDA groups", "policies", "spaces", "ROMA groups"],
)
def test_an_update_takes_the_fields_of_its_document(collection, rules):
    assert set(collection.updates) == {rule.name for rule in rules.UPDATE}


def test_a_device_takes_the_fields_of_its_document():
    from portal.platforms.enos.contract.devices import REPLACE
    from portal.platforms.enos.devices import WIRE

    devices = collections_of("enos")["devices"]
    assert {WIRE[name] for name in devices.updates} == {rule.name for rule in REPLACE}


def test_what_is_never_updated_takes_no_fields():
    assert collections_of("iotda")["soft_buses"].updates == ()
