"""What people can do with operations: cancel, retry, decide; and two people at one object."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections

from portal.errors import NotAllowed, NotDecidable, NotRepeatable
from portal.kinds.registry import KINDS
from portal.operations import deciding, service, settling
from portal.operations.models import Cause, Decision, Operation, State
from portal.record.models import Body, Entry
from portal.teams.models import Role, User
from tests.examples import EXAMPLES, match
from tests.operations.dying import settle_all
from tests.operations.endings import for_a_human, in_doubt, undecided_update
from tests.support.plant import ids, received


def person(plant, role=Role.OWNER):
    return User.objects.get(pk=plant.people[role].pk)


def test_cancelled_before_it_is_sent_nothing_is_sent(plant, emulator, monkeypatch):
    real = service.prepare

    def slow(operation, *args):
        assert deciding.cancel(operation, actor=person(plant, Role.OPERATOR))
        operation.attempt -= 1  # the process that waits does not know
        return real(operation, *args)

    monkeypatch.setattr(service, "prepare", slow)

    operation = plant.perform("iotda/policies")

    assert (operation.state, operation.cause) == (State.CANCELLED, Cause.CANCELLED)
    assert received(emulator, "iotda/policies", "create") == []
    assert list(Entry.objects.order_by("seq").values_list("outcome", flat=True)) == ["asked", "cancelled"]


def test_what_was_sent_cannot_be_cancelled(plant):
    operation = plant.perform("iotda/policies")

    assert not deciding.cancel(operation, actor=person(plant))
    assert Operation.objects.get().state == State.DONE


def test_a_viewer_cancels_nothing_and_that_is_recorded(plant, emulator):
    operation = in_doubt(plant, emulator, "iotda/policies")

    with pytest.raises(NotAllowed):
        deciding.cancel(operation, actor=person(plant, Role.VIEWER))

    entry = Entry.objects.order_by("-seq").first()
    assert (entry.stage, entry.actor) == ("denied", "viewer-plant@example.test")


def test_a_rejected_operation_is_asked_for_again_as_a_new_one(plant, emulator):
    refusal = {"fault": "answer", "status": 400, "body": {"error_code": "X", "error_msg": "no"}}
    emulator.faults([{"match": match("iotda/policies", "create"), **refusal}])
    first = plant.perform("iotda/policies")
    emulator.faults([])
    assert first.state == State.REJECTED

    second = deciding.requeue(first, actor=person(plant), key="again")
    third = deciding.requeue(first, actor=person(plant), key="another press")

    assert (second.state, second.follows_id) == (State.DONE, first.pk)
    assert third.pk == second.pk
    assert not first.can_requeue
    assert len(ids(emulator, "iotda/policies")) == 1
    intent = Entry.objects.get(operation=str(second.pk), stage="intent")
    assert str(first.pk) in Body.objects.get(seq=intent.seq).text


def test_a_repetition_keeps_why_it_was_wanted(plant, emulator):
    first = rejected(plant, emulator, reason="hall 2", ticket="CHG-1042")

    second = deciding.requeue(first, actor=person(plant), key="again")

    for each in (first, second):
        told = Entry.objects.filter(operation=str(each.pk)).values_list("reason", "ticket")
        assert list(told) == [("hall 2", "CHG-1042")] * 2
    assert (second.state, second.reason, second.ticket) == (State.DONE, "hall 2", "CHG-1042")


def rejected(plant, emulator, role=Role.OPERATOR, **why):
    refusal = {"fault": "answer", "status": 400, "body": {"error_code": "X", "error_msg": "no"}}
    emulator.faults([{"match": match("roma/device-groups", "create"), **refusal}])
    operation = plant.perform("roma/device-groups", role=role, **why)
    emulator.faults([])
    return operation


def test_however_many_try_again_at_once_it_is_asked_for_once(committed_plant, emulator):
    """Names are not unique there: the platform would not notice."""
    operation = rejected(committed_plant, emulator)
    base = ids(emulator, "roma/device-groups")

    def press(number):
        try:
            mine = Operation.objects.get(pk=operation.pk)
            return deciding.requeue(mine, actor=person(committed_plant), key=f"press-{number}").pk
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(press, range(8)))) == 1

    assert len(ids(emulator, "roma/device-groups") - base) == 1


def test_who_may_not_read_a_request_does_not_learn_it_by_asking_again(plant, emulator):
    operation = rejected(plant, emulator, role=Role.OWNER)

    with pytest.raises(NotAllowed):
        deciding.requeue(operation, actor=person(plant, Role.OPERATOR), key="again")

    assert Entry.objects.order_by("-seq").first().stage == "denied"
    assert deciding.requeue(operation, actor=person(plant, Role.MANAGER), key="again").state == State.DONE


@pytest.mark.parametrize("state", ["done", "in_doubt"])
def test_what_happened_or_may_have_is_not_asked_for_again(plant, emulator, state):
    operation = plant.perform("roma/device-groups") if state == "done" else in_doubt(
        plant, emulator, "roma/device-groups"
    )  # fmt: skip

    with pytest.raises(NotRepeatable):
        deciding.requeue(operation, actor=person(plant), key="again")


def test_a_secret_that_is_gone_cannot_be_asked_for_again(plant, emulator):
    emulator.faults(
        [{"match": match("enos/devices", "create"), "fault": "answer", "status": 400, "body": "{}"}]
    )
    data = {**EXAMPLES["enos/devices"].create, "device_tags": {"password": "hunter2-secret"}}
    operation = plant.perform("enos/devices", data=data)
    assert operation.state == State.REJECTED

    with pytest.raises(NotRepeatable):
        deciding.requeue(Operation.objects.get(), actor=person(plant), key="again")


def test_a_secret_goes_out_again_while_it_is_still_sealed(plant, emulator, settings):
    settings.SETTLE_SECONDS = 0
    data = {**EXAMPLES["enos/devices"].create, "device_tags": {"password": "hunter2-secret"}}
    operation = in_doubt(plant, emulator, "enos/devices", data)
    settle_all()
    operation.refresh_from_db()
    assert operation.is_watched

    deciding.requeue(operation, actor=person(plant), key="again")

    assert "hunter2-secret" in received(emulator, "enos/devices", "create")[-1]["body"]


def test_keys_that_were_lost_end_in_a_sentence(plant, emulator, settings):
    settings.SETTLE_SECONDS = 0
    data = {**EXAMPLES["enos/devices"].create, "device_tags": {"password": "hunter2-secret"}}
    operation = in_doubt(plant, emulator, "enos/devices", data)
    settle_all()
    operation.refresh_from_db()
    settings.CREDENTIAL_KEYS = ["AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="]

    with pytest.raises(NotRepeatable):
        deciding.requeue(operation, actor=person(plant), key="again")


def test_a_secret_that_was_sent_is_sealed_while_the_answer_is_unknown(plant, emulator, settings):
    data = {**EXAMPLES["enos/devices"].create, "device_tags": {"password": "hunter2-secret"}}
    operation = in_doubt(plant, emulator, "enos/devices", data, committed=True)

    row = Operation.objects.filter(pk=operation.pk).values().get()
    assert "hunter2" not in repr(row)
    assert Operation.objects.get().sent_data == data
    settling.settle_due()

    operation.refresh_from_db()
    assert (operation.state, operation.sealed_data) == (State.FOUND, "")
    assert "hunter2" not in repr(Operation.objects.values().get())
    assert "hunter2" not in "".join(Body.objects.values_list("text", flat=True))


def test_an_owner_says_that_it_is_ours(plant, emulator):
    operation = for_a_human(plant, emulator, committed=True)
    candidate = operation.looks[-1]["candidates"][0]["object"]["id"]

    deciding.decide(
        operation, actor=person(plant), decision=Decision.OURS, candidate=candidate, reason="I saw it"
    )

    operation.refresh_from_db()
    assert (operation.state, operation.object_id, operation.decision) == (State.FOUND, candidate, "ours")
    assert KINDS["roma/device-groups"].model.objects.get().remote_id == candidate
    entry = Entry.objects.order_by("-seq").first()
    assert (entry.outcome, entry.actor, entry.reason) == ("found", "owner-plant@example.test", "I saw it")


def test_nobody_declares_ours_what_does_not_exist(plant, emulator):
    operation = for_a_human(plant, emulator, committed=True)

    for candidate in ("", "99999"):
        with pytest.raises(NotDecidable):
            deciding.decide(operation, actor=person(plant), decision=Decision.OURS, candidate=candidate)

    assert Operation.objects.get().state == State.NEEDS_HUMAN


def test_an_owner_says_that_it_is_not_ours(plant, emulator):
    operation = for_a_human(plant, emulator, committed=True)

    deciding.decide(operation, actor=person(plant), decision=Decision.NOT_OURS, reason="Ada made it")

    operation.refresh_from_db()
    assert (operation.state, operation.is_watched) == (State.ABSENT, False)
    assert not KINDS["roma/device-groups"].model.objects.exists()


@pytest.mark.parametrize(("ticket", "kept"), [("", "CHG-1"), ("CHG-2", "CHG-2")])
def test_a_decision_and_what_it_sends_stand_under_a_ticket(plant, emulator, ticket, kept):
    """A decision without one stands under that of the operation, which keeps its own."""
    operation = for_a_human(plant, emulator, committed=True, ticket="CHG-1")

    why = {"reason": "nothing there", "ticket": ticket}
    again = deciding.decide(operation, actor=person(plant), decision=Decision.SEND_AGAIN, key="again", **why)

    decided = Entry.objects.get(operation=str(operation.pk), outcome="absent")
    assert (decided.reason, decided.ticket) == ("nothing there", kept)
    assert (again.ticket, Operation.objects.get(pk=operation.pk).ticket) == (kept, "CHG-1")


def test_an_owner_sends_it_again_and_a_second_press_does_not(plant, emulator):
    operation = for_a_human(plant, emulator, committed=True)

    new = deciding.decide(operation, actor=person(plant), decision=Decision.SEND_AGAIN, key="again")

    operation.refresh_from_db()
    assert (operation.state, new.state, new.follows_id) == (State.ABSENT, State.DONE, operation.pk)
    with pytest.raises(NotDecidable):
        deciding.decide(operation, actor=person(plant), decision=Decision.SEND_AGAIN, key="again")
    assert len(received(emulator, "roma/device-groups", "create")) == 2


def test_an_update_that_is_sent_again_replaces_what_the_owner_saw(plant, emulator):
    operation, row, policies = undecided_update(plant, emulator)

    new = deciding.decide(operation, actor=person(plant), decision=Decision.SEND_AGAIN, key="again")

    assert new.state == State.DONE
    assert policies.get(row.remote_id)["name"] == EXAMPLES["iotda/policies"].update["policy_name"]


def test_what_changed_after_the_owner_saw_it_is_not_replaced(plant, emulator):
    operation, row, policies = undecided_update(plant, emulator)
    unseen = {"policy_name": "unseen", "statement": row.statement}
    policies.client.send(policies.update_call(row.remote_id, unseen))

    new = deciding.decide(operation, actor=person(plant), decision=Decision.SEND_AGAIN, key="again")

    assert (new.state, new.cause) == (State.NOT_SENT, Cause.CONFLICT)
    assert policies.get(row.remote_id)["name"] == "unseen"


@pytest.mark.parametrize("role", [Role.VIEWER, Role.AUDITOR, Role.OPERATOR, Role.MANAGER])
def test_only_owners_decide(plant, emulator, role):
    operation = for_a_human(plant, emulator, committed=True)

    with pytest.raises(NotAllowed):
        deciding.decide(operation, actor=person(plant, role), decision=Decision.NOT_OURS)

    assert Operation.objects.get().state == State.NEEDS_HUMAN
    assert Entry.objects.order_by("-seq").first().stage == "denied"


def test_two_owners_at_once_make_one_decision(committed_plant, emulator):
    operation = for_a_human(committed_plant, emulator, committed=True)

    def press(_number):
        try:
            mine = Operation.objects.get(pk=operation.pk)
            deciding.decide(mine, actor=person(committed_plant), decision=Decision.NOT_OURS)
            return 1
        except NotDecidable:
            return 0
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(press, range(4))) == 1

    assert Entry.objects.filter(outcome="absent").count() == 1
