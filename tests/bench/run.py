"""`make bench [NAMES="..."]`: every benchmark in the files bench_*.py beside this one, as a table.

Runs with the tests' settings: data that is thrown away, loopback allowed.
"""

import argparse
import atexit
import importlib
import os
import shutil
import sys
from pathlib import Path

import django

from tests.bench.measuring import BENCHMARKS, REPORTS, measure_together
from tests.support.postgresql import Cluster

COLUMNS = ("benchmark", "wall ms", "cpu ms", "against", "wall x", "cpu x", "cpu + ms", "aim")


def main(arguments=None):
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__.splitlines()[0])
    parser.add_argument(
        "names", nargs="*", help="benchmarks and reports whose name contains one of these words; default: all"
    )
    parser.add_argument(
        "--engine", choices=["sqlite", "postgresql"], help="postgresql: a server for this run"
    )
    given = parser.parse_args(arguments)
    if given.engine == "postgresql":
        started = Cluster().start()
        atexit.register(started.stop)
        os.environ["PORTAL_DATABASE_URL"] = f"{started.url}/postgres"
    measure(given.names)


def measure(words):
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    django.setup()
    from django.conf import settings

    try:
        for path in sorted(Path(__file__).parent.glob("bench_*.py")):
            importlib.import_module(f"tests.bench.{path.stem}")
        wanted, reports = chosen(words), [make for make in REPORTS if is_named(make.__name__, words)]
        if not wanted and not reports:
            sys.exit(f"nothing is named {' or '.join(words)}" if words else "there are no benchmarks yet")
        if wanted:
            print(table(COLUMNS, rows(wanted, measure_together(wanted))), flush=True)
        for make in reports:
            lines = [list(map(str, row)) for row in make()]
            print("\n" + table(("counted", "figure", "aim"), lines), flush=True)
    finally:
        shutil.rmtree(settings.DATA_DIR, ignore_errors=True)


def chosen(words):
    """Those asked for and their yardsticks, in the order they were declared."""
    names = {name for name in BENCHMARKS if is_named(name, words)}
    names |= {BENCHMARKS[name].yardstick for name in names} - {None}
    return [one for name, one in BENCHMARKS.items() if name in names]


def is_named(name, words):
    return not words or any(word in name for word in words)


def rows(wanted, measured):
    for one in wanted:
        figures = measured[one.name]
        row = [one.name, f"{figures.wall_ms:.2f}", f"{figures.cpu_ms:.2f}"]
        if one.yardstick:
            base = measured[one.yardstick]
            row += [
                one.yardstick,
                f"{figures.wall_ms / base.wall_ms:.2f}",
                ratio(figures.cpu_ms, base.cpu_ms),
            ]
            row += [f"{figures.cpu_ms - base.cpu_ms:+.2f}", one.aim]
        yield [*row, *[""] * (len(COLUMNS) - len(row))]


def ratio(value, base):
    return f"{value / base:.2f}" if base else "-"


def table(head, lines):
    lines = [head, *lines]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


if __name__ == "__main__":
    main()
