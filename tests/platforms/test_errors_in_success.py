"""An answer of 2xx whose body is an error: it is judged by its code, for verbs that read no object too.

Would catch: a delete called done that the platform refused, an object taken for an error because one of its
members is called `code`.
"""

import json

import pytest

from portal.errors import Missing, Rejected, SignInFailed, Throttled, Unclear
from portal.platforms import answers
from tests.platforms.every_call import OF_KINDS, READ, client_of
from tests.platforms.faulty import http

CHANGES = [spec for spec in OF_KINDS if spec.is_change]
OF_HUAWEI = [spec for spec in CHANGES if spec.platform != "enos"]


def raised(server, spec, body, status=200):
    server.behave = http(status, json.dumps(body))
    client = client_of(spec, server.url, deadline=5)
    try:
        spec.run(client)
    except Exception as error:
        return error
    return None


def spelled(code, words="its words"):
    """The ways to write an error."""
    return [
        {"error_code": code, "error_msg": words},
        {"errorCode": code, "errorMsg": words, "request_id": "r"},
        {"code": code, "message": words},
        {"error": {"code": code, "message": words, "title": "t"}},
        {"error": {"error_code": code, "error_msg": words}, "request_id": "r"},
        {"result": {"error_code": code, "error_msg": words}},
        {"error_code": code, "error_msg": words, "bus_id": "b", "id": 7, "group_id": "g"},
    ]


@pytest.mark.parametrize("spec", OF_HUAWEI, ids=str)
def test_a_documented_refusal_is_a_refusal(server, spec):
    code = {"iotda": "IOTDA.000022", "roma": "ROMA.1006"}[spec.platform]
    for body in spelled(code):
        error = raised(server, spec, body)
        assert (type(error), error.code, str(error)) == (Rejected, code, "its words")
        assert error.status == 200


@pytest.mark.parametrize("spec", OF_HUAWEI, ids=str)
def test_an_error_that_no_document_has_is_in_doubt(server, spec):
    bodies = [*spelled("NEW.000001"), *spelled("500"), {"error_msg": "its words"}, {"error": "its words"}]
    for body in bodies:
        error = raised(server, spec, body)
        assert (type(error), str(error)) == (Unclear, "its words")
    for body in ({"error_code": "X.1"}, {"error_code": True, "error_msg": ""}, {"error_code": {"a": 1}}):
        assert type(raised(server, spec, body)) is Unclear


def test_the_code_says_what_became_of_the_change(server):
    of = {str(spec): spec for spec in CHANGES}
    expected = [
        ("iotda delete soft_buses", "IOTDA.021101", Throttled),
        ("iotda sync soft_buses", "APIGW.0308", Throttled),
        ("iotda sync soft_buses", "IOTDA.000002", SignInFailed),
        ("roma delete device_groups", "ROMA.00110006", Missing),
        ("roma delete device_groups", "ROMA.00110002", Rejected),
        ("roma update device_groups", "ROMA.1000", SignInFailed),
    ]
    for name, code, right in expected:
        assert type(raised(server, of[name], {"error_code": code, "error_msg": "w"})) is right, (name, code)


@pytest.mark.parametrize("status", [200, 201, 202])
def test_a_code_of_enos_decides_with_any_2xx(server, status):
    for spec in CHANGES:
        if spec.platform == "enos":
            for code, right in ((99400, Rejected), ("99400", Rejected), (99500, Unclear), (None, Unclear)):
                body = {"code": code, "msg": "w", "data": {"assetId": "a"}}
                assert type(raised(server, spec, body, status)) is right
            assert type(raised(server, spec, {"code": 0, "apim_status": 4011}, status)) is SignInFailed


HARMLESS = [
    {"error_code": None, "error_msg": None},
    {"error_code": "", "error_msg": ""},
    {"error_code": "0", "error_msg": "success"},
    {"error_code": 0},
    {"errorCode": "00000000", "errorMsg": "OK"},
    {"code": 0, "message": "OK"},
    {"code": "200", "message": "done"},
    {"code": "IOTDA.000022", "message": "m", "bus_id": "b"},
    {"code": "A1", "message": "line 4"},
    {"bus": {"bus_id": "b", "code": "IOTDA.000022", "message": "m"}},
    {"bus": {"bus_id": "b", "error_code": "IOTDA.000022"}},
    {"message_id": "m", "error_info": {"error_code": "IOTDA.014016", "error_msg": "m"}},
    {"success_targets": [], "failure_targets": [{"error_code": "IOTDA.000022"}]},
    {"error": None},
    {"error": ""},
    {},
]


@pytest.mark.parametrize("body", HARMLESS, ids=json.dumps)
def test_a_member_called_code_makes_no_error_of_an_object(body):
    assert answers.huawei_envelope(200, body)[:2] == ("", "")


@pytest.mark.parametrize("spec", [spec for spec in OF_KINDS if spec.repeat is READ], ids=str)
def test_a_read_is_refused_with_the_platforms_words(server, spec):
    code = {"iotda": "IOTDA.000015", "roma": "ROMA.12001", "enos": 99403}[spec.platform]
    for body in spelled(code)[:1] if spec.platform != "enos" else [{"code": code, "msg": "its words"}]:
        error = raised(server, spec, body)
        assert (type(error), error.code, str(error)) == (Rejected, str(code), "its words")
