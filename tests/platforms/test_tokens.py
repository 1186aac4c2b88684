"""Tokens: fetched once for many, renewed before they end, replaced once when the platform drops them."""

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from portal.errors import NotSent, SignInFailed, Throttled
from portal.platforms.enos.client import EnOS
from portal.platforms.iotda.client import IoTDA
from portal.platforms.signing import tokens
from portal.platforms.signing.enos import EnosAuth
from portal.platforms.signing.huawei import TokenAuth
from portal.platforms.signing.tokens import MemoryTokenStore, Token
from tests.platforms.conftest import ENOS_KEYS, PROJECT
from tests.platforms.faulty import http, reset

HOUR = 3600


class Clock:
    def __init__(self):
        self.now = time.time()

    def __call__(self):
        return self.now


class Cloud:
    """IAM and IoTDA, or EnOS, as far as tokens go; `valid` holds the tokens it takes, None for any."""

    def __init__(self, server):
        self.server, self.lock = server, threading.Lock()
        self.issued, self.valid, self.seconds = 0, None, 24 * HOUR
        self.refuse = None
        server.behave = self.behave

    def behave(self, connection, got):
        if "/token" in got.target:
            return (
                self.refuse(connection, got) if callable(self.refuse) else (self.refuse or self._issue(got))
            )
        token = got.headers.get("x-auth-token") or got.headers.get("apim-accesstoken")
        is_enos = "orgId" in got.target
        if self.valid is not None and token not in self.valid:
            return (
                http(200, '{"apim_status": 4011}') if is_enos else http(401, '{"error_code": "IOTDA.000002"}')
            )
        return http(200, '{"code": 0, "data": []}' if is_enos else '{"applications": []}')

    def _issue(self, got):
        with self.lock:
            self.issued += 1
            token = f"token-{self.issued}"
        if "apim-token-service" in got.target:
            data = {"accessToken": token, "expire": self.seconds}
            return http(200, json.dumps({"status": 0, "msg": "SUCCESS", "data": data}))
        issued = "2026-01-30T08:09:10.000000Z"
        ends = time.strftime("%Y-%m-%dT%H:%M:%S.000000Z", time.gmtime(1769760550 + self.seconds))
        body = json.dumps({"token": {"issued_at": issued, "expires_at": ends}})
        return http(201, body, X_Subject_Token=token)

    @property
    def token_calls(self):
        return [got for got in self.server.got if "/token" in got.target]


@pytest.fixture
def cloud(server):
    return Cloud(server)


@pytest.fixture
def clock():
    return Clock()


def iotda(cloud, clock, store=None, **options):
    auth = TokenAuth(
        store or MemoryTokenStore(clock),
        iam=cloud.server.url,
        user="demo-user",
        password="Demo-pass-1",
        domain="demo-account",
        project_id=PROJECT,
        now=clock,
    )
    return IoTDA(cloud.server.url, auth, project_id=PROJECT, **options)


def enos(cloud, clock, store=None, **options):
    auth = EnosAuth(store or MemoryTokenStore(clock), *ENOS_KEYS, now=clock)
    return EnOS(cloud.server.url, auth, org_id="o15000000000001", **options)


def test_the_token_call_is_as_iam_documents_it(cloud, clock):
    iotda(cloud, clock).spaces.list()
    call = cloud.server.got[0]
    assert call.line == "POST /v3/auth/tokens?nocatalog=true HTTP/1.1"
    assert json.loads(call.body) == {
        "auth": {
            "identity": {
                "methods": ["password"],
                "password": {
                    "user": {
                        "name": "demo-user",
                        "password": "Demo-pass-1",
                        "domain": {"name": "demo-account"},
                    }
                },
            },
            "scope": {"project": {"id": "0123456789abcdef0123456789abcdef"}},
        }
    }
    assert cloud.server.got[1].headers["x-auth-token"] == "token-1"


