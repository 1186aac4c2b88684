"""What it costs to write the record: a line alone, while another process records large answers, and by eight
writers at once, against plain inserts of the same rows.
"""

import multiprocessing
import os
import statistics
from contextlib import contextmanager

from django.db import connection, connections

from portal.record.store import append
from tests.bench import writing
from tests.bench.measuring import ROUNDS, benchmark, report
from tests.bench.workshop import database

LINE = {"stage": "outcome", "outcome": "done", "actor": "bench@example.test", "verb": "create"}
# 4 MB of JSON: a listing, with a secret in each object.
LARGE = [
    {"device_id": f"{number:032}", "name": f"device {number}", "status": "ONLINE", "secret": f"{number:032}"}
    for number in range(29_000)
]


def one_append():
    append({**LINE, "body": {"answer": {"id": 1, "name": "bench"}}})


@benchmark("append of one line", calls=300)
@contextmanager
def alone():
    database()
    yield one_append


@benchmark("append while others record 4 MB", yardstick="append of one line", calls=300, aim="wall under 5 x")
@contextmanager
def beside_large_bodies():
    """The other process does nothing else, so it holds the head's lock as often as it can."""
    database()
    connections.close_all()  # the child makes a connection of its own
    started = multiprocessing.get_context("fork").Event()
    other = multiprocessing.get_context("fork").Process(target=_keep_appending, args=(started,), daemon=True)
    other.start()
    started.wait()
    yield one_append
    other.kill()
    other.join()


def _keep_appending(started):
    while True:
        append({**LINE, "body": {"answer": LARGE}})
        started.set()


SECONDS = int(os.environ.get("PORTAL_BENCH_SECONDS", 3))  # of one round of writers
SINGLE = {"sqlite": "at least 0.5", "postgresql": "at least 0.125"}


@report
def appends_against_inserts():
    """Rounds of both take turns. A chained row is made from what callers give; a plain one is ready."""
    database()
    raw = writing.raw_lines()
    aims = {
        (8, 1): SINGLE[connection.vendor],
        (1, 1): "",
        (8, 100): "at least 0.33",
        (1, 100): "at least 0.33",
    }
    for (writers, batch), aim in aims.items():
        rates = {writing.chained: [], writing.plain: []}
        for _round in range(ROUNDS):
            for make, taken in rates.items():
                writing.make_plain()
                taken.append(writing.rate(make, raw, writers=writers, batch=batch, seconds=SECONDS))
        chained, plain = (statistics.median(taken) for taken in rates.values())
        what = f"rows a second, {writers} writers" if writers > 1 else "rows a second, 1 writer"
        what += f", batches of {batch}" if batch > 1 else ", one by one"
        yield what, f"chained {chained:,.0f}, plain {plain:,.0f}: {chained / plain:.2f}", aim
