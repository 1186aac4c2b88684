"""Jobs, and several creates in one call, that a second person has to approve as one.

Would catch: a step that nobody approved, one that is sent although its object changed since, an approval that
goes on counting for what is requested once more.
"""

import pytest

from portal.errors import Waits
from portal.kinds.registry import KINDS
from portal.operations import stepping, together
from portal.operations.approval import Approval
from portal.operations.change import Change, Then
from portal.operations.job import Job, Purpose
from portal.operations.models import Operation
from portal.teams.models import Role
from tests.operations.ruled import APPROVED, BUS, DEVICE, POLICY, approve, person, rule
from tests.operations.test_approvals import NODE, story
from tests.support.plant import deletes_received, ids


class TestJobs:
    def rows(self, plant, count=2):
        return [plant.make(BUS, bus_name=f"bus_{number}") for number in range(count)]

    def ask(self, plant, rows, **options):
        kind = KINDS[BUS]
        changes = [Change(kind, kind.verb("delete"), row.connection, row) for row in rows]
        with pytest.raises(Waits) as waits:
            together.request(
                changes,
                actor=person(plant, Role.MANAGER),
                key="k",
                purpose=Purpose.EACH,
                reason="old",
                **options,
            )
        return Approval.objects.get(pk=waits.value.approval.pk)

    def test_a_job_is_one_approval_with_its_exact_steps(self, plant, emulator):
        rows = self.rows(plant)
        rule(plant, delete=["reason", "approval"])
        approval = self.ask(plant, rows, waits_for={1: (0,)})
        assert [each["request"]["url"].rpartition("/")[2] for each in approval.changes] == [
            row.remote_id for row in rows
        ]
        assert not Job.objects.exists()
        job = approve(plant, approval)
        assert (job.approval, job.steps.get(number=2).waits_for) == (approval, [1])
        stepping.carry_on(job.pk)
        job.refresh_from_db()
        assert job.state == "done"
        assert {each.approval for each in Operation.objects.filter(verb_name="delete")} == {approval}
        assert len(deletes_received(emulator, BUS)) == 2
        assert {verb for verb, _stage, _actor in story(approval)} == {
            "approval_ask",
            "approval_give",
            "delete",
        }

    def test_each_step_is_held_against_its_object_just_before_it_is_sent(self, plant, emulator):
        rows = [plant.make(POLICY, policy_name=f"p{number}") for number in range(2)]
        rule(plant, delete=["reason", "approval"])
        kind = KINDS[POLICY]
        changes = [Change(kind, kind.verb("delete"), row.connection, row) for row in rows]
        actor = person(plant, Role.MANAGER)
        with pytest.raises(Waits) as waits:
            together.request(changes, actor=actor, key="k", purpose=Purpose.EACH, reason="old")
        job = approve(plant, waits.value.approval)
        plant.collection(POLICY).update(rows[1].remote_id, {**plant.theirs(POLICY), "policy_name": "other"})
        stepping.carry_on(job.pk)
        ended = dict(Operation.objects.filter(verb_name="delete").values_list("object_id", "state"))
        assert ended == {rows[0].remote_id: "done", rows[1].remote_id: "not_sent"}
        assert rows[1].remote_id in ids(emulator, POLICY)

    def test_what_is_requested_once_more_needs_another(self, plant, emulator):
        rows = self.rows(plant, 1)
        rule(plant, delete=["reason", "approval"])
        no = {"fault": "answer", "status": 400, "body": {"error_code": "IOTDA.000006", "error_msg": "no"}}
        emulator.faults([{"match": {"method": "DELETE"}, **no}])
        job = approve(plant, self.ask(plant, rows))
        stepping.carry_on(job.pk)
        emulator.faults([])
        stepping.again(Job.objects.get(pk=job.pk), actor=person(plant, Role.MANAGER))
        stepping.carry_on(job.pk)
        assert rows[0].remote_id in ids(emulator, BUS)
        assert "asks for approval" in str(job.steps.get().said)

    def test_what_follows_is_approved_with_what_it_follows(self, plant, emulator):
        rule(plant, bind=APPROVED)
        kind, linked = KINDS[POLICY], plant.connections["iotda"]
        then = (Then(kind, kind.verb("bind"), data={"target_type": "device", "target_ids": [NODE]}),)
        change = Change(kind, kind.verb("create"), linked, data=plant.data(POLICY), then=then)
        from portal.operations.service import perform

        with pytest.raises(Waits) as waits:
            perform(change, actor=person(plant, Role.MANAGER), key="k")
        (operation,) = approve(plant, waits.value.approval)
        stepping.carry_on(Job.objects.get(key="k").pk)
        assert Job.objects.get().state == "done"
        bind = Operation.objects.get(verb_name="bind")
        assert (bind.state, bind.approval, operation.approval) == ("done", bind.approval, bind.approval)

    def test_several_creates_in_one_call_are_one_approval(self, plant, emulator):
        from portal.operations.many import perform_many

        rule(plant, any=APPROVED)
        kind = KINDS[DEVICE]
        base = {"product_key": "demo-product", "device_name": {"defaultValue": "P"}, "timezone": "+08:00"}
        lines = [{**base, "device_key": key} for key in ("pump-1", "pump-2")]
        change = Change(kind, kind.batch, plant.connection(kind), data={kind.batch.targets: lines})
        with pytest.raises(Waits) as waits:
            perform_many(change, actor=person(plant, Role.OPERATOR), key="k")
        made = approve(plant, waits.value.approval)
        assert [each.approval.pk for each in made] == [waits.value.approval.pk] * 2
        assert len([each for each in emulator.requests() if "batchCreate" in each["query"]]) == 1
        again = perform_many(change, actor=person(plant, Role.OPERATOR), key="k")
        assert [each.pk for each in again] == [each.pk for each in made]
