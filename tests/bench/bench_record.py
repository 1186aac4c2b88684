"""What the reviewers' pages cost, by the size of the record, beside the list of django-auditlog's admin.

PORTAL_BENCH_ENTRIES is a list of sizes such as 1000,100000,1000000,5000000. PORTAL_BENCH_KEEP names a
directory in which filled records stay for the next run; with PostgreSQL they stay on the server of
PORTAL_DATABASE_URL. All sizes are asked in turn, page by page: a busy moment of the machine meets all alike.
"""

import multiprocessing
import os
import re
import resource
import statistics
import sys
import time
from contextlib import ExitStack, suppress
from functools import partial
from pathlib import Path
from unittest.mock import patch

from django.db import connection, connections
from django.test import Client
from django.test.utils import CaptureQueriesContext

from portal.record import derived, exporting, verifying
from portal.record.models import Body, Entry, Facet, Story
from tests.bench import auditlog, recording
from tests.bench.measuring import report
from tests.support.databases import point
from tests.vendors.environment import NotThere

SIZES = [int(size) for size in os.environ.get("PORTAL_BENCH_ENTRIES", "1000,20000").split(",")]
TIMES = int(os.environ.get("PORTAL_BENCH_TIMES", 40))
SLOW_MS = 2000  # what takes longer is asked for less often
FEW = 5
COUNT = re.compile(r">(\d+) results?<")
# Every piece of three characters of it is in almost every body, and the whole is in none.
EVERYWHERE = '"online":"status"'


def told(text):
    print(text, file=sys.stderr, flush=True)


