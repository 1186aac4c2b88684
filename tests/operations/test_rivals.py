"""Several looks at once: two creates with one name, two people who look, and a look that is too late."""

from datetime import timedelta

import pytest
from django.utils import timezone

from portal.errors import NotRepeatable
from portal.operations import deciding, service, settling
from portal.operations.models import Operation, State
from tests.examples import EXAMPLES, match
from tests.operations.endings import absent, due, in_doubt, someone
from tests.support.plant import ids, received

GROUP, DEVICE, POLICY = "iotda/device-groups", "enos/devices", "iotda/policies"
EITHER = pytest.mark.parametrize("slug", [GROUP, DEVICE])


def look_at_all():
    due()
    settling.settle_due()


def running_like(operation):
    """Values of an operation that has just asked for the same."""
    names = ("team", "actor", "connection", "platform", "kind_slug", "verb_name", "object_name", "data")
    values = {name: getattr(operation, name) for name in names}
    return {**values, "key": "running", "follows": operation}


@EITHER
def test_what_a_running_operation_is_about_to_record_is_not_claimed(plant, emulator, monkeypatch, slug):
    lost = in_doubt(plant, emulator, slug)
    real = service.conclude

    def slow(*args, **options):
        look_at_all()
        return real(*args, **options)

    monkeypatch.setattr(service, "conclude", slow)

    made = plant.perform(slug)

    lost.refresh_from_db()
    assert (lost.state, lost.object_id, made.state) == (State.IN_DOUBT, "", State.DONE)
    assert [each["verdict"] for each in lost.looks] == ["waiting"]
    look_at_all()
    lost.refresh_from_db()
    assert (lost.state, lost.looks[-1]["verdict"]) == (State.IN_DOUBT, "missed")


@EITHER
def test_of_two_in_doubt_about_one_name_neither_claims_what_is_there(plant, emulator, slug):
    base = ids(emulator, slug)
    in_doubt(plant, emulator, slug)
    in_doubt(plant, emulator, slug, committed=True)
    assert len(ids(emulator, slug) - base) == 1

    look_at_all()

    assert set(Operation.objects.values_list("state", "object_id")) == {(State.NEEDS_HUMAN, "")}
    for operation in Operation.objects.all():
        assert len(operation.looks[-1]["candidates"]) == 1


def test_what_is_absent_claims_nothing_while_another_of_its_name_is_in_doubt(plant, emulator, settings):
    gone = absent(plant, emulator, settings, DEVICE)
    assert gone.is_watched
    in_doubt(plant, emulator, DEVICE, committed=True)

    due()
    assert settling.look_again(gone, actor=someone(plant)).verdict == "waiting"

    assert Operation.objects.get(pk=gone.pk).state == State.ABSENT


def test_another_name_is_no_rival(plant, emulator):
    in_doubt(plant, emulator, GROUP, {**EXAMPLES[GROUP].create, "name": "valves"})
    lost = in_doubt(plant, emulator, GROUP, committed=True)

    look_at_all()

    lost.refresh_from_db()
    assert lost.state == State.FOUND


def test_two_looks_at_once_are_both_kept(plant, emulator, monkeypatch):
    operation = in_doubt(plant, emulator, DEVICE)
    real = settling._seen_on_platform

    def slow(mine):
        monkeypatch.setattr(settling, "_seen_on_platform", real)
        settling.look_again(Operation.objects.get(pk=mine.pk), actor=someone(plant))
        return real(mine)

    monkeypatch.setattr(settling, "_seen_on_platform", slow)

    look_at_all()

    operation.refresh_from_db()
    assert [each["by"] for each in operation.looks] == ["operator-plant@example.test", ""]


def test_a_look_that_comes_too_late_brings_no_old_values_back(plant, emulator, monkeypatch):
    """It saw the object; until it writes, another look settled the change and somebody made a newer one."""
    row = plant.make(POLICY)
    call = match(POLICY, "update")
    lost = {"match": call, "fault": "reset_mid_body", "times": 1}
    emulator.faults([lost, {"match": call, "fault": "reset"}])
    first = plant.perform(POLICY, "update", {"policy_name": "first", "statement": row.statement}, target=row)
    emulator.faults([])
    assert first.state == State.IN_DOUBT
    real = settling._keep

    def slow(*args):
        monkeypatch.setattr(settling, "_keep", real)
        settling.look_again(Operation.objects.get(pk=first.pk), actor=someone(plant))
        newer = {"policy_name": "newer", "statement": row.statement}
        assert plant.perform(POLICY, "update", newer, target=row).state == State.DONE
        return real(*args)

    monkeypatch.setattr(settling, "_keep", slow)

    look_at_all()

    first.refresh_from_db()
    row.refresh_from_db()
    assert (first.state, len(first.looks)) == (State.FOUND, 1)
    assert (plant.seen(POLICY, row)["name"], row.name) == ("newer", "newer")


