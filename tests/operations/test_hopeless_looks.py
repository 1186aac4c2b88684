"""Looks that prove nothing: they are saved, and after a day the operation needs a human."""

from datetime import datetime, timedelta

import pytest

from portal.operations import deciding, settling
from portal.operations.models import Decision, Operation, State
from portal.record.models import Entry
from portal.teams.models import Role
from tests.operations.endings import due, in_doubt, someone

DEVICE, GROUP = "enos/devices", "iotda/device-groups"


def look_once():
    due()
    settling.settle_due()


def age(operation, **time):
    """Move the times of its looks into the past."""
    operation.refresh_from_db()
    for look in operation.looks:
        look["at"] = (datetime.fromisoformat(look["at"]) - timedelta(**time)).isoformat()
    Operation.objects.filter(pk=operation.pk).update(looks=operation.looks)


@pytest.mark.parametrize(("hours", "state"), [(23, State.IN_DOUBT), (25, State.NEEDS_HUMAN)])
def test_after_a_day_of_failed_looks_somebody_has_to_decide(plant, emulator, hours, state):
    operation = in_doubt(plant, emulator, GROUP, committed=True)
    emulator.faults([{"match": {"method": "GET"}, "fault": "answer", "status": 403, "body": "{}"}])
    for _look in range(3):
        look_once()
    age(operation, hours=hours)

    look_once()

    operation.refresh_from_db()
    assert operation.state == state
    assert {each["verdict"] for each in operation.looks} == {"failed"}
    assert (operation.next_look_at is None) == (state == State.NEEDS_HUMAN)
    assert Entry.objects.order_by("-seq").first().outcome == state


def test_however_often_it_was_looked_at_the_first_look_counts(plant, emulator):
    operation = in_doubt(plant, emulator, GROUP)
    emulator.faults([{"match": {"method": "GET"}, "fault": "answer", "status": 403, "body": "{}"}])
    look_once()
    age(operation, hours=23)
    first = operation.looks[0]
    look_once()
    operation.refresh_from_db()
    many = [first, *operation.looks[1:] * (settling.LOOKS_KEPT - 1)]
    Operation.objects.filter(pk=operation.pk).update(looks=many)
    look_once()
    operation.refresh_from_db()
    assert (operation.state, len(operation.looks)) == (State.IN_DOUBT, settling.LOOKS_KEPT)
    assert operation.looks[0]["at"] == first["at"]

    age(operation, hours=2)
    look_once()

    operation.refresh_from_db()
    assert operation.state == State.NEEDS_HUMAN


def test_what_nobody_could_look_up_can_be_decided(plant, emulator):
    operation = in_doubt(plant, emulator, DEVICE)
    emulator.faults([{"match": {"method": "GET"}, "fault": "answer", "status": 403, "body": "{}"}])
    look_once()
    age(operation, hours=25)
    look_once()
    operation.refresh_from_db()

    owner = someone(plant, Role.OWNER)
    deciding.decide(operation, actor=owner, decision=Decision.NOT_OURS, reason="it never came")

    assert Operation.objects.get().state == State.ABSENT


def test_a_bug_in_a_look_is_a_failed_look(plant, emulator, monkeypatch):
    operation = in_doubt(plant, emulator, DEVICE)

    def broken(operation):
        raise ValueError("hunter2-secret")

    monkeypatch.setattr(settling, "_seen_on_platform", broken)

    look_once()

    operation.refresh_from_db()
    assert operation.state == State.IN_DOUBT
    assert [each["verdict"] for each in operation.looks] == ["failed"]
    assert operation.looks[0]["words"]["code"] == "look.failed_here"
    assert "hunter2" not in repr(operation.looks)
    age(operation, hours=25)
    look_once()
    operation.refresh_from_db()
    assert operation.state == State.NEEDS_HUMAN
