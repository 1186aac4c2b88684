"""kill -9 at random moments, again and again, while four workers carry out one batch of creates."""

import contextlib
import os
import random
import signal
import time
import uuid

import pytest

from portal.operations.deciding import decide
from portal.operations.models import UNSETTLED, Decision, Operation, State
from portal.record.models import Entry
from portal.teams.models import Role, User
from tests.examples import EXAMPLES, creating
from tests.operations.batch import has_happened, is_over, operations_of
from tests.support.plant import ids, mirrored, received

WORKERS = 4
LEASE_SECONDS = 1
GIVE_UP_SECONDS = 120
SLUGS = creating()


def make_items(plant, count):
    """[[slug, data, key]], each with another name. Where there are more kinds than items, chance picks."""
    items, kinds = [], random.sample(SLUGS, len(SLUGS))
    for number in range(count):
        slug = kinds[number % len(kinds)]
        key = uuid.uuid4().hex
        items.append([slug, {**plant.data(slug), EXAMPLES[slug].named_by: f"n{key[:12]}"}, key])
    return items


class Crew:
    """Four workers; those that die are replaced. They are children of the zygote, which waits for them."""

    def __init__(self, zygote, order):
        self.zygote, self.order, self.pids = zygote, order, []

    def fill(self):
        for pid in list(self.pids):
            report = self.zygote.ask({"work": "poll", "pid": pid})
            if report["status"] is not None:
                assert report["status"] == 0, report["error"]
                self.pids.remove(pid)
        while len(self.pids) < WORKERS:
            order = {**self.order, "seed": random.random()}
            self.pids.append(self.zygote.ask({"work": "start", "order": order})["pid"])

    def kill_one(self):
        pid = self.pids.pop(random.randrange(len(self.pids)))
        with contextlib.suppress(ProcessLookupError):  # it had done its work
            os.kill(pid, signal.SIGKILL)
        report = self.zygote.ask({"work": "wait", "pid": pid})
        assert report["status"] in (-9, 0), report["error"]
        return report["status"] == -9

    def finish(self):
        for pid in self.pids:
            report = self.zygote.ask({"work": "wait", "pid": pid})
            assert report["status"] == 0, report["error"]


def left_of(items):
    """What is known about each item that is not over."""
    tries = [each for _slug, _data, key in items if not is_over(key) for each in operations_of(key)]
    return "\n".join(
        f"{each.key} {each.kind_slug} {each.state}/{each.cause} attempt {each.attempt}, "
        f"lease {each.lease_until}, next look {each.next_look_at}, watch {each.watch_until}: {each.message}"
        for each in tries
    )


def run_batch(size, kills, database, plant, emulator, zygote):
    """Returns how many workers were killed."""
    base = {slug: ids(emulator, slug) for slug in SLUGS}
    known = {slug: mirrored(slug) for slug in SLUGS}
    since = len(emulator.requests())
    items = make_items(plant, size)
    order = {
        "work": "batch",
        "database": database.url,
        "lease": LEASE_SECONDS,
        "team": str(plant.team.pk),
        "items": items,
    }
    crew, killed = Crew(zygote, order), 0
    give_up = time.monotonic() + GIVE_UP_SECONDS + kills
    while not all(is_over(key) for _slug, _data, key in items):
        assert time.monotonic() < give_up, f"the batch does not end:\n{left_of(items)}"
        crew.fill()
        time.sleep(random.uniform(0.005, 0.1))
        if killed < kills:
            killed += crew.kill_one()
        decide_all(plant)
    crew.finish()

    assert not Operation.objects.filter(state__in=UNSETTLED).exists()
    for slug in SLUGS:
        names = [data[EXAMPLES[slug].named_by] for each, data, _key in items if each == slug]
        made = ids(emulator, slug) - base[slug]
        assert len(made) == len(names), f"{slug}: {len(names)} asked for, {len(made)} made"
        assert mirrored(slug) - known[slug] == made
        calls = received(emulator, slug, "create", since=since)
        for name in names:
            done = [each for each in calls if name in each["body"] and each["status"] in (200, 201)]
            assert len(done) >= 1
    assert all(has_happened(key) for _slug, _data, key in items)
    numbers = list(Entry.objects.order_by("seq").values_list("seq", flat=True))
    assert numbers == list(range(1, len(numbers) + 1))
    for operation in (each for _slug, _data, key in items for each in operations_of(key)):
        outcomes = Entry.objects.filter(operation=str(operation.pk)).order_by("seq")
        assert outcomes.first().stage == "intent"
        assert outcomes.exclude(stage="note").last().outcome == operation.state
    return killed


def decide_all(plant):
    """An owner decides by the evidence: an object with every field as sent is ours."""
    for operation in Operation.objects.filter(state=State.NEEDS_HUMAN):
        owner = User.objects.get(pk=plant.people[Role.OWNER].pk)
        candidates = [each["object"]["id"] for look in operation.looks for each in look["candidates"]]
        decision = Decision.OURS if candidates else Decision.NOT_OURS
        decide(operation, actor=owner, decision=decision, candidate=candidates[-1] if candidates else "")


def test_kills_at_random_moments(committed_db, committed_plant, emulator, zygote):
    assert run_batch(10, 8, committed_db, committed_plant, emulator, zygote) >= 1


@pytest.mark.full
def test_a_thousand_kills_at_random_moments(committed_db, committed_plant, emulator, zygote):
    # More objects than an account holds: what is rejected would be asked for again without end.
    emulator.settings({"limits": {"policies": 100_000, "groups": 100_000, "devices_per_product": 100_000}})
    killed = 0
    while killed < 1000:
        killed += run_batch(50, 1000 - killed, committed_db, committed_plant, emulator, zygote)
