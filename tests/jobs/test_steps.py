"""Jobs: steps that were requested together. Each keeps every promise of a single operation.

Would catch: a policy that is bound although its create is in doubt, a step that is requested twice, a step
that a death swallowed, a job of somebody who may no longer do it, "done" said of what never began.
"""

import pytest

from portal.connections.models import Connection
from portal.errors import KeyReused, NotAllowed
from portal.kinds.registry import KINDS
from portal.operations import service, settling, stepping, together
from portal.operations.change import Change, Then
from portal.operations.job import Job, JobState, Purpose
from portal.operations.models import Operation, State
from portal.record.models import Body, Entry
from portal.teams.models import Membership, Role
from tests.resources.forms import post, script
from tests.support.plant import make_plant, received

POLICY, BUS, DEVICE, GROUP = "iotda/policies", "iotda/soft-buses", "iotda/devices", "iotda/device-groups"
REFUSED = {"fault": "answer", "status": 400, "body": {"error_code": "IOTDA.000006", "error_msg": "no"}}
NODE = "5ba24f5ebbe8f56f5a14f605_node-1"
BIND = {"method": "POST", "path": "/bind$"}


def fill(plant, slug, **more):
    """What is posted to create the Example's object."""
    return script(slug, plant) | more


def bound(plant, row):
    return {item["target_id"] for item in plant.collection(POLICY).targets(row.remote_id).items}


def deletes(plant, slug, rows):
    kind = KINDS[slug]
    return [Change(kind, kind.verb("delete"), row.connection, row) for row in rows]


def ask(plant, changes, role=Role.MANAGER, key="k", **options):
    return together.request(changes, actor=plant.people[role], key=key, purpose=Purpose.EACH, **options)


def state(job):
    job.refresh_from_db()
    return job.state


def states(job):
    return [step.operation and step.operation.state for step in job.steps.select_related("operation")]


def test_a_policy_is_created_and_bound(plant, emulator):
    browser = plant.browser(Role.MANAGER)
    answer = post(
        browser,
        f"/{POLICY}/new/",
        fill(plant, POLICY, then_target_type="device", then_target_ids=NODE, operation_key="both"),
    )

    assert answer.status_code == 302
    create, bind = Operation.objects.order_by("created_at")
    assert (create.verb_name, create.state, bind.verb_name, bind.state) == ("create", "done", "bind", "done")
    assert bound(plant, create.target) == {NODE}
    job = Job.objects.get()
    assert (job.state, job.team, list(job.steps.values_list("number", flat=True))) == (
        "done",
        plant.team,
        [1, 2],
    )
    assert f"/jobs/{job.pk}/" in browser.get(f"/operations/{bind.pk}/").text
    asked = Body.objects.get(seq=Entry.objects.filter(operation=create.pk).order_by("seq").first().seq)
    assert '"then":[' in asked.text


def test_what_is_done_stays_done_when_the_next_step_is_refused_and_the_rest_can_be_asked_for_again(
    plant, emulator
):
    emulator.faults([{"match": BIND, **REFUSED, "times": 1}])
    browser = plant.browser(Role.MANAGER)
    answer = post(
        browser, f"/{POLICY}/new/", fill(plant, POLICY, then_target_type="device", then_target_ids=NODE)
    )

    job = Job.objects.get()
    assert answer.headers["Location"] == f"/jobs/{job.pk}/"
    assert (job.state, states(job)) == ("incomplete", ["done", "rejected"])
    page = browser.get(f"/jobs/{job.pk}/").text
    assert 'data-job-state="incomplete"' in page
    assert "1 of 2 steps are done" in page

    post(browser, f"/jobs/{job.pk}/again/", {})
    stepping.carry_on(job.pk)

    assert (state(job), states(job)) == ("done", ["done", "done"])
    policy = job.steps.get(number=1).operation.target
    assert bound(plant, policy) == {NODE}
    assert job.steps.get(number=2).operation.follows.state == State.REJECTED
    assert Entry.objects.filter(outcome="again", verb="create").exists()