def test_one_token_serves_many_calls_and_clients(cloud, clock):
    store = MemoryTokenStore(clock)
    for client in (iotda(cloud, clock, store), iotda(cloud, clock, store)):
        client.spaces.list()
        client.spaces.list()
    assert cloud.issued == 1


@pytest.mark.parametrize(
    ("left", "issued"), [(601, 1), (599, 2)], ids=["ten minutes left", "less than ten minutes left"]
)
def test_a_token_is_renewed_ten_minutes_before_it_ends(cloud, clock, left, issued):
    client = iotda(cloud, clock)
    client.spaces.list()
    clock.now += 24 * HOUR - left
    client.spaces.list()
    assert cloud.issued == issued


def test_a_short_token_is_not_renewed_at_every_call(cloud, clock):
    cloud.seconds = 300
    client = enos(cloud, clock)
    for _call in range(5):
        client.products.list()
    assert cloud.issued == 1
    clock.now += 151
    client.products.list()
    assert cloud.issued == 2


def test_a_token_that_still_works_survives_a_sign_in_that_does_not_answer(cloud, clock):
    client = iotda(cloud, clock)
    client.spaces.list()
    clock.now += 24 * HOUR - 500
    cloud.refuse = reset
    client.spaces.list()
    client.spaces.list()
    assert len(cloud.token_calls) == 2


def test_a_token_that_still_works_leaves_no_time_to_a_sign_in_that_hangs(cloud, clock, monkeypatch):
    monkeypatch.setattr(tokens, "EARLY_RENEWAL_SECONDS", 4)
    client = iotda(cloud, clock, deadline=9)
    client.spaces.list()
    clock.now += 24 * HOUR - 500
    cloud.refuse = lambda connection, got: connection.recv(1) and None
    started = time.monotonic()
    client.spaces.list()
    assert time.monotonic() - started < 15
    assert len(cloud.token_calls) == 2


def test_a_token_that_ended_is_never_sent(cloud, clock):
    client = iotda(cloud, clock)
    client.spaces.list()
    clock.now += 24 * HOUR + 1
    client.spaces.list()
    assert cloud.server.got[-1].headers["x-auth-token"] == "token-2"


def test_a_token_that_ended_is_not_sent_even_if_no_new_one_can_be_had(cloud, clock):
    client = iotda(cloud, clock)
    client.spaces.list()
    clock.now += 24 * HOUR + 1
    cloud.refuse = reset
    sent = len(cloud.server.got)
    with pytest.raises(NotSent):
        client.spaces.list()
    assert [got.method for got in cloud.server.got[sent:]] == ["POST"]


def test_a_dropped_token_is_replaced_once_and_the_call_sent_again(cloud, clock):
    client = iotda(cloud, clock)
    client.spaces.list()
    cloud.valid = {"token-2"}
    client.spaces.list()
    assert cloud.issued == 2
    assert [got.headers.get("x-auth-token") for got in cloud.server.got[1:]] == [
        "token-1", "token-1", None, "token-2",
    ]  # fmt: skip


def test_a_new_token_that_is_refused_is_a_failed_sign_in_and_not_replaced_again(cloud, clock):
    client = iotda(cloud, clock)
    client.spaces.list()
    cloud.valid = set()
    for issued in (2, 2):  # the second call finds a token that was refused right away
        with pytest.raises(SignInFailed) as caught:
            client.spaces.list()
        assert (caught.value.code, caught.value.is_final) == ("IOTDA.000002", True)
        assert cloud.issued == issued
    assert len(cloud.server.got) == 2 + 3 + 1


def test_twenty_refused_calls_at_once_make_one_new_token(cloud, clock):
    client = iotda(cloud, clock)
    client.spaces.list()
    cloud.valid = {"token-2"}
    with ThreadPoolExecutor(20) as pool:
        for future in [pool.submit(client.spaces.list) for _call in range(20)]:
            future.result(timeout=20)
    assert cloud.issued == 2


