"""The pause of a connection whose platform fails. Would catch: a platform that is called on and on while it
is down, a refusal that counts as a failure, several probes, a late answer that begins or ends a pause."""

import os
import signal
import threading
import time
from datetime import timedelta

import pytest
from django.db import connection as database
from django.db import connections
from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone

from portal.connections import condition
from portal.connections.gate import DatabaseGate
from portal.connections.models import Condition, Connection
from portal.errors import NotSent, Paused, Rejected, SignInFailed, Unclear
from portal.words import clock
from tests.connections.crowd import Crowd, ask

DOWN = {"fault": "answer", "status": 503, "body": {"error_code": "IOTDA.000503", "error_msg": "Quoted."}}
REFUSED = {"fault": "answer", "status": 403, "body": {"error_code": "IOTDA.000022", "error_msg": "No right."}}


def state(connection):
    return Condition.objects.now().get(pk=connection.pk)


def fail(connection, emulator, times=5):
    emulator.faults([DOWN])
    client = connection.client()
    assert [ask(client, connection.platform) for _each in range(times)] == ["Unclear"] * times
    emulator.faults([])


def end_the_pause(connection):
    """As if its time had passed."""
    Condition.objects.filter(pk=connection.pk).update(try_at=Now() - timedelta(seconds=1))


@pytest.fixture
def iotda(plant):
    return plant.connections["iotda"]


def test_five_failures_in_a_row_and_nothing_is_sent_any_more(iotda, emulator):
    fail(iotda, emulator, 4)
    assert state(iotda).paused_at is None
    fail(iotda, emulator, 1)
    reached = len(emulator.requests())

    for _each in range(3):
        with pytest.raises(Paused) as error:
            iotda.client().spaces.list()

    assert len(emulator.requests()) == reached == 5
    row = state(iotda)
    assert (row.failures, row.pause_seconds) == (5, 30)
    text = str(error.value)
    assert "after 5 failures in a row" in text
    assert "HTTP 503 IOTDA.000503." in text
    assert clock(row.try_at) in text
    assert "Quoted" not in text + row.failure  # what a platform writes may hold what it was sent


def test_why_it_paused_is_kept_as_a_code_and_read_in_each_language(iotda, monkeypatch):
    Connection.objects.filter(pk=iotda.pk).update(endpoint="http://127.0.0.1:1")
    iotda.refresh_from_db()
    for _each in range(3):
        with pytest.raises(NotSent):
            iotda.client().spaces.list()
    row = state(iotda)
    assert row.failure == "network.refused"
    assert condition.failure_text(row) == "The address refuses connections. Check host and port."
    monkeypatch.setattr("portal.words.translate", lambda text: "niemand da")
    assert condition.failure_text(row) == "niemand da"


@pytest.mark.parametrize("text", ["HTTP 503 IOTDA.000503.", "A text of an older version.", ""])
def test_a_stored_text_is_shown_as_it_is(text):
    assert condition.failure_text(Condition(failure=text)) == text


@pytest.mark.parametrize("platform", ["iotda", "roma", "enos"])
def test_each_platform_pauses_and_comes_back(plant, emulator, platform):
    connection = plant.connections[platform]
    ask(connection.client(), platform)
    fail(connection, emulator)
    assert ask(connection.client(), platform) == "Paused"
    end_the_pause(connection)
    assert ask(connection.client(), platform) == "done"
    assert (state(connection).failures, state(connection).paused_at) == (0, None)


@pytest.mark.parametrize("kind", [REFUSED, {**DOWN, "status": 404}, {**DOWN, "status": 429}])
def test_a_4xx_never_counts_and_breaks_the_row(iotda, emulator, kind):
    fail(iotda, emulator, 4)
    emulator.faults([{**kind, "headers": {"Retry-After": "60"}}])
    client = iotda.client()
    for _each in range(6):
        ask(client, "iotda")
        Condition.objects.update(wait_until=None)
    assert (state(iotda).failures, state(iotda).paused_at) == (0, None)


def test_a_success_breaks_the_row(iotda, emulator):
    fail(iotda, emulator, 4)
    assert ask(iotda.client(), "iotda") == "done"
    assert state(iotda).failures == 0
    fail(iotda, emulator, 4)
    assert state(iotda).paused_at is None


@pytest.mark.parametrize("within", [0.4, 2])
def test_a_read_that_its_own_reader_cut_short_is_no_failure(iotda, emulator, within):
    """A form waits only a little for its choices; the platform may take longer, and be well."""
    emulator.faults([{"fault": "latency", "seconds": 5}])
    client = iotda.client()
    for _each in range(5):
        with client.one_deadline(time.monotonic() + within):
            assert ask(client, "iotda") in ("Unclear", "NotSent")
    assert (state(iotda).failures, state(iotda).paused_at) == (0, None)
    client.transport._timeout = (5, 0.3)  # as much as a platform may take
    assert ask(client, "iotda") == "Unclear"
    assert state(iotda).failures == 1


