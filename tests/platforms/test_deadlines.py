"""How long it waits before it sends again, and that a call ends in time whatever the server does."""

import json
import random
import time

import pytest

from portal.errors import NotSent, PlatformError, Throttled, Unclear
from portal.platforms.iotda.client import IoTDA
from portal.platforms.signing.huawei import SdkHmac
from tests.platforms.conftest import KEYS, PROJECT, token_auth
from tests.platforms.faulty import http
from tests.platforms.policies import (
    BROKEN,
    CALLS,
    DONE,
    POLICY,
    Asked,
    behaving,
)


def patient(server, slept, **options):
    return IoTDA(server.url, SdkHmac(*KEYS), project_id=PROJECT, waits=slept.waits(), **options)


def test_the_platforms_wait_is_waited_in_full(server, slept):
    behaving(server, http(429, "{}", Retry_After="7"), http(429, "{}", Retry_After="3"), DONE)
    patient(server, slept).send(CALLS["READ"](patient(server, slept)))
    first, second = slept
    assert 7 <= first <= 7.2
    assert 3 <= second <= 3.4


def test_a_wait_is_a_date_too(server, slept):
    moment = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(time.time() + 10))
    behaving(server, http(429, "{}", Retry_After=moment), DONE)
    client = patient(server, slept)
    client.send(CALLS["SAME"](client))
    assert 8 <= slept[0] <= 10.3


@pytest.mark.parametrize("nonsense", ["soon", "-5", "1.5", "", "99999999999999999999"])
def test_a_wait_that_is_none_becomes_a_short_one(server, slept, nonsense):
    behaving(server, http(429, "{}", Retry_After=nonsense), DONE)
    client = patient(server, slept)
    client.send(CALLS["NEVER"](client))
    assert slept[0] <= 0.2


@pytest.mark.parametrize("seconds", ["26", "300", "999999"])
def test_a_wait_beyond_the_deadline_is_not_made(server, slept, seconds):
    server.behave = http(429, "{}", Retry_After=seconds)
    client = patient(server, slept)
    with pytest.raises(Throttled) as caught:
        client.send(CALLS["READ"](client))
    assert (len(server.got), slept) == (1, [])
    assert caught.value.retry_after == min(int(seconds), 300)


def test_waits_together_stay_within_the_deadline(server, slept):
    server.behave = http(429, "{}", Retry_After="10")
    client = patient(server, slept)
    with pytest.raises(Throttled):
        client.send(CALLS["READ"](client))
    assert len(slept) == 2
    assert len(server.got) == 3


def test_waits_are_random_and_grow(server, slept, monkeypatch):
    drawn = []

    def uniform(low, high):
        drawn.append((low, high))
        return high

    monkeypatch.setattr(random, "uniform", uniform)
    server.behave = BROKEN
    client = patient(server, slept)
    with pytest.raises(Unclear):
        client.send(CALLS["READ"](client))
    assert drawn[:3] == [(0, 0.2), (0, 0.4), (0, 0.8)]
    assert slept == [0.2, 0.4, 0.8]


# The deadline is one for all tries.


def hang(connection, got):
    connection.recv(1)  # until the client has had enough


@pytest.mark.parametrize("name", CALLS)
def test_all_tries_together_end_at_the_deadline(server, slept, name):
    server.behave = hang
    options = {"read_timeout": 2, "deadline": 3, "waits": slept.waits(base=0, cap=0)}
    client = IoTDA(server.url, SdkHmac(*KEYS), project_id=PROJECT, **options)
    started = time.monotonic()
    with pytest.raises(Unclear):
        client.send(CALLS[name](client), again=Asked())
    assert time.monotonic() - started < 7  # four tries would take 8 s
    assert len(server.got) == (2 if name in ("READ", "SAME", "DELETE") else 1)


def test_nothing_is_sent_whose_answer_could_not_be_awaited(server, slept):
    """Signing in takes nearly all the time there is: a change sent then would only be in doubt."""

    def behave(connection, got):
        if "/auth/tokens" in got.target:
            time.sleep(2.8)
            return http(201, "{}", X_Subject_Token="t")
        return http(201, '{"policy_id": "5c90"}')

    server.behave = behave
    client = IoTDA(server.url, token_auth(server.url), project_id=PROJECT, deadline=3)
    with pytest.raises(NotSent, match="nothing was sent"):
        client.policies.create(POLICY)
    assert [got.target for got in server.got] == ["/v3/auth/tokens?nocatalog=true"]


@pytest.mark.parametrize("name", ["READ", "SAME"])
def test_a_consent_that_takes_too_long_comes_too_late(server, hasty, name):
    def again(number, error):
        time.sleep(3)
        return True

    server.behave = BROKEN
    seen = []
    with pytest.raises(Unclear):
        hasty.send(CALLS[name](hasty), again=again, seen=lambda *args: seen.append(args))
    assert len(server.got) == 1
    assert [(number, type(result)) for number, result in seen] == [(1, Unclear), (2, NotSent)]


def test_the_pages_of_a_listing_share_one_deadline(server, hasty):
    def behave(connection, got):
        time.sleep(0.5)
        number = len(server.got)
        items = [{"bus_id": f"{number}", "bus_name": "B"}]
        return http(
            200, json.dumps({"harmony_soft_buses": items, "page": {"count": 99, "marker": f"m{number}"}})
        )

    server.behave = behave
    started = time.monotonic()
    with pytest.raises(PlatformError):
        hasty.soft_buses.list()
    assert time.monotonic() - started < 20  # 99 pages would take 50 s
    assert 2 <= len(server.got) <= 6
    server.behave = http(200, '{"harmony_soft_buses": [], "page": {"count": 0}}')
    assert hasty.soft_buses.list().items == [], "a later listing has time of its own"
