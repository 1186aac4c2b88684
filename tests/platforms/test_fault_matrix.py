"""Faults of servers against calls: each raises the right error, in time, and no create is repeated.

faults.py says which error is right, every_call.py lists the calls. The short form tries every fault with one
call of each sort, and each change of each kind with the telling faults. The long form tries every fault with
every call, with the deadlines of a deployment.
"""

import json
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from portal.errors import NotSent, SignInFailed, Throttled, Unclear
from portal.platforms.retrying import Repeat, Waits
from tests.platforms.every_call import (
    ENOS_TOKEN_BODY,
    OF_KINDS,
    READ,
    SPECS,
    TOKEN,
    client_of,
    is_for_token,
    one_of_each,
)
from tests.platforms.faults import FAULTS
from tests.platforms.faulty import FaultyServer, close, http
from tests.support.ports import ReservedPort

ROOT = Path(__file__).parents[2]
SECONDS_MORE = 4  # a call ends that long after its deadline at the latest
GROWTH_MAX_MB = 50
QUICK = {"waits": Waits(sleep=lambda seconds: None, base=0, cap=0)}
SHORT = {**QUICK, "deadline": 10}
# A busy machine needs most of a second to accept this many connections at once.
SHORT_AND_SLOW = {**QUICK, "deadline": 5, "read_timeout": 2.5, "connect_timeout": 2}
REAL = {}


@contextmanager
def served(fault, spec):
    """(url, server) of a server with that fault; it hands out tokens, except when the call is the sign-in."""
    with closing_server(fault) as (url, server):
        behaviour = fault.behave(spec)

        def behave(connection, got):
            if is_for_token(got) and not spec.signs_in:
                body = ENOS_TOKEN_BODY if spec.platform == "enos" else TOKEN
                return http(201 if spec.platform != "enos" else 200, json.dumps(body), X_Subject_Token="new")
            return behaviour(connection, got) if callable(behaviour) else behaviour

        server.behave = behave
        yield url, server


@contextmanager
def closing_server(fault):
    plain = fault.place == "tls"
    server = FaultyServer(wrap=answering_at_once) if plain else FaultyServer()
    try:
        if fault.place == "refused":
            with ReservedPort() as port:
                yield port.url, server
        elif fault.place == "unknown":
            yield "http://no-such-host.invalid", server
        elif fault.place == "silent":
            with never_accepting() as port:
                yield f"http://127.0.0.1:{port}", server
        else:
            yield server.url.replace("http:", "https:") if plain else server.url, server
    finally:
        server.stop()


def answering_at_once(connection):
    connection.sendall(http(400, "speak up"))
    return connection


@contextmanager
def never_accepting():
    """A port that accepts no further connection, because its queue is full."""
    with closing(socket.socket()) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        waiting = [socket.socket() for _each in range(3)]
        for each in waiting:
            each.setblocking(False)
            each.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]
        for each in waiting:
            each.close()


def outcome(fault, spec, options):
    """What is wrong in one cell of the matrix; "" if nothing is."""
    right = fault.right_name(spec)
    with served(fault, spec) as (url, server):
        client = client_of(spec, url, **options)
        started = time.monotonic()
        try:
            result, error = spec.run(client), None
        except Exception as caught:  # anything outside the tree is what this looks for
            result, error = None, caught
        seconds = time.monotonic() - started
        client.transport.close()
        arrived = [got for got in server.got if spec.signs_in or not is_for_token(got)]
    wrong = []
    if type(error) is not (right or type(None)):
        wrong.append(f"{error!r} instead of {right}")
    if getattr(result, "complete", None) is not fault.is_whole(spec):
        wrong.append(f"is whole: {not fault.is_whole(spec)}")
    if seconds > options.get("deadline", 30) + SECONDS_MORE:
        wrong.append(f"took {seconds:.1f} s")
    if not least(right) <= len(arrived) <= most(right, spec):
        wrong.append(f"was sent {len(arrived)} times")
    return f"{spec}: {'; '.join(wrong)}" if wrong else ""


