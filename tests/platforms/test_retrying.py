"""What is sent again, how often, and what is said when a repeat ends otherwise than the first try."""

import gc
import json
import socket
import time
import weakref
from contextlib import suppress

import pytest

from portal.errors import (
    Missing,
    NotSent,
    PlatformError,
    Rejected,
    SignInFailed,
    Throttled,
    Unclear,
)
from portal.platforms.answers import Answer
from portal.platforms.enos.client import EnOS
from portal.platforms.iotda.client import IoTDA
from portal.platforms.retrying import Repeat, SignedOut
from portal.platforms.signing.enos import EnosAuth
from portal.platforms.signing.huawei import SdkHmac
from portal.platforms.signing.tokens import MemoryTokenStore, Token
from tests.platforms.conftest import KEYS, PROJECT, token_auth
from tests.platforms.faulty import http, reset
from tests.platforms.policies import (
    BROKEN,
    CALLS,
    DELETED,
    DONE,
    GONE,
    LATER,
    POLICY,
    REFUSED,
    UNCLEAR,
    Asked,
    behaving,
)


@pytest.mark.parametrize("unclear", UNCLEAR.values(), ids=UNCLEAR)
@pytest.mark.parametrize(
    ("name", "times"), [("READ", 4), ("SAME", 1), ("DELETE", 1), ("NEVER", 1), ("SYNC", 1)]
)
def test_after_an_unclear_try_only_reads_are_sent_again(server, client, name, times, unclear):
    server.behave = unclear
    with pytest.raises(Unclear):
        client.send(CALLS[name](client))
    assert len(server.got) == times


@pytest.mark.parametrize("unclear", UNCLEAR.values(), ids=UNCLEAR)
@pytest.mark.parametrize(
    ("name", "times"), [("READ", 4), ("SAME", 3), ("DELETE", 3), ("NEVER", 1), ("SYNC", 1)]
)
def test_with_consent_updates_and_deletes_are_sent_again_but_never_a_create(
    server, client, name, times, unclear
):
    server.behave = unclear
    asked = Asked()
    with pytest.raises(Unclear):
        client.send(CALLS[name](client), again=asked)
    assert len(server.got) == times
    assert asked == [(number, Unclear) for number in range(2, times + 1)]


@pytest.mark.parametrize(
    ("name", "times"), [("READ", 4), ("SAME", 3), ("DELETE", 3), ("NEVER", 3), ("SYNC", 3)]
)
def test_what_was_throttled_was_not_executed_and_is_sent_again(server, client, name, times):
    server.behave = LATER
    with pytest.raises(Throttled) as caught:
        client.send(CALLS[name](client))
    assert (caught.value.code, caught.value.request_id) == ("APIGW.0308", "r-429")
    assert len(server.got) == times


@pytest.mark.parametrize("code", ["IOTDA.021101", "IOTDA.021102"])
def test_throttling_said_as_403_is_waited_out(server, client, code):
    behaving(server, http(403, json.dumps({"error_code": code})), http(201, '{"policy_id": "5c90"}'))
    assert client.policies.create(POLICY)["id"] == "5c90"
    assert len(server.got) == 2


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("refusal", [REFUSED, GONE, http(401, "{}")], ids=["400", "404", "401"])
def test_a_refusal_is_final(server, client, name, refusal):
    server.behave = refusal
    asked = Asked()
    with pytest.raises((Rejected, SignInFailed)):
        client.send(CALLS[name](client), again=asked)
    assert (len(server.got), asked) == (1, [])


@pytest.mark.parametrize("name", CALLS)
def test_a_refused_connection_is_tried_once_more_and_told_at_once(refusing_port, name):
    nobody = IoTDA(refusing_port.url, SdkHmac(*KEYS), project_id=PROJECT)
    tries = []
    started = time.monotonic()
    with pytest.raises(NotSent) as caught:
        nobody.send(CALLS[name](nobody), seen=lambda number, result: tries.append((number, result.part)))
    assert time.monotonic() - started < 15
    assert caught.value.part == "address"
    assert tries == [(1, "address"), (2, "address")]