def test_a_probe_that_was_cut_short_is_given_back(iotda, emulator):
    fail(iotda, emulator)
    end_the_pause(iotda)
    emulator.faults([{"fault": "latency", "seconds": 20}])
    client = iotda.client()
    client._deadline = 3
    assert ask(client, "iotda") == "Unclear"
    assert state(iotda).may_be_tried
    assert state(iotda).pause_seconds == 30


def test_nobody_answers_the_phone(iotda, refusing_port):
    """Refused connections count; each call tries to connect once more before it gives up."""
    iotda.endpoint, iotda.changed_at = refusing_port.url, timezone.now()
    iotda.save()
    outcomes = [ask(iotda.client(), "iotda") for _each in range(4)]
    assert outcomes == ["NotSent", "NotSent", "Paused", "Paused"]
    assert "refuses connections" in str(condition.paused_text(state(iotda)))


def test_a_failed_probe_doubles_the_pause_up_to_five_minutes(iotda, emulator):
    fail(iotda, emulator)
    since = state(iotda).paused_at
    for seconds in (60, 120, 240, 300, 300):
        end_the_pause(iotda)
        emulator.faults([DOWN])
        reached = len(emulator.requests())
        assert [ask(iotda.client(), "iotda"), ask(iotda.client(), "iotda")] == ["Unclear", "Paused"]
        assert len(emulator.requests()) == reached + 1
        row = state(iotda)
        assert row.pause_seconds == seconds
        assert timedelta(seconds=seconds - 20) < row.try_at - row.now <= timedelta(seconds=seconds)
        assert row.paused_at == since


def test_a_refusal_of_the_probe_ends_the_pause(iotda, emulator):
    fail(iotda, emulator)
    end_the_pause(iotda)
    emulator.faults([REFUSED])
    with pytest.raises(Rejected):
        iotda.client().spaces.list()
    assert state(iotda).paused_at is None


def test_a_probe_that_ends_in_a_bug_is_given_back(iotda, emulator):
    fail(iotda, emulator)
    end_the_pause(iotda)
    with pytest.raises(ZeroDivisionError), iotda.client().gate.passage(0):
        1 / 0  # noqa: B018
    assert state(iotda).may_be_tried


def test_what_began_before_says_nothing_afterwards(iotda, emulator):
    """A slow call of another process ends after the pause began, or after the connection was changed."""
    gates = [DatabaseGate(iotda.pk) for _each in range(4)]
    passages = [gate.passage(0) for gate in gates]
    for passage in passages:
        passage.__enter__()
    success, failure, late_success, late_failure = passages
    fail(iotda, emulator)
    before = state(iotda)

    success.__exit__(None, None, None)
    error = Unclear("slow", status=500)
    assert not failure.__exit__(Unclear, error, None)
    assert state(iotda) == before
    assert (state(iotda).paused_at, state(iotda).failures) == (before.paused_at, 5)

    condition.reset(iotda.pk)
    assert not late_failure.__exit__(Unclear, error, None)
    late_success.__exit__(None, None, None)
    assert (state(iotda).paused_at, state(iotda).failures) == (None, 0)


def test_a_probe_that_lost_its_lease_decides_nothing(iotda, emulator):
    fail(iotda, emulator)
    end_the_pause(iotda)
    slow = DatabaseGate(iotda.pk).passage(0)
    slow.__enter__()
    Condition.objects.update(prober="somebody else")
    slow.__exit__(None, None, None)
    assert (state(iotda).failures, state(iotda).prober) == (5, "somebody else")
    assert state(iotda).paused_at


def test_a_success_of_this_process_between_failures_of_others_counts(iotda, emulator):
    """It wrote nothing, because there was nothing to reset when it began."""
    ours, theirs = DatabaseGate(iotda.pk), DatabaseGate(iotda.pk)
    slow_success = ours.passage(0)
    slow_success.__enter__()
    for _each in range(4):
        broken(theirs)
    Condition.objects.update(failed_at=F("failed_at") - timedelta(seconds=1))
    slow_success.__exit__(None, None, None)
    assert state(iotda).failures == 4

    broken(ours)

    assert (state(iotda).failures, state(iotda).paused_at) == (1, None)


def broken(gate):
    with pytest.raises(Unclear), gate.passage(0):
        raise Unclear("broken", status=500)


def test_the_usual_passage_costs_one_select(iotda, django_assert_num_queries):
    client = iotda.client()
    ask(client, "iotda")
    with django_assert_num_queries(1) as asked:
        assert ask(client, "iotda") == "done"
    assert asked[0]["sql"].startswith("SELECT")


@pytest.mark.parametrize("hours", [-1, 1])
def test_only_the_clock_of_the_database_counts(iotda, emulator, monkeypatch, hours):
    fail(iotda, emulator)
    moved, real = timedelta(hours=hours), timezone.now
    monkeypatch.setattr("django.utils.timezone.now", lambda: real() + moved)
    monkeypatch.setattr("time.time", lambda: real().timestamp() + moved.total_seconds())
    assert ask(iotda.client(), "iotda") == "Paused"
    end_the_pause(iotda)
    assert ask(iotda.client(), "iotda") == "done"


