"""Makes operations in each state, by faults of the emulated platforms; and reads their pages as text."""

import re
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta

from django.db import OperationalError, connections
from django.utils import timezone

from portal.connections.models import Condition
from portal.kinds.registry import KINDS
from portal.operations import settling
from portal.operations.models import Operation, State
from portal.teams.models import Role, User
from tests.examples import match
from tests.resources.forms import read

REASON = "I saw it in the console"
POLICY, BUS, GROUP, DEVICE = "iotda/policies", "iotda/soft-buses", "roma/device-groups", "enos/devices"


def url(operation, what=""):
    return f"/operations/{operation.pk}/{what}{'/' if what else ''}"


def text_of(response):
    """The text of a page, on one line."""
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


def absent(plant, emulator, settings, slug=DEVICE, data=None):
    operation = in_doubt(plant, emulator, slug, data)
    settings.SETTLE_SECONDS = 0
    for _look in range(3):
        settling.look_again(operation, actor=operation.actor)
    operation.refresh_from_db()
    assert operation.state == State.ABSENT
    return operation


@contextmanager
def on_its_way(plant, emulator, picked):
    """Yield (operation, release). The operation waits for the platform until release() is called, which
    returns the ended operation. Needs real commits.
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


def someone(plant, role=Role.OPERATOR):
    return User.objects.get(pk=plant.people[role].pk)


def in_doubt(plant, emulator, slug, data=None, *, committed=False, **why):
    when = "after" if committed else "before"
    emulator.faults(fault(slug, fault=f"timeout_{when}_commit", seconds=0.1))
    operation = plant.perform(slug, data=data, **why)
    emulator.faults([])
    assert operation.state == State.IN_DOUBT
    return operation


def fault(slug, **rule):
    """Emulator rules for a fault of the creates of this kind."""
    return [{"match": match(slug, "create"), **rule}]


def broken(*args, **kwargs):
    raise OperationalError("disk I/O error")


def due():
    Operation.objects.exclude(next_look_at=None).update(next_look_at=timezone.now() - timedelta(seconds=1))


def lost(plant, emulator, slug, verb, *, committed):
    """An operation whose answer was lost: the connection broke before or after the platform did it."""
    target = None
    if verb != "create":
        made = plant.perform(slug)
        target = plant.readied(slug, verb, KINDS[slug].model.objects.get(remote_id=made.object_id))
    fault = "reset_mid_body" if committed else "reset"
    emulator.faults([{"match": match(slug, verb), "fault": fault}])
    operation = plant.perform(slug, verb, target=target, role=Role.OWNER)
    emulator.faults([])
    return operation


def for_a_human(plant, emulator, *, committed, slug="roma/device-groups", **why):
    operation = in_doubt(plant, emulator, slug, committed=committed, **why)
    settling.settle_due()
    operation.refresh_from_db()
    assert operation.state == State.NEEDS_HUMAN
    return operation


def undecided_update(plant, emulator):
    """An update whose answer was lost, and whose object someone else changed at the same time."""
    plant.perform("iotda/policies")
    row = KINDS["iotda/policies"].model.objects.get()
    policies = plant.connections["iotda"].client().policies
    emulator.faults([{"match": match("iotda/policies", "update"), "fault": "reset"}])
    opened = {"policy_name": row.name, "statement": row.statement}
    operation = plant.perform("iotda/policies", "update", target=row, expected=opened)
    emulator.faults([])
    theirs = {"policy_name": "theirs", "statement": row.statement}
    policies.client.send(policies.update_call(row.remote_id, theirs))
    settling.settle_due()
    operation.refresh_from_db()
    assert operation.state == State.NEEDS_HUMAN
    return operation, row, policies


def decide(browser, operation, decision="", **changes):
    """Open the form, fill it in, send it."""
    fields = {name: values[0] for name, values in read(browser.get(url(operation, "decide"))).fields.items()}
    values = {**fields, "decision": decision, "reason": REASON, **changes}
    return browser.post(url(operation, "decide"), {name: each for name, each in values.items() if each})
