"""The shared token store. Would catch: a token fetched by each of many at once, a lease that is never freed,
a token that opens for another connection."""

import os
import signal
import threading
import time
from datetime import timedelta

import pytest
from django.db import InterfaceError, connection, connections
from django.db.models.functions import Now
from django.utils import timezone

from portal.connections import tokens
from portal.connections.models import Condition, Connection, StoredToken
from portal.connections.tokens import DatabaseTokens
from portal.errors import Missing, SignInFailed
from portal.platforms.signing.tokens import Token
from portal.teams.models import Team
from tests.connections.crowd import Crowd, ask
from tests.support.site import until


def make_connection(name="roma"):
    team, _made = Team.objects.get_or_create(name="Plant 3")
    return Connection.objects.create(team=team, name=name, platform="roma", endpoint="https://roma.example")


def fresh(value):
    return Token(value, time.time() + 3600)


def test_of_eight_that_need_a_token_at_once_one_fetches_it(committed_db):
    connection, fetched, got, lock = make_connection(), [], [], threading.Lock()
    barrier = threading.Barrier(8)

    def fetch():
        with lock:
            fetched.append(1)
        time.sleep(0.1)  # long enough that the others come meanwhile
        return fresh(f"token-{len(fetched)}")

    def renew():
        barrier.wait()
        try:
            got.append(DatabaseTokens(connection.pk).renew("iam", fetch, stale=None).value)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=renew) for _each in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(fetched) == 1
    assert got == ["token-1"] * 8


def test_a_token_replaced_by_somebody_else_is_taken_and_not_fetched(db):
    store = DatabaseTokens(make_connection().pk)
    store.renew("iam", lambda: fresh("new"), stale=None)
    assert store.renew("iam", lambda: pytest.fail("fetched again"), stale="old").value == "new"


def test_a_stale_or_ended_token_is_replaced(db):
    store = DatabaseTokens(make_connection().pk)
    store.renew("iam", lambda: Token("ended", time.time() - 1), stale=None)
    assert store.renew("iam", lambda: fresh("second"), stale=None).value == "second"
    assert store.renew("iam", lambda: fresh("third"), stale="second").value == "third"


def test_a_failed_sign_in_frees_the_lease(db):
    store = DatabaseTokens(make_connection().pk)

    def refuse():
        raise SignInFailed("no")

    with pytest.raises(SignInFailed):
        store.renew("iam", refuse, stale=None)
    assert store.renew("iam", lambda: fresh("second try"), stale=None).value == "second try"


def test_a_killed_process_holds_the_lease_only_until_it_ends(db):
    connection = make_connection()
    past = timezone.now() - timedelta(seconds=1)
    StoredToken.objects.create(connection=connection, name="iam", renewing_until=past)
    assert DatabaseTokens(connection.pk).renew("iam", lambda: fresh("mine"), stale=None).value == "mine"


def test_a_token_moved_to_another_connection_does_not_open(db):
    first, second = make_connection(), make_connection("other")
    DatabaseTokens(first.pk).renew("iam", lambda: fresh("secret"), stale=None)
    row = StoredToken.objects.get()
    assert "secret" not in row.sealed
    StoredToken.objects.create(connection=second, name="iam", sealed=row.sealed, expires_at=row.expires_at)
    assert DatabaseTokens(second.pk).get("iam") is None


def test_a_token_that_arrives_between_the_look_and_the_lease_is_taken(db):
    connection = make_connection()

    class Overtaken(DatabaseTokens):
        looks = 0

        def get(self, name):
            found, self.looks = super().get(name), self.looks + 1
            if self.looks == 1:
                DatabaseTokens(self.connection_id).renew(name, lambda: fresh("theirs"), stale=None)
            return found

    store = Overtaken(connection.pk)
    assert store.renew("iam", lambda: pytest.fail("fetched again"), stale=None).value == "theirs"
    assert StoredToken.objects.get().renewing_until is None


def test_who_lost_the_lease_overwrites_no_newer_token(db):
    """The slow one comes back after somebody else took over and fetched: its token is the older one."""
    store = DatabaseTokens(make_connection().pk)

    def slow():
        StoredToken.objects.update(renewing_until=timezone.now() - timedelta(seconds=1))
        store.renew("iam", lambda: fresh("newer"), stale=None)
        return fresh("older")

    store.renew("iam", slow, stale=None)

    assert store.get("iam").value == "newer"