# What proves nothing


def test_what_is_listed_but_cannot_be_read_is_neither_there_nor_absent(plant, emulator, settings):
    settings.SETTLE_SECONDS = 0
    base = ids(emulator, GROUP)
    operation = in_doubt(plant, emulator, GROUP, committed=True)
    emulator.faults([{"match": match(GROUP, "list"), "fault": "stale_listing"}])
    (new,) = ids(emulator, GROUP) - base
    plant.collection(GROUP).delete(new)

    for _look in range(3):
        look_at_all()

    operation.refresh_from_db()
    assert [each["verdict"] for each in operation.looks] == ["unseen"] * 3
    assert operation.state == State.NEEDS_HUMAN


def test_before_and_after_are_the_records_and_not_two_clocks(plant, emulator):
    """The machine that asked for what was lost has a clock that is a minute fast."""
    lost = in_doubt(plant, emulator, GROUP)
    Operation.objects.filter(pk=lost.pk).update(created_at=timezone.now() + timedelta(seconds=60))
    assert plant.perform(GROUP).state == State.DONE

    look_at_all()

    lost.refresh_from_db()
    assert (lost.state, lost.looks[-1]["verdict"]) == (State.IN_DOUBT, "missed")


def test_a_connection_that_another_thread_looks_at_keeps_no_other_waiting(plant, emulator, monkeypatch):
    slow, quick = in_doubt(plant, emulator, DEVICE), in_doubt(plant, emulator, POLICY)
    due()
    Operation.objects.filter(pk=quick.pk).update(next_look_at=timezone.now())
    monkeypatch.setattr(settling, "_looked_at", {slow.connection_id})

    assert settling.settle_due(limit=1) == 1

    quick.refresh_from_db()
    assert len(quick.looks) == 1


def test_what_is_found_late_is_not_asked_for_again(plant, emulator, settings, monkeypatch):
    """The worker finds it between the press of "Try again" and the new operation."""
    gone = absent(plant, emulator, settings, POLICY)
    real = service.intend

    def late(*arguments):
        Operation.objects.filter(pk=gone.pk).update(state=State.FOUND, watch_until=None)
        return real(*arguments)

    monkeypatch.setattr(service, "intend", late)
    sent = len(received(emulator, POLICY, "create"))

    with pytest.raises(NotRepeatable):
        deciding.requeue(gone, actor=gone.actor, key="again")

    assert (Operation.objects.count(), len(received(emulator, POLICY, "create"))) == (1, sent)


def test_what_is_asked_for_again_during_a_look_is_not_claimed_by_it(plant, emulator, settings, monkeypatch):
    gone = absent(plant, emulator, settings, DEVICE)
    plant.made_in_the_console(DEVICE)  # stands for the late commit
    real = settling._keep

    def asked_again(operation, *arguments):
        monkeypatch.setattr(settling, "_keep", real)
        Operation.objects.create(**running_like(gone))
        return real(operation, *arguments)

    monkeypatch.setattr(settling, "_keep", asked_again)

    look_at_all()

    gone.refresh_from_db()
    assert (gone.state, gone.looks[-1]["verdict"]) == (State.ABSENT, "waiting")


def test_nor_is_what_is_requested_again_right_before_it_is_written(plant, emulator, settings, monkeypatch):
    """The device has a name of its own on the platform; the rival is known by the key that both asked for."""
    gone = absent(plant, emulator, settings, DEVICE)
    plant.made_in_the_console(DEVICE)
    real = settling._as_kept

    def asked_again(*arguments):
        if not Operation.objects.filter(key="running").exists():
            Operation.objects.create(**running_like(gone))
        return real(*arguments)

    monkeypatch.setattr(settling, "_as_kept", asked_again)

    look_at_all()

    gone.refresh_from_db()
    assert (gone.state, gone.looks[-1]["verdict"]) == (State.ABSENT, "waiting")
