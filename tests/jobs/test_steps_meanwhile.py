"""What happens to a job while it waits and after it ended: its connection moves, people stop and repeat.

Would catch: a step that acts in another account, a create that can never be asked for again, "done" said of
what turned out otherwise, a step that begins after its job was stopped, a colleague's request that is read by
asking for it again.
"""

import uuid

import pytest
from django.core.exceptions import ValidationError

from portal.connections.models import Connection
from portal.kinds import mirroring
from portal.kinds.registry import KINDS
from portal.operations import life, settling, stepping
from portal.operations.authorship import take_back
from portal.operations.job import Job
from portal.operations.models import Operation
from portal.teams.models import Role
from tests.jobs.test_steps import BIND, BUS, NODE, POLICY, REFUSED, ask, deletes, fill, state, states
from tests.operations.test_moved_accounts import ELSEWHERE, change
from tests.resources.forms import post
from tests.support.plant import make_plant, received  # noqa: F401


def refused_bus(plant, emulator, role=Role.MANAGER):
    refuse = {"match": {"method": "POST", "path": "/harmony-soft-bus$"}, **REFUSED, "times": 1}
    emulator.faults([refuse])
    post(plant.browser(role), f"/{BUS}/new/", fill(plant, BUS, then_sync="on"))
    return Job.objects.get()


def test_a_create_that_was_refused_can_be_asked_for_again_from_its_job(plant, emulator):
    job = refused_bus(plant, emulator)
    post(plant.browser(Role.MANAGER), f"/jobs/{job.pk}/again/", {})
    stepping.carry_on(job.pk)
    assert (state(job), states(job)) == ("done", ["done", "done"])


def test_who_may_not_read_what_a_colleague_asked_for_cannot_ask_for_it_again(plant, emulator):
    job = refused_bus(plant, emulator, Role.MANAGER)
    browser = plant.browser(Role.OPERATOR)
    answer = post(browser, f"/jobs/{job.pk}/again/", {})
    assert answer.status_code == 403
    assert state(job) == "incomplete"


def test_a_connection_does_not_move_while_a_job_waits(plant, emulator):
    rows = [plant.make(POLICY, policy_name=f"p{n}") for n in range(2)]
    job = ask(plant, deletes(plant, POLICY, rows))
    with pytest.raises(ValidationError):
        change(plant, "iotda", project_id=ELSEWHERE["project_id"])
    stepping.carry_on(job.pk)
    assert state(job) == "done"
    change(plant, "iotda", project_id=ELSEWHERE["project_id"])


def test_a_step_is_never_carried_out_in_another_account(plant, emulator):
    emulator.faults([{"match": BIND, **REFUSED, "times": 1}])
    fields = fill(plant, POLICY, then_target_type="device", then_target_ids=NODE)
    post(plant.browser(Role.MANAGER), f"/{POLICY}/new/", fields)
    job = Job.objects.get()
    made = job.steps.get(number=1).operation.target
    change(plant, "iotda", instance_id="another-instance")
    linked = Connection.objects.get(pk=made.connection_id)
    # The other account has an object of this id, too.
    mirroring.keep(KINDS[POLICY], linked, {"id": made.remote_id, "name": "theirs"})
    before = Operation.objects.count()
    post(plant.browser(Role.MANAGER), f"/jobs/{job.pk}/again/", {})
    stepping.carry_on(job.pk)
    assert Operation.objects.count() == before
    assert (state(job), states(job)) == ("incomplete", ["done", "rejected"])
    assert "leads to another account now" in plant.browser().get(f"/jobs/{job.pk}/").text


def test_the_same_press_after_a_repetition_is_still_the_same(plant, emulator):
    fields = fill(plant, BUS, then_sync="on", operation_key="mine")
    emulator.faults([{"match": {"method": "POST", "path": "/harmony-soft-bus$"}, **REFUSED, "times": 1}])
    browser = plant.browser(Role.MANAGER)
    post(browser, f"/{BUS}/new/", fields)
    post(browser, f"/operations/{Operation.objects.get().pk}/requeue/", {"operation_key": "again"})
    answer = post(browser, f"/{BUS}/new/", fields)
    assert answer.status_code == 422
    assert len(received(emulator, BUS, "create")) == 2


def test_a_key_that_a_job_has_is_no_failure_of_the_record(plant, emulator):
    rows = [plant.make(POLICY, policy_name="p")]
    ask(plant, deletes(plant, POLICY, rows), key="mine")
    answer = post(plant.browser(), f"/{BUS}/new/", fill(plant, BUS, then_sync="on", operation_key="mine"))
    assert answer.status_code == 409
    assert received(emulator, BUS, "create") == []


def test_a_stop_that_was_confirmed_holds_for_the_worker_that_was_about_to_begin(plant, emulator, monkeypatch):
    rows = [plant.make(POLICY, policy_name=f"p{n}") for n in range(2)]
    job = ask(plant, deletes(plant, POLICY, rows))
    begin = life.begin

    def slow(*args, **more):
        monkeypatch.setattr(life, "begin", begin)
        assert stepping.stop(job, actor=plant.people[Role.MANAGER])
        return begin(*args, **more)

    monkeypatch.setattr(life, "begin", slow)
    stepping.carry_on(job.pk)
    stepping.carry_on(job.pk)
    assert (state(job), states(job)) == ("stopped", [None, None])
    assert received(emulator, POLICY, "delete") == []


def test_a_repeat_on_its_own_page_is_not_forgotten_by_a_worker_that_ends_the_job(
    plant, emulator, monkeypatch
):
    job = refused_bus(plant, emulator)
    Job.objects.update(state="running", due_at="2020-01-01T00:00Z", ended_at=None)
    rest = stepping._rest

    def late(*args, **more):
        monkeypatch.setattr(stepping, "_rest", rest)
        refused = Operation.objects.get()
        post(plant.browser(Role.MANAGER), f"/operations/{refused.pk}/requeue/", {"operation_key": "again"})
        rest(*args, **more)

    monkeypatch.setattr(stepping, "_rest", late)
    stepping.carry_on(job.pk)
    stepping.carry_on(job.pk)
    assert (state(job), states(job)) == ("done", ["done", "done"])


def test_a_job_is_not_called_done_when_one_of_its_steps_is_no_longer(plant, emulator):
    """What was found turns out to be another's; what was absent turns up."""
    create = {"method": "POST", "path": "/harmony-soft-bus$"}

    emulator.faults([{"match": create, "fault": "reset_mid_body", "times": 1}])
    post(plant.browser(), f"/{BUS}/new/", fill(plant, BUS, then_sync="on"))
    job = Job.objects.get()
    first = job.steps.get(number=1).operation
    settling.look_again(first, actor=plant.people[Role.OWNER])
    stepping.carry_on(job.pk)
    assert state(job) == "done"
    first.refresh_from_db()
    decoded = {"id": first.object_id, "name": first.object_name}
    other = Operation.objects.get(pk=first.pk)
    other.pk = uuid.uuid4()
    assert take_back(other, decoded)
    stepping.carry_on(job.pk)
    assert state(job) != "done"
