"""/readyz tells the truth within two seconds and leaves nothing behind. Would catch: a supervisor that gives
up during a lock, a portal called ready that cannot write, a check that holds up those who work."""

import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, connections
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client
from django.utils import timezone

from portal.home import readiness
from portal.jobs.models import Heartbeat
from portal.record.models import Entry, Head
from tests.support.outages import Locked, Switch
from tests.support.site import until

WITHIN = 2


@pytest.fixture
def ready(committed_db):
    Heartbeat.objects.create(worker="w-1", at=timezone.now())
    connections.close_all()
    Client(HTTP_HOST="localhost").get("/healthz")  # the first request of a process imports for a while
    yield committed_db
    until(has_ended)


def has_ended():
    return not any(each.name == "readiness" for each in threading.enumerate())


def asked():
    """(problems, seconds) of one request."""
    start = time.monotonic()
    answer = Client(HTTP_HOST="localhost").get("/readyz")
    seconds = time.monotonic() - start
    told = answer.json()
    assert (answer.status_code, set(told)) == (503 if told["problems"] else 200, {"ready", "problems"})
    assert told["ready"] == (not told["problems"])
    return told["problems"], seconds


def test_a_lock_that_lasts_makes_it_unfit_and_its_end_fit_again(ready):
    with Switch(Locked(ready.url)) as outage:
        outage.begin()
        for _each in range(2):
            problems, seconds = asked()
            assert problems in (["database: cannot be written"], [readiness.LATE])
            assert seconds < WITHIN
        outage.end()
    until(lambda: asked()[0] == [])


def test_a_short_lock_is_waited_for(ready):
    outage = Locked(ready.url)
    outage.begin()
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(asked)
        time.sleep(0.3)
        outage.end()
        assert answer.result()[0] == []


def test_a_locked_record_makes_it_unfit(ready):
    """On PostgreSQL other tables can still be written then."""
    held = threading.Event(), threading.Event()

    def hold():
        from django.db import transaction

        try:
            with transaction.atomic():
                list(Head.objects.select_for_update())
                held[0].set()
                held[1].wait(20)
                transaction.set_rollback(True)
        finally:
            connections.close_all()

    holder = threading.Thread(target=hold)
    holder.start()
    try:
        assert held[0].wait(20)
        problems, seconds = asked()
        assert problems in (["database: cannot be written"], [readiness.LATE])
        assert seconds < WITHIN
    finally:
        held[1].set()
        holder.join()
    until(lambda: asked()[0] == [])


def test_a_server_that_says_nothing_keeps_nobody_waiting(ready, monkeypatch):
    if connection.vendor == "sqlite":
        pytest.skip("SQLite has no server")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        place = {"HOST": "127.0.0.1", "PORT": str(silent.getsockname()[1])}
        monkeypatch.setitem(connections.settings, "default", {**connections.settings["default"], **place})
        for _each in range(2):
            problems, seconds = asked()
            assert problems == [readiness.LATE]
            assert seconds < WITHIN
    monkeypatch.undo()
    until(lambda: asked()[0] == [])


def test_migrations_that_are_missing_are_told(ready):
    MigrationRecorder.Migration.objects.filter(app="connections").delete()
    problems, _seconds = asked()
    assert len(problems) == 1
    assert "migrations are missing, connections 0001_initial first; run manage.py migrate" in problems[0]


def test_without_a_worker_it_is_not_ready(ready):
    Heartbeat.objects.all().delete()
    assert asked()[0] == ["worker: none was heard of in the last minute; run manage.py worker"]


def _connections():
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()")
        return cursor.fetchone()[0]


def test_nothing_stays_behind(ready):
    before = (list(Heartbeat.objects.values()), Head.objects.get().seq)
    for _each in range(3):
        assert asked()[0] == []
    assert (list(Heartbeat.objects.values()), Head.objects.get().seq) == before
    assert not Entry.objects.exists()
    until(has_ended)
    if connection.vendor == "postgresql":
        until(lambda: _connections() == 1)  # the server forgets a closed one a moment later


def test_many_who_ask_at_once_share_a_look(ready, monkeypatch):
    looks, real = [], readiness._found

    def slow():
        looks.append(1)
        time.sleep(0.2)
        return real()

    monkeypatch.setattr(readiness, "_found", slow)
    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda _number: asked()[0], range(12)))
    assert all(answer in ([], [readiness.LATE]) for answer in answers)
    assert len(looks) < 6
