import time

import pytest

from portal.platforms.enos.client import EnOS
from portal.platforms.iotda.client import IoTDA
from portal.platforms.retrying import Waits
from portal.platforms.roma.client import ROMA
from portal.platforms.signing.enos import EnosAuth
from portal.platforms.signing.huawei import SdkHmac, TokenAuth
from portal.platforms.signing.tokens import MemoryTokenStore
from tests.platforms.faulty import FaultyServer

# The demo account of the emulator; typed from its contract.
PROJECT = "0123456789abcdef0123456789abcdef"
SPACE = "jeQDJQZltU8iKgFFoW060F5SGZka"
SECOND_SPACE = "secondSpace0000000000000000"
GROUP = "04ed32dc1b0025b52fe3c01a27c2b0a8"
ROMA_APP = "ef3845be-091a-4ab5-869a-9de0025e2165"
KEYS = ("DEMOAK0000000000EXMP", "DemoSK00000000000000000000000000000Exmpl")
ENOS_KEYS = ("11111111-2222-4333-8444-555555555555", "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee")


@pytest.fixture
def server():
    """A server that misbehaves as told."""
    server = FaultyServer()
    yield server
    server.stop()


@pytest.fixture
def other_server():
    """A second one."""
    server = FaultyServer()
    yield server
    server.stop()


class Slept(list):
    """The seconds that would have been slept; its clock goes on by them."""

    def waits(self, **changes):
        return Waits(sleep=self.append, clock=lambda: time.monotonic() + sum(self), **changes)


@pytest.fixture
def slept():
    return Slept()


def client_that_waits(server, slept, **options):
    waits = slept.waits(base=0, cap=0)
    return IoTDA(server.url, SdkHmac(*KEYS), project_id=PROJECT, waits=waits, **options)


@pytest.fixture
def client(server, slept):
    """An IoTDA client of the misbehaving server, whose waits take no time."""
    return client_that_waits(server, slept)


@pytest.fixture
def hasty(server, slept):
    """One that gives up soon, for a server that never answers: seconds, because a machine may be busy."""
    return client_that_waits(server, slept, read_timeout=2, deadline=3)


def token_auth(url, **changes):
    account = {
        "user": "demo-user",
        "password": "Demo-pass-1",
        "domain": "demo-account",
        "project_id": PROJECT,
    }
    return TokenAuth(MemoryTokenStore(), iam=url, **{**account, **changes})


@pytest.fixture
def iotda(emulator):
    return IoTDA(emulator.url, SdkHmac(*KEYS, project_id=PROJECT), project_id=PROJECT)


@pytest.fixture
def roma(emulator):
    auth = SdkHmac(*KEYS, project_id=PROJECT)
    return ROMA(emulator.url, auth, project_id=PROJECT, instance_id="demo-roma-instance")


@pytest.fixture
def enos(emulator):
    return EnOS(emulator.url, EnosAuth(MemoryTokenStore(), *ENOS_KEYS), org_id="o15000000000001")
