"""`manage.py worker` as a process: it settles what others left behind, and any number of it may run."""

import os
import signal

import pytest

from portal.home.processes import stop
from portal.jobs.models import Heartbeat
from portal.kinds.registry import KINDS
from portal.operations.models import Operation, State
from portal.record.models import Entry
from tests.examples import match
from tests.support.processes import start_manage
from tests.support.site import until


@pytest.fixture
def workers(committed_db, tmp_path):
    """A function that starts one more worker; all end with the test."""
    started = []

    def start():
        log = tmp_path / f"worker-{len(started)}"
        options = {"database": committed_db, "PORTAL_SETTLE_SECONDS": "1"}
        started.append(start_manage("worker", "--every", "0.1", log=log, **options))
        return started[-1]

    yield start
    stop([each for each in started if each.is_running])


def test_three_workers_settle_each_operation_once(committed_plant, emulator, workers):
    slugs = ["enos/devices", "iotda/device-groups"]
    emulator.faults([{"match": match(slug, "create"), "fault": "reset_mid_body"} for slug in slugs])
    for slug in slugs:
        assert committed_plant.perform(slug).state == State.IN_DOUBT
    emulator.faults([])
    for _number in range(3):
        workers()

    until(lambda: Operation.objects.filter(state=State.FOUND).count() == 2, seconds=60)

    until(lambda: Heartbeat.objects.count() == 3, seconds=60)
    for slug in slugs:
        assert KINDS[slug].model.objects.present().count() == 1
    assert Entry.objects.filter(outcome="found").count() == 2


def test_another_worker_goes_on_where_a_killed_one_was(committed_plant, emulator, workers):
    first = workers()
    until(Heartbeat.objects.exists, seconds=60)
    os.kill(first.pid, signal.SIGKILL)
    emulator.faults([{"match": match("enos/devices", "create"), "fault": "reset_mid_body"}])
    committed_plant.perform("enos/devices")
    emulator.faults([])

    workers()

    until(lambda: Operation.objects.get().state == State.FOUND, seconds=60)
