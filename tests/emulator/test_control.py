"""The control plane and the faults. Would catch: a setting or a fault that does nothing."""

import base64
import json
import socket
import time
from threading import Thread
from urllib.parse import urlsplit

import pytest
import requests

from tests.emulator.clouds import IOTDA, ROMA, SigningCaller, policy, roma_group, sign_in_body

BUSES = f"{IOTDA}/harmony-soft-bus"
LOST = (requests.ConnectionError, requests.ReadTimeout)


@pytest.fixture
def signed_in(huawei):
    """A caller that signed in before any fault is set."""
    huawei.get(BUSES)
    return huawei


def count(emulator):
    return emulator.state()["iotda/soft-buses"]["count"]


def test_reset_brings_the_first_day_back_quickly(huawei, emulator):
    huawei.post(BUSES, {"bus_name": "A"})
    huawei.post(ROMA, roma_group())
    emulator.settings({"edition": "basic", "limits": {"policies": 1}})
    emulator.faults([{"match": {}, "fault": "html_502"}])
    start = time.perf_counter()
    emulator.reset()
    assert time.perf_counter() - start < 5
    assert count(emulator) == 0
    assert emulator.state()["roma/device-groups"]["ids"] == [10001]
    assert emulator.requests() == []
    assert huawei.get(BUSES).json()["error_code"] == "IOTDA.000004"  # the old token is gone too
    huawei.token = ""
    assert huawei.post(f"{IOTDA}/device-policies", policy()).status_code == 201


def test_every_request_is_recorded_with_credentials_masked(signed_in, emulator):
    since = emulator.requests()[-1]["number"]
    body = '{"bus_name": "总线"}'.encode()
    signed_in.send("POST", BUSES + "?x=%20y", body)
    SigningCaller(emulator.url).get(BUSES)
    first, second = emulator.requests(since)
    assert (first["number"], second["number"]) == (since + 1, since + 2)
    assert (first["method"], first["path"], first["query"]) == ("POST", BUSES, "x=%20y")
    assert (first["body"], base64.b64decode(first["body_base64"])) == ('{"bus_name": "总线"}', body)
    assert first["status"] == 201
    assert abs(first["time"] - time.time()) < 60
    assert first["headers"]["Content-Type"] == "application/json"
    assert first["headers"]["X-Auth-Token"] == "***"
    assert second["headers"]["Authorization"].startswith("SDK-HMAC-SHA256 Access=DEMOAK0000000000EXMP, ")
    assert second["headers"]["Authorization"].endswith("Signature=***")
    assert signed_in.token not in json.dumps(emulator.requests())


def test_passwords_are_masked_in_recorded_sign_ins(nobody, emulator):
    nobody.post("/v3/auth/tokens", sign_in_body())
    entry = emulator.requests()[-1]
    assert "Demo-pass-1" not in entry["body"]
    assert b"Demo-pass-1" not in base64.b64decode(entry["body_base64"])


@pytest.mark.parametrize(
    "values",
    [
        {"colour": "red"},
        {"edition": "golden"},
        {"limits": {"wishes": 3}},
        {"limits": {"policies": -1}},
        {"limits": 5},
        {"sync_s": "2"},
        {"lock_after_failures": 0},
        [],
    ],
)
def test_settings_that_do_not_exist_are_refused_whole(nobody, values):
    before = nobody.get("/_emulator/settings").json()
    answer = nobody.send("PUT", "/_emulator/settings", values)
    assert answer.status_code == 400
    assert answer.json()["error"]
    assert nobody.get("/_emulator/settings").json() == before


@pytest.mark.parametrize(
    "rule",
    [
        {},
        {"fault": "explosion"},
        {"fault": "reset", "match": {"colour": "red"}},
        {"fault": "reset", "match": {"path": "("}},
        {"fault": "reset", "times": 0},
        {"fault": "reset", "probability": 2},
        {"fault": "reset", "when": "now"},
        "reset",
    ],
)
def test_rules_that_make_no_sense_are_refused(nobody, rule):
    assert nobody.send("PUT", "/_emulator/faults", [rule]).status_code == 400
    assert nobody.get("/_emulator/faults").json() == []


