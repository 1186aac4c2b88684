"""What it takes to show what goes with a delete: a tree of groups in 5 levels that holds 200 soft buses."""

import statistics
import time
from contextlib import contextmanager

from requests.adapters import HTTPAdapter

from portal.teams.models import Role
from tests.bench.measuring import report
from tests.bench.workshop import database, plant

LEVELS, BRANCHES, BUSES, TIMES = 5, 2, 200, 7
GROUP, BUS = "iotda/device-groups", "iotda/soft-buses"


def tree():
    """(the group at the top, ids of all)"""
    groups = plant().collection(GROUP)
    top = groups.create({"name": "top"})
    level, ids = [top["id"]], [top["id"]]
    for depth in range(1, LEVELS):
        level = [
            groups.create({"name": f"g-{depth}-{number}-{place}", "super_group_id": parent})["id"]
            for place, parent in enumerate(level)
            for number in range(BRANCHES)
        ]
        ids += level
    return top, ids


@contextmanager
def on_the_wire():
    """Yields a list; the seconds of each request are added to it."""
    send, taken = HTTPAdapter.send, []

    def timed(*arguments, **options):
        began = time.perf_counter()
        try:
            return send(*arguments, **options)
        finally:
            taken.append(time.perf_counter() - began)

    HTTPAdapter.send = timed
    try:
        yield taken
    finally:
        HTTPAdapter.send = send


@report
def impact_of_a_delete():
    database()
    top, ids = tree()
    buses = plant().collection(BUS)
    for number in range(BUSES):
        buses.create({"bus_name": f"bus-{number}", "group_id": ids[number % len(ids)]})
    browser = plant().browser(Role.MANAGER)
    address = f"/{GROUP}/{top['id']}/delete-everything/"
    own, platform, calls = [], [], 0
    for _time in range(TIMES):
        with on_the_wire() as taken:
            began = time.perf_counter()
            page = browser.get(address)
            whole = time.perf_counter() - began
        assert page.content.count(b'data-verb="delete"') == 200
        assert f"({len(ids) + BUSES} steps)" in page.text
        platform.append(sum(taken))
        own.append(whole - sum(taken))
        calls = len(taken)
    yield (
        f"impact of {len(ids)} groups in {LEVELS} levels, {BUSES} buses: the portal's time",
        (f"{statistics.median(own) * 1000:.0f} ms"),
        "under 1000 ms",
    )
    yield "the platform's own time", f"{statistics.median(platform) * 1000:.0f} ms", ""
    yield "calls of the platform", calls, ""
