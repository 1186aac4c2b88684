"""The preview shows what is sent: URL and body byte for byte, secrets and moments marked."""

import base64
from contextlib import suppress

import pytest

from portal.errors import Rejected
from portal.platforms.iotda.client import IoTDA
from portal.platforms.signing.huawei import SdkHmac, V11Hmac
from tests.platforms.conftest import GROUP, KEYS, PROJECT, ROMA_APP, SPACE, token_auth
from tests.platforms.faulty import http

DEVICE = {"product_key": "prodKey1", "device_name": {"defaultValue": "名 字"}, "timezone": "Europe/Berlin"}
POLICY = {
    "policy_name": "p",
    "statement": [
        {
            "effect": "DENY",
            "actions": ["iotda:devices:publish\riotda:devices:subscribe"],
            "resources": ["topic:/${devices.deviceId}/#"],
        }
    ],
}
CALLS = {
    "soft bus": lambda c: (c.iotda, c.iotda.soft_buses.create_call({"bus_name": "B", "group_id": GROUP})),
    "sync": lambda c: (c.iotda, c.iotda.soft_buses.sync_call("04ab")),
    "policy": lambda c: (c.iotda, c.iotda.policies.create_call(POLICY)),
    "IoTDA group": lambda c: (c.iotda, c.iotda.device_groups.create_call({"name": "组", "app_id": SPACE})),
    "ROMA group": lambda c: (
        c.roma,
        c.roma.device_groups.create_call({"parent_id": "10001", "name": "gg", "app_id": ROMA_APP}),
    ),
    "device": lambda c: (c.enos, c.enos.devices.create_call(DEVICE)),
}


class Clients:
    def __init__(self, iotda, roma, enos):
        self.iotda, self.roma, self.enos = iotda, roma, enos


@pytest.fixture
def clients(iotda, roma, enos):
    return Clients(iotda, roma, enos)


@pytest.mark.parametrize("make", CALLS.values(), ids=CALLS)
def test_url_and_body_are_what_arrives(emulator, clients, make):
    client, call = make(clients)
    before = client.preview(call)
    with suppress(Rejected):  # a refused request arrived too
        client.send(call)
    got = emulator.requests()[-1]
    target = f"{got['path']}?{got['query']}" if got["query"] else got["path"]
    assert (before.method, before.url) == (got["method"], emulator.url + target)
    assert before.body.encode() == base64.b64decode(got["body_base64"])
    assert before.url == client.url(call)


AUTHS = {
    "SDK": lambda url: SdkHmac(*KEYS, "demo-security-token", PROJECT),
    "V11": lambda url: V11Hmac(*KEYS, "cn-north-4", project_id=PROJECT),
    "token": lambda url: token_auth(url),
}


@pytest.mark.parametrize("auth", AUTHS.values(), ids=AUTHS)
def test_the_headers_are_those_that_arrive(server, auth):
    server.behave = http(201, '{"bus_id": "04ab"}', X_Subject_Token="issued")
    client = IoTDA(server.url, auth(server.url), project_id=PROJECT, instance_id="i-1")
    call = client.soft_buses.create_call({"bus_name": "B"})
    shown = dict(client.preview(call).headers)
    assert server.got == []
    client.send(call)
    arrived = server.got[-1].headers
    assert {name.lower() for name in shown} == set(arrived)
    for name, value in shown.items():
        if "‹" not in value:
            assert arrived[name.lower()] == value
    text = str(shown)
    assert not any(secret in text for secret in (KEYS[1], "demo-security-token", "Demo-pass-1", "issued"))


def test_a_preview_needs_no_network():
    client = IoTDA("https://no-such-host.invalid", SdkHmac(*KEYS), project_id=PROJECT)
    preview = client.preview(client.soft_buses.create_call({"bus_name": "B"}))
    assert preview.url == f"https://no-such-host.invalid/v5/iot/{PROJECT}/harmony-soft-bus"
    assert preview.body == '{"bus_name":"B"}'