def test_a_refused_enos_token_is_refreshed(cloud, clock):
    client = enos(cloud, clock)
    client.products.list()
    cloud.valid = {"token-2"}
    client.products.list()
    assert [got.target.rsplit("/", 1)[1] for got in cloud.token_calls] == ["get", "refresh"]
    assert json.loads(cloud.token_calls[1].body)["accessToken"] == "token-1"


def test_an_enos_token_that_cannot_be_refreshed_is_asked_for_anew(cloud, clock):
    client = enos(cloud, clock)
    client.products.list()
    cloud.valid = {"token-2"}
    cloud.refuse = lambda connection, got: http(500, "") if "refresh" in got.target else cloud._issue(got)
    client.products.list()
    assert [got.target.rsplit("/", 1)[1] for got in cloud.token_calls] == ["get", "refresh", "get"]


def test_a_token_service_that_breaks_off_is_not_asked_twice(cloud, clock):
    client = enos(cloud, clock)
    client.products.list()
    cloud.valid, cloud.refuse = set(), reset
    with pytest.raises(SignInFailed):
        client.products.list()
    assert len(cloud.token_calls) == 2


@pytest.mark.parametrize("seconds", [-5, 0, 10**400, True, "7200", 10**9])
def test_a_lifetime_that_is_none_counts_as_two_hours(cloud, clock, seconds):
    data = {"accessToken": "t", "expire": seconds}
    cloud.refuse = http(200, json.dumps({"status": 0, "data": data}))
    client = enos(cloud, clock)
    client.sign_in()
    assert client.auth._token.expires_at == clock.now + 7200


def test_enos_never_asks_twice_in_the_same_millisecond(cloud, clock):
    refusals = [http(200, '{"status": 1001, "msg": "duplicate"}')]
    cloud.refuse = lambda connection, got: refusals.pop() if refusals else cloud._issue(got)
    enos(cloud, clock).products.list()
    one, two = (json.loads(got.body)["timestamp"] for got in cloud.token_calls)
    assert two == one + 1


def test_the_enos_document_that_misspells_status_is_understood(cloud, clock):
    cloud.refuse = http(200, '{"stauts": 0, "data": {"accessToken": "t", "expire": 7200}}')
    enos(cloud, clock).products.list()
    assert cloud.server.got[-1].headers["apim-accesstoken"] == "t"


REFUSALS = {
    "wrong password": (http(401, '{"error": {"code": 401, "message": "wrong"}}'), SignInFailed),
    "throttled": (http(429, "{}", Retry_After="9"), Throttled),
    "no token in a 201": (http(201, "{}"), SignInFailed),
    "broken": (http(500, "oops"), SignInFailed),
    "reset": (reset, SignInFailed),
    "redirect": (http(302, "", Location="/"), SignInFailed),
}


@pytest.mark.parametrize(("refusal", "error"), REFUSALS.values(), ids=REFUSALS)
@pytest.mark.parametrize("make", [iotda, enos])
def test_without_a_token_nothing_is_sent(cloud, clock, slept, make, refusal, error):
    cloud.refuse = refusal
    client = make(cloud, clock, waits=slept.waits())
    with pytest.raises(NotSent) as caught:
        client.send(client.call("POST", "/x", body={}))
    assert type(caught.value) is error
    assert len(cloud.token_calls) == len(cloud.server.got) == 1 + len(slept)
    assert len(slept) == (2 if error is Throttled else 0)


def test_another_processs_newer_token_is_taken_instead_of_a_new_one(cloud, clock):
    store = MemoryTokenStore(clock)
    client = iotda(cloud, clock, store)
    client.spaces.list()
    store.renew(client.auth._name, lambda: Token("theirs", clock() + HOUR), "token-1")
    cloud.valid = {"theirs"}
    client.spaces.list()
    assert cloud.issued == 1