def test_a_server_that_comes_back_at_once_is_reached(server, client, monkeypatch):
    real, calls = socket.getaddrinfo, []

    def resolve(*args, **kwargs):
        calls.append(args)
        if len(calls) == 1:
            raise socket.gaierror("temporary failure")
        return real(*args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    server.behave = http(201, '{"policy_id": "5c90"}')
    assert client.policies.create(POLICY)["id"] == "5c90"
    assert len(server.got) == 1


def test_a_no_ends_it_with_the_error_of_the_last_try(server, client):
    for name, behaviour, error in (
        ("READ", BROKEN, Unclear),
        ("SAME", BROKEN, Unclear),
        ("NEVER", LATER, Throttled),
    ):
        server.behave, server.got[:] = behaviour, []
        asked = Asked(answer=False)
        with pytest.raises(error):
            client.send(CALLS[name](client), again=asked)
        assert (len(server.got), asked) == (1, [(2, error)])


@pytest.mark.parametrize("trouble", [RuntimeError("lost the lease"), Unclear("a look failed")])
def test_what_again_raises_goes_through_and_ends_it(server, client, trouble):
    def again(number, error):
        raise trouble

    server.behave = BROKEN
    for name in ("READ", "SAME"):
        server.got[:] = []
        with pytest.raises(type(trouble)) as caught:
            client.send(CALLS[name](client), again=again)
        assert caught.value is trouble
        assert len(server.got) == 1


def test_what_seen_raises_ends_it(server, client):
    trouble = Throttled("raised by the listener")

    def seen(number, result):
        raise trouble

    for behaviour in (BROKEN, DONE):
        server.behave, server.got[:] = behaviour, []
        with pytest.raises(Throttled) as caught:
            client.send(CALLS["READ"](client), seen=seen)
        assert caught.value is trouble
        assert len(server.got) == 1


def test_each_try_is_seen_with_its_answer_or_error(server, client):
    seen = []
    behaving(server, reset, LATER, BROKEN, http(200, '{"policy_id": "5c90"}', X_Request_Id="r-200"))
    client.send(CALLS["READ"](client), seen=lambda *args: seen.append(args))
    kinds = [(number, type(result), result.status, result.request_id) for number, result in seen]
    assert kinds == [
        (1, Unclear, None, ""),
        (2, Throttled, 429, "r-429"),
        (3, Unclear, 503, ""),
        (4, Answer, 200, "r-200"),
    ]
    assert all(isinstance(result.duration_ms, int) for _number, result in seen)


def test_a_delete_that_finds_nothing_when_repeated_has_worked(server, client):
    seen = []
    behaving(server, reset, GONE)
    answer = client.send(CALLS["DELETE"](client), again=Asked(), seen=lambda *args: seen.append(args[1]))
    assert (answer.status, answer.code, answer.request_id) == (404, "IOTDA.016001", "r-404")
    assert [type(result) for result in seen] == [Unclear, Missing]


def test_a_delete_that_was_only_held_up_did_not_delete_what_is_missing(server, client):
    behaving(server, LATER, GONE)
    with pytest.raises(Missing):
        client.send(CALLS["DELETE"](client), again=Asked())
    assert len(server.got) == 2


def test_a_wrong_path_never_means_that_a_delete_worked(server, client):
    behaving(server, reset, http(404, '{"error_code": "APIGW.0101"}'))
    with pytest.raises(Unclear):
        client.send(CALLS["DELETE"](client), again=Asked())


@pytest.mark.parametrize(
    "later", [LATER, REFUSED, GONE, http(401, "{}")], ids=["throttled", "rejected", "missing", "signed out"]
)
def test_a_later_refusal_does_not_make_an_unclear_update_unhappened(server, client, later):
    behaving(server, BROKEN, later)
    with pytest.raises(Unclear) as caught:
        client.send(CALLS["SAME"](client), again=Asked())
    assert caught.value.status == 503
    assert isinstance(caught.value.__cause__, PlatformError)


def test_a_no_after_a_throttled_repeat_leaves_the_first_try_in_doubt(server, client):
    behaving(server, BROKEN, LATER)
    with pytest.raises(Unclear):
        client.send(CALLS["SAME"](client), again=lambda number, error: number == 2)
    assert len(server.got) == 2


def test_a_read_says_what_its_last_try_said(server, client):
    behaving(server, BROKEN, GONE)
    with pytest.raises(Missing):
        client.send(CALLS["READ"](client))


@pytest.mark.full
@pytest.mark.parametrize(
    "behaviour", [http(200, "<html>"), REFUSED, GONE, DONE], ids=["page", "400", "404", "200"]
)
@pytest.mark.parametrize("name", ["READ", "SAME", "NEVER"])
def test_nothing_of_an_answer_is_held_after_the_call(server, client, name, behaviour):
    """An error in a circle with its own traceback keeps up to 5 MB until the collector comes by."""
    server.behave = behaviour
    left = []
    gc.collect()
    gc.disable()
    try:
        with suppress(PlatformError):
            client.send(
                CALLS[name](client), again=Asked(), seen=lambda *args: left.append(weakref.ref(args[1]))
            )
        assert left
        assert [reference() for reference in left if reference()] == []
    finally:
        gc.enable()


# A refused token.


def signing_in(server, answer):
    """A server that issues t1, t2, ...; `answer(token)` says what it answers a call with that token."""
    issued = []

    def behave(connection, got):
        if "/auth/tokens" in got.target:
            issued.append(f"t{len(issued) + 1}")
            return http(201, "{}", X_Subject_Token=issued[-1])
        return answer(got.headers["x-auth-token"])

    server.behave = behave
    return IoTDA(server.url, token_auth(server.url), project_id=PROJECT)


@pytest.mark.parametrize("name", CALLS)
def test_a_refused_token_is_renewed_once_and_the_call_sent_once_more(server, name):
    good = {"t2": DELETED if name == "DELETE" else DONE}
    client = signing_in(server, lambda token: good.get(token, http(401, '{"error_code": "IOTDA.000002"}')))
    asked, seen = Asked(), []
    client.send(CALLS[name](client), again=asked, seen=lambda *args: seen.append(args))
    assert asked == [(2, SignedOut)]
    assert [(number, type(result)) for number, result in seen] == [(1, SignedOut), (2, Answer)]
    assert len(server.got) == 4


def test_a_token_is_renewed_once_for_each_call_however_often_it_is_sent(server, slept):
    answers = [http(401, "{}"), LATER, DONE]
    client = signing_in(server, lambda token: answers.pop(0))
    client._waits = slept.waits()
    client.send(CALLS["NEVER"](client))
    assert [got.headers.get("x-auth-token") for got in server.got] == [None, "t1", None, "t2", "t2"]


def test_a_delete_is_not_done_because_its_token_was_refused(server):
    answers = [http(401, "{}"), GONE]
    client = signing_in(server, lambda token: answers.pop(0))
    with pytest.raises(Missing):
        client.send(CALLS["DELETE"](client), again=Asked())


def test_every_enos_search_is_a_read_though_it_is_a_post(server):
    auth = EnosAuth(MemoryTokenStore(), "key", "secret")
    auth._store.renew(auth._name, lambda: Token("t", 9e9), None)
    enos = EnOS(server.url, auth, org_id="o1")
    behaving(server, reset, http(200, '{"code": 99500, "data": null}'), http(200, '{"code": 0, "data": []}'))
    assert enos.devices.list().items == []
    assert [got.method for got in server.got] == ["POST"] * 3


def test_a_get_reads_unless_it_says_otherwise(client):
    assert client.call("GET", "/x").repeat is Repeat.READ
    assert client.call("POST", "/x").repeat is Repeat.NEVER
    assert client.call("PUT", "/x").repeat is Repeat.NEVER
