"""Callers prove who they are: IAM tokens, Huawei signatures. Would catch: a caller let in without proof."""

import re
import time

import pytest

from portal.emulator import signatures
from tests.emulator.clouds import (
    IOTDA,
    PROJECT,
    ROMA,
    Caller,
    SigningCaller,
    TokenCaller,
    policy,
    sign_in_body,
)

BUSES = f"{IOTDA}/harmony-soft-bus"
POLICIES = f"{IOTDA}/device-policies"
VECTOR_HEADERS = {
    "content-type": "application/json",
    "host": "127.0.0.1:8000",
    "user-agent": "ua",
    "x-project-id": "0123456789abcdef0123456789abcdef",
    "x-sdk-date": "20260130T080910Z",
}
VECTOR_LIST = "/v5/iot/0123456789abcdef0123456789abcdef/device-policies?limit=10&offset=0"
SIGNED = "content-type;host;user-agent;x-project-id;x-sdk-date"


@pytest.mark.parametrize(
    ("head", "method", "target", "body", "signature"),
    [
        (
            "SDK-HMAC-SHA256 Access=TESTAK",
            "GET",
            VECTOR_LIST,
            b"",
            "704dddc5883b834948205d23527d632c13d5336f39d938b88d0d43cdc0540fa5",
        ),
        (
            "V11-HMAC-SHA256 Credential=TESTAK/20260130/cn-north-4/iotdm",
            "GET",
            VECTOR_LIST,
            b"",
            "755127cf3c5dd3867ec2d4d193c43847f9f5027cdbc65bec7ebfd21a7254b4f1",
        ),
        (
            "SDK-HMAC-SHA256 Access=TESTAK",
            "POST",
            VECTOR_LIST.partition("?")[0],
            b'{"policy_name": "p"}',
            "ec8ed8530234dd9f5fe9e3541d510d495f4e4a018e28af659cf76701d08d2752",
        ),
    ],
)
def test_known_signatures_are_found_right(head, method, target, body, signature):
    authorization = signatures.read_authorization(f"{head}, SignedHeaders={SIGNED}, Signature={signature}")
    found = signatures.huawei_signature(
        authorization, "TESTSK", "20260130T080910Z", method, target, VECTOR_HEADERS, body
    )
    assert found == signature


def test_the_known_key_of_a_derived_signature_is_found_right():
    key = signatures.derived_key("TESTAK", "TESTSK", "20260130/cn-north-4/iotdm")
    assert key == "2ecd5b971439f69c3a15e5034036b51f3811e9fbff742522ccf0718758f3ab60"


def test_signing_in_gives_a_token_for_24_hours_in_a_header(nobody):
    answer = nobody.post(
        "/v3/auth/tokens", sign_in_body(), headers={"Content-Type": "application/json;charset=utf8"}
    )
    assert answer.status_code == 201
    assert len(answer.headers["X-Subject-Token"]) > 20
    token = answer.json()["token"]
    assert token["project"] == {
        "id": PROJECT,
        "name": "cn-north-4",
        "domain": {"id": token["user"]["domain"]["id"], "name": "demo-account"},
    }
    assert token["user"]["name"] == "demo-user"
    assert token["methods"] == ["password"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000000Z", token["expires_at"])
    expires = time.mktime(time.strptime(token["expires_at"], "%Y-%m-%dT%H:%M:%S.000000Z"))
    issued = time.mktime(time.strptime(token["issued_at"], "%Y-%m-%dT%H:%M:%S.000000Z"))
    assert expires - issued in (86399, 86400)


def test_a_new_token_leaves_the_old_one_valid(emulator):
    first, second = TokenCaller(emulator.url), TokenCaller(emulator.url)
    assert (
        first.get(BUSES).status_code == second.get(BUSES).status_code == first.get(BUSES).status_code == 200
    )
    assert first.token != second.token


@pytest.mark.parametrize("scope", [{"project": {"id": PROJECT}}, {"project": {"name": "cn-north-4"}}])
def test_a_project_may_be_named_by_name_or_id(emulator, scope):
    assert TokenCaller(emulator.url, scope=scope).get(BUSES).status_code == 200


def test_a_token_of_the_whole_account_finds_the_project_but_is_refused_in_it(emulator):
    caller = TokenCaller(emulator.url, scope={"domain": {"name": "demo-account"}})
    assert caller.get("/v3/projects", name="cn-north-4").json()["projects"][0]["id"] == PROJECT
    assert caller.get(BUSES).status_code == 403


@pytest.mark.parametrize(
    "account",
    [
        {"password": "Demo-pass-2"},
        {"user": "nobody"},
        {"domain": "other-account"},
        {"scope": {"project": {"name": "cn-north-1"}}},
        {"scope": {"project": {"id": "1" * 32}}},
    ],
)
def test_wrong_sign_ins_are_refused_in_iams_own_words(nobody, account):
    answer = nobody.post("/v3/auth/tokens", sign_in_body(**account))
    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == 401
    assert answer.json()["error"]["title"] == "Unauthorized"
    assert "X-Subject-Token" not in answer.headers


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"{}", b'{"auth": 1}', b'{"auth": {"identity": null}}', b"\xff"]
)
def test_sign_ins_that_cannot_be_read_are_400(nobody, body):
    assert nobody.post("/v3/auth/tokens", body).json()["error"]["code"] == 400


