"""Workers on two machines, each with its own network: their cables are pulled out and their processes killed.

Would catch: a refresh or a step that is lost when a machine goes away without a word, that two machines do at
once, or that a machine goes on with after it was away for so long that the other one took over.
"""

import random
import time
from contextlib import suppress
from dataclasses import replace

import pytest
from django.db import connection as database

from portal.kinds.models import Reading
from portal.kinds.registry import KINDS
from portal.operations import stepping, together
from portal.operations.change import Change
from portal.operations.job import Job, JobState, Purpose
from portal.resources import asking, refreshing
from portal.teams.models import Role
from tests.jobs.machines import SERVICES, Door, Machine, ip, missing
from tests.jobs.test_large_refresh import pages_read
from tests.support.filled import filled
from tests.support.plant import deletes_received, make_plant

pytestmark = pytest.mark.full
DEVICE, POLICY = "enos/devices", "iotda/policies"
SHORT = {"SHORT_LEASES": "1", "PORTAL_SETTLE_SECONDS": "2"}
SECONDS = 1200


def elsewhere(url):
    """The address of what runs here, as the machines see it."""
    return url.replace("127.0.0.1", SERVICES).replace("localhost", SERVICES)


@pytest.fixture
def emulator_of(tmp_path):
    started = []

    def start(**counts):
        started.append(filled(tmp_path / "emulator", **counts))
        return started[0]

    yield start
    for each in started:
        each.stop()


@pytest.fixture
def machines(committed_db, tmp_path):
    if why := missing():
        pytest.skip(why)
    if database.vendor != "postgresql":
        pytest.skip("machines share a database server, not a file")
    ip("addr", "add", f"{SERVICES}/32", "dev", "lo", check=False)
    doors, made = [Door(int(database.settings_dict["PORT"]))], []
    try:
        made += [Machine(number, tmp_path / f"machine-{number}") for number in (1, 2)]
        yield made, doors
    finally:
        for machine in made:
            machine.remove()
        for door in doors:
            door.close()
        with suppress(Exception):
            ip("addr", "del", f"{SERVICES}/32", "dev", "lo", check=False)


def disturb(machines, committed_db, is_over, chance):
    """Start a worker on each machine; until it is over, cables are pulled out for a while and workers killed.

    Returns how many were killed, and how many cables were pulled out.
    """
    address = replace(committed_db, url=elsewhere(committed_db.url))
    workers = {machine: machine.worker(address, **SHORT) for machine in machines}
    killed = pulled = 0
    end = time.monotonic() + SECONDS
    while not is_over():
        assert time.monotonic() < end, "it never ended"
        time.sleep(chance.uniform(0.5, 3))
        machine = chance.choice(machines)
        if chance.random() < 0.5:
            machine.pull_out()
            pulled += 1
            time.sleep(chance.uniform(1, 7))  # some are shorter than a lease, some longer
            machine.plug_in()
        else:
            workers[machine].kill()
            killed += 1
            workers[machine] = machine.worker(address, **SHORT)
    return killed, pulled


@pytest.mark.parametrize("queue", ["at the database"], indirect=True)
def test_a_refresh_of_20_000_objects_survives_machines_that_go_away(
    committed_db, queue, machines, emulator_of
):
    machines, doors = machines
    emulator = emulator_of(devices=20_000)
    doors.append(Door(int(emulator.url.rpartition(":")[2])))
    plant = make_plant(elsewhere(emulator.url))
    kind, connection = KINDS[DEVICE], plant.connections["enos"]
    asking.ask(kind, connection)
    rows = Reading.objects.filter(connection=connection, kind=DEVICE)

    killed, pulled = disturb(
        machines, committed_db, lambda: rows.filter(at__isnull=False).exists(), random.Random(7)
    )

    reading = rows.get()
    assert (reading.generation, reading.is_complete) == (1, True)
    there = set(map(str, emulator.state()[DEVICE]["ids"]))
    assert set(kind.model.objects.present().values_list("remote_id", flat=True)) == there
    pages = pages_read(emulator)
    assert len(pages) - len(set(pages)) <= killed + pulled  # a page is read again only after a disturbance
    assert not emulator.writes()


@pytest.mark.parametrize("queue", ["at the database"], indirect=True)
def test_no_change_is_sent_twice_by_machines_that_come_back(committed_db, queue, machines, emulator_of):
    machines, doors = machines
    emulator = emulator_of(policies=40)
    doors.append(Door(int(emulator.url.rpartition(":")[2])))
    plant = make_plant(emulator.url)
    plant.refresh(POLICY)
    refreshing.run(str(plant.connections["iotda"].pk), POLICY)
    kind, manager = KINDS[POLICY], plant.people[Role.MANAGER]
    rows = list(kind.model.objects.present().exclude(name="system_default_policy"))[:40]
    connection = plant.connections["iotda"]
    type(connection).objects.filter(pk=connection.pk).update(endpoint=elsewhere(emulator.url))
    connection.refresh_from_db()
    changes = [Change(kind, kind.verb("delete"), connection, row) for row in rows]
    emulator.faults([{"match": {"method": "DELETE"}, "fault": "latency", "seconds": 0.5}])
    job = together.request(changes, actor=manager, key="all", purpose=Purpose.EACH)

    def is_over():
        now = Job.objects.get(pk=job.pk)
        if now.state == JobState.INCOMPLETE:
            stepping.again(now, actor=manager)
        return now.state == JobState.DONE

    disturb(machines, committed_db, is_over, random.Random(11))

    sent = [call["path"] for call in deletes_received(emulator, POLICY) if call["status"] == 204]
    assert len(sent) == len(set(sent)) == len(rows)
