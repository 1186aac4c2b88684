"""Sockets and bodies, against the portal as it is served. Would catch: idle or slow sockets that hold all
threads, an answer that is lost with a refused body, an upload that touches the disk before anybody signed in.
"""

import json
import os
import socket
import time
from contextlib import ExitStack
from pathlib import Path

import pytest
import requests

from portal.bounds import BODY_MAX, FIELDS_MAX
from portal.home import serving
from tests.support.processes import Portal, run_manage

SOCKETS = 50
HEAD = b"POST /accounts/login/ HTTP/1.1\r\nHost: localhost\r\n"
FORM = b"Content-Type: application/x-www-form-urlencoded\r\n"


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    directory = str(tmp_path_factory.mktemp("served"))
    made = run_manage("collectstatic", "--no-input", PORTAL_DATA_DIR=directory)
    assert made.returncode == 0, made.stderr
    return directory


@pytest.fixture
def portal(committed_db, data, tmp_path):
    """One process of eight threads; its files for a moment go to a directory of their own."""
    (tmp_path / "tmp").mkdir()
    variables = {"PORTAL_DATA_DIR": data, "TMPDIR": str(tmp_path / "tmp")}
    started = Portal(committed_db, log=tmp_path / "log", workers=1, **variables)
    started.files = tmp_path / "tmp"
    yield started.start()
    started.stop()


def connect(portal):
    return socket.create_connection(("127.0.0.1", portal.port), timeout=10)


def seconds_of(portal, path="/healthz"):
    began = time.monotonic()
    assert requests.get(portal.url + path, timeout=10).status_code == 200
    return time.monotonic() - began


def answer(sock):
    """What comes until the other side closes, or says nothing for a while."""
    found = b""
    try:
        while data := sock.recv(65536):
            found += data
    except TimeoutError:
        pass
    return found


def test_sockets_that_are_idle_slow_or_do_not_read_stop_nobody(portal):
    with ExitStack() as stack:
        _idle = [stack.enter_context(connect(portal)) for _each in range(SOCKETS)]
        slow = [stack.enter_context(connect(portal)) for _each in range(SOCKETS)]
        bodies = [stack.enter_context(connect(portal)) for _each in range(SOCKETS)]
        for sock in bodies:
            sock.sendall(HEAD + FORM + b"Content-Length: 5000\r\n\r\n")
        for sock in [stack.enter_context(connect(portal)) for _each in range(SOCKETS)]:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
            sock.sendall(b"GET /accounts/login/ HTTP/1.1\r\nHost: localhost\r\n\r\n")
        for sent in HEAD[:4]:
            for sock in slow + bodies:
                sock.sendall(bytes([sent]))
            assert seconds_of(portal) < 2
        assert seconds_of(portal, "/accounts/login/") < 5


def test_what_is_late_or_too_long_is_closed(portal, monkeypatch):
    with connect(portal) as late, connect(portal) as endless:
        late.settimeout(serving.ARRIVAL_SECONDS + 10)
        late.sendall(HEAD)
        endless.sendall(HEAD + b"X: " + b"x" * (serving.HEAD_MAX + 1))
        assert answer(endless).startswith(b"HTTP/1.1 431 ")
        began = time.monotonic()
        assert answer(late) == b""
        assert time.monotonic() - began < serving.ARRIVAL_SECONDS + 5


def test_a_request_arrives_whole_however_it_is_cut(portal):
    with connect(portal) as sock:
        for _each in range(2):  # the connection is kept
            for piece in (b"GET /heal", b"thz HTTP/1.1\r\nHost: ", b"localhost\r\n", b"\r\n"):
                sock.sendall(piece)
                time.sleep(0.02)
            assert sock.recv(65536).startswith(b"HTTP/1.1 200 OK")
        sock.sendall(2 * b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")  # the second at once
        sock.settimeout(3)
        assert answer(sock).count(b"HTTP/1.1 200 OK") == 2
    with connect(portal) as sock:
        sock.sendall(HEAD + FORM + b"Expect: 100-continue\r\nContent-Length: 7\r\nConnection: close\r\n\r\n")
        assert sock.recv(100).startswith(b"HTTP/1.1 100 Continue")
        sock.sendall(b"login=x")
        assert b"HTTP/1.1 403 " in answer(sock)  # without a CSRF token


REFUSED = {
    "a long body": (FORM + b"Content-Length: %d\r\n\r\n" % (10**9), b"HTTP/1.1 413 "),
    "a number that only looks short": (
        FORM + b"Content-Length: %s%d\r\n\r\n" % (b"0" * 30, 10**9),
        b"HTTP/1.1 413 ",
    ),
    "no length": (FORM + b"Transfer-Encoding: chunked\r\n\r\n5\r\nlogin\r\n", b"HTTP/1.1 411 "),
    "both": (FORM + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\nlogin", b"HTTP/1.1 400 "),
}


@pytest.mark.parametrize("where", ["/accounts/login/", "/api/v1/iotda/soft-buses/"])
def test_a_body_is_refused_before_it_has_come_whoever_sends_it(portal, where):
    for name, (rest, status) in REFUSED.items():
        with connect(portal) as sock:
            began = time.monotonic()
            sock.sendall(HEAD.replace(b"/accounts/login/", where.encode()) + rest)
            assert answer(sock).startswith(status), name
            assert time.monotonic() - began < 8, name
    refused = post_parts(portal, where, {f"f{number}": (None, "x") for number in range(FIELDS_MAX + 1)})
    assert refused in (400, 403)
    assert post_parts(portal, where, {"file": ("a.bin", b"x" * (BODY_MAX // 2))}) in (400, 403)
    assert post_parts(portal, where, {f"f{n}": (f"{n}.bin", b"x") for n in range(500)}) in (400, 403)
    assert list(portal.files.iterdir()) == []
    assert opened_files(portal) == []
    assert seconds_of(portal) < 2


def post_parts(portal, where, parts):
    return requests.post(portal.url + where, files=parts, timeout=20).status_code


def opened_files(portal):
    """Files without a name that the portal's processes have open: what was uploaded lies in such."""
    pids = [portal.process.pid, *map(int, _children(portal.process.pid))]
    found = []
    for pid in pids:
        for entry in Path(f"/proc/{pid}/fd").iterdir():
            target = os.readlink(entry)
            if str(portal.files) in target:
                found.append(target)
    return found


def _children(pid):
    return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()


def test_a_program_is_told_why(portal):
    answer = requests.post(
        f"{portal.url}/api/v1/iotda/soft-buses/",
        data=iter([b"{", b"}"]),  # chunked
        headers={"Content-Type": "application/json"},
        timeout=20,
    )
    assert answer.status_code == 411
    assert "Content-Length" in json.loads(answer.text)["detail"]
