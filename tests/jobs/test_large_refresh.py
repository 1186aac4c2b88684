"""A refresh of 20,000 objects while its workers and the queue are killed at random.

Would catch: a refresh that is lost or begins anew after a kill, one that two workers do at once, a page that
is read again though its rows were written, and a change that is repeated.
"""

import json
import random
import time

import pytest

from portal.kinds.models import Reading
from portal.kinds.registry import KINDS
from portal.resources import asking
from tests.examples import EXAMPLES
from tests.support.filled import filled
from tests.support.plant import make_plant
from tests.support.site import until

SLUG = "enos/devices"
WORKERS = 2
SECONDS = 900
SHORT = {"SHORT_LEASES": "1"}


@pytest.fixture
def crowded(tmp_path, request, committed_db):
    emulator = filled(tmp_path / "emulator", devices=request.param)
    yield emulator
    emulator.stop()


def pages_read(emulator):
    """The page numbers of all listings that arrived, in order."""
    call = EXAMPLES[SLUG].calls["list"]
    asked = [each for each in emulator.requests() if call.is_made_by(each)]
    return [json.loads(each["body"])["pagination"]["pageNo"] for each in asked]


def kill_at_random(start_worker, queue, redis, is_over, chance):
    """Workers, and Redis where it is the queue, die until the refresh is over; how many did."""
    workers, killed = [start_worker(**SHORT) for _each in range(WORKERS)], 0
    end = time.monotonic() + SECONDS
    while not is_over():
        assert time.monotonic() < end, "the refresh never ended"
        time.sleep(chance.uniform(0.3, 4))
        worker = chance.choice(workers)
        worker.kill()
        workers.remove(worker)
        killed += 1
        if redis and chance.random() < 0.3:
            redis.kill()
            redis.start()
        workers.append(start_worker(**SHORT))
    return killed


@pytest.mark.parametrize(
    "crowded",
    [pytest.param(2_000, id="some"), pytest.param(20_000, id="many", marks=pytest.mark.full)],
    indirect=True,
)
def test_no_kill_loses_or_doubles_a_refresh(request, queue, start_worker, crowded):
    redis = request.getfixturevalue("redis") if queue["PORTAL_QUEUE_URL"] else None
    chance = random.Random(7)
    plant = make_plant(crowded.url)
    kind, connection = KINDS[SLUG], plant.connections["enos"]
    asking.ask(kind, connection)
    rows = Reading.objects.filter(connection=connection, kind=SLUG)

    killed = kill_at_random(
        start_worker, queue, redis, lambda: rows.filter(at__isnull=False).exists(), chance
    )

    reading = rows.get()
    assert reading.generation == 1  # it went on, and nobody began it anew
    assert reading.is_complete
    there = set(map(str, crowded.state()[SLUG]["ids"]))
    assert set(kind.model.objects.present().values_list("remote_id", flat=True)) == there
    pages = pages_read(crowded)
    assert pages == sorted(pages)  # no two workers walk at once
    assert len(pages) - len(set(pages)) <= killed  # a page is read again only after a kill
    assert not crowded.writes()
    until(lambda: not reading.is_running, seconds=10)