def test_a_rule_picks_by_method_path_query_and_body(signed_in, emulator):
    match = {"method": "POST", "path": "/harmony-soft-bus$", "query": "x=1", "body_contains": '"B"'}
    emulator.faults([{"match": match, "fault": "answer", "status": 418}])
    assert signed_in.post(BUSES + "?x=1", {"bus_name": "B"}).status_code == 418
    assert signed_in.post(BUSES + "?x=1", {"bus_name": "A"}).status_code == 201
    assert signed_in.post(BUSES + "?x=2", {"bus_name": "B"}).status_code == 201
    assert signed_in.post(f"{IOTDA}/device-group?x=1", {"name": "B"}).status_code == 201
    assert signed_in.send("GET", BUSES + "?x=1", b'{"bus_name": "B"}').status_code == 200


def test_times_counts_down(signed_in, emulator):
    emulator.faults([{"match": {"path": BUSES}, "fault": "html_502", "times": 2}])
    assert [signed_in.get(BUSES).status_code for _ in range(4)] == [502, 502, 200, 200]


def test_probability_nought_never_plays_and_one_always(signed_in, emulator):
    emulator.faults([{"match": {}, "fault": "html_502", "probability": 0}])
    assert signed_in.get(BUSES).status_code == 200
    emulator.faults([{"match": {}, "fault": "html_502", "probability": 1}])
    assert signed_in.get(BUSES).status_code == 502


def test_latency_delays_and_serves(signed_in, emulator):
    emulator.faults([{"match": {}, "fault": "latency", "seconds": 0.2}])
    start = time.monotonic()
    assert signed_in.post(BUSES, {"bus_name": "A"}).status_code == 201
    assert time.monotonic() - start >= 0.2


@pytest.mark.parametrize(("fault", "made"), [("timeout_before_commit", 0), ("timeout_after_commit", 1)])
def test_timeouts_keep_the_answer_back_before_or_after_the_work(signed_in, emulator, fault, made):
    emulator.faults([{"match": {"method": "POST"}, "fault": fault, "seconds": 0.1}])
    with pytest.raises(LOST):
        signed_in.post(BUSES, {"bus_name": "A"})
    assert count(emulator) == made
    entry = emulator.requests()[-1]
    assert (entry["status"], entry["fault"]) == (None, fault)


def test_a_timeout_holds_on_until_a_reset_frees_it(signed_in, emulator):
    emulator.faults([{"match": {}, "fault": "timeout_before_commit"}])
    outcome = []

    def wait():
        try:
            signed_in.get(BUSES)
        except LOST as error:
            outcome.append(error)

    waiting = Thread(target=wait)
    waiting.start()
    waiting.join(0.3)
    assert waiting.is_alive()
    emulator.reset()
    waiting.join(10)
    assert outcome


def test_reset_breaks_the_connection_before_the_work(signed_in, emulator):
    emulator.faults([{"match": {"method": "POST"}, "fault": "reset"}])
    address = urlsplit(emulator.url)
    with socket.create_connection((address.hostname, address.port), timeout=10) as plain:
        plain.sendall(b"POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}" % BUSES.encode())
        with pytest.raises(ConnectionResetError):
            plain.recv(100)
    assert count(emulator) == 0


def test_reset_mid_body_breaks_it_after_the_work(signed_in, emulator):
    emulator.faults([{"match": {"method": "POST"}, "fault": "reset_mid_body"}])
    with pytest.raises((*LOST, requests.exceptions.ChunkedEncodingError)):
        signed_in.post(BUSES, {"bus_name": "A"})
    assert count(emulator) == 1


def test_answer_says_what_the_rule_says_without_the_work(signed_in, emulator):
    rule = {
        "fault": "answer",
        "status": 429,
        "headers": {"Retry-After": "7"},
        "body": {"error_code": "APIGW.0308"},
    }
    emulator.faults([rule])
    answer = signed_in.post(BUSES, {"bus_name": "A"})
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "7")
    assert answer.json() == {"error_code": "APIGW.0308"}
    assert count(emulator) == 0


