"""A connection test names the part that is wrong and what to change."""

import time
from email.utils import formatdate

import pytest

from portal.platforms.enos.client import EnOS
from portal.platforms.iotda.client import IoTDA
from portal.platforms.roma.client import ROMA
from portal.platforms.signing import EnosAuth, MemoryTokenStore, SdkHmac, V11Hmac
from tests.platforms.conftest import ENOS_KEYS, KEYS, PROJECT, token_auth
from tests.platforms.faulty import http, reset

PARTS = ["address", "tls", "clock", "sign_in", "signature", "project", "instance", "edition", "permission"]


def iotda(url, auth=None, **options):
    options = {"project_id": PROJECT, "instance_id": "demo-iotda-instance", "region": "cn-north-4", **options}
    return IoTDA(url, auth or SdkHmac(*KEYS), **{"read_timeout": 2, "connect_timeout": 0.5, **options})


def roma(url, auth=None, **options):
    options = {"project_id": PROJECT, "instance_id": "demo-roma-instance", **options}
    return ROMA(url, auth or SdkHmac(*KEYS), **options)


def enos(url, keys=ENOS_KEYS, org_id="o15000000000001"):
    return EnOS(url, EnosAuth(MemoryTokenStore(), *keys), org_id=org_id)


def failing(client):
    """(part, text) of the failure; checks order and that nothing after it was judged."""
    findings = client.diagnose()
    assert [finding.part for finding in findings] == PARTS
    failed = [finding for finding in findings if finding.ok is False]
    assert len(failed) == 1
    after = findings[findings.index(failed[0]) + 1 :]
    assert all((finding.ok, finding.text) == (None, "Not checked.") for finding in after)
    assert all(finding.text for finding in findings)
    return failed[0].part, failed[0].text


@pytest.mark.parametrize(
    ("make", "judged"),
    [
        (
            lambda url: iotda(url, edition="standard"),
            "address clock signature project instance edition permission",
        ),
        (lambda url: iotda(url, token_auth(url)), "address clock sign_in project instance permission"),
        (roma, "address clock signature project instance permission"),
        (enos, "address clock sign_in signature project permission"),
    ],
    ids=["IoTDA by keys", "IoTDA by password", "ROMA", "EnOS"],
)
def test_a_sound_connection_passes_every_part_it_has(emulator, make, judged):
    findings = make(emulator.url).diagnose()
    assert [finding.part for finding in findings] == PARTS
    assert not any(finding.ok is False for finding in findings)
    assert " ".join(finding.part for finding in findings if finding.ok) == judged


def test_a_dead_address_is_named(server):
    server.stop()
    assert failing(iotda("http://127.0.0.1:1"))[0] == "address"
    assert failing(iotda("http://no-such-host.invalid"))[0] == "address"


def test_something_that_does_not_speak_http_is_named(server):
    server.behave = reset
    assert failing(iotda(server.url))[0] == "address"


def test_https_where_there_is_none_is_named(server):
    assert failing(iotda(server.url.replace("http:", "https:")))[0] == "tls"


@pytest.mark.parametrize(("offset", "part"), [(-400, "clock"), (400, "clock"), (200, None)])
def test_a_wrong_clock_is_named(server, offset, part):
    server.behave = http(200, '{"applications": []}', Date=formatdate(time.time() + offset, usegmt=True))
    client = iotda(server.url)
    if part:
        assert failing(client)[0] == "clock"
    else:
        assert all(finding.ok is not False for finding in client.diagnose())


def test_a_wrong_password_is_named(emulator):
    part, text = failing(iotda(emulator.url, token_auth(emulator.url, password="wrong")))
    assert part == "sign_in"
    assert "password" in text


def test_a_right_password_for_another_project_is_named(emulator):
    auth = token_auth(emulator.url, project_id="f" * 32)
    assert failing(iotda(emulator.url, auth, project_id="f" * 32))[0] == "project"


def test_an_iam_that_cannot_be_reached_is_named(emulator):
    part, text = failing(iotda(emulator.url, token_auth("http://no-such-host.invalid")))
    assert part == "sign_in"
    assert "tokens" in text


def test_wrong_keys_are_named(emulator):
    part, text = failing(iotda(emulator.url, SdkHmac(KEYS[0], "wrong")))
    assert part == "signature"
    assert "secret key" in text


def test_the_wrong_kind_of_signature_is_named(emulator):
    emulator.settings({"require_v11": True})
    part, text = failing(iotda(emulator.url))
    assert part == "signature"
    assert "takes V11-HMAC-SHA256" in text


def test_the_other_wrong_kind_of_signature_is_named(server):
    def only_sdk(connection, got):
        if "/v5/" in got.target and not got.headers["authorization"].startswith("SDK-"):
            return http(401, '{"error_code": "APIGW.0301", "error_msg": "no"}')
        return http(200, '{"applications": []}')

    server.behave = only_sdk
    part, text = failing(iotda(server.url, V11Hmac(*KEYS, "cn-north-4")))
    assert part == "signature"
    assert "takes SDK-HMAC-SHA256" in text


def test_a_wrong_project_is_named(emulator):
    assert failing(iotda(emulator.url, project_id="f" * 32))[0] == "project"


def test_a_wrong_instance_is_named(emulator):
    part, text = failing(iotda(emulator.url, instance_id="wrong"))
    assert part == "instance"
    assert "not known" in text


def test_a_missing_instance_is_named(emulator):
    emulator.settings({"require_instance_id": True})
    part, text = failing(iotda(emulator.url, instance_id=""))
    assert part == "instance"
    assert "wants an instance id" in text


@pytest.mark.parametrize("edition", ["standard", "enterprise"])
def test_an_edition_without_policies_is_named(emulator, edition):
    emulator.settings({"edition": "basic"})
    assert failing(iotda(emulator.url, edition=edition))[0] == "edition"


def test_a_basic_edition_is_no_failure(emulator):
    emulator.settings({"edition": "basic"})
    findings = iotda(emulator.url, edition="basic").diagnose()
    assert all(finding.ok is not False for finding in findings)


def test_a_wrong_roma_instance_is_named(emulator):
    assert failing(roma(emulator.url, instance_id="wrong"))[0] == "instance"


def test_a_wrong_enos_organization_is_named(emulator):
    part, text = failing(enos(emulator.url, org_id="o99999999999999"))
    assert part == "project"
    assert "organization id" in text


@pytest.mark.parametrize("keys", [("no-such-key", "x"), (ENOS_KEYS[0], "wrong")])
def test_wrong_enos_keys_are_named(emulator, keys):
    assert failing(enos(emulator.url, keys))[0] == "sign_in"


def test_an_account_without_the_right_to_read_is_named(server):
    refusal = http(403, '{"error_code": "IOTDA.000022", "error_msg": "no"}')
    server.behave = lambda connection, got: refusal if "/v5/" in got.target else http(404, "{}")
    assert failing(iotda(server.url))[0] == "permission"


def test_an_outage_is_not_blamed_on_the_credentials(server):
    server.behave = lambda connection, got: http(502, "<html>") if "/v5/" in got.target else http(404, "{}")
    assert failing(iotda(server.url))[0] == "address"


def test_a_test_changes_nothing(emulator):
    def objects():
        return {name: value for name, value in emulator.state().items() if name != "requests"}

    before = objects()
    for client in (iotda(emulator.url, edition="standard"), roma(emulator.url), enos(emulator.url)):
        client.diagnose()
    assert objects() == before
