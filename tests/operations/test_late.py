"""Platforms that are late or forgetful: commits after the portal gave up, and lists that lag behind."""

import time
from datetime import timedelta

import pytest
from django.utils import timezone

from portal.kinds.registry import KINDS
from portal.operations import settling
from portal.operations.deciding import requeue
from portal.operations.models import Operation, State
from portal.teams.models import Role, User
from tests.examples import creating, is_provable, match
from tests.operations.dying import settle_all
from tests.operations.endings import due
from tests.support.plant import ids, received

LOOKED_UP = [
    slug
    for slug in creating()
    if is_provable(slug, "create", happened=True) and is_provable(slug, "create", happened=False)
]


def committed_late(plant, emulator, slug):
    """An operation in doubt, and a function that waits until the platform has done it late."""
    base = ids(emulator, slug)
    emulator.faults([{"match": match(slug, "create"), "fault": "late_commit", "seconds": 40}])
    operation = plant.perform(slug)
    emulator.faults([])
    assert operation.state == State.IN_DOUBT

    def wait():
        for _poll in range(600):
            if ids(emulator, slug) - base:
                return
            time.sleep(0.05)
        pytest.fail("the platform never did it")

    return operation, wait


@pytest.mark.parametrize("slug", LOOKED_UP)
def test_what_the_platform_does_while_it_is_looked_for_is_found(plant, emulator, slug):
    operation, wait = committed_late(plant, emulator, slug)
    settling.settle_due()
    operation.refresh_from_db()
    assert operation.state == State.IN_DOUBT
    wait()

    due()
    settling.settle_due()

    operation.refresh_from_db()
    assert operation.state == State.FOUND
    assert len(received(emulator, slug, "create")) == 1


@pytest.mark.parametrize("slug", LOOKED_UP)
def test_what_the_platform_does_after_it_counted_as_absent_is_adopted(plant, emulator, settings, slug):
    settings.SETTLE_SECONDS = 0
    operation, wait = committed_late(plant, emulator, slug)
    settle_all()
    operation.refresh_from_db()
    assert operation.state == State.ABSENT
    wait()

    due()
    settling.settle_due()

    operation.refresh_from_db()
    assert operation.state == State.FOUND
    assert KINDS[slug].model.objects.present().get().remote_id == operation.object_id
    assert len(received(emulator, slug, "create")) == 1


@pytest.mark.parametrize("slug", LOOKED_UP)
def test_sent_again_after_absent_and_then_done_late_there_is_still_one(plant, emulator, settings, slug):
    """The platform itself keeps the id or the name unique: it refuses the second request."""
    settings.SETTLE_SECONDS = 0
    base = ids(emulator, slug)
    operation, wait = committed_late(plant, emulator, slug)
    settle_all()
    operation.refresh_from_db()
    actor = User.objects.get(pk=plant.people[Role.OPERATOR].pk)
    wait()

    again = requeue(operation, actor=actor, key="again")
    assert again.state == State.REJECTED
    due()
    settling.settle_due()

    operation.refresh_from_db()
    assert operation.state == State.FOUND
    assert len(ids(emulator, slug) - base) == 1


def test_a_stale_list_is_outlived_by_the_watch(plant, emulator, settings):
    settings.SETTLE_SECONDS = 0
    lost = {"match": match("iotda/device-groups", "create"), "fault": "timeout_after_commit", "seconds": 0.1}
    stale = {"match": match("iotda/device-groups", "list"), "fault": "stale_listing"}
    emulator.faults([lost, stale])
    operation = plant.perform("iotda/device-groups")
    settle_all()
    operation.refresh_from_db()
    assert operation.state == State.ABSENT

    emulator.faults([])
    due()
    settling.settle_due()

    operation.refresh_from_db()
    assert operation.state == State.FOUND
    assert len(received(emulator, "iotda/device-groups", "create")) == 1


def test_a_list_that_moves_between_its_pages_proves_no_absence(plant, emulator, settings):
    """An error on one page ends the look: half a list proves nothing."""
    settings.SETTLE_SECONDS = 0
    emulator.faults([{"match": match("iotda/soft-buses", "create"), "fault": "reset"}])
    operation = plant.perform("iotda/soft-buses")
    emulator.faults([{"match": match("iotda/soft-buses", "list"), "fault": "html_502"}])

    settle_all()

    operation.refresh_from_db()
    assert operation.state == State.IN_DOUBT


def test_the_database_decides_what_time_it_is(plant, emulator, monkeypatch):
    """A machine whose clock is an hour fast or slow ends nothing early and looks at nothing twice."""
    emulator.faults([{"match": match("enos/devices", "create"), "fault": "reset"}])
    operation = plant.perform("enos/devices")
    settling.settle_due()
    operation.refresh_from_db()
    running = plant.perform("iotda/policies")
    lease = timezone.now() + timedelta(seconds=60)
    Operation.objects.filter(pk=running.pk).update(state=State.SENDING, lease_until=lease)
    real = timezone.now

    for hours in (1, -1):
        monkeypatch.setattr(timezone, "now", lambda hours=hours: real() + timedelta(hours=hours))
        assert settling.sweep() == 0
        assert settling.settle_due() == 0