def test_what_follows_a_change_stands_under_its_ticket(plant, emulator):
    kind = KINDS[BUS]
    change = Change(
        kind,
        kind.verb("create"),
        plant.connection(kind),
        data=plant.data(BUS),
        reason="hall 2",
        ticket="CHG-1042",
        then=(Then(kind, kind.verb("sync")),),
    )
    service.perform(change, actor=plant.people[Role.OPERATOR], key="k")
    job = Job.objects.get()
    stepping.carry_on(job.pk)
    assert states(job) == ["done", "done"]
    for each in (job, *Operation.objects.all()):
        assert (each.reason, each.ticket) == ("hall 2", "CHG-1042")
    assert set(Entry.objects.values_list("reason", "ticket")) == {("hall 2", "CHG-1042")}


def test_what_is_asked_again_of_a_job_stands_under_its_ticket(plant, emulator):
    rows = [plant.make(BUS)]
    emulator.faults([{"match": {"method": "DELETE"}, **REFUSED, "times": 1}])
    job = ask(plant, deletes(plant, BUS, rows), reason="hall 2", ticket="CHG-1042")
    stepping.carry_on(job.pk)
    assert (state(job), states(job)) == ("incomplete", ["rejected"])
    stepping.again(job, actor=plant.people[Role.MANAGER])
    stepping.carry_on(job.pk)
    assert states(job) == ["done"]
    told = Entry.objects.filter(verb="delete").values_list("reason", "ticket")
    assert list(told) == [("hall 2", "CHG-1042")] * 6  # asked, intent, rejected, again, intent, done


def test_who_may_not_ask_for_a_job_is_recorded_with_its_ticket(plant):
    changes = deletes(plant, BUS, [plant.make(BUS)])
    with pytest.raises(NotAllowed):
        ask(plant, changes, role=Role.VIEWER, reason="hall 2", ticket="CHG-1042")
    entry = Entry.objects.get(stage="denied")
    assert (entry.reason, entry.ticket) == ("hall 2", "CHG-1042")


def test_nothing_follows_what_is_in_doubt_until_it_is_found(plant, emulator):
    create = {"method": "POST", "path": "/harmony-soft-bus$"}
    emulator.faults([{"match": create, "fault": "reset_mid_body", "times": 1}])
    browser = plant.browser(Role.OPERATOR)
    post(browser, f"/{BUS}/new/", fill(plant, BUS, then_sync="on"))
    job = Job.objects.get()
    assert (job.state, states(job)) == ("running", ["in_doubt", None])
    stepping.carry_on(job.pk)
    assert (received(emulator, BUS, "sync"), state(job)) == ([], "running")

    settling.look_again(job.steps.get(number=1).operation, actor=plant.people[Role.OWNER])
    stepping.carry_on(job.pk)

    assert (state(job), states(job)) == ("done", ["found", "done"])
    assert len(received(emulator, BUS, "sync")) == 1


def test_when_the_first_is_refused_the_next_never_begins(plant, emulator):
    emulator.faults([{"match": {"method": "POST", "path": "/harmony-soft-bus$"}, **REFUSED}])
    answer = post(plant.browser(), f"/{BUS}/new/", fill(plant, BUS, then_sync="on"))
    assert answer.status_code == 422
    job = Job.objects.get()
    assert (job.state, states(job)) == ("incomplete", ["rejected", None])
    assert 'data-step-state="left_out"' in plant.browser().get(f"/jobs/{job.pk}/").text


def test_a_device_is_created_and_added_to_groups(plant, emulator):
    group = plant.make(GROUP)
    emulator_only = plant.made_in_the_console(GROUP, {**plant.data(GROUP), "name": "unread"})
    groups = f"{group.remote_id}\n{emulator_only['id']}"
    post(plant.browser(Role.MANAGER), f"/{DEVICE}/new/", fill(plant, DEVICE, then_group_ids=groups))
    job = Job.objects.get()
    assert (job.state, states(job)) == ("done", ["done", "done", "done"])
    for id in groups.split():
        assert len(plant.collection(GROUP).devices(id).items) == 1


