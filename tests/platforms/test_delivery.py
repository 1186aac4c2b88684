"""A change is sent at most once, and what became of it is told truly."""

import gzip
import json
import time

import pytest

from portal.errors import Missing, NotSent, Rejected, SignInFailed, Throttled, Unclear
from portal.platforms.iotda.client import IoTDA
from portal.platforms.signing.huawei import SdkHmac
from tests.platforms.conftest import KEYS, PROJECT
from tests.platforms.faulty import close, http, reset

BUS = {"bus_name": "BusA", "group_id": "04ed32dc1b0025b52fe3c01a27c2b0a8"}


def hang(connection, got):
    connection.recv(1)  # until the client has had enough


def half_an_answer(connection, got):
    connection.sendall(b'HTTP/1.1 201 X\r\nContent-Length: 100\r\n\r\n{"bus_id": "04')


def drip_of_body(connection, got):
    connection.sendall(b"HTTP/1.1 201 X\r\nContent-Length: 1000\r\n\r\n")
    for _each in range(200):
        connection.sendall(b" ")
        time.sleep(0.1)


def drip_of_headers(connection, got):
    connection.sendall(b"HTTP/1.1 201 X\r\nX-Slow: ")
    for _each in range(200):
        connection.sendall(b"a")
        time.sleep(0.1)


def gibberish(connection, got):
    connection.sendall(b"this is not HTTP\r\n\r\n")


FAULTS = {
    "reset": reset,
    "close": close,
    "hang": hang,
    "half an answer": half_an_answer,
    "drip of the body": drip_of_body,
    "drip of the headers": drip_of_headers,
    "gibberish": gibberish,
    "500": http(500, '{"error_code": "X", "error_msg": "no"}'),
    "502 with a page": http(502, "<html>Bad Gateway</html>"),
    "503": http(503, "", Retry_After="1"),
    "408": http(408, "{}"),
    "redirect": http(302, "", Location="/elsewhere"),
    "201 without an id": http(201, "{}"),
    "201 without a body": http(201, ""),
    "201 with an id of the wrong type": http(201, '{"bus_id": 7.5}'),
    "201 with a page": http(201, "<html></html>"),
    "201 with broken JSON": http(201, '{"bus_id": "04'),
    "201 with a key twice": http(201, '{"bus_id": "04", "bus_id": "05"}'),
    "201 with NaN": http(201, '{"bus_id": "04", "x": NaN}'),
    "201 with a number out of range": http(201, '{"bus_id": "04", "x": 1e999}'),
    "201 with a bomb of depth": http(201, "[" * 100_000),
    "201 nested too deeply": http(201, '{"bus_id": "04", "x": ' + "[" * 600 + "]" * 600 + "}"),
    "201 that is not UTF-8": http(201, b'{"bus_id": "\xff"}'),
    "201 with broken gzip": http(201, b"no gzip", Content_Encoding="gzip"),
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_a_create_whose_answer_is_lost_is_unclear_and_was_sent_once(server, hasty, fault):
    server.behave = fault
    started = time.monotonic()
    with pytest.raises(Unclear):
        hasty.soft_buses.create(BUS)
    assert time.monotonic() - started < 15  # the drips take 20 s
    assert [got.method for got in server.got] == ["POST"]


def test_a_page_where_nothing_is_promised_is_unclear_too(server, client):
    server.behave = http(200, "<html>Welcome to this network</html>")
    with pytest.raises(Unclear):
        client.send(client.soft_buses.sync_call("04ab"))


def test_a_gzip_bomb_is_not_unpacked(server, client):
    bomb = gzip.compress(b" " * 200_000_000, compresslevel=1)
    server.behave = http(201, bomb, Content_Encoding="gzip")
    patient = IoTDA(server.url, client.auth, project_id=PROJECT, body_cap=1_000_000)
    started = time.monotonic()
    with pytest.raises(Unclear, match="too big"):
        patient.soft_buses.create(BUS)
    assert time.monotonic() - started < 20


def test_a_compressed_answer_is_read(server, client):
    body = gzip.compress(json.dumps({"bus_id": "04ab", "bus_name": "BusA"}).encode())
    server.behave = http(201, body, Content_Encoding="gzip")
    assert client.soft_buses.create(BUS)["id"] == "04ab"


def test_one_connection_serves_many_calls(server, client):
    server.behave = http(201, '{"bus_id": "04ab"}')
    for _call in range(5):
        client.soft_buses.create(BUS)
    assert server.connections == 1
    assert len(server.got) == 5


REFUSALS = {
    "400": (400, "IOTDA.000006", Rejected),
    "403": (403, "IOTDA.000022", Rejected),
    "404 of the object": (404, "IOTDA.016001", Missing),
    "409": (409, "IOTDA.1", Rejected),
    "429": (429, "APIGW.0308", Throttled),
    "429 said as 403": (403, "IOTDA.021101", Throttled),
    "401": (401, "IOTDA.000002", SignInFailed),
}


@pytest.mark.parametrize(("status", "code", "error"), REFUSALS.values(), ids=REFUSALS)
def test_a_refusal_carries_the_platforms_words(server, client, status, code, error):
    body = json.dumps({"error_code": code, "error_msg": "its words"})
    server.behave = http(status, body, X_Request_Id="req-1")
    with pytest.raises(error) as caught:
        client.soft_buses.create(BUS)
    refused = caught.value
    assert type(refused) is error
    assert (refused.message, refused.status, refused.code, refused.request_id) == (
        "its words", status, code, "req-1",
    )  # fmt: skip
    assert refused.data == {"error_code": code, "error_msg": "its words"}
    assert len(server.got) == (3 if error is Throttled else 1)


@pytest.mark.parametrize("half", ["\\ud800", "\\u0000"], ids=["half a pair", "NUL"])
def test_the_platforms_words_fit_every_database_and_page(server, client, half):
    server.behave = http(
        400, f'{{"error_code": "I{half}", "error_msg": "a{half}b", "request_id": "{half}r"}}'
    )
    with pytest.raises(Rejected) as caught:
        client.soft_buses.create(BUS)
    refused = caught.value
    assert (refused.code, refused.message, refused.request_id) == ("I\ufffd", "a\ufffdb", "\ufffdr")


@pytest.mark.parametrize("code", ["APIGW.0101", "SCB.00000000", "IOTDA.000029"])
def test_a_wrong_path_is_not_a_missing_object(server, client, code):
    server.behave = http(404, json.dumps({"error_code": code, "error_msg": "no such path"}))
    with pytest.raises(Rejected) as caught:
        client.soft_buses.get("04ab")
    assert type(caught.value) is Rejected


def test_a_proxys_404_page_is_not_a_missing_object(server, client):
    server.behave = http(404, "<html>not here</html>")
    with pytest.raises(Rejected) as caught:
        client.soft_buses.get("04ab")
    assert type(caught.value) is Rejected


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("7", 7), ("0", 1), ("99999", 300), ("-3", None), ("soon", None), ("1.5", None), ("", None)],
)
def test_how_long_to_wait_is_read_and_bounded(server, client, header, seconds):
    server.behave = http(429, "{}", Retry_After=header)
    with pytest.raises(Throttled) as caught:
        client.soft_buses.create(BUS)
    assert caught.value.retry_after == seconds


