"""A change reserves its object until it ends, also while it is in doubt."""

import time

import pytest

from portal.errors import NotDecidable
from portal.kinds.registry import KINDS
from portal.operations import deciding, settling
from portal.operations.models import Cause, Decision, Operation, State
from portal.teams.models import Role
from tests.examples import deleting, every_change, is_provable, match
from tests.operations.dying import settle_all
from tests.operations.endings import due, in_doubt, lost, someone, undecided_update
from tests.support.plant import evidence_of, ids, received

POLICY, BUS, GROUP = "iotda/policies", "iotda/soft-buses", "roma/device-groups"


def rename(plant, row, name, **options):
    data = {"policy_name": name, "statement": row.statement}
    return plant.perform(POLICY, "update", data, target=row, **options)


ON_AN_OBJECT = [
    (slug, verb)
    for slug, verb in every_change()
    if verb != "create" and slug in deleting() and is_provable(slug, verb, happened=False)
]


@pytest.mark.parametrize(("slug", "verb"), ON_AN_OBJECT, ids=["-".join(each) for each in ON_AN_OBJECT])
def test_what_is_in_doubt_keeps_others_off_until_it_is_settled(plant, emulator, settings, slug, verb):
    settings.SETTLE_SECONDS = 0
    first = lost(plant, emulator, slug, verb, committed=False)
    assert first.state == State.IN_DOUBT
    row = KINDS[slug].model.objects.get(remote_id=first.object_id)
    sent = len(received(emulator, slug, "delete"))

    second = plant.perform(slug, "delete", target=row)

    assert (second.state, second.cause, second.sent_at) == (State.NOT_SENT, Cause.BUSY, None)
    assert "owner-plant@example.test" in second.message
    assert "in doubt" in second.message
    assert len(received(emulator, slug, "delete")) == sent
    settle_all()
    first.refresh_from_db()
    assert (first.state, first.holds) == (State.ABSENT, None)
    assert plant.perform(slug, "delete", target=row).cause != Cause.BUSY


def test_a_late_commit_overwrites_nobody(plant, emulator, settings):
    """The platform takes its time with the first change; the second waits for the end of that one."""
    settings.SETTLE_SECONDS = 0
    row = plant.make(POLICY)
    call = match(POLICY, "update")
    late = {"match": call, "fault": "late_commit", "seconds": 10, "times": 1}
    emulator.faults([late, {"match": call, "fault": "reset"}])
    first = rename(plant, row, "first", role=Role.OWNER)
    emulator.faults([])
    assert first.state == State.IN_DOUBT
    assert rename(plant, row, "second").cause == Cause.BUSY
    for _poll in range(600):
        if plant.seen(POLICY, row)["name"] == "first":
            break
        time.sleep(0.05)
    assert rename(plant, row, "second").cause == Cause.BUSY

    due()
    settling.settle_due()

    first.refresh_from_db()
    assert (first.state, first.holds) == (State.FOUND, None)
    assert rename(plant, row, "second").state == State.DONE
    row.refresh_from_db()
    assert (plant.seen(POLICY, row)["name"], row.name) == ("second", "second")


@pytest.mark.parametrize("decision", [Decision.NOT_OURS, Decision.OURS])
def test_what_needs_a_human_keeps_others_off_until_it_is_decided(plant, emulator, settings, decision):
    settings.SETTLE_SECONDS = 0
    first, row, _policies = undecided_update(plant, emulator)

    second = rename(plant, row, "second")

    assert (second.state, second.cause) == (State.NOT_SENT, Cause.BUSY)
    assert "operator-plant@example.test" in second.message
    assert "needs a human" in second.message
    deciding.decide(first, actor=someone(plant, Role.OWNER), decision=decision, reason="r")
    first.refresh_from_db()
    assert first.holds is None
    assert rename(plant, row, "second").state == State.DONE


# An object that is gone before anything was sent


def test_an_object_that_is_gone_is_not_changed(plant, emulator):
    row = plant.make(POLICY)
    plant.collection(POLICY).delete(row.remote_id)
    sent = len(received(emulator, POLICY, "update"))

    operation = plant.perform(POLICY, "update", target=row, role=Role.OWNER)

    assert (operation.state, operation.cause, operation.sent_at) == (State.NOT_SENT, Cause.GONE, None)
    assert Operation.objects.get(pk=operation.pk).holds is None
    row.refresh_from_db()
    assert row.gone_at is not None
    assert len(received(emulator, POLICY, "update")) == sent


def test_nobody_declares_a_delete_done_while_the_object_is_there(plant, emulator):
    operation = lost(plant, emulator, POLICY, "delete", committed=False)
    row = KINDS[POLICY].model.objects.get(remote_id=operation.object_id)
    Operation.objects.update(state=State.NEEDS_HUMAN)
    operation.refresh_from_db()
    owner = someone(plant, Role.OWNER)

    with pytest.raises(NotDecidable):
        deciding.decide(operation, actor=owner, decision=Decision.OURS, reason="r")

    assert Operation.objects.get(pk=operation.pk).state == State.NEEDS_HUMAN
    assert row.remote_id in ids(emulator, POLICY)
    plant.collection(POLICY).delete(row.remote_id)
    deciding.decide(operation, actor=owner, decision=Decision.OURS, reason="r")
    row.refresh_from_db()
    assert (operation.state, row.gone_at is None) == (State.FOUND, False)


# What people do meanwhile


def test_cancelled_while_it_was_found_to_conflict_it_is_cancelled(plant, emulator, monkeypatch):
    row = plant.make(POLICY)
    settle = type(evidence_of(KINDS[POLICY], "update"))
    real = settle.baseline

    def slow(*args):
        waiting = Operation.objects.get(state=State.INTENT)
        assert deciding.cancel(waiting, actor=someone(plant))
        return real(*args)

    monkeypatch.setattr(settle, "baseline", slow)

    operation = rename(plant, row, "renamed", expected={"policy_name": "other", "statement": []})

    assert (operation.state, operation.cause) == (State.CANCELLED, Cause.CANCELLED)
    assert received(emulator, POLICY, "update") == []


def test_after_a_decision_nobody_watches_any_more(plant, emulator, settings):
    settings.SETTLE_SECONDS = 0
    operation = in_doubt(plant, emulator, GROUP)
    settle_all()
    operation.refresh_from_db()
    assert operation.is_watched
    plant.made_in_the_console(GROUP)
    due()
    settling.settle_due()
    operation.refresh_from_db()
    assert operation.state == State.NEEDS_HUMAN

    owner = someone(plant, Role.OWNER)
    deciding.decide(operation, actor=owner, decision=Decision.NOT_OURS, reason="r")

    operation.refresh_from_db()
    assert (operation.state, operation.watch_until, operation.next_look_at) == (State.ABSENT, None, None)
    due()
    assert settling.settle_due() == 0
