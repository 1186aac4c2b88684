"""The server itself: start, stop, what survives a kill, malformed requests, many callers at once."""

import contextlib
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest
import requests
from django.conf import settings

from tests.emulator.clouds import IOTDA, EnosCaller, TokenCaller, device, policy

BUSES = f"{IOTDA}/harmony-soft-bus"
GROUPS = f"{IOTDA}/device-group"
POLICIES = f"{IOTDA}/device-policies"
CROWD = 16


@contextlib.contextmanager
def started(directory, *arguments):
    """An emulator of its own, as a person starts it; yields (process, url)."""
    command = [
        sys.executable,
        settings.BASE_DIR / "manage.py",
        "emulator",
        "--port",
        "0",
        "--data",
        directory,
        *arguments,
    ]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=settings.BASE_DIR)
    try:
        line = process.stdout.readline().rstrip("\n")
        assert line.startswith("emulator ready on http://127.0.0.1:")
        yield process, line.removeprefix("emulator ready on ")
    finally:
        process.terminate()
        process.communicate(timeout=20)


def test_data_and_tokens_survive_a_restart_and_term_ends_it_cleanly(tmp_path):
    with started(tmp_path / "new" / "dir") as (process, url):
        caller = TokenCaller(url)
        bus = caller.post(BUSES, {"bus_name": "A"}).json()
    assert process.returncode == 0
    with started(tmp_path / "new" / "dir") as (process, url):
        caller.url = url
        assert caller.get(f"{BUSES}/{bus['bus_id']}").json() == bus
        process.kill()
    with started(tmp_path / "new" / "dir") as (_process, url):
        caller.url = url
        assert caller.get(f"{BUSES}/{bus['bus_id']}").json() == bus


def test_limits_of_the_start_outlive_a_reset(tmp_path):
    with started(tmp_path, "--limit", "policies=1", "--limit", "groups=2", "--speed", "5") as (_process, url):
        requests.post(f"{url}/_emulator/reset", timeout=10)
        shown = requests.get(f"{url}/_emulator/settings", timeout=10).json()
        assert (shown["limits"]["policies"], shown["limits"]["groups"], shown["speed"]) == (1, 2, 5)
        caller = TokenCaller(url)
        assert [caller.post(POLICIES, policy()).status_code for _ in range(2)] == [201, 403]


@pytest.mark.parametrize("wrong", [("--limit", "wishes=3"), ("--limit", "policies"), ("--speed", "0")])
def test_wrong_words_at_the_start_are_named(tmp_path, wrong):
    command = [
        sys.executable,
        settings.BASE_DIR / "manage.py",
        "emulator",
        "--port",
        "0",
        "--data",
        tmp_path,
        *wrong,
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode != 0
    assert done.stderr.startswith("CommandError: ")


def exchange(emulator, data):
    """What the server answers to these bytes, until it closes or stays silent."""
    address = urlsplit(emulator.url)
    with socket.create_connection((address.hostname, address.port), timeout=10) as plain:
        with contextlib.suppress(OSError):
            plain.sendall(data)
            plain.shutdown(socket.SHUT_WR)
        answer = b""
        with contextlib.suppress(OSError):
            while piece := plain.recv(65536):
                answer += piece
        return answer


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"nonsense\r\n\r\n", b"400"),
        (b"GET / HTTP/9.9\r\n\r\n", b"505"),
        (b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n", b"414"),
        (b"GET / HTTP/1.1\r\n" + b"".join(b"h%d: 1\r\n" % n for n in range(200)) + b"\r\n", b"431"),
        (b"POST / HTTP/1.1\r\nContent-Length: many\r\n\r\n", b"400"),
        (b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", b"400"),
        (b"POST / HTTP/1.1\r\nContent-Length: 13000000\r\n\r\n", b"413"),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", b"411"),
        (b"GET /v5/iot/%zz/\xff HTTP/1.1\r\n\r\n", b"404"),
        (b"\r\n\r\n", b""),
        (b"POST / HTTP/1.1\r\nContent-Length: 10\r\n\r\nabc", b""),
    ],
)
def test_requests_that_are_not_quite_http_get_an_answer_or_none(emulator, data, status):
    answer = exchange(emulator, data)
    assert answer.partition(b"\r\n")[0].split(b" ")[1:2] == ([status] if status else [])
    assert requests.get(f"{emulator.url}/nothing", timeout=10).status_code == 404


def test_a_connection_serves_many_requests_and_each_tells_its_length(emulator):
    request = b"GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n"
    answer = exchange(emulator, request * 3)
    assert answer.count(b"HTTP/1.1 404 Not Found") == answer.count(b"Content-Length: ") == 3


def test_a_big_body_is_judged_not_refused(huawei):
    body = b'{"bus_name": "A", "filler": "%s"}' % (b"x" * 11_000_000)
    assert huawei.post(BUSES, body).status_code == 201


def crowd(work):
    """The results of `work(n)`, done by 16 callers at once, three times."""
    with ThreadPoolExecutor(CROWD) as pool:
        return list(pool.map(work, range(3 * CROWD)))


def test_quotas_hold_when_16_callers_create_at_once(emulator, huawei):
    huawei.get(POLICIES)
    emulator.settings({"limits": {"policies": 7}})

    def create(number):
        caller = TokenCaller(emulator.url)
        caller.token = huawei.token
        return caller.post(POLICIES, policy(policy_name=f"p{number}")).status_code

    answers = crowd(create)
    assert (answers.count(201), answers.count(403)) == (7, 41)
    assert emulator.state()["iotda/policies"]["count"] == 7


def test_names_stay_unique_when_16_callers_create_at_once(emulator, huawei):
    huawei.get(POLICIES)

    def create(number):
        caller = TokenCaller(emulator.url)
        caller.token = huawei.token
        return caller.post(BUSES, {"bus_name": f"B{number % 4}"}).status_code

    answers = crowd(create)
    assert (answers.count(201), answers.count(400)) == (4, 44)
    assert sorted(emulator.state()["iotda/soft-buses"]["names"]) == ["B0", "B1", "B2", "B3"]


def test_one_of_16_gets_the_name_and_one_of_16_the_delete(emulator, huawei):
    groups = [huawei.post(GROUPS, {"name": f"G{number}"}).json()["group_id"] for number in range(CROWD)]

    def change(method, group_id):
        caller = TokenCaller(emulator.url)
        caller.token = huawei.token
        return caller.send(method, f"{GROUPS}/{group_id}", {"name": "taken"}).status_code

    answers = crowd(lambda number: change("PUT", groups[number % CROWD]))
    # An update may give the object the name that it already has.
    assert set(answers) == {200, 400}
    assert emulator.state()["iotda/device-groups"]["names"].count("taken") == 1
    answers = crowd(lambda number: change("DELETE", groups[0]))
    assert (answers.count(204), answers.count(404)) == (1, 3 * CROWD - 1)


def test_device_keys_and_product_sizes_hold_when_16_callers_create_at_once(emulator, enos):
    enos.sign_in()
    emulator.settings({"limits": {"devices_per_product": 10}})

    def create(number):
        caller = EnosCaller(emulator.url)
        caller.token = enos.token
        return caller.create(device(deviceKey=f"key-{number % 12}")).json()["code"]

    answers = crowd(create)
    assert answers.count(0) == 8
    assert set(answers) == {0, 11702, 11739}
    assert emulator.state()["enos/devices"]["count"] == 10
