"""kill -9 at each step of a create: never a call without its intent, never a second call."""

import os
import subprocess
import sys
import uuid
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from portal.kinds.registry import KINDS
from portal.operations import settling
from portal.operations.models import Operation, State
from portal.record.models import Entry
from portal.teams.models import Role, User
from tests.support.plant import CREATE_CALLS, creates_received

ROOT = Path(__file__).resolve().parents[2]
# step -> (calls that reached the platform, state after the sweep, entries in the record)
STEPS = {
    "before_intent": (0, None, []),
    "after_intent": (0, "not_sent", ["asked", "not_sent"]),
    "after_sign_in": (0, "not_sent", ["asked", "not_sent"]),
    "after_baseline": (0, "not_sent", ["asked", "not_sent"]),
    "after_sending": (0, "in_doubt", ["asked", "in_doubt"]),
    "during_call": (1, "in_doubt", ["asked", "in_doubt"]),
    "after_answer": (1, "in_doubt", ["asked", "in_doubt"]),
    "after_outcome": (1, "done", ["asked", "done"]),
}
PLATFORM_KINDS = ("roma/device-groups", "iotda/policies", "enos/devices")
OTHER_KINDS = ("iotda/device-groups", "iotda/soft-buses")
FULL_ROUNDS = 3


def run(step, slug, plant, key, url):
    environment = {**os.environ, "PORTAL_DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "portal.settings"}
    arguments = [sys.executable, "-m", "tests.operations.kill_child", step, slug, str(plant.team.pk), key]
    return subprocess.run(arguments, env=environment, capture_output=True, text=True, timeout=60, cwd=ROOT)


@pytest.mark.parametrize("slug", PLATFORM_KINDS)
@pytest.mark.parametrize("step", STEPS)
def test_killed_at(step, slug, committed_db, committed_plant, emulator):
    key = str(uuid.uuid4())
    calls, state, entries = STEPS[step]
    if step == "during_call":
        method, path = CREATE_CALLS[slug]
        match = {"method": method, "path": path} | (
            {"query": "action=create"} if slug == "enos/devices" else {}
        )
        emulator.faults([{"match": match, "fault": "timeout_after_commit", "seconds": 3}])

    child = run(step, slug, committed_plant, key, committed_db.url)

    assert child.returncode == -9, child.stderr
    assert len(creates_received(emulator, slug)) == calls
    # Never a call without its intent.
    assert Entry.objects.filter(stage="intent").count() >= calls
    assert Operation.objects.count() == bool(entries)

    Operation.objects.filter(state__in=(State.INTENT, State.SENDING)).update(
        lease_until=timezone.now() - timedelta(seconds=1)
    )
    settling.sweep()
    assert [operation.state for operation in Operation.objects.all()] == ([state] if state else [])
    assert list(Entry.objects.order_by("seq").values_list("outcome", flat=True)) == entries

    # The person presses again with the same form: the same operation, never a second call.
    emulator.faults([])
    if entries:
        committed_plant.perform(slug, key=key)
        assert len(creates_received(emulator, slug)) == calls


@pytest.mark.full
@pytest.mark.parametrize("number", range(FULL_ROUNDS))
@pytest.mark.parametrize("slug", PLATFORM_KINDS + OTHER_KINDS)
@pytest.mark.parametrize("step", STEPS)
def test_killed_again_and_again(step, slug, number, committed_db, committed_plant, emulator):
    test_killed_at(step, slug, committed_db, committed_plant, emulator)


def test_without_a_kill_the_child_does_the_whole_job(committed_db, committed_plant, emulator):
    """Otherwise every row above could be green for a child that does nothing."""
    child = run("after_outcome", "roma/device-groups", committed_plant, str(uuid.uuid4()), committed_db.url)

    assert child.returncode == -9
    assert Operation.objects.get().state == State.DONE


@pytest.mark.parametrize("slug", ["enos/devices", "iotda/soft-buses"])
def test_what_was_committed_while_the_portal_died_is_found_by_a_look(
    slug, committed_db, committed_plant, emulator
):
    child = run("after_answer", slug, committed_plant, str(uuid.uuid4()), committed_db.url)
    assert child.returncode == -9
    Operation.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    settling.sweep()
    operation = Operation.objects.get()

    look = settling.look_again(operation, actor=User.objects.get(pk=committed_plant.people[Role.OPERATOR].pk))

    assert (look.verdict, operation.state) == ("found", "found")
    assert KINDS[slug].model.objects.get().remote_id == operation.object_id
    assert Entry.objects.order_by("-seq").first().outcome == "found"
