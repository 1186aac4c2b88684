"""`make demo` as a newcomer meets it. Would catch: processes left behind, data lost at the second start,
a demo that runs on without its worker, a port that is taken without a word."""

import os
import re
import signal
import socket
import sys
from contextlib import closing

import psutil
import pytest
import requests

from portal.home.processes import NeverReady, Process, free_port, is_free, stop
from tests.support.processes import MANAGE, environment

READY_SECONDS = 90
GONE_SECONDS = 20


@pytest.fixture
def start_demo(tmp_path):
    """start_demo(*arguments): `manage.py demo` with data of its own, ready; has `.url` and `.children`."""
    started = []

    def start_demo(*arguments, wait=True):
        env = {
            name: value
            for name, value in environment().items()
            if name not in ("PORTAL_DEMO", "PORTAL_DATABASE_URL")
        }
        env["PORTAL_DATA_DIR"] = str(tmp_path / "var")
        process = Process("demo", [sys.executable, MANAGE, "demo", *arguments], log=tmp_path / "out", env=env)
        started.append(process)
        if wait:
            process.url = process.wait_for_line("portal ready on ", seconds=READY_SECONDS)
            process.wait_for(lambda: "Ctrl-C" in process.output(), seconds=5)
            process.children = psutil.Process(process.pid).children(recursive=True)
        return process

    yield start_demo
    stop(started)


def emulator_of(demo):
    return re.search(r"emulator: (http://127\.0\.0\.1:\d+)", demo.output()).group(1)


def ended(processes):
    """All of them, soon; a process that only waits to be collected has ended."""
    _gone, alive = psutil.wait_procs(processes, timeout=GONE_SECONDS)
    return [process for process in alive if process.status() != psutil.STATUS_ZOMBIE] == []


@pytest.fixture
def usual_port_taken():
    if not is_free(8000):
        yield  # by another program of this machine
        return
    with closing(socket.create_server(("127.0.0.1", 8000))):
        yield


def test_term_stops_everything_and_a_second_start_finds_its_data(start_demo, usual_port_taken, tmp_path):
    first = start_demo()
    assert not first.url.endswith(":8000")
    assert requests.get(f"{first.url}/accounts/login/", timeout=10).status_code == 200
    assert "owner@example.test" in first.output()
    assert "demo-pass-1" in first.output()
    assert len(first.children) >= 4  # emulator, worker, gunicorn and its workers
    secret = (tmp_path / "var" / "secret-key").read_text()

    first.ask_to_stop(signal.SIGTERM)
    assert first.popen.wait(GONE_SECONDS) == 0
    assert [child for child in first.children if child.is_running()] == []  # it waited for them

    second = start_demo()
    assert emulator_of(second) == emulator_of(first)
    assert (tmp_path / "var" / "secret-key").read_text() == secret

    refused = start_demo(wait=False)
    assert refused.popen.wait(READY_SECONDS) == 1
    assert "already runs" in refused.output()

    second.ask_to_stop(signal.SIGINT)
    assert second.popen.wait(GONE_SECONDS) == 0
    assert ended(second.children)


@pytest.mark.full
def test_a_demo_that_is_killed_leaves_no_process_behind(start_demo):
    port = free_port()
    demo = start_demo("--port", str(port))
    assert demo.url == f"http://localhost:{port}"
    os.kill(demo.pid, signal.SIGKILL)
    assert ended(demo.children)


@pytest.mark.full
def test_when_one_process_ends_the_demo_stops_and_names_it(start_demo):
    demo = start_demo()
    next(child for child in demo.children if "worker" in child.cmdline()).kill()
    assert demo.popen.wait(GONE_SECONDS) == 1
    assert ended(demo.children)
    assert "worker ended with status -9" in demo.output()


def test_a_port_that_was_asked_for_and_is_taken_is_an_error(start_demo):
    with closing(socket.create_server(("127.0.0.1", 0))) as other:
        port = other.getsockname()[1]
        demo = start_demo("--port", str(port), wait=False)
        assert demo.popen.wait(READY_SECONDS) == 1
    assert f"Port {port} is taken" in demo.output()


def test_a_process_that_ends_early_says_why(tmp_path):
    process = Process("broken", [sys.executable, "-c", "raise SystemExit('no luck')"], log=tmp_path / "log")
    with pytest.raises(NeverReady, match="broken ended with status 1:\nno luck"):
        process.wait_for_line("ready", seconds=10)
