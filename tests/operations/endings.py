"""Operations in each of their states, made by what the emulated platforms do; and their pages as text."""

import re
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from django.db import connections

from portal.connections.models import Condition
from portal.operations import settling
from portal.operations.models import Operation, State
from tests.operations.changes import match
from tests.operations.test_evidence import in_doubt

POLICY, BUS, GROUP, DEVICE = "iotda/policies", "iotda/soft-buses", "roma/device-groups", "enos/devices"


def url(operation, what=""):
    return f"/operations/{operation.pk}/{what}{'/' if what else ''}"


def text_of(response):
    """What people read on a page, in one line."""
    text = re.sub(r"<[^>]*>", " ", response.content.decode())
    return re.sub(r"\s+", " ", text.replace("&#x27;", "'"))


def rejected(plant, emulator, slug=POLICY, data=None):
    body = {"error_code": "IOTDA.000006", "error_msg": "no", "request_id": "r-77"}
    emulator.faults([{"match": match(slug, "create"), "fault": "answer", "status": 400, "body": body}])
    operation = plant.perform(slug, data=data)
    emulator.faults([])
    assert operation.state == State.REJECTED
    return operation


def not_sent(plant, emulator):
    """The platform could not be reached."""
    connection = plant.connections["iotda"]
    endpoint, connection.endpoint = connection.endpoint, "http://127.0.0.1:9"
    connection.save()
    operation = plant.perform(POLICY)
    connection.endpoint = endpoint
    connection.save()
    Condition.objects.all().delete()
    assert (operation.state, operation.cause) == (State.NOT_SENT, "unreachable")
    return operation


def refused_delete(plant, emulator, slug=POLICY):
    row = plant.make(slug)
    body = {"error_code": "IOTDA.000006", "error_msg": "no"}
    emulator.faults([{"match": match(slug, "delete"), "fault": "answer", "status": 400, "body": body}])
    operation = plant.perform(slug, "delete", target=row)
    emulator.faults([])
    assert operation.state == State.REJECTED
    return operation


def conflict(plant, emulator):
    row = plant.make(POLICY)
    expected = {"policy_name": "before", "statement": row.statement}
    operation = plant.perform(POLICY, "update", target=row, expected=expected)
    assert (operation.state, operation.cause) == (State.NOT_SENT, "conflict")
    return operation


def absent(plant, emulator, settings, data=None):
    operation = in_doubt(plant, emulator, DEVICE, data)
    settings.SETTLE_SECONDS = 0
    for _look in range(3):
        settling.look_again(operation, actor=operation.actor)
    operation.refresh_from_db()
    assert operation.state == State.ABSENT
    return operation


@contextmanager
def on_its_way(plant, emulator, picked):
    """An operation whose process waits for the platform, and what lets it go on and returns it at its end.

    Needs real commits.
    """
    emulator.faults([{"match": picked, "fault": "latency", "seconds": 18}])
    before = len(emulator.requests())

    def perform():
        try:
            return plant.perform(POLICY)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(perform)

        def release():
            emulator.faults([])
            return running.result()

        try:
            while len(emulator.requests()) == before and not running.done():
                pass
            yield Operation.objects.get(), release
        finally:
            release()