def test_who_lost_the_lease_and_fails_frees_no_other_lease(db):
    store = DatabaseTokens(make_connection().pk)
    theirs = timezone.now() + timedelta(seconds=100)

    def slow_refusal():
        StoredToken.objects.update(renewing_until=theirs, renewer="somebody else")
        raise SignInFailed("no")

    with pytest.raises(SignInFailed):
        store.renew("iam", slow_refusal, stale=None)

    assert StoredToken.objects.get().renewing_until == theirs


def test_without_its_connection_there_is_no_token(committed_db):
    connection = make_connection()
    store = DatabaseTokens(connection.pk)
    connection.delete()

    with pytest.raises(SignInFailed, match="The connection was deleted meanwhile."):
        store.renew("iam", lambda: pytest.fail("fetched all the same"), stale=None)


def lease_left():
    row = StoredToken.objects.annotate(now=Now()).get()
    return row.renewing_until - row.now


def test_a_slow_sign_in_keeps_its_lease(committed_db, monkeypatch):
    monkeypatch.setattr(tokens, "BEAT_SECONDS", 0.05)
    store = DatabaseTokens(make_connection().pk)
    soon = timedelta(seconds=1)

    def slow():
        StoredToken.objects.update(renewing_until=Now() + soon)
        until(lambda: lease_left() > soon)
        return fresh("mine")

    assert store.renew("enos", slow, stale=None).value == "mine"
    assert StoredToken.objects.get().renewing_until is None


class Closing:
    """The database connection of the beats, where closing it does something else besides."""

    def __init__(self, besides):
        self.besides, self.count = besides, 0

    def close(self):
        connection.close()
        self.count += 1
        self.besides()


def test_a_lease_is_renewed_although_closing_its_database_connection_fails(committed_db, monkeypatch):
    def fail():
        raise InterfaceError("the connection is closed already")

    broken = Closing(fail)
    monkeypatch.setattr(tokens, "BEAT_SECONDS", 0.05)
    monkeypatch.setattr(tokens, "connection", broken)
    store = DatabaseTokens(make_connection().pk)

    def slow():
        until(lambda: broken.count > 1)
        return fresh("mine")

    assert store.renew("enos", slow, stale=None).value == "mine"


def test_no_beat_outlives_its_sign_in(committed_db, monkeypatch):
    slow_end = Closing(lambda: time.sleep(0.3))
    monkeypatch.setattr(tokens, "BEAT_SECONDS", 0.05)
    monkeypatch.setattr(tokens, "connection", slow_end)
    store = DatabaseTokens(make_connection().pk)

    def slow():
        until(lambda: slow_end.count)
        return fresh("mine")

    store.renew("enos", slow, stale=None)

    assert "token lease" not in {thread.name for thread in threading.enumerate()}


def test_a_sign_in_that_hangs_loses_its_lease(committed_db, monkeypatch):
    monkeypatch.setattr(tokens, "BEAT_SECONDS", 0.05)
    monkeypatch.setattr(tokens, "LONGEST_SECONDS", 0.2)
    monkeypatch.setattr(tokens, "LEASE", timedelta(seconds=0.3))
    store = DatabaseTokens(make_connection().pk)

    def hangs():
        until(lambda: lease_left() < timedelta(0))
        assert store.renew("enos", lambda: fresh("newer"), stale=None).value == "newer"
        return fresh("older")

    store.renew("enos", hangs, stale=None)

    assert store.get("enos").value == "newer"


USER = {"domain": "demo-account", "user": "demo-user", "password": "Demo-pass-1"}
# platform -> where its tokens come from: renewed by this very call.
TOKENS = {
    "iotda": "/v3/auth/tokens",
    "roma": "/v3/auth/tokens",
    "enos": "/apim-token-service/v2.0/token/get",
}


def signed_out(plant, emulator, platform):
    """A connection whose stored token still looks good, but is not known to the platform any more."""
    connection = plant.connections[platform]
    if platform != "enos":
        connection.sign_in = "password"
        connection.set_credentials(USER)
        connection.save()
    emulator.settings({"lenient": False})
    assert ask(connection.client(), platform) == "done"
    emulator.reset()
    emulator.settings({"lenient": False})
    return connection


def fetched(emulator, platform):
    return sum(request["path"] == TOKENS[platform] for request in emulator.requests())


def refused(emulator):
    """How many of the twenty calls met the old token."""
    return sum("/token" not in request["path"] for request in emulator.requests()) - 20