def test_the_project_list_needs_a_sign_in_and_knows_one_region(nobody, huawei, emulator):
    assert nobody.get("/v3/projects").status_code == 401
    assert huawei.get("/v3/projects", name="cn-north-1").json()["projects"] == []
    assert (
        SigningCaller(emulator.url).get("/v3/projects", name="cn-north-4").json()["projects"][0]["id"]
        == PROJECT
    )


@pytest.mark.parametrize("derived", [False, True])
def test_both_signatures_open_iotda_for_reading_and_writing(emulator, derived):
    caller = SigningCaller(emulator.url, derived=derived)
    assert (
        caller.get(f"{IOTDA}/device-group", limit=10, app_id="jeQDJQZltU8iKgFFoW060F5SGZka").status_code
        == 200
    )
    assert caller.post(POLICIES, policy()).status_code == 201


def test_queries_with_odd_characters_are_signed_in_their_encoded_form(emulator):
    answer = SigningCaller(emulator.url).send("GET", f"{IOTDA}/device-group?name=a%20b%2F%E7%BB%84~&app_id=")
    assert answer.status_code == 200


def test_the_plain_signature_opens_roma_and_the_derived_does_not(emulator):
    assert (
        SigningCaller(emulator.url).get(ROMA, app_id="ef3845be-091a-4ab5-869a-9de0025e2165").status_code
        == 200
    )
    assert SigningCaller(emulator.url, derived=True).get(ROMA).status_code == 401


@pytest.mark.parametrize("derived", [False, True])
@pytest.mark.parametrize(
    "change",
    [{"secret": "wrong"}, {"access": "UNKNOWN"}, {"seconds_off": 901 + 5}, {"seconds_off": -901}],
    ids=["secret", "key", "ahead", "behind"],
)
def test_wrong_signatures_and_clocks_are_refused(emulator, derived, change):
    answer = SigningCaller(emulator.url, derived=derived, **change).get(POLICIES)
    assert (answer.status_code, answer.json()["error_code"]) == (401, "APIGW.0301")
    assert answer.json()["error_msg"].startswith("Incorrect IAM authentication information: ")
    assert answer.json()["request_id"]


@pytest.mark.parametrize("seconds", [-880, 880])
def test_a_clock_up_to_15_minutes_off_is_accepted(emulator, seconds):
    assert SigningCaller(emulator.url, seconds_off=seconds).get(POLICIES).status_code == 200


def test_a_derived_signature_for_another_region_is_refused(emulator):
    assert SigningCaller(emulator.url, derived=True, region="cn-north-1").get(POLICIES).status_code == 401


