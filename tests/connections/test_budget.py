"""One slow platform stalls nobody. Would catch: a web process whose threads all wait for the same cloud, a
platform that is called on and on although each answer takes longer than anybody waits."""

import runpy
import threading
import time

import pytest
from django.conf import settings
from django.db import connections
from django.db.models.functions import Now

from portal.connections import budget, gate
from portal.connections.models import Condition
from portal.connections.tokens import DatabaseTokens
from portal.errors import Crowded, Throttled
from portal.platforms.signing.tokens import Token
from tests.connections.crowd import ask

FOREVER = 60
SLOW = 4  # seconds


@pytest.fixture
def slow(monkeypatch):
    """Answers count as slow at once."""
    monkeypatch.setattr(gate, "SLOW_SECONDS", -1)


def held(number, connection, team="t"):
    """Threads of a request that hold a place each until `go` is set: (threads, go)."""
    go, inside = threading.Event(), threading.Barrier(number + 1)

    def wait():
        budget._is_request.set(True)
        with budget.place(connection, team, time.monotonic() + FOREVER):
            inside.wait(FOREVER)
            go.wait(FOREVER)

    threads = [threading.Thread(target=wait) for _each in range(number)]
    for thread in threads:
        thread.start()
    inside.wait(FOREVER)
    return threads, go


@pytest.fixture
def in_request(monkeypatch):
    monkeypatch.setattr(budget, "WAIT_SECONDS", 0.1)
    token = budget._is_request.set(True)
    yield
    budget._is_request.reset(token)


def take(connection, team="t"):
    with budget.place(connection, team, time.monotonic() + FOREVER):
        return "taken"


@pytest.mark.usefixtures("in_request")
def test_a_connection_and_a_team_hold_no_more_than_their_places():
    threads, go = held(budget.CONNECTION, "one")
    try:
        with pytest.raises(Throttled, match="3 requests wait for it"):
            take("one")
        assert take("other") == "taken"
        more, go_on = held(budget.TEAM - budget.CONNECTION, "other")
        try:
            with pytest.raises(Throttled):
                take("third")
            assert take("third", team="another team") == "taken"
        finally:
            go_on.set()
            [thread.join() for thread in more]
    finally:
        go.set()
        [thread.join() for thread in threads]
    assert take("one") == "taken"
    assert not budget._taken


@pytest.mark.usefixtures("in_request")
def test_who_waits_for_a_place_takes_one_of_the_threads_that_may(monkeypatch):
    monkeypatch.setattr(budget, "WAIT_SECONDS", FOREVER)
    threads, go = held(budget.CONNECTION, "one")
    waiting, more = budget.ALL - budget.CONNECTION, []
    try:
        for _each in range(waiting):
            more.append(threading.Thread(target=lambda: budget._is_request.set(True) and take("one")))
            more[-1].start()
        while len(budget._waiting) < waiting:
            time.sleep(0.01)
        with pytest.raises(Crowded):
            take("one")  # at once
    finally:
        go.set()
        [thread.join() for thread in [*threads, *more]]
    assert take("one") == "taken"
    assert not budget._taken


def test_who_finds_no_place_asks_once_and_keeps_no_thread(plant, monkeypatch):
    monkeypatch.setattr(budget, "WAIT_SECONDS", 0)
    asked = []

    def none(*place):
        asked.append(place)
        raise Crowded("full", retry_after=2)

    monkeypatch.setattr(budget, "place", none)
    client = plant.connections["iotda"].client()
    assert ask(client, "iotda") == "Crowded"
    assert len(asked) == 1


@pytest.mark.usefixtures("in_request")
def test_who_waits_for_the_sign_in_of_another_holds_a_place(plant):
    connection = plant.connections["roma"]
    tokens = DatabaseTokens(connection.pk, connection.team_id)
    threads, go = held(budget.CONNECTION, connection.pk, connection.team_id)
    try:
        with pytest.raises(Crowded):
            tokens.renew("any", lambda: None, "")
    finally:
        go.set()
        [thread.join() for thread in threads]

    def fetch():
        places = dict(budget._taken)
        with budget.place(connection.pk, connection.team_id, time.monotonic() + FOREVER):
            assert dict(budget._taken) == places  # the same place serves the sign-in itself
        return Token("new", time.time() + FOREVER)

    assert tokens.renew("any", fetch, "").value == "new"
    assert not budget._taken


def test_who_is_no_request_is_not_limited():
    threads, go = held(budget.CONNECTION, "one")
    assert take("one") == "taken"
    go.set()
    [thread.join() for thread in threads]


def test_threads_are_left_for_pages_that_call_no_platform():
    served = runpy.run_path(str(settings.BASE_DIR / "deploy" / "gunicorn.conf.py"))
    assert budget.CONNECTION < budget.TEAM < budget.ALL <= served["threads"] - 2


def test_a_crowd_before_a_slow_platform_leaves_the_probe_alone(committed_plant, emulator, client):
    """Views that find no place show what the mirror has, and say why it is not read now."""
    row = committed_plant.make("iotda/device-groups")
    viewer = next(iter(committed_plant.people.values()))
    client.force_login(viewer)
    emulator.faults([{"fault": "latency", "seconds": SLOW}])
    reached = len(emulator.requests())
    statuses = []

    def view():
        try:
            own = type(client)(HTTP_HOST="localhost")
            own.cookies = client.cookies
            statuses.append(own.get(f"/iotda/device-groups/{row.pk}/").status_code)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=view) for _each in range(12)]
    [thread.start() for thread in threads]
    time.sleep(1)
    assert client.get("/healthz").content == b"ok"
    assert any(thread.is_alive() for thread in threads)  # so it did not wait for them
    [thread.join() for thread in threads]
    emulator.faults([])
    assert statuses == [200] * 12
    came = [request["time"] for request in emulator.requests()[reached:]]
    # The next one comes only when the first of those before it was answered.
    assert all(
        later - first > SLOW - 0.5 for first, later in zip(came, came[budget.CONNECTION :], strict=False)
    )


@pytest.mark.usefixtures("slow")
def test_slow_answers_begin_a_pause_and_one_answer_ends_it_until_the_next_slow_one(plant):
    connection = plant.connections["iotda"]
    client = connection.client()
    assert [ask(client, "iotda") for _each in range(6)] == ["done"] * 5 + ["Paused"]
    row = Condition.objects.get(pk=connection.pk)
    assert (row.failures, row.failure) == (5, "gate.slow")

    Condition.objects.update(try_at=Now())
    assert [ask(client, "iotda") for _each in range(3)] == ["done", "done", "Paused"]


def test_quick_answers_write_nothing(plant):
    connection = plant.connections["iotda"]
    assert [ask(connection.client(), "iotda") for _each in range(6)] == ["done"] * 6
    assert Condition.objects.get(pk=connection.pk).failures == 0
