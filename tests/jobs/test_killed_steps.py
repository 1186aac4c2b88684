"""Workers that are killed in the middle of a job: no step is lost, none is sent twice, all is recorded.

Would catch: a step that nobody begins again, one that two workers send, a job that never ends.
"""

import random
import time

import pytest

from portal.kinds.registry import KINDS
from portal.operations import stepping, together
from portal.operations.change import Change
from portal.operations.job import Job, JobState, Purpose
from portal.operations.models import HAPPENED, Operation
from portal.record.models import Entry
from portal.teams.models import Role
from tests.support.plant import deletes_received, ids

POLICY = "iotda/policies"
SECONDS = 600
SHORT = {"SHORT_LEASES": "1", "PORTAL_SETTLE_SECONDS": "2"}


@pytest.mark.parametrize("queue", ["at the database"], indirect=True)  # the queue has tests of its own
@pytest.mark.parametrize(
    ("size", "kills"),
    [pytest.param(12, 3, id="some"), pytest.param(45, 60, id="many", marks=pytest.mark.full)],
)
def test_no_kill_loses_or_doubles_a_step(committed_plant, emulator, start_worker, size, kills):
    plant, kind, chance = committed_plant, KINDS[POLICY], random.Random(7)
    emulator.faults([{"match": {"method": "DELETE"}, "fault": "latency", "seconds": 0.3}])
    rows = [plant.make(POLICY, policy_name=f"p{number}") for number in range(size)]
    changes = [Change(kind, kind.verb("delete"), row.connection, row) for row in rows]
    manager = plant.people[Role.MANAGER]
    job = together.request(changes, actor=manager, key="all", purpose=Purpose.EACH)

    workers, killed, end = [start_worker(**SHORT), start_worker(**SHORT)], 0, time.monotonic() + SECONDS
    while not _is_over(job, manager):
        assert time.monotonic() < end, list(job.steps.values_list("number", "operation__state"))
        time.sleep(chance.uniform(0.3, 3))
        if killed < kills:
            worker = chance.choice(workers)
            worker.kill()
            workers.remove(worker)
            workers.append(start_worker(**SHORT))
            killed += 1

    assert not {row.remote_id for row in rows} & ids(emulator, POLICY)
    sent = [call["path"] for call in deletes_received(emulator, POLICY) if call["status"] == 204]
    assert len(sent) == len(set(sent)) == size
    operations = Operation.objects.filter(verb_name="delete")
    for operation in operations:
        outcomes = Entry.objects.filter(operation=str(operation.pk)).order_by("seq")
        assert outcomes.first().stage == "intent"
    assert {step.operation.state for step in job.steps.select_related("operation")} <= set(HAPPENED)


def _is_over(job, manager):
    """A person asks again for what a death kept from being sent."""
    job = Job.objects.get(pk=job.pk)
    if job.state == JobState.INCOMPLETE:
        stepping.again(job, actor=manager)
    return job.state == JobState.DONE
