"""The gate stands around every exchange of an account, and what it says counts."""

import time
from contextlib import contextmanager

import pytest

from portal.errors import Missing, NotSent, Paused, PlatformError, Rejected, SignInFailed, Throttled, Unclear
from portal.platforms.gate import Gate, counts_as_failure
from portal.platforms.iotda.client import IoTDA
from portal.platforms.roma.client import ROMA
from portal.platforms.signing.huawei import SdkHmac
from tests.platforms.conftest import KEYS, PROJECT, token_auth
from tests.platforms.faulty import http, reset

BUS = {"bus_name": "BusA"}
CREATED = http(201, '{"bus_id": "04ab"}', X_Subject_Token="t")
REFUSED = http(403, '{"error_code": "IOTDA.000022", "error_msg": "no"}')


class Watching(Gate):
    """`passed` lists what became of each exchange: None, or the error raised inside."""

    def __init__(self):
        self.passed, self.ends, self.refuse = [], [], []

    @contextmanager
    def passage(self, end, family=""):
        self.ends.append(end - time.monotonic())
        if self.refuse:
            raise self.refuse.pop(0)
        try:
            yield
        except PlatformError as error:
            self.passed.append(type(error))
            raise
        self.passed.append(None)


@pytest.fixture
def gate():
    return Watching()


@pytest.fixture
def gated(server, gate, slept):
    return IoTDA(server.url, SdkHmac(*KEYS), project_id=PROJECT, gate=gate, waits=slept.waits())


@pytest.fixture
def signing_in(server, gate, slept):
    return IoTDA(server.url, token_auth(server.url), project_id=PROJECT, gate=gate, waits=slept.waits())


def test_every_try_passes_with_what_became_of_it(server, gate, gated):
    answers = [http(503, ""), http(429, ""), http(200, '{"bus_id": "04ab"}')]
    server.behave = lambda connection, got: answers.pop(0)
    gated.soft_buses.get("04ab")
    assert gate.passed == [Unclear, Throttled, None]


@pytest.mark.parametrize(
    ("behaviour", "error"),
    [(REFUSED, Rejected), (http(404, '{"error_code": "I"}'), Missing), (http(401, ""), SignInFailed)],
)
def test_a_refusal_is_judged_inside_the_gate(server, gate, gated, behaviour, error):
    server.behave = behaviour
    with pytest.raises(error):
        gated.soft_buses.create(BUS)
    assert gate.passed == [error]


def test_a_broken_connection_passes_the_gate_too(server, gate, gated):
    server.behave = reset
    with pytest.raises(Unclear):
        gated.soft_buses.create(BUS)
    assert gate.passed == [Unclear]


def test_signing_in_passes_the_gate_only_when_a_token_is_fetched(server, gate, signing_in):
    server.behave = CREATED
    signing_in.sign_in()
    assert gate.passed == [None]
    signing_in.sign_in()
    signing_in.sign_in()
    assert gate.passed == [None]
    signing_in.soft_buses.create(BUS)
    assert gate.passed == [None, None]


@pytest.mark.parametrize(
    ("behaviour", "error"), [(reset, Unclear), (http(500, "oops"), Unclear), (http(401, ""), SignInFailed)]
)
def test_a_sign_in_tells_the_gate_how_the_platform_is(server, gate, signing_in, behaviour, error):
    server.behave = behaviour
    with pytest.raises(SignInFailed):
        signing_in.soft_buses.create(BUS)
    assert gate.passed == [error]


def test_a_throttled_sign_in_tells_the_gate_how_long(server, gate, signing_in, slept):
    server.behave = http(429, "", Retry_After="20")
    with pytest.raises(Throttled) as caught:
        signing_in.sign_in()
    assert caught.value.retry_after == 20
    assert gate.passed == [Throttled] * 2
    assert 20 <= slept[0] <= 20.2


@pytest.mark.parametrize("name", ["get", "create"])
def test_a_closed_gate_is_not_asked_again_and_nothing_is_sent(server, gate, gated, name):
    gate.refuse = [Paused("it failed too often")]
    seen = []
    calls = {"get": gated.soft_buses.get_call("1"), "create": gated.soft_buses.create_call(BUS)}
    with pytest.raises(Paused):
        gated.send(calls[name], seen=lambda number, result: seen.append((number, type(result))))
    assert server.got == []
    assert (len(gate.ends), seen) == (1, [(1, Paused)])


def test_a_closed_gate_stops_the_sign_in_too(server, gate, signing_in):
    gate.refuse = [Paused("it failed too often")]
    with pytest.raises(Paused):
        signing_in.sign_in()
    assert server.got == []


def test_a_gate_that_says_later_is_waited_for(server, gate, gated, slept):
    gate.refuse = [Throttled("others were told to wait", retry_after=2)]
    server.behave = CREATED
    gated.soft_buses.create(BUS)
    assert len(server.got) == 1
    assert 2 <= slept[0] <= 2.2


def test_a_gate_may_wait_only_as_long_as_an_answer_can_still_come(server, gate, gated):
    server.behave = CREATED
    gated.soft_buses.create(BUS)
    assert 24 < gate.ends[0] <= 25


def test_a_gate_that_waits_too_long_lets_nothing_through(server, gate):
    class Slow(Gate):
        @contextmanager
        def passage(self, end, family=""):
            time.sleep(1)
            yield

    slow = IoTDA(server.url, SdkHmac(*KEYS), project_id=PROJECT, gate=Slow(), deadline=1)
    with pytest.raises(NotSent):
        slow.soft_buses.create(BUS)
    assert server.got == []


FAILURES = {
    "reset": (reset, True),
    "500": (http(500, "{}"), True),
    "503": (http(503, ""), True),
    "200 with a page": (http(200, "<html>"), False),
    "302": (http(302, ""), False),
    "400": (http(400, "{}"), False),
    "401": (http(401, "{}"), False),
    "403": (REFUSED, False),
    "404": (http(404, '{"error_code": "I"}'), False),
    "408": (http(408, ""), False),
    "429": (http(429, ""), False),
}


@pytest.mark.parametrize(("behaviour", "counts"), FAILURES.values(), ids=FAILURES)
def test_what_counts_against_a_platform(server, gated, behaviour, counts):
    server.behave = behaviour
    with pytest.raises(PlatformError) as caught:
        gated.soft_buses.create(BUS)
    assert counts_as_failure(caught.value) is counts


def test_an_unknown_instance_does_not_count_though_it_is_a_500(server):
    server.behave = http(500, '{"error_code": "ROMA.00110002", "error_msg": "The instance does not exist"}')
    roma = ROMA(server.url, SdkHmac(*KEYS), project_id=PROJECT, instance_id="i")
    with pytest.raises(Rejected) as caught:
        roma.device_groups.list(app_id="a")
    assert not counts_as_failure(caught.value)
    assert len(server.got) == 1


def test_what_cannot_be_connected_to_counts(server, refusing_port):
    for url in (
        refusing_port.url,
        f"https://127.0.0.1:{server.port}",
        "http://no-such-host.invalid",
    ):
        nobody = IoTDA(url, SdkHmac(*KEYS), project_id=PROJECT, connect_timeout=0.3)
        with pytest.raises(NotSent) as caught:
            nobody.soft_buses.create(BUS)
        assert counts_as_failure(caught.value)


@pytest.mark.parametrize("error", [Paused, Throttled, SignInFailed, NotSent])
def test_what_was_held_back_here_does_not_count(error):
    assert not counts_as_failure(error("held back"))