def test_invalid_json_comes_after_the_work_with_its_status(signed_in, emulator):
    emulator.faults([{"match": {}, "fault": "invalid_json"}])
    answer = signed_in.post(BUSES, {"bus_name": "A"})
    assert answer.status_code == 201
    with pytest.raises(ValueError, match="."):
        answer.json()
    assert count(emulator) == 1


def test_empty_200_and_drip_come_after_the_work(signed_in, emulator):
    emulator.faults([{"fault": "empty_200", "times": 1}, {"fault": "drip", "seconds": 0.05, "times": 1}])
    answer = signed_in.post(BUSES, {"bus_name": "A"})
    assert (answer.status_code, answer.content) == (200, b"")
    assert signed_in.post(BUSES, {"bus_name": "B"}).json()["bus_name"] == "B"
    assert count(emulator) == 2


def test_huge_bodies_and_redirects(signed_in, emulator):
    emulator.faults([{"fault": "redirect", "times": 1}, {"fault": "huge_body", "times": 1}])
    answer = signed_in.get(BUSES)
    assert (answer.status_code, answer.headers["Location"]) == (307, "/_emulator/requests")
    answer = signed_in.http.get(
        emulator.url + BUSES, headers={"X-Auth-Token": signed_in.token}, stream=True, timeout=30
    )
    assert int(answer.headers["Content-Length"]) > 60_000_000
    answer.close()


def test_a_late_commit_happens_after_the_connection_is_gone(signed_in, emulator):
    emulator.faults(
        [{"match": {"method": "POST"}, "fault": "late_commit", "seconds": 6}]
    )  # 0.3 s at twentyfold speed
    with pytest.raises(LOST):
        signed_in.post(BUSES, {"bus_name": "A"})
    assert count(emulator) == 0
    end = time.monotonic() + 10
    while count(emulator) == 0 and time.monotonic() < end:
        time.sleep(0.02)
    assert count(emulator) == 1


def test_state_tells_ids_names_and_counts(signed_in, emulator):
    bus = signed_in.post(BUSES, {"bus_name": "A"}).json()
    state = emulator.state()
    assert state["iotda/soft-buses"] == {"count": 1, "ids": [bus["bus_id"]], "names": ["A"]}
    assert state["iotda/device-groups"]["ids"] == ["04ed32dc1b0025b52fe3c01a27c2b0a8"]
    assert state["enos/devices"]["names"] == ["demo-device-1", "demo-device-2"]
    assert state["roma/apps"]["ids"] == ["ef3845be-091a-4ab5-869a-9de0025e2165"]
    assert state["iotda/policies"]["count"] == 0


@pytest.mark.full
def test_a_held_request_waits_however_many_others_are_connected(emulator):
    """Some ways of waiting fail when more than 1,024 files are open."""
    address = urlsplit(emulator.url)
    idle = [socket.create_connection((address.hostname, address.port)) for _each in range(1100)]
    emulator.faults([{"match": {"path": "/v5/"}, "fault": "timeout_before_commit", "seconds": 30}])
    try:
        with pytest.raises(requests.Timeout):
            requests.get(f"{emulator.url}/v5/iot/x/apps", timeout=2)
    finally:
        for each in idle:
            each.close()


@pytest.mark.parametrize(
    ("header", "value", "status"),
    [
        ("Host", "evil.example", 403),
        ("Host", "rebound.example:8000", 403),
        ("Origin", "https://evil.example", 403),
        ("Origin", "null", 403),
        ("Host", "localhost:1", 200),
        ("Origin", "http://127.0.0.1:1", 200),
    ],
)
def test_pages_of_other_hosts_do_not_reach_the_control_plane(emulator, header, value, status):
    answer = requests.get(f"{emulator.url}/_emulator/settings", headers={header: value}, timeout=10)
    assert answer.status_code == status
    changed = requests.post(f"{emulator.url}/_emulator/reset", headers={header: value}, timeout=10)
    assert changed.status_code == (204 if status == 200 else 403)