def test_how_long_to_wait_may_be_a_date(server, client):
    moment = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(time.time() + 60))
    server.behave = http(429, "{}", Retry_After=moment)
    with pytest.raises(Throttled) as caught:
        client.soft_buses.create(BUS)
    assert 50 <= caught.value.retry_after <= 61


def test_nothing_is_sent_when_the_portal_forbids_it(server, client):
    def forbid():
        raise RuntimeError("inside a transaction")

    forbidden = IoTDA(server.url, client.auth, project_id=PROJECT, before_send=forbid)
    with pytest.raises(RuntimeError, match="inside a transaction"):
        forbidden.soft_buses.create(BUS)
    assert server.got == []


def test_a_refused_connection_is_not_sent(refusing_port):
    nobody = IoTDA(refusing_port.url, SdkHmac(*KEYS), project_id=PROJECT)
    with pytest.raises(NotSent) as caught:
        nobody.soft_buses.create(BUS)
    assert caught.value.part == "address"
    assert "refuses" in str(caught.value)


def test_an_unknown_host_is_not_sent():
    nowhere = IoTDA("http://no-such-host.invalid", SdkHmac(*KEYS), project_id=PROJECT)
    with pytest.raises(NotSent) as caught:
        nowhere.soft_buses.create(BUS)
    assert caught.value.part == "address"
    assert "cannot be found" in str(caught.value)


@pytest.mark.parametrize("bad", ["", ".", ".."])
def test_an_id_that_would_address_something_else_is_not_sent(server, client, bad):
    with pytest.raises(NotSent):
        client.soft_buses.get(bad)
    assert server.got == []


def test_ids_cannot_leave_their_place_in_the_path(server, client):
    server.behave = http(200, '{"bus_id": "x"}')
    client.soft_buses.get("../a?b#c/ä")
    assert server.got[0].target == f"/v5/iot/{PROJECT}/harmony-soft-bus/..%2Fa%3Fb%23c%2F%C3%A4"


@pytest.mark.parametrize(
    "endpoint",
    [
        "ftp://host",
        "host",
        "",
        "https://user:pass@host",
        "https://host/path",
        "https://host?x=1",
        "http://",
        "http://host:99999",
        "http://[::1",
    ],
)
def test_an_address_that_is_none_is_refused(endpoint):
    with pytest.raises(NotSent) as caught:
        IoTDA(endpoint, SdkHmac(*KEYS), project_id=PROJECT)
    assert caught.value.part == "address"


def test_a_header_that_cannot_be_sent_is_not_sent(server):
    for instance in ("a\r\nX: y", "näh"):
        broken = IoTDA(server.url, SdkHmac(*KEYS), project_id=PROJECT, instance_id=instance)
        with pytest.raises(NotSent):
            broken.soft_buses.create(BUS)
    assert server.got == []


def test_an_answer_that_nobody_asked_for_is_not_taken_for_the_next_one(server, client):
    def behave(connection, got):
        return http(200, json.dumps({"bus_id": got.target[-2:]})) + http(200, '{"bus_id": "stray"}')

    server.behave = behave
    assert [client.soft_buses.get(id)["id"] for id in ("01", "02", "03")] == ["01", "02", "03"]


def test_cookies_are_not_kept(server, client):
    server.behave = http(201, '{"bus_id": "04ab"}', Set_Cookie="a=b; Path=/")
    client.soft_buses.create(BUS)
    client.soft_buses.create(BUS)
    assert "cookie" not in server.got[1].headers
