"""EnOS tokens and signatures. Source: "Get access token", "Refresh access token", "Invoking APIs", 3.0.0."""

import base64
import hashlib
import time

import pytest

from portal.emulator import signatures
from tests.emulator.clouds import APP, DEVICES, ORG, EnosCaller

GET_TOKEN = "/apim-token-service/v2.0/token/get"
REFRESH = "/apim-token-service/v2.0/token/refresh"
SEARCH = f"{DEVICES}?action=search&orgId={ORG}"


def test_the_known_signature_is_found_right():
    body = '{\n  "count": 20,\n  "page": 1,\n  "desc": "描述"\n}'.encode()
    found = signatures.enos_signature(
        "xxxxaaaxxxx", "k3=v3&k1=v1&k2=v2", body, 1572574909697, "xxxappSecretxxx"
    )
    assert found == "59828328f6c1f9771015dc74e4929ae30f518a35a3d2353972c2ea46556fc981"


def test_signed_query_values_are_decoded():
    plain = hashlib.sha256("tka 1b北1s".encode()).hexdigest()
    assert signatures.enos_signature("tk", "b=%E5%8C%97&a=%201", b"", "1", "s") == plain


def test_a_token_lasts_two_hours_and_comes_again_until_then(enos):
    first, second = enos.sign_in(), enos.sign_in()
    assert (first["status"], first["msg"], first["business"]) == (0, "SUCCESS", "apim-token-service")
    assert 7195 <= first["data"]["expire"] <= 7200
    assert second["data"]["accessToken"] == first["data"]["accessToken"]


def test_the_timestamp_may_be_a_number(enos, nobody):
    timestamp = int(time.time() * 1000)
    encryption = hashlib.sha256(f"{APP[0]}{timestamp}{APP[1]}".encode()).hexdigest()
    body = {"appKey": APP[0], "encryption": encryption, "timestamp": timestamp}
    assert nobody.post(GET_TOKEN, body).json()["status"] == 0


def test_token_calls_are_refused_by_number(enos, nobody):
    proof = enos.proof()
    assert nobody.post(GET_TOKEN, proof).json()["status"] == 0

    def status(body, target=GET_TOKEN):
        return nobody.post(target, body).json()["status"]

    assert status(proof) == 1001
    assert status({**enos.proof(), "appKey": "nobody"}) == 1002
    assert status({**enos.proof(), "encryption": "0" * 64}) == 1003
    assert status(b"{") == 1004
    assert status({**enos.proof(), "timestamp": [1]}) == 1004
    assert status({**enos.proof(), "timestamp": ""}) == 1202
    assert status({}) == 1202
    assert status({"appKey": APP[0], "timestamp": "\ud800", "encryption": "x"}) == 1003
    assert status({**EnosCaller(nobody.url).proof(), "accessToken": "invented"}, REFRESH) == 1204


def test_a_refresh_replaces_the_token(enos, nobody):
    assert enos.search({}).json()["code"] == 0
    old = enos.token
    answer = nobody.post(REFRESH, enos.proof(accessToken=old)).json()
    assert answer["status"] == 0
    assert answer["data"]["accessToken"] != old
    assert enos.search({}).json()["apim_status"] == 4011
    enos.token = answer["data"]["accessToken"]
    assert enos.search({}).json()["code"] == 0


def test_an_expired_token_is_refused_and_can_be_had_anew(enos, emulator):
    emulator.settings({"token_seconds": 0})
    enos.sign_in()
    assert enos.search({}).json()["apim_status"] == 4011
    emulator.settings({"token_seconds": None})
    enos.token = ""
    assert enos.search({}).json()["code"] == 0


def test_a_wrong_secret_opens_nothing(emulator):
    caller = EnosCaller(emulator.url)
    caller.sign_in()
    caller.secret = "wrong"
    answer = caller.search({})
    assert (answer.status_code, answer.json()["apim_status"]) == (200, 4012)


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"apim-accesstoken": "invented"}, 4011),
        ({"apim-accesstoken": None}, 4011),
        ({"apim-signature": "0" * 64}, 4012),
        ({"apim-signature": None}, 4012),
        ({"apim-timestamp": "1572574909697"}, 4012),
        ({"apim-timestamp": None}, 4012),
        ({"apim-timestamp": "soon"}, 4012),
    ],
)
def test_calls_with_a_wrong_header_are_refused_by_the_gateway(enos, change, status):
    answer = enos.post(SEARCH, {}, headers=change)
    assert (answer.status_code, answer.json()["apim_status"]) == (200, status)


def test_a_signature_covers_query_and_body(enos, nobody):
    headers = enos.credentials("POST", SEARCH, b"{}")
    assert nobody.post(SEARCH, b"{}", headers=headers).json()["code"] == 0
    assert nobody.post(SEARCH, b"{ }", headers=headers).json()["apim_status"] == 4012
    assert nobody.post(SEARCH + "&x=1", b"{}", headers=headers).json()["apim_status"] == 4012


def test_the_official_sdks_opaque_token_is_taken_in_lenient_mode_only(nobody, emulator):
    headers = {"apim-accesstoken": base64.b64encode(bytes(256)).decode()}
    assert nobody.post(SEARCH, b"{}", headers=headers).json()["code"] == 0
    shorter = {"apim-accesstoken": base64.b64encode(bytes(255)).decode()}
    assert nobody.post(SEARCH, b"{}", headers=shorter).json()["apim_status"] == 4012
    emulator.settings({"lenient": False})
    assert nobody.post(SEARCH, b"{}", headers=headers).json()["apim_status"] == 4012
