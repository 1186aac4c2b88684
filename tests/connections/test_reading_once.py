"""The exchanges of one change read the condition once. Would catch: a SELECT before each of them, a pause or
a wait that is noticed too late, a limit that is not kept, a time that is taken for another one."""

import threading
import time
from datetime import timedelta

import pytest
from django.db import connection as database
from django.db import connections
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from portal.connections.gate import DatabaseGate, reading_once
from portal.connections.models import Condition, Connection
from portal.errors import Unclear
from tests.connections.crowd import ask

DOWN = {"fault": "answer", "status": 503, "body": {}}


@pytest.fixture
def iotda(plant):
    ask(plant.connections["iotda"].client(), "iotda")  # its client is built, its condition has a row
    return plant.connections["iotda"]


def reads(connection, calls):
    """How many SELECTs of the condition that many calls cost."""
    with CaptureQueriesContext(database) as asked:
        assert [ask(connection.client(), "iotda") for _each in range(calls)] == ["done"] * calls
    found = [each["sql"] for each in asked if "connections_condition" in each["sql"]]
    assert all(sql.startswith("SELECT") for sql in found)
    return len(found)


def pause():
    """As another process does it."""
    Condition.objects.update(failures=5, paused_at=Now(), try_at=Now() + timedelta(seconds=30), era=1)


@pytest.fixture
def later(monkeypatch):
    """later(seconds): so much time has passed, but for the database."""
    real, passed = time.monotonic, []
    monkeypatch.setattr("time.monotonic", lambda: real() + sum(passed))
    return passed.append


def test_the_calls_of_one_change_cost_one_select(iotda):
    assert reads(iotda, 4) == 4
    with reading_once():
        assert reads(iotda, 4) == 1
        with reading_once():
            assert reads(iotda, 2) == 0
        assert reads(iotda, 2) == 0
    assert reads(iotda, 4) == 4


def test_what_was_read_is_forgotten_with_the_block(iotda):
    def breaks():
        with reading_once():
            reads(iotda, 1)
            raise ZeroDivisionError

    pytest.raises(ZeroDivisionError, breaks)
    with reading_once():
        assert reads(iotda, 1) == 1


def test_a_pause_that_another_process_begins_stops_calls_within_two_seconds(iotda, emulator, later):
    with reading_once():
        assert ask(iotda.client(), "iotda") == "done"
        pause()
        assert ask(iotda.client(), "iotda") == "done"
        later(2)
        reached = len(emulator.requests())
        assert [ask(iotda.client(), "iotda") for _each in range(3)] == ["Paused"] * 3
        assert len(emulator.requests()) == reached


def test_what_comes_of_a_call_that_missed_a_pause_counts_for_nothing(iotda, emulator):
    with reading_once():
        assert ask(iotda.client(), "iotda") == "done"
        pause()
        before = Condition.objects.now().get()
        emulator.faults([DOWN])
        assert ask(iotda.client(), "iotda") == "Unclear"
    after = Condition.objects.now().get()
    assert (after.failures, after.era, after.try_at) == (5, 1, before.try_at)


def test_own_failures_are_noticed_at_once(iotda, emulator):
    with reading_once():
        assert ask(iotda.client(), "iotda") == "done"
        emulator.faults([DOWN])
        outcomes = [ask(iotda.client(), "iotda") for _each in range(7)]
    assert outcomes == ["Unclear"] * 5 + ["Paused"] * 2
    assert Condition.objects.get().failures == 5


def test_a_failing_connection_is_read_each_time(iotda, emulator):
    Condition.objects.update(failures=4)
    with reading_once():
        assert ask(iotda.client(), "iotda") == "done"
        assert Condition.objects.get().failures == 0
        Condition.objects.update(failures=4)
        emulator.faults([DOWN])
        assert [ask(iotda.client(), "iotda"), ask(iotda.client(), "iotda")] == ["Unclear", "Paused"]


def test_a_condition_with_failures_is_not_remembered(iotda):
    Condition.objects.update(failures=1)
    with reading_once():
        assert ask(iotda.client(), "iotda") == "done"
        pause()
        assert ask(iotda.client(), "iotda") == "Paused"


def test_a_wait_that_a_platform_asks_for_is_kept_at_once(iotda, emulator):
    client = iotda.client()
    with reading_once():
        assert ask(client, "iotda") == "done"
        emulator.faults([{"fault": "answer", "status": 429, "headers": {"Retry-After": "60"}, "body": {}}])
        reached = len(emulator.requests())
        assert [ask(client, "iotda"), ask(client, "iotda")] == ["Throttled", "Throttled"]
        assert len(emulator.requests()) == reached + 1


@pytest.mark.parametrize("limits", [{"calls_at_once": 5}, {"calls_per_minute": 6000}], ids=str)
def test_with_limits_of_its_own_a_connection_is_read_each_time(iotda, limits):
    Connection.objects.filter(pk=iotda.pk).update(changed_at=timezone.now(), **limits)
    limited = Connection.objects.get(pk=iotda.pk)
    with reading_once():
        assert ask(limited.client(), "iotda") == "done"
        pause()
        assert ask(limited.client(), "iotda") == "Paused"


def test_connections_are_not_mixed_up(plant, iotda):
    roma = plant.connections["roma"]
    with reading_once():
        assert ask(iotda.client(), "iotda") == "done"
        assert ask(roma.client(), "roma") == "done"
        Condition.objects.filter(pk=roma.pk).update(failures=4)
        assert ask(iotda.client(), "iotda") == "done"
        assert {row.pk: row.failures for row in Condition.objects.all()} == {iotda.pk: 0, roma.pk: 4}


def test_another_thread_reads_by_itself(committed_plant):
    iotda, outcomes = committed_plant.connections["iotda"], []

    def call():
        try:
            outcomes.append(ask(iotda.client(), "iotda"))
        finally:
            connections.close_all()

    with reading_once():
        assert ask(iotda.client(), "iotda") == "done"
        pause()
        other = threading.Thread(target=call)
        other.start()
        other.join()
        assert ask(iotda.client(), "iotda") == "done"
    assert outcomes == ["Paused"]


def test_a_success_is_dated_by_when_it_came_and_not_by_the_reading(iotda, later):
    """Else failures that came before it would count as in a row with those that come after it."""
    gate = DatabaseGate(iotda.pk)
    with reading_once():
        for _each in range(2):
            with gate.passage(0):
                pass
            later(1)
    # As if four other processes had met them between the two calls.
    Condition.objects.update(failures=4, failed_at=Now() + timedelta(seconds=0.5))

    with pytest.raises(Unclear), gate.passage(0):
        raise Unclear("broken", status=500)

    assert (Condition.objects.get().failures, Condition.objects.get().paused_at) == (1, None)