def test_a_signature_covers_body_and_query(emulator):
    caller = SigningCaller(emulator.url)
    stolen = caller.credentials("POST", POLICIES, b"{}")
    assert Caller(emulator.url).post(POLICIES, policy(), headers=stolen).status_code == 401
    stolen = caller.credentials("GET", f"{POLICIES}?limit=1", b"")
    assert Caller(emulator.url).send("GET", f"{POLICIES}?limit=2", headers=stolen).status_code == 401


@pytest.mark.parametrize(("name", "status"), [("host", 401), ("x-sdk-date", 401), ("content-type", 200)])
def test_a_signature_must_cover_host_and_date(emulator, name, status):
    caller = SigningCaller(emulator.url)
    caller.unsigned = (name,)
    assert caller.get(POLICIES).status_code == status


def test_an_instance_host_takes_only_the_derived_signature(emulator):
    emulator.settings({"require_v11": True})
    answer = SigningCaller(emulator.url).get(POLICIES)
    assert (answer.status_code, answer.json()["error_code"]) == (401, "IOTDA.000002")
    assert SigningCaller(emulator.url, derived=True).get(POLICIES).status_code == 200
    assert TokenCaller(emulator.url).get(POLICIES).status_code == 200


def test_a_temporary_key_works_with_its_security_token_only(emulator):
    keys = "DEMOTEMPAK0000000000", "DemoTempSK000000000000000000000000000Exmpl"
    assert (
        SigningCaller(emulator.url, *keys, security_token="demo-security-token").get(POLICIES).status_code
        == 200
    )
    assert SigningCaller(emulator.url, *keys).get(POLICIES).status_code == 401
    assert SigningCaller(emulator.url, *keys, security_token="other").get(POLICIES).status_code == 401
    assert SigningCaller(emulator.url, security_token="demo-security-token").get(POLICIES).status_code == 401


def test_the_readers_key_reads_and_may_not_write(emulator):
    caller = SigningCaller(emulator.url, "DEMOREADAK0000000000", "DemoReadSK000000000000000000000000000Exmpl")
    assert caller.get(POLICIES).status_code == 200
    assert caller.post(POLICIES, policy()).json()["error_code"] == "IOTDA.000022"


def test_a_key_is_locked_after_wrong_signatures_only_when_asked_for(emulator):
    wrong, right = SigningCaller(emulator.url, secret="wrong"), SigningCaller(emulator.url)
    for _ in range(6):
        assert wrong.get(POLICIES).status_code == 401
    assert right.get(POLICIES).status_code == 200
    emulator.settings({"lock_after_failures": 3})
    for _ in range(3):
        wrong.get(POLICIES)
    assert "AK access failed to reach the limit" in right.get(POLICIES).json()["error_msg"]


def test_calls_without_credentials_are_refused(nobody):
    answer = nobody.get(POLICIES)
    assert (answer.status_code, answer.json()["error_code"]) == (401, "APIGW.0301")
    answer = nobody.get(ROMA)
    assert (answer.status_code, answer.json()["error_code"]) == (400, "ROMA.1000")


def test_unknown_tokens_are_refused_with_the_status_that_each_document_prints(nobody):
    token = {"X-Auth-Token": "invented"}
    answer = nobody.post(POLICIES, policy(), headers=token)
    assert (answer.status_code, answer.json()["error_code"]) == (401, "IOTDA.000002")
    answer = nobody.post(BUSES, {}, headers=token)
    assert (answer.status_code, answer.json()["error_code"]) == (403, "IOTDA.000004")
    answer = nobody.post(ROMA, {}, headers=token)
    assert (answer.status_code, answer.json()["error_code"]) == (400, "ROMA.1002")


def test_expired_tokens_must_be_updated(emulator, huawei):
    emulator.settings({"token_seconds": 0})
    answer = huawei.get(POLICIES)
    assert (answer.status_code, answer.json()["error_code"]) == (401, "APIGW.0307")
    assert "The token must be updated" in answer.json()["error_msg"]