@pytest.mark.parametrize("platform", TOKENS)
def test_twenty_threads_whose_token_is_refused_fetch_one(committed_plant, emulator, platform):
    connection = signed_out(committed_plant, emulator, platform)
    client, barrier, outcomes = connection.client(), threading.Barrier(20), []

    def call():
        barrier.wait()
        try:
            outcomes.append(ask(client, platform))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=call) for _each in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes == ["done"] * 20
    assert fetched(emulator, platform) == 1
    assert refused(emulator) > 1


@pytest.mark.parametrize("platform", TOKENS)
def test_four_processes_whose_token_is_refused_fetch_one(committed_db, committed_plant, emulator, platform):
    connection = signed_out(committed_plant, emulator, platform)
    # Long enough for all of them to meet the old token.
    emulator.faults([{"match": {"path": TOKENS[platform]}, "fault": "latency", "seconds": 1}])
    with Crowd(connection, committed_db) as crowd:
        assert crowd.call(4, threads=5) == ["done"] * 20
    assert fetched(emulator, platform) == 1
    assert refused(emulator) > 1


# The platform refuses every token, also those that it has just given.
STORM = {
    "iotda": {"match": {"path": "/v5/"}, "status": 401, "body": {"error_code": "APIGW.0307"}},
    "roma": {"match": {"path": "/v2/.*/apps"}, "status": 400, "body": {"error_code": "ROMA.1002"}},
    "enos": {
        "match": {"path": "/v2.[0-9]/(models|thing-models|devices|products)"},
        "status": 200,
        "body": {"apim_status": 4011},
    },
}


@pytest.mark.parametrize("platform", STORM)
def test_a_storm_of_refusals_costs_one_token_and_ends_in_a_pause(
    committed_db, committed_plant, emulator, platform
):
    """Eight threads here and eight in other processes, each with several calls."""
    connection = signed_out(committed_plant, emulator, platform)
    emulator.faults([{"fault": "answer", **STORM[platform]}])
    client, outcomes = connection.client(), []

    def call():
        try:
            outcomes.extend(ask(client, platform) for _each in range(3))
        finally:
            connections.close_all()

    with Crowd(connection, committed_db) as crowd:
        crowd.start(2, calls=3, threads=4)
        threads = [threading.Thread(target=call) for _each in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        outcomes += crowd.outcomes()

    assert len(outcomes) == 48
    assert set(outcomes) <= {"SignInFailed", "Paused"}
    tokens_got = [each["path"] for each in emulator.requests() if "/token" in each["path"]]
    assert len([path for path in tokens_got if "refresh" not in path]) == 1
    assert fetched(emulator, platform) == 1
    assert Condition.objects.get(pk=connection.pk).refusal == "sign_in"


def test_a_token_that_was_in_use_is_replaced_however_new_it_is(committed_plant, emulator):
    connection = committed_plant.connections["enos"]
    for _each in range(3):
        assert ask(connection.client(), "enos") == "done"
        emulator.reset()
        emulator.settings({"lenient": False})
    assert ask(connection.client(), "enos") == "done"


def test_an_answer_that_an_object_is_missing_proves_the_token(committed_plant, emulator):
    """Otherwise, of two refusals in a row with nothing done between, the second would end in a pause."""
    connection = committed_plant.connections["enos"]
    for _each in range(3):
        with pytest.raises(Missing):
            connection.client().devices.get("no-such-device")
        emulator.reset()
        emulator.settings({"lenient": False})
    assert ask(connection.client(), "enos") == "done"


def test_an_answer_is_not_lost_because_its_token_cannot_be_proven(committed_plant, monkeypatch):
    def broken(self, name):
        raise InterfaceError("the database is away")

    connection = committed_plant.connections["enos"]
    client = connection.client()
    client.sign_in()
    monkeypatch.setattr(DatabaseTokens, "_rows", broken)
    assert ask(client, "enos") == "done"


def test_a_process_killed_while_it_signs_in_delays_others_less_than_they_wait(
    committed_db, committed_plant, emulator
):
    connection = signed_out(committed_plant, emulator, "enos")
    emulator.faults([{"match": {"path": TOKENS["enos"]}, "fault": "latency", "seconds": 30, "times": 1}])
    with Crowd(connection, committed_db) as crowd:
        [pid] = crowd.start(1)
        until(lambda: fetched(emulator, "enos"))
        os.kill(pid, signal.SIGKILL)
        assert crowd.outcomes() == []
        assert timedelta(0) < lease_left() <= timedelta(seconds=tokens.WAIT_SECONDS - 5)
        StoredToken.objects.update(renewing_until=Now() + timedelta(seconds=1))
        assert crowd.call(2) == ["done"] * 2
    assert fetched(emulator, "enos") == 2