def test_a_changed_connection_starts_anew(plant, iotda, emulator):
    fail(iotda, emulator)
    typed = {
        "name": "iotda",
        "endpoint": iotda.endpoint,
        "project_id": iotda.project_id,
        "sign_in": "keys",
        "signature": "auto",
    }
    answer = plant.browser("manager").post(f"/connections/{iotda.pk}/edit/", typed)
    assert answer.status_code == 302
    assert (state(iotda).failures, state(iotda).paused_at) == (0, None)
    assert ask(Connection.objects.get(pk=iotda.pk).client(), "iotda") == "done"


def test_many_threads_that_fail_at_once_count_to_five(committed_plant, emulator):
    connection = committed_plant.connections["iotda"]
    client, outcomes = connection.client(), []
    ask(client, "iotda")
    emulator.faults([{**DOWN, "fault": "html_502"}])

    def call():
        try:
            outcomes.append(ask(client, "iotda"))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=call) for _each in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    row = state(connection)
    assert (row.failures, row.era, row.pause_seconds) == (5, 1, 30)
    assert set(outcomes) <= {"Unclear", "Paused"}
    assert outcomes.count("Unclear") == len(emulator.requests()) - 1


def test_eight_processes_pause_together_and_send_one_probe(committed_db, committed_plant, emulator):
    connection = committed_plant.connections["iotda"]
    with Crowd(connection, committed_db) as crowd:
        emulator.faults([DOWN])
        outcomes = crowd.call(8, calls=3)
        row = state(connection)
        assert (row.failures, row.era, row.pause_seconds) == (5, 1, 30)
        # What was under way when the fifth failed may still end; nothing begins after it.
        assert 5 <= outcomes.count("Unclear") == len(emulator.requests()) <= 4 + 8
        assert outcomes.count("Paused") == 24 - len(emulator.requests())

        reached = len(emulator.requests())
        assert crowd.call(8) == ["Paused"] * 8
        assert len(emulator.requests()) == reached

        end_the_pause(connection)
        assert crowd.call(8) == ["Paused"] * 7 + ["Unclear"]
        assert len(emulator.requests()) == reached + 1
        assert state(connection).pause_seconds == 60

        emulator.faults([{"fault": "latency", "seconds": 0.5}])
        end_the_pause(connection)
        outcomes = crowd.call(8)
        assert outcomes == ["Paused"] * 7 + ["done"]
        assert len(emulator.requests()) == reached + 2
        assert state(connection).paused_at is None
        assert crowd.call(8) == ["done"] * 8


@pytest.mark.full
@pytest.mark.parametrize("number", range(10))
def test_eight_processes_again_and_again(committed_db, committed_plant, emulator, number):
    test_eight_processes_pause_together_and_send_one_probe(committed_db, committed_plant, emulator)


def test_a_killed_prober_holds_the_probe_only_for_a_while(committed_db, committed_plant, emulator):
    connection = committed_plant.connections["iotda"]
    fail(connection, emulator)
    end_the_pause(connection)
    emulator.faults([{"fault": "latency", "seconds": 30, "times": 1}])
    with Crowd(connection, committed_db) as crowd:
        [pid] = crowd.start(1)
        while len(emulator.requests()) == 5:
            time.sleep(0.02)
        os.kill(pid, signal.SIGKILL)
        assert crowd.outcomes() == []
        assert crowd.call(2) == ["Paused"] * 2
        assert "just now" in str(condition.paused_text(state(connection)))
        Condition.objects.update(probe_until=Now() - timedelta(seconds=1))
        assert crowd.call(1) == ["done"]
    assert state(connection).paused_at is None


def put_the_table_away():
    with database.cursor() as cursor:
        cursor.execute("ALTER TABLE connections_condition RENAME TO put_away")


def test_a_database_that_fails_lets_no_call_begin(committed_plant, emulator):
    connection = committed_plant.connections["iotda"]
    put_the_table_away()
    with pytest.raises(NotSent, match="could not look up whether it may call"):
        connection.client().spaces.list()
    assert emulator.requests() == []


def test_an_answer_is_not_lost_because_its_count_cannot_be_written(committed_plant):
    connection = committed_plant.connections["iotda"]
    success, failure = (DatabaseGate(connection.pk).passage(0) for _each in range(2))
    ask(connection.client(), "iotda")
    Condition.objects.update(failures=1)
    success.__enter__()
    failure.__enter__()
    put_the_table_away()
    success.__exit__(None, None, None)
    assert not failure.__exit__(Unclear, Unclear("slow", status=500), None)


def test_what_never_left_the_portal_counts_for_nothing(iotda, emulator):
    fail(iotda, emulator, 4)
    for error in (NotSent("late"), SignInFailed("no", part="sign_in"), ValueError("a bug")):
        with pytest.raises(type(error)), iotda.client().gate.passage(0):
            raise error
    assert (state(iotda).failures, state(iotda).paused_at) == (4, None)