def least(right):
    return 0 if right is NotSent else 1


def most(right, spec):
    """How often the call may arrive: reads, and what surely was not executed, may be sent again."""
    if right is NotSent:
        return 0
    if right is Throttled:
        return 4 if spec.repeat is READ else 3
    if right is Unclear:
        return 4 if spec.repeat is READ else 1
    if right is SignInFailed:
        return 1 if spec.signs_in else 2
    return 2 if spec.is_list else 1  # where nothing is counted, only an empty page ends a list


def failures(fault, specs, options, at_once):
    with ThreadPoolExecutor(at_once) as pool:
        return list(filter(None, pool.map(lambda spec: outcome(fault, spec, options), specs)))


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_a_fault_gets_its_right_name(fault):
    options = SHORT_AND_SLOW if fault.slow else SHORT
    specs = one_of_each()
    assert failures(fault, specs, options, at_once=len(specs) if fault.slow else 2) == []


@pytest.mark.parametrize("spec", [spec for spec in OF_KINDS if spec.is_change], ids=str)
def test_each_change_of_each_kind_gives_the_telling_faults_their_right_names(spec):
    telling = {name: fault for name, fault in FAULTS.items() if fault.is_telling}
    wrong = {name: outcome(fault, spec, SHORT) for name, fault in telling.items()}
    assert {name: what for name, what in wrong.items() if what} == {}
    assert len(telling) >= 15


@pytest.mark.full
@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_a_fault_gets_its_right_name_from_every_call_with_real_deadlines(fault):
    assert failures(fault, SPECS, REAL, at_once=len(SPECS) if fault.slow else 4) == []


def test_every_way_to_repeat_a_call_is_in_the_short_form():
    for platform in ("iotda", "roma", "enos"):
        assert {spec.repeat for spec in one_of_each() if spec.platform == platform} == set(Repeat)
    assert len(FAULTS) >= 40
    assert len({str(spec) for spec in SPECS}) == len(SPECS)


@pytest.mark.parametrize("spec", SPECS, ids=str)
def test_a_good_answer_is_understood(server, spec):
    """Otherwise the matrix would pass for a client that understands no answer at all."""
    server.behave = http(spec.status, spec.good_text(), **spec.headers)
    spec.run(client_of(spec, server.url, deadline=5))
    assert len(server.got) == 1


@pytest.mark.parametrize("spec", [spec for spec in one_of_each() if not spec.signs_in], ids=str)
def test_a_connection_that_the_server_gave_up_meanwhile_sends_nothing_twice(spec):
    """A stale keep-alive: the server takes the second request and closes without an answer."""
    server, answered = FaultyServer(), []

    def behave(connection, got):
        answered.append(connection)
        if len(answered) == 2:
            return close(connection, got)
        return http(spec.status, spec.good_text(), **spec.headers)

    server.behave = behave
    client = client_of(spec, server.url, **SHORT)
    spec.run(client)
    if spec.repeat is READ:
        spec.run(client)
    else:
        with pytest.raises(Unclear):
            spec.run(client)
    server.stop()
    assert len(server.got) == (3 if spec.repeat is READ else 2)


@pytest.mark.parametrize("long", [False, pytest.param(True, marks=pytest.mark.full)], ids=["short", "long"])
def test_what_is_too_big_is_never_held(long):
    servers = [FaultyServer()]
    servers[0].behave = http(200, "{}")
    for fault in FAULTS.values():
        if fault.is_heavy:
            servers.append(FaultyServer())
            servers[-1].behave = fault.behave(OF_KINDS[0])
    command = [sys.executable, "-m", "tests.platforms.memory_child", "all" if long else "few"]
    try:
        child = subprocess.run(
            [*command, *(server.url for server in servers)],
            cwd=ROOT, capture_output=True, text=True, timeout=600, check=False,
        )  # fmt: skip
    finally:
        for server in servers:
            server.stop()
    assert child.returncode == 0, child.stderr
    assert float(child.stdout) < GROWTH_MAX_MB
    assert all(server.got for server in servers)
