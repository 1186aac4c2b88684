"""What is sent again: an update only after a look at the object, and nothing after the call's deadline."""

from dataclasses import replace

import pytest

from portal.operations import service
from portal.operations.models import Cause, State
from tests.examples import match

POLICY = "iotda/policies"
UPDATE = match(POLICY, "update")
SLOW_DOWN = {"error_code": "IOTDA.021101", "error_msg": "slow down"}
LOST = {"match": UPDATE, "fault": "reset", "times": 1}


def throttled(retry_after="0"):
    headers = {"Retry-After": retry_after}
    answer = {"fault": "answer", "status": 429, "headers": headers, "body": SLOW_DOWN}
    return {"match": UPDATE, "times": 1, **answer}


def update(plant, row):
    return plant.perform(POLICY, "update", target=row)


def methods(emulator, row):
    """The HTTP methods that reached the object, in order."""
    return [each["method"] for each in emulator.requests() if each["path"].endswith(f"/{row.remote_id}")]


@pytest.mark.parametrize("rules", [[throttled("1")], [LOST, throttled()]], ids=len)
def test_before_each_repeat_of_an_update_the_object_is_looked_at(plant, emulator, rules):
    row = plant.make(POLICY)
    emulator.faults(rules)

    operation = update(plant, row)

    assert operation.state == State.DONE
    assert methods(emulator, row) == ["GET", "PUT"] * (len(rules) + 1)


@pytest.mark.parametrize(
    ("rules", "ending"),
    [
        ([throttled()], (State.NOT_SENT, Cause.THROTTLED)),
        ([LOST, throttled()], (State.IN_DOUBT, "")),
    ],
    ids=["throttled", "lost-throttled"],
)
def test_what_somebody_else_did_during_the_wait_is_not_overwritten(
    plant, emulator, monkeypatch, rules, ending
):
    row = plant.make(POLICY)
    policies = plant.collection(POLICY)
    real = service.resend

    def somebody_is_faster(operation, change, number, answers):
        if number == len(rules) + 1:
            emulator.faults([])
            theirs = {"policy_name": "theirs", "statement": row.statement}
            policies.client.send(policies.update_call(row.remote_id, theirs))
        return real(operation, change, number, answers)

    monkeypatch.setattr(service, "resend", somebody_is_faster)
    emulator.faults(rules)

    operation = update(plant, row)

    assert (operation.state, operation.cause) == ending
    assert plant.seen(POLICY, row)["name"] == "theirs"
    assert len(operation.http_attempts) == len(rules)


def test_the_look_before_a_repeat_has_no_more_time_than_the_call(plant, emulator, monkeypatch):
    """Answered after the call's end, it allows nothing any more."""
    row = plant.make(POLICY)
    client = plant.connections["iotda"].client()
    real = service.resend

    def slowly(*args):
        emulator.faults([{"match": {"method": "GET"}, "fault": "latency", "seconds": 0.9}])
        return real(*args)

    monkeypatch.setattr(service, "resend", slowly)
    monkeypatch.setattr(client, "_deadline", 1.5)
    emulator.faults([{"match": UPDATE, "fault": "timeout_before_commit", "seconds": 0.8}])

    operation = update(plant, row)

    assert operation.state == State.IN_DOUBT
    assert [each.number for each in operation.http_attempts] == [1]


def test_a_noted_attempt_that_never_left_is_closed(plant, emulator, monkeypatch):
    row = plant.make(POLICY)
    client = plant.connections["iotda"].client()
    waits, late = client._waits, []
    monkeypatch.setattr(client, "_waits", replace(waits, clock=lambda: waits.clock() + 60 * len(late)))
    real = service.resend

    def until_it_is_late(*args):
        is_agreed = real(*args)
        late.append(is_agreed)
        return is_agreed

    monkeypatch.setattr(service, "resend", until_it_is_late)
    emulator.faults([LOST])

    operation = update(plant, row)

    assert late == [True]
    assert operation.state == State.IN_DOUBT
    assert methods(emulator, row).count("PUT") == 1
    noted = operation.http_attempts[1]
    assert noted.ended_at is not None
    assert "no time left" in noted.message
