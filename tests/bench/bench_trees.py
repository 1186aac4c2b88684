"""What the page of a tree and one branch of it cost: 1,000 IoTDA groups in five levels, 10,000 ROMA groups of
which one holds a thousand. The yardstick is the list of the same rows, taken in the same run.
"""

import statistics
import time

from django.conf import settings
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from portal.kinds.models import Reading
from portal.kinds.registry import KINDS
from portal.teams.models import Role
from tests.bench.measuring import report
from tests.bench.workshop import database as migrated
from tests.bench.workshop import emulator
from tests.support.plant import make_plant

TIMES = 20
PIECE = {"HTTP_HX_REQUEST": "true"}
AIM = "p95 under 300 ms"


def fill(plant, slug, parents):
    """Rows of the mirror: {id: id of its parent}."""
    kind, now = KINDS[slug], timezone.now()
    place = plant.connection(kind)
    rows = []
    for id, parent in parents.items():
        row = kind.model(connection=place, remote_id=id)
        row.take({"name": f"group {id}", kind.parent: parent, "app_id": "a"})
        rows.append(row)
    kind.model.objects.bulk_create(rows, batch_size=500)
    with database.cursor() as cursor:
        cursor.execute("ANALYZE")
    values = {"at": now, "as_of": now, "total": len(rows), "count": len(rows), "is_complete": True}
    Reading.objects.update_or_create(connection=place, kind=slug, defaults=values)
    return {row.remote_id: row.pk for row in rows}


def levels(size, level_count, wide, top):
    """{id: parent}: groups in so many levels; the first of them holds `wide` more."""
    ids = [str(number) for number in range(1, size - wide + 1)]
    parents, share = {}, len(ids) // level_count
    for number, id in enumerate(ids):
        level = min(number // share, level_count - 1)
        parents[id] = ids[(level - 1) * share + number % share] if level else top
    return parents | {f"w{number}": "1" for number in range(wide)}


def measured(browser, address, query, **options):
    """(p50 ms, p95 ms, p50 of the CPU ms of this process, statements)"""
    browser.get(address, query, **options)
    taken, worked = [], []
    for _time in range(TIMES):
        began, working = time.perf_counter(), time.process_time()
        response = browser.get(address, query, **options)
        taken.append((time.perf_counter() - began) * 1000)
        worked.append((time.process_time() - working) * 1000)
    assert b"data-remote-id" in response.content, (address, query)
    with CaptureQueriesContext(database) as captured:
        browser.get(address, query, **options)
    p95 = statistics.quantiles(taken, n=20)[18]
    return statistics.median(taken), p95, statistics.median(worked), len(captured)


def shown(figures):
    return " / ".join(f"{each:.1f}" for each in figures[:3]) + " ms"


@report
def trees():
    settings.FRESH_SECONDS = 10**9
    migrated()
    plant = make_plant(emulator().url, name="Forest")
    browser = plant.browser(Role.OWNER)
    trees = {
        "iotda/device-groups": levels(1_000, 5, 0, ""),
        "roma/device-groups": levels(10_000, 5, 1_000, "0"),
    }
    for slug, parents in trees.items():
        pks, what = fill(plant, slug, parents), f"{slug}, {len(parents):,}"
        deep = list(parents)[len(parents) // 2]
        bare = measured(browser, f"/{slug}/", {})
        yield f"{what}: the list, p50, p95, CPU", shown(bare), "yardstick"
        for name, query, options in (
            ("page", {}, {}),
            ("page, open at the third level", {"open": pks[deep]}, {}),
            ("page, search with 50 matches", {"q": "group 1"}, {}),
            ("a branch", {"branch": pks["1"]}, PIECE),
        ):
            figures = measured(browser, f"/{slug}/tree/", query, **options)
            yield f"{what}: {name}, p50, p95, CPU", shown(figures), AIM
            yield f"{what}: {name}, against the list", f"{figures[0] / bare[0]:.2f}", ""
            yield f"{what}: {name}, statements", figures[3], "at most 12"