def test_the_key_of_a_bus_is_reset_and_the_bus_synchronized(plant, emulator):
    row = plant.make(BUS)
    browser = plant.browser(Role.MANAGER)
    address = f"/{BUS}/{row.pk}/reset-key/"
    assert 'name="then_sync"' in browser.get(address).text
    fields = {"operation_key": "k", "connection": str(row.connection_id), "then_sync": "on"}
    post(browser, address, fields)
    assert states(Job.objects.get()) == ["done", "done"]
    assert plant.seen(BUS, row)["status"] in ("Synchronizing", "Synchronized")


def test_an_operator_may_not_bind_in_passing(plant, emulator):
    fields = fill(plant, POLICY, then_target_type="device", then_target_ids=NODE)
    answer = post(plant.browser(Role.OPERATOR), f"/{POLICY}/new/", fields)
    assert answer.status_code == 403
    assert received(emulator, POLICY, "create") == []
    assert Entry.objects.filter(outcome="denied", verb="bind").exists()


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"then_target_type": "device", "then_target_ids": ""}, "Choose both or neither"),
        ({"then_target_type": "", "then_target_ids": NODE}, "Choose both or neither"),
        ({"then_target_type": "device", "then_target_ids": "a b"}, "can contain only letters"),
        ({"then_target_type": "device", "then_target_ids": "\n".join(f"d{n}" for n in range(21))}, "20"),
        ({"then_target_type": "galaxy", "then_target_ids": NODE}, "Must be one of"),
    ],
)
def test_what_is_to_follow_is_judged_before_anything_is_sent(plant, emulator, fields, text):
    answer = post(plant.browser(Role.MANAGER), f"/{POLICY}/new/", fill(plant, POLICY, **fields))
    assert answer.status_code == 422
    assert text in answer.text
    assert received(emulator, POLICY, "create") == []


def test_many_are_deleted_and_one_refusal_stops_nobody_else(plant, emulator):
    rows = [plant.make(POLICY, policy_name=f"p{number}") for number in range(4)]
    plant.collection(POLICY).delete(rows[1].remote_id)  # gone meanwhile: counts as deleted
    emulator.faults([{"match": {"method": "DELETE", "path": f"/{rows[2].remote_id}$"}, **REFUSED}])
    job = ask(plant, deletes(plant, POLICY, rows))
    assert Entry.objects.filter(outcome="asked", verb="delete").exists()
    stepping.carry_on(job.pk)
    assert (state(job), states(job)) == ("incomplete", ["done", "done", "rejected", "done"])


def test_a_step_waits_for_others_and_is_left_out_when_they_fail(plant, emulator):
    rows = [plant.make(POLICY, policy_name=f"p{number}") for number in range(3)]
    emulator.faults([{"match": {"method": "DELETE", "path": f"/{rows[0].remote_id}$"}, **REFUSED}])
    job = ask(plant, deletes(plant, POLICY, rows), waits_for={1: (0,), 2: (1,)})
    stepping.carry_on(job.pk)
    assert (state(job), states(job)) == ("incomplete", ["rejected", None, None])
    emulator.faults([])
    assert stepping.again(job, actor=plant.people[Role.MANAGER]) == 3
    stepping.carry_on(job.pk)
    assert (state(job), states(job)) == ("done", ["done", "done", "done"])


def test_the_same_press_is_the_same_job_and_another_one_is_refused(plant):
    rows = [plant.make(POLICY, policy_name=f"p{number}") for number in range(2)]
    job = ask(plant, deletes(plant, POLICY, rows))
    assert ask(plant, deletes(plant, POLICY, rows)) == job
    with pytest.raises(KeyReused):
        ask(plant, deletes(plant, POLICY, rows[:1]))


