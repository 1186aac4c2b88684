"""What a list page costs, by the size of the mirror: of a team that has 1,000 devices, alone in the database,
and of one that has a million on two connections. PORTAL_BENCH_ROWS sets another number than a million.
"""

import os
import statistics
import time
import uuid

from django.conf import settings
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from portal.connections.models import Connection
from portal.kinds.models import Reading
from portal.kinds.registry import KINDS
from portal.resources.wanted import Place
from portal.teams.models import Role
from tests.bench.measuring import report
from tests.bench.workshop import database as migrated
from tests.bench.workshop import emulator
from tests.support.plant import make_plant

KIND = "enos/devices"
FEW, MANY = 1_000, int(os.environ.get("PORTAL_BENCH_ROWS", 1_000_000))
TIMES = 40
# {column: SQL by the row's number}
COLUMNS = {
    "remote_id": "'id-' || {n}",
    "name": "CASE WHEN {n} % 2 = 0 THEN 'pump-' ELSE 'valve-' END || (({n} * 7919) % {size})",
    "product_key": "'product-' || ({n} % 40)",
    "status": "CASE {n} % 10 WHEN 0 THEN 'offline' WHEN 1 THEN 'inactive' ELSE 'online' END",
    "device_key": "'key-' || {n}",
}
COLUMNS["search_text"] = " || '|' || ".join(COLUMNS[name] for name in ("name", "remote_id", "device_key"))


def fill(place, size):
    """Rows in one statement, as the ORM would take minutes."""
    model = KINDS[KIND].model
    row = model(connection=place)
    ids = "lower(hex(randomblob(16)))" if database.vendor == "sqlite" else "gen_random_uuid()"
    sql, params = {"id": ids} | {name: text.format(n="n", size=size) for name, text in COLUMNS.items()}, []
    fields = [field for field in model._meta.concrete_fields if not field.generated]
    for field in fields:
        if field.column not in sql:
            kind = f"CAST(%s AS {field.db_type(database)})" if database.vendor == "postgresql" else "%s"
            sql[field.column] = kind
            params.append(field.get_db_prep_save(getattr(row, field.attname), database))
    columns = [field.column for field in fields]
    chosen = ", ".join(sql[each] for each in columns)
    with database.cursor() as cursor:
        cursor.execute(
            f"WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {size})"
            f" INSERT INTO {model._meta.db_table} ({', '.join(columns)}) SELECT {chosen} FROM numbers",
            params,
        )
        cursor.execute("ANALYZE")
    now = timezone.now()
    values = {"at": now, "as_of": now, "total": size, "count": size, "is_complete": True}
    Reading.objects.update_or_create(connection=place, kind=KIND, defaults=values)


def second_connection(plant):
    place = Connection.objects.get(pk=plant.connections["enos"].pk)
    place.pk, place._state.adding, place.name = uuid.uuid4(), True, "second"
    place.save()
    return place


def queries_of(plant):
    """{what: query of the address}"""
    rows = KINDS[KIND].model.objects.filter(connection__team=plant.team)
    deep = rows.filter(sort_key__gte="valve-4").order_by("sort_key").first()
    return {
        "first page": {},
        "deep page": {"after": str(Place.of(deep))},
        "deep page, backwards": {"before": str(Place.of(deep))},
        "sorted backwards": {"sort": "-name"},
        "status": {"status": "inactive"},
        "product": {"product_key": "product-7"},
        "status and product": {"status": "online", "product_key": "product-7"},
        "search, one match": {"q": f"|{rows.order_by('remote_id').last().device_key}"},
        "search, an id": {"q": rows.order_by("-remote_id").first().remote_id},
        "search, half of all": {"q": "pump"},
        "search, some": {"q": "valve-99"},
    }


def measured(plants):
    """{what: [(wall, CPU in ms of each view, statements) of each plant]}; they take turns, so that a busy
    moment of the machine meets all alike."""
    browsers = [plant.browser(Role.OWNER) for plant in plants]
    queries = [queries_of(plant) for plant in plants]
    result = {}
    for what in queries[0]:
        views = [(browser, query[what], []) for browser, query in zip(browsers, queries, strict=True)]
        for number in range(TIMES + 1):
            for browser, query, taken in views:
                wall, cpu = time.perf_counter(), time.process_time()
                response = browser.get(f"/{KIND}/", query)
                if number:  # the first one warms up
                    taken.append(((time.perf_counter() - wall) * 1000, (time.process_time() - cpu) * 1000))
                assert b"data-remote-id" in response.content, what
        result[what] = [(*zip(*taken, strict=True), statements(*view)) for *view, taken in views]
    return result


def statements(browser, query):
    with CaptureQueriesContext(database) as captured:
        browser.get(f"/{KIND}/", query)
    return len(captured)


def p50_p95(taken):
    return statistics.median(taken), statistics.quantiles(taken, n=20)[18]


@report
def lists_by_size():
    """The CPU is that of this process: with SQLite all there is, with PostgreSQL without the server's."""
    settings.FRESH_SECONDS = 10**9
    migrated()
    small, large = make_plant(emulator().url, name="Small"), make_plant(emulator().url, name="Large")
    fill(small.connections["enos"], FEW)
    fill(large.connections["enos"], MANY * 7 // 10)
    fill(second_connection(large), MANY * 3 // 10)
    for what, (few, many) in measured([small, large]).items():
        for number, name in enumerate(("wall", "CPU")):
            before, after = p50_p95(few[number]), p50_p95(many[number])
            shown = " → ".join(f"{p50:.1f}, {p95:.1f}" for p50, p95 in (before, after))
            ratio = ", ".join(f"{one / other:.2f}" for one, other in zip(after, before, strict=True))
            yield f"{what}: {name}, p50 and p95, {FEW:,} → {MANY:,}", f"{shown} ms: {ratio}", "p95 1.3"
        yield f"{what}: statements", many[2], "at most 8"