def queries_of(people):
    """{what: (who asks, query, number of rows that there must be, if that is known)}"""
    team, members, connections = people.teams[1]
    someone, rare = str(members[3].pk), str(people.rare.pk)
    all_, local = people.auditor, people.local
    needle = {"object": recording.NEEDLE}
    return {
        "first page": (all_, {}, None),
        "a middle page": (all_, {"before": Entry.objects.order_by("-seq").first().seq // 2}, None),
        "last page": (all_, {"after": 0}, None),
        "first page of one team": (local, {}, None),
        "last page of one team": (local, {"after": 0}, None),
        "actor": (all_, {"actor": someone}, None),
        "verb": (all_, {"verb": "update"}, None),
        "kind": (all_, {"kind": "iotda/policies"}, None),
        "connection": (all_, {"connection": str(connections["iotda"].pk)}, None),
        "outcome": (all_, {"outcome": "rejected"}, None),
        "team": (all_, {"team": str(team.pk)}, None),
        "three of them": (all_, {"actor": someone, "verb": "update", "outcome": "done"}, None),
        "a day": (all_, {"since": "2025-03-01", "until": "2025-03-01"}, None),
        "a day and a verb": (all_, {"since": "2025-03-01", "until": "2025-03-01", "verb": "delete"}, None),
        "ticket": (all_, {"ticket": recording.NEEDLE_TICKET}, 1),
        "object": (all_, needle, 1),
        "object by its name": (all_, {"object": recording.NEEDLE_NAME}, 1),
        "a common object": (all_, {"object": recording.COMMON}, None),
        "two filters, no match": (all_, {"actor": rare, "kind": "roma/applications"}, 0),
        "two filters, one match": (all_, {"actor": rare, "kind": recording.RARE}, 1),
        "object and actor, no match": (all_, {"object": recording.COMMON, "actor": str(local.pk)}, 0),
        "object and actor, one match": (all_, {"object": recording.COMMON, "actor": rare}, 1),
        "text and actor, no match": (all_, {"q": "description", "actor": str(local.pk)}, 0),
        "text and kind, one match": (all_, {"q": "Needle-Bus", "kind": "iotda/soft-buses"}, 1),
        "frequent text and kind, one match": (
            all_,
            {"q": "second hall", "actor": rare, "kind": recording.RARE},
            1,
        ),
        "text, one match": (all_, {"q": "Needle-Bus"}, 1),
        "text, Chinese, one match": (all_, {"q": "独一无二"}, 1),
        "text, no match": (all_, {"q": "no-such-thing-anywhere"}, 0),
        "text, some": (all_, {"q": "obj-0000047"}, None),
        "text, half of all": (all_, {"q": "second hall"}, None),
        "text in pieces everywhere, no match": (all_, {"q": EVERYWHERE}, 0),
        "one entry": (all_, "/audit/1/", None),
    }


class Reviewed:
    """The record of one size; pages are asked for with the test client."""

    def __init__(self, size, database):
        self.size, self.database = size, database
        point(database)
        self.people = recording.scene()
        self.queries = queries_of(self.people)
        self.browsers = {}
        self.times = {what: [] for what in self.queries}
        self.cpu = {what: [] for what in self.queries}

    def ask(self, what):
        """(milliseconds, those of CPU) of one page."""
        who, query, _number = self.queries[what]
        browser = self.browsers.get(who.pk)
        if browser is None:
            browser = self.browsers[who.pk] = Client(HTTP_HOST="localhost")
            browser.force_login(who)
        address, query = (query, {}) if isinstance(query, str) else ("/audit/", query)
        cpu, began = cpu_ms(), time.perf_counter()
        self.response = browser.get(address, query)
        return (time.perf_counter() - began) * 1000, cpu_ms() - cpu

    def prove(self, what):
        """Statements of a page that shows what it must."""
        self.ask(what)  # the first reading in an hour is recorded
        with CaptureQueriesContext(connection) as captured:
            self.ask(what)
        number = self.queries[what][2]
        assert self.response.status_code == 200, what
        if number is not None:
            told = COUNT.search(self.response.content.decode())
            assert int(told[1]) == number, (what, self.size, told[1])
        return len(captured)

    def measure(self, what, times):
        point(self.database)
        self.ask(what)
        for _time in range(times):
            wall, cpu = self.ask(what)
            self.times[what].append(wall)
            self.cpu[what].append(cpu)
            if self.times[what][-1] > SLOW_MS and len(self.times[what]) >= FEW:
                break


def cpu_ms():
    """CPU time so far of this process, and of the PostgreSQL that serves it if that is on this machine."""
    return time.process_time() * 1000 + _server_cpu_ms()


def _server_cpu_ms():
    if connection.vendor != "postgresql" or connection.connection is None:
        return 0
    with suppress(OSError):
        told = Path(f"/proc/{connection.connection.info.backend_pid}/schedstat").read_text()
        return int(told.split()[0]) / 1e6
    return 0


def p50(times):
    return statistics.median(times)


def p95(times):
    return statistics.quantiles(times, n=20)[18] if len(times) > 1 else times[0]


def in_turn(sizes, rounds=5):
    """Reviewed of each size, all measured."""
    found = [Reviewed(size, database) for size, database in recording.records(sizes, told).items()]
    for what in found[0].queries:
        for _round in range(rounds):
            for each in found:
                each.measure(what, TIMES // rounds)
        figures = [f"{p50(each.times[what]):.0f} ms, CPU {p50(each.cpu[what]):.0f}" for each in found]
        told(f"{what}: {' | '.join(figures)}")
    return found


@report
def record_pages():
    """At most 8 statements; p95 in the largest record at most 1.3 times that in the smallest."""
    found = in_turn(SIZES)
    sizes = " | ".join(f"{each.size:,}" for each in found)
    for each in found:
        point(each.database)
        shape = f"{Story.objects.count():,} stories, {Facet.objects.count():,} facets"
        shape += f", {database_size() / 1e6:,.0f} MB"
        yield f"record of {each.size:,} entries", shape, ""
    for what in found[0].queries:
        figures = " | ".join(f"{p50(each.times[what]):.0f} / {p95(each.times[what]):.0f}" for each in found)
        statements = []
        for each in found:
            point(each.database)
            statements.append(each.prove(what))
        first, last = found[0], found[-1]
        ratio = p95(last.times[what]) / p95(first.times[what])
        cpu = p50(last.cpu[what]) / p50(first.cpu[what])
        figure = f"{figures} ms; {ratio:.2f} x, CPU {cpu:.2f} x; {max(statements)} statements"
        yield f"{what}: p50 / p95 of {sizes}", figure, "p95 1.3 x, 8 statements"


def database_size():
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SELECT pg_database_size(current_database())")
        else:
            cursor.execute("SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()")
        return cursor.fetchone()[0]


@report
def record_and_auditlog():
    """The same pages of django-auditlog 3.4.1 in the same run, in turn with ours."""
    with ExitStack() as stack:
        for size in SIZES:
            point(recording.records([size], told)[size])
            try:
                site = stack.enter_context(auditlog.site(size))
            except NotThere as error:
                yield "django-auditlog", f"skipped: {error}", "a package index in reach"
                return
            yield from _compared(size, site)


COMPARED = {
    "first page": ("first page", "", ""),
    "last page": ("last page", "?o=1", ""),
    "verb": ("verb", "?action__exact=1", ""),
    "text search, one match": ("text, one match", "?q=Needle-Bus", "at most 0.05 at 1,000,000"),
    "text search, no match": ("text, no match", "?q=no-such-thing-anywhere", "at most 0.05 at 1,000,000"),
    "text search, half of all": ("text, half of all", "?q=second+hall", ""),
}


def _compared(size, site):
    ours = Reviewed(size, recording.records([size], told)[size])
    for what, (page, theirs, aim) in COMPARED.items():
        site.get(theirs)
        taken = []
        for _round in range(FEW):
            answer = site.get(theirs)
            assert answer["status"] == 200, answer
            taken.append(answer["ms"])
            ours.measure(page, 3)
        ratio = p50(ours.times[page]) / p50(taken)
        figure = f"{p50(ours.times[page]):.1f} ms, theirs {p50(taken):.1f} ms: {ratio:.3f}"
        yield f"{what} of {size:,}, p50", figure, aim


def _in_a_child(work):
    """(result, peak memory before and after in MB) of a function that runs in a process of its own."""
    fork = multiprocessing.get_context("fork")
    mine, theirs = fork.Pipe()

    def run():
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        result = work()
        after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        theirs.send((result, before // 1024, after // 1024))

    connections.close_all()  # the child makes a connection of its own
    child = fork.Process(target=run)
    child.start()
    while child.is_alive() and not mine.poll(1):
        pass
    found = mine.recv()
    child.join()
    return found


def _timed(work):
    began = time.perf_counter()
    number = work()
    return number, time.perf_counter() - began


def _taken(work):
    """Seconds of wall time and of this process' CPU."""
    cpu = time.process_time()
    _number, wall = _timed(work)
    return wall, time.process_time() - cpu


def _read_by_django():
    count = sum(1 for _entry in Entry.objects.order_by("seq").iterator())
    return count + sum(1 for _body in Body.objects.order_by("seq").iterator())


def _verify_no_index():
    """How long the rest takes; on SQLite the index is the most work."""
    with patch.object(derived, "_check_index", lambda report: None):
        return _verify()


def _verify():
    report = verifying.verify()
    assert not report.is_bad, report.to_json()
    return report.entries


@report
def record_verification():
    for database in recording.records(SIZES, told).values():
        point(database)
        exporting.anchor()
        number = Entry.objects.count()
        works = {"reading": _read_by_django, "verification": _verify, "without the index": _verify_no_index}
        taken, memory = {what: [] for what in works}, {}
        for _round in range(FEW if number <= 100_000 else 1):
            for what, work in works.items():
                figures, *memory[what] = _in_a_child(partial(_taken, work))
                taken[what].append(figures)
        wall, cpu = ({what: p50([each[at] for each in taken[what]]) for what in works} for at in (0, 1))
        told(f"load of the machine: {os.getloadavg()[0]:.0f}")
        yield f"reading {number:,} entries", f"{wall['reading']:.2f} s, CPU {cpu['reading']:.2f} s", ""
        for what, aim in (("verification", "at most 1"), ("without the index", "")):
            figure = f"{wall[what]:.2f} s, {wall[what] / wall['reading']:.2f} of reading"
            yield what, f"{figure}; CPU {cpu[what]:.2f} s, {cpu[what] / cpu['reading']:.2f}", aim
        before, after = memory["verification"]
        yield "peak memory before it and after", f"{before} MB, {after} MB", ""


@report
def record_export():
    for size, database in recording.records(SIZES, told).items():
        point(database)
        exporting.anchor()
        for format in ("jsonl", "csv"):
            export = partial(_timed, partial(_export, format))
            (length, seconds), before, after = _in_a_child(export)
            figure = f"{seconds:.1f} s, {size / seconds:,.0f} entries a second, {length / 1e6:,.0f} MB"
            yield f"export of {size:,} entries, {format}", figure, ""
            yield "peak memory before it and after", f"{before} MB, {after} MB", "the same at every size"


def _export(format):
    """Bytes of all entries, as the page of exports streams them to a portal auditor."""
    browser = Client(HTTP_HOST="localhost")
    browser.force_login(recording.scene().auditor)
    response = browser.post("/audit/export/", {"format": format})
    assert response.status_code == 200, response.status_code
    return sum(map(len, response.streaming_content))
