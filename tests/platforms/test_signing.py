"""Known answers of the vendors' documents and SDKs. Catches any change to a byte of what is signed."""

import base64

import pytest

from portal.platforms.network import Transport
from portal.platforms.signing.enos import EnosAuth
from portal.platforms.signing.huawei import SdkHmac, V11Hmac, needs_v11
from portal.platforms.signing.tokens import MemoryTokenStore, Token

AT = 1769760550.0  # 20260130T080910Z
PATH = "http://127.0.0.1:8000/v5/iot/0123456789abcdef0123456789abcdef/device-policies"
SIGNED = ("content-type", "host", "user-agent", "x-project-id", "x-sdk-date")


def prepared(method, url, body=None):
    headers = {"User-Agent": "ua", "Content-Type": "application/json"}
    return Transport().prepare(method, url, headers, body)


def signed(auth, request):
    auth.signed = SIGNED
    return auth(request).headers["Authorization"]


def test_a_get_is_signed_as_the_vendors_sdk_signs_it():
    auth = SdkHmac("TESTAK", "TESTSK", project_id="0123456789abcdef0123456789abcdef", now=lambda: AT)
    assert signed(auth, prepared("GET", PATH + "?limit=10&offset=0")) == (
        "SDK-HMAC-SHA256 Access=TESTAK,"
        " SignedHeaders=content-type;host;user-agent;x-project-id;x-sdk-date,"
        " Signature=704dddc5883b834948205d23527d632c13d5336f39d938b88d0d43cdc0540fa5"
    )


def test_a_body_is_signed_byte_for_byte():
    auth = SdkHmac("TESTAK", "TESTSK", project_id="0123456789abcdef0123456789abcdef", now=lambda: AT)
    authorization = signed(auth, prepared("POST", PATH, b'{"policy_name": "p"}'))
    assert authorization.endswith("ec8ed8530234dd9f5fe9e3541d510d495f4e4a018e28af659cf76701d08d2752")


def test_instance_hosts_get_the_derived_signature():
    auth = V11Hmac(
        "TESTAK", "TESTSK", "cn-north-4", project_id="0123456789abcdef0123456789abcdef", now=lambda: AT
    )
    key = "2ecd5b971439f69c3a15e5034036b51f3811e9fbff742522ccf0718758f3ab60"
    assert auth.derived_key("20260130T080910Z") == key
    assert signed(auth, prepared("GET", PATH + "?limit=10&offset=0")) == (
        "V11-HMAC-SHA256 Credential=TESTAK/20260130/cn-north-4/iotdm,"
        " SignedHeaders=content-type;host;user-agent;x-project-id;x-sdk-date,"
        " Signature=755127cf3c5dd3867ec2d4d193c43847f9f5027cdbc65bec7ebfd21a7254b4f1"
    )


def test_the_order_of_the_query_does_not_matter():
    auth = SdkHmac("TESTAK", "TESTSK", project_id="0123456789abcdef0123456789abcdef", now=lambda: AT)
    authorization = signed(auth, prepared("GET", PATH + "?offset=0&limit=10"))
    assert authorization.endswith("704dddc5883b834948205d23527d632c13d5336f39d938b88d0d43cdc0540fa5")


@pytest.mark.parametrize(
    ("host", "answer"),
    [
        ("iotda.cn-north-4.myhuaweicloud.com", False),
        ("0a1b.st1.iotda-app.cn-north-4.myhuaweicloud.com", True),
        ("127.0.0.1", False),
    ],
)
def test_the_host_tells_which_signature_it_takes(host, answer):
    assert needs_v11(host) is answer


def test_temporary_keys_send_and_sign_their_security_token():
    request = SdkHmac("TESTAK", "TESTSK", "a-token", now=lambda: AT)(prepared("GET", PATH))
    assert request.headers["X-Security-Token"] == "a-token"
    assert "host;x-sdk-date;x-security-token," in request.headers["Authorization"]


def test_enos_signs_decoded_query_and_raw_body():
    auth = EnosAuth(MemoryTokenStore(), "key", "xxxappSecretxxx")
    body = '{\n  "count": 20,\n  "page": 1,\n  "desc": "描述"\n}'.encode()
    request = prepared("POST", "http://127.0.0.1/x?k3=v3&k1=v1&k2=v2", body)
    assert auth.signature(request, "xxxxaaaxxxx", "1572574909697") == (
        "59828328f6c1f9771015dc74e4929ae30f518a35a3d2353972c2ea46556fc981"
    )


def test_a_token_never_shows_in_a_traceback():
    secret = base64.b64encode(b"the token").decode()
    assert secret not in repr(Token(secret, 1.0))