def test_rights_are_asked_for_at_the_start_and_at_each_turn(plant, emulator):
    rows = [plant.make(POLICY, policy_name=f"p{number}") for number in range(2)]
    with pytest.raises(NotAllowed):
        ask(plant, deletes(plant, POLICY, rows), role=Role.OPERATOR)
    assert not Job.objects.exists()
    job = ask(plant, deletes(plant, POLICY, rows))
    Membership.objects.filter(user=plant.people[Role.MANAGER]).update(role=Role.VIEWER)
    stepping.carry_on(job.pk)
    assert (state(job), states(job)) == ("incomplete", [None, None])
    assert received(emulator, POLICY, "delete") == []
    shown = plant.browser(Role.OWNER).get(f"/jobs/{job.pk}/").text
    assert "Viewers can&#x27;t do this" in shown


def test_a_stopped_job_begins_nothing_more(plant, emulator):
    rows = [plant.make(POLICY, policy_name=f"p{number}") for number in range(2)]
    job = ask(plant, deletes(plant, POLICY, rows))
    browser = plant.browser(Role.MANAGER)
    assert post(plant.browser(Role.VIEWER), f"/jobs/{job.pk}/stop/", {}).status_code == 403
    post(browser, f"/jobs/{job.pk}/stop/", {})
    stepping.carry_on(job.pk)
    assert (state(job), received(emulator, POLICY, "delete")) == ("stopped", [])
    assert Entry.objects.filter(outcome="stopped", actor=plant.people[Role.MANAGER].email).exists()


def test_two_workers_at_one_job_request_nothing_twice(plant, emulator, monkeypatch):
    rows = [plant.make(POLICY, policy_name=f"p{number}") for number in range(3)]
    job = ask(plant, deletes(plant, POLICY, rows))
    begin = stepping._begin

    def beside(step):
        monkeypatch.setattr(stepping, "_begin", begin)
        stepping.carry_on(job.pk)  # the other worker does all, while this one is about to begin
        return begin(step)

    monkeypatch.setattr(stepping, "_begin", beside)
    stepping.carry_on(job.pk)
    assert (state(job), len(received(emulator, POLICY, "delete"))) == ("done", 3)
    assert Operation.objects.filter(verb_name="delete").count() == 3


def test_repeating_the_operation_on_its_own_page_takes_the_job_along(plant, emulator):
    emulator.faults([{"match": {"method": "POST", "path": "/sync$"}, **REFUSED, "times": 1}])
    browser = plant.browser()
    post(browser, f"/{BUS}/new/", fill(plant, BUS, then_sync="on"))
    job = Job.objects.get()
    assert state(job) == "incomplete"
    refused = job.steps.get(number=2).operation
    post(browser, f"/operations/{refused.pk}/requeue/", {"operation_key": "again"})
    assert state(job) == "running"
    stepping.carry_on(job.pk)
    assert (state(job), states(job)) == ("done", ["done", "done"])


def test_a_deleted_connection_ends_a_job(plant):
    rows = [plant.make(POLICY, policy_name="p")]
    job = ask(plant, deletes(plant, POLICY, rows))
    Connection.objects.filter(pk=rows[0].connection_id).delete()
    stepping.carry_on(job.pk)
    assert state(job) == JobState.INCOMPLETE


def test_nobody_else_sees_a_job(plant):
    job = ask(plant, deletes(plant, POLICY, [plant.make(POLICY)]))
    other = make_plant(plant.url, "Harbour").browser(Role.OWNER)
    assert other.get(f"/jobs/{job.pk}/").status_code == 404
    assert post(other, f"/jobs/{job.pk}/stop/", {}).status_code == 404
    assert str(job.pk) not in other.get("/jobs/").text
    listed = plant.browser(Role.VIEWER).get("/jobs/").text
    assert f'data-job-id="{job.pk}"' in listed
    assert "0 of 1" in listed
