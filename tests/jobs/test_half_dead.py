"""Half of a process: a loop, a heartbeat or a look that fails or hangs takes nothing else with it."""

import signal
import threading
from contextlib import contextmanager
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.db import OperationalError, connection, connections
from django.utils import timezone

from portal.jobs.management.commands import worker
from portal.operations import leases, settling
from portal.operations.models import Operation, State
from portal.web.stopping import stopping
from tests.examples import match
from tests.operations.endings import due, in_doubt
from tests.support.site import until

GROUP, DEVICE = "iotda/device-groups", "enos/devices"


@contextmanager
def working(monkeypatch, *, tick, settle):
    """`manage.py worker` in a thread, with these two as its work; it is told to stop at the end."""
    handlers = {}
    signals = SimpleNamespace(SIGTERM=signal.SIGTERM, SIGINT=signal.SIGINT, signal=handlers.__setitem__)
    monkeypatch.setattr(worker, "signal", signals)
    monkeypatch.setattr(worker.installation, "start", lambda: None)  # tests without a database
    monkeypatch.setattr(worker, "tick", lambda name: tick())
    monkeypatch.setattr(worker, "settle", settle)
    running = threading.Thread(target=lambda: worker.Command().handle(once=False, every=0.01, threads=1))
    running.start()
    try:
        yield
    finally:
        until(lambda: signal.SIGTERM in handlers, seconds=60)
        handlers[signal.SIGTERM]()
        running.join()
        stopping.clear()


@pytest.mark.parametrize("error", [KeyError("a bug"), OperationalError("the database is away")], ids=str)
@pytest.mark.parametrize("broken", ["tick", "settle"])
def test_a_loop_that_fails_goes_on_and_so_does_the_other(monkeypatch, error, broken):
    rounds = {"tick": 0, "settle": 0}

    def work(name):
        rounds[name] += 1
        if name == broken:
            raise error

    with working(monkeypatch, tick=lambda: work("tick"), settle=lambda: work("settle")):
        enough = 2 * worker.SETTLERS + 1  # no thread has that many first rounds
        until(lambda: min(rounds.values()) >= enough, seconds=20)


def test_a_look_that_hangs_keeps_neither_the_tick_nor_other_looks_waiting(monkeypatch):
    ticks, looks, go_on = [], [], threading.Event()

    def look():
        looks.append(threading.current_thread())
        if len(looks) == 1:
            go_on.wait()

    try:
        with working(monkeypatch, tick=lambda: ticks.append(1), settle=look):
            try:
                until(lambda: len(ticks) > 3 and len(looks) > 3, seconds=20)
                assert len(set(looks[1:]) - {looks[0]}) >= 1
            finally:
                go_on.set()
    finally:
        go_on.set()


def test_a_slow_platform_keeps_no_other_connection_waiting(committed_plant, emulator):
    slow = [in_doubt(committed_plant, emulator, GROUP, {"name": name}) for name in ("one", "two")]
    quick = in_doubt(committed_plant, emulator, DEVICE, committed=True)
    due()
    reads = {"method": "GET", "path": match(GROUP, "create")["path"]}
    emulator.faults([{"match": reads, "fault": "latency", "seconds": 18}])
    before = len(emulator.requests())

    def settle():
        try:
            settling.settle_due()
        finally:
            connections.close_all()

    other = threading.Thread(target=settle)
    other.start()
    try:
        until(lambda: len(emulator.requests()) > before, seconds=60)

        assert settling.settle_due() == 1

        quick.refresh_from_db()
        assert quick.state == State.FOUND
        assert not any(Operation.objects.get(pk=each.pk).looks for each in slow)
    finally:
        emulator.faults([])
        other.join()
    assert all(Operation.objects.get(pk=each.pk).looks for each in slow)
    due()
    assert settling.settle_due() == len(slow)


def test_heartbeats_go_on_after_their_connection_was_killed(committed_plant, settings, monkeypatch):
    """Or every operation that takes long would be taken for dead, in a process that lives."""
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has no connections that could be killed")
    operation = committed_plant.perform(GROUP)
    past = timezone.now() - timedelta(seconds=1)
    Operation.objects.update(state=State.SENDING, lease_until=past)
    settings.BEAT_SECONDS = 0.05
    real, killed = leases.renew, []

    def renew(held):
        mine = threading.current_thread()
        if not killed:
            killed.append(mine)
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")
        if killed == [mine]:  # a thread that another test left behind helps nobody here
            real(held)

    monkeypatch.setattr(leases, "renew", renew)
    monkeypatch.setattr(leases, "_thread", None)  # another test's may sleep for a while yet

    with leases.beating(operation):
        thread = leases._thread
        until(lambda: Operation.objects.get().lease_until > timezone.now(), seconds=20)
    thread.join()

    assert killed
    assert settling.sweep() == 0
