"""The record holds each HTTP exchange that a request caused.

Would catch: a call to a platform that no entry tells of, one that is told twice, a secret in what is told.
"""

import json
from datetime import datetime

import pytest
from django.urls import reverse

from portal.operations import settling
from portal.operations.models import Operation, State
from portal.record.models import Body, Entry
from portal.teams.models import Role
from tests.examples import every_change, match
from tests.support.account import APP, KEYS

BUS = "iotda/soft-buses"
LOST = {"match": match(BUS, "create"), "fault": "timeout_after_commit", "seconds": 0.1}
# Does not pause the connection, as an outage would.
NO_LOOK = {
    "match": {"method": "GET"},
    "fault": "answer",
    "status": 400,
    "body": {"error_code": "IOTDA.000006"},
}


def told(**narrowed):
    """What the bodies of these entries tell, oldest first."""
    seqs = Entry.objects.filter(**narrowed).order_by("seq").values_list("seq", flat=True)
    bodies = [json.loads(Body.objects.get(seq=seq).text) for seq in seqs]
    return [each for body in bodies for each in body.get("attempts", [])]


def received(emulator, since=0):
    return [(each["method"], each["path"], each["status"]) for each in emulator.requests(since)]


def lines(attempts):
    return [(each["method"], each["path"].partition("?")[0], each["http_status"]) for each in attempts]


def last(emulator):
    return max((each["number"] for each in emulator.requests()), default=0)


@pytest.mark.parametrize(("slug", "verb"), every_change())
def test_each_call_of_a_change_is_told(plant, emulator, slug, verb):
    row = None if verb == "create" else plant.ready(slug, verb)
    since = last(emulator)

    operation = plant.perform(slug, verb, target=row)

    assert operation.state == State.DONE, operation.message
    attempts = told(operation=str(operation.pk))
    assert lines(attempts) == received(emulator, since)
    (sent,) = [each for each in attempts if each["purpose"] == "change"]
    assert sent["platform_request_id"] == operation.platform_request_id
    assert (sent["result"], sent["http_status"]) == ("answered", operation.http_status)
    assert all(datetime.fromisoformat(each["at"]) >= operation.created_at for each in attempts)
    assert all(0 <= each["duration_ms"] < 30_000 for each in attempts)
    assert not any(secret in json.dumps(attempts) for secret in (*KEYS.values(), *APP.values()))


def test_signing_in_is_told_too(plant, emulator):
    since = last(emulator)
    operation = plant.perform("enos/devices")
    attempts = told(operation=str(operation.pk))
    assert lines(attempts) == received(emulator, since)
    assert [each["purpose"] for each in attempts].count("sign_in") == 1


def test_looks_that_show_nothing_new_are_told_with_the_next_entry(plant, emulator, settings):
    emulator.faults([LOST])
    since = last(emulator)
    operation = plant.perform(BUS)
    assert operation.state == State.IN_DOUBT
    emulator.faults([NO_LOOK])
    for _look in range(2):
        Operation.objects.update(next_look_at=operation.created_at)
        settling.settle_due()
    emulator.faults([])
    Operation.objects.update(next_look_at=operation.created_at)
    settling.settle_due()

    operation.refresh_from_db()
    assert operation.state == State.FOUND
    assert not any("attempts" in look for look in operation.looks)
    attempts = told(operation=str(operation.pk))
    assert len(attempts) == len(received(emulator, since))
    assert "unclear" in {each["result"] for each in attempts}


def test_many_looks_without_news_get_an_entry_before_any_is_forgotten(plant, emulator):
    emulator.faults([LOST])
    operation = plant.perform(BUS)
    emulator.faults([NO_LOOK])
    looks = settling.LOOKS_UNTOLD + 1
    since = last(emulator)
    for _look in range(looks):
        Operation.objects.update(next_look_at=operation.created_at)
        settling.settle_due()

    assert Operation.objects.get().state == State.IN_DOUBT
    assert len(told(stage="note")) == len(received(emulator, since))


def test_the_test_of_a_connection_tells_them(plant, emulator):
    since = last(emulator)
    plant.browser(Role.MANAGER).post(reverse("connections:test", args=[plant.connections["iotda"].pk]))
    attempts = told(verb="connection_test")
    assert lines(attempts) == received(emulator, since)
    assert len(attempts) > 1
