"""What it costs to write one line of the record, alone and while another process records large answers."""

import multiprocessing
from contextlib import contextmanager

from django.db import connections

from portal.record.store import append
from tests.bench.measuring import benchmark
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
