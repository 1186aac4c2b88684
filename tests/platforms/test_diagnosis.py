"""A connection test names the part that is wrong and what to change."""

import json
import time
from email.utils import formatdate

import pytest

from portal.errors import SignInFailed
from portal.platforms import apigw
from portal.platforms.enos.client import EnOS
from portal.platforms.iotda.client import IoTDA
from portal.platforms.roma.client import ROMA
from portal.platforms.signing.enos import EnosAuth
from portal.platforms.signing.huawei import SdkHmac, V11Hmac
from portal.platforms.signing.tokens import MemoryTokenStore
from tests.platforms.conftest import ENOS_KEYS, KEYS, PROJECT, token_auth
from tests.platforms.faulty import http, reset

PARTS = [
    *("address", "tls", "clock", "sign_in", "signature", "account"),
    *("project", "instance", "edition", "permission", "answer"),
]


def iotda(url, auth=None, **options):
    options = {"project_id": PROJECT, "instance_id": "demo-iotda-instance", **options}
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
    assert all((finding.ok, str(finding.text)) == (None, "Not checked.") for finding in after)
    assert all(finding.text for finding in findings)
    return failed[0].part, str(failed[0].text)


@pytest.mark.parametrize(
    ("make", "judged"),
    [
        (
            lambda url: iotda(url, edition="standard"),
            "address clock signature account project instance edition permission answer",
        ),
        (
            lambda url: iotda(url, token_auth(url)),
            "address clock sign_in account project instance permission answer",
        ),
        (roma, "address clock signature account project instance permission answer"),
        (enos, "address clock sign_in signature account project permission answer"),
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
    assert "does not accept the keys" in text


def test_the_wrong_kind_of_signature_is_named(emulator):
    emulator.settings({"require_v11": True})
    part, text = failing(iotda(emulator.url))
    assert part == "signature"
    assert "Change the signature to V11-HMAC-SHA256" in text


def test_the_other_wrong_kind_of_signature_is_named(server):
    def only_sdk(connection, got):
        if "/v5/" in got.target and not got.headers["authorization"].startswith("SDK-"):
            return http(401, '{"error_code": "IOTDA.000002", "error_msg": "no"}')
        return http(200, '{"applications": []}')

    server.behave = only_sdk
    part, text = failing(iotda(server.url, V11Hmac(*KEYS, "cn-north-4")))
    assert part == "signature"
    assert "Change the signature to SDK-HMAC-SHA256" in text


def test_a_wrong_project_is_named(emulator):
    assert failing(iotda(emulator.url, project_id="f" * 32))[0] == "project"


@pytest.mark.parametrize("wrong", ["an unknown instance", "no instance", "standard", "enterprise"])
def test_what_no_document_prints_a_code_for_is_told_in_the_platforms_words(emulator, wrong):
    """The emulator's own codes for a wrong instance or edition are conventions."""
    emulator.settings({"require_instance_id": wrong == "no instance", "edition": "basic"})
    options = {
        "an unknown instance": {"instance_id": "wrong"},
        "no instance": {"instance_id": ""},
    }.get(wrong, {"edition": wrong})
    findings = iotda(emulator.url, **options).diagnose()
    assert failing(iotda(emulator.url, **options))[0] == "answer"
    assert "instance" in findings[-1].detail.lower() or "edition" in findings[-1].detail
    shown = {finding.part for finding in findings if finding.ok}
    assert ("project" in shown) == (wrong in ("standard", "enterprise"))  # shown by the read before


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


def refusing(server, status, body):
    """Every call of the API is refused so; what else is asked is answered by a 404."""
    content = body if isinstance(body, str) else json.dumps(body)
    api = ("/v5/", "/v2/", "/connect-service/")

    def behave(connection, got):
        if "/token/get" in got.target:
            return http(200, '{"status": 0, "data": {"accessToken": "t", "expire": 7200}}')
        return http(status, content) if any(part in got.target for part in api) else http(404, "{}")

    server.behave = behave


def huawei(code, words="The platform's own words."):
    return {"error_code": code, "error_msg": words}


def envision(code, words):
    return {"code": code, "msg": words, "data": None}


LOCKED = "Incorrect IAM authentication information: AK access failed to reach the limit,forbidden."
# Typed by hand from the vendors' tables: client, status, body, the part to blame, a word of what to change.
CODES = {
    "account frozen": (iotda, 403, huawei("IOTDA.000015"), "account", "frozen"),
    "not subscribed": (iotda, 403, huawei("IOTDA.000021"), "account", "Subscribe to IoTDA"),
    "no permission": (iotda, 403, huawei("IOTDA.000022"), "permission", "Ask your cloud administrator"),
    "address not allowed": (iotda, 403, huawei("APIGW.0402"), "address", "allow that address"),
    "address not allowed, other spelling": (roma, 403, huawei("APIG.0402"), "address", "allow that address"),
    "project unavailable": (roma, 403, huawei("APIGW.0310"), "project", "Correct the project id"),
    "user not allowed": (iotda, 403, huawei("APIGW.0302"), "permission", "administrator"),
    "service not in this region": (roma, 403, huawei("APIGW.0801"), "address", "region"),
    "no such API": (iotda, 404, huawei("APIGW.0101"), "address", "Correct the address"),
    "key locked": (iotda, 401, huawei("APIGW.0301", LOCKED), "signature", "5 minutes"),
    "key locked, other spelling": (roma, 401, huawei("APIG.0301", LOCKED), "signature", "5 minutes"),
    "unknown key": (
        roma, 401, huawei("APIGW.0301", "Get secretKey failed,ak:A,err:ak not exist"), "signature", "exist",
    ),
    "wrong signature": (roma, 401, huawei("APIGW.0301", "verify aksk signature fail"), "signature", "keys"),
    "new token wanted": (iotda, 401, huawei("APIGW.0307", "It must be updated"), "signature", "region"),
    "instance": (roma, 500, huawei("ROMA.00110002"), "instance", "Correct the two ids"),
    "no permission in ROMA": (roma, 400, huawei("ROMA.1006"), "permission", "Ask your cloud administrator"),
    "no path": (roma, 404, huawei("SCB.00000000", "Not Found"), "address", "Correct the address"),
    "no permission in EnOS": (enos, 200, envision(99403, "Denied resource:  orgId o1"), "permission", "Ask"),
    "organization": (
        enos, 200, envision(99400, "Invalid Argument orgId:  orgId does not exist"), "project", "id does",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("make", "status", "body", "part", "word"), CODES.values(), ids=CODES)
def test_a_code_that_the_documents_print_names_its_cause(server, make, status, body, part, word):
    refusing(server, status, body)
    client = make(server.url)
    named, text = failing(client)
    assert named == part
    assert word in text
    failed = next(finding for finding in client.diagnose() if finding.ok is False)
    assert (body.get("error_msg") or body["msg"]) in failed.detail


UNKNOWN = {
    "a policy that names an instance": (iotda, 403, huawei("PAP5.0001", "no rights on iotda:cn:instance:*")),
    "a code that nobody prints": (iotda, 403, huawei("IOTDA.099999", "The project and edition are odd.")),
    "a 404 with such a code": (roma, 404, huawei("ROMA.999", "The project is odd.")),
    "an error of the server": (iotda, 500, huawei("IOTDA.000001", "Internal instance error.")),
    "no code": (roma, 403, {"message": "project"}),
    "another wrong argument": (enos, 200, envision(99400, "Invalid Argument orgIdentity: wrong")),
    "an unknown EnOS code": (enos, 200, envision(77777, "orgId, project, instance")),
}


@pytest.mark.parametrize(("make", "status", "body"), UNKNOWN.values(), ids=UNKNOWN)
def test_without_such_a_code_the_platforms_words_stand_alone(server, make, status, body):
    refusing(server, status, body)
    client = make(server.url)
    part, text = failing(client)
    assert part == "answer"
    assert "cause is not known" in text
    findings = {finding.part: finding for finding in client.diagnose()}
    words = body.get("error_msg") or body.get("msg") or "HTTP 403"
    assert words in findings["answer"].detail
    assert {findings[name].ok for name in ("account", "project", "permission")} == {None}


@pytest.mark.parametrize("status", [200, 401, 403, 404, 502])
@pytest.mark.parametrize("make", [iotda, roma, enos])
def test_a_page_of_something_in_between_is_told_as_such(server, make, status):
    refusing(server, status, "<html><title>Blocked instance of project</title>")
    part, text = failing(make(server.url))
    assert part == "address"
    assert "something in between" in text


def test_the_kind_of_signature_is_told_by_the_name_of_the_host():
    client = iotda("https://iotda.cn-north-4.myhuaweicloud.com", V11Hmac(*KEYS, "cn-north-4"))
    refusal = SignInFailed("no", status=401, code="APIGW.0301", cause=apigw.NOT_SIGNED_IN)
    part, text = client.blame_signature(refusal)
    assert (part, "takes SDK-HMAC-SHA256" in str(text)) == ("signature", True)
    instance = iotda("https://x.st1.iotda-app.cn-north-4.myhuaweicloud.com", V11Hmac(*KEYS, "cn-north-4"))
    assert "does not accept the keys" in str(instance.blame_signature(refusal)[1])


def refused_calls(server):
    """Calls that carried credentials."""
    return [got for got in server.got if got.headers.get("authorization") or "/token" in got.target]


@pytest.mark.parametrize(
    ("make", "refusal"),
    [
        (lambda url: iotda(url), http(401, json.dumps(huawei("APIGW.0301")))),
        (lambda url: iotda(url, V11Hmac(*KEYS, "cn-north-4")), http(401, json.dumps(huawei("APIGW.0301")))),
        (lambda url: iotda(url), http(401, json.dumps(huawei("IOTDA.000002")))),
        (lambda url: roma(url), http(401, json.dumps(huawei("APIGW.0301", LOCKED)))),
        (lambda url: iotda(url, token_auth(url)), http(401, '{"error": {"code": 401, "message": "no"}}')),
        (lambda url: roma(url, token_auth(url)), http(403, '{"error": {"code": 403, "message": "no"}}')),
        (enos, http(200, '{"status": 1003, "msg": "no"}')),
    ],
    ids=["SDK", "V11", "kind", "locked", "password", "password of ROMA", "EnOS"],
)
def test_a_test_sends_refused_credentials_once(server, make, refusal):
    server.behave = lambda connection, got: refusal
    findings = make(server.url).diagnose()
    allowed = 2 if "403" in refusal[:12].decode() else 1  # 403: perhaps only the whole account is refused
    assert len(refused_calls(server)) == allowed
    failed = next(finding for finding in findings if finding.ok is False)
    assert failed.error.is_final
