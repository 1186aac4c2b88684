"""The yardstick of the reviewers' pages: django-auditlog 3.4.1 and its admin, in a Python of its own."""

import json
import os
import subprocess
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg
from django.conf import settings
from django.db import connection

from tests.support.databases import VARIABLE, PostgreSQL
from tests.vendors import environment

HERE = Path(__file__).parent
LOCK = HERE / "auditlog.lock"
LIST = "/admin/auditlog/logentry/"


class Site:
    """A running site; `get` asks for its list and returns {"ms", "status", "rows"}."""

    def __init__(self, process):
        self.process = process

    def get(self, query=""):
        self.process.stdin.write(f"{LIST}{query}\n")
        self.process.stdin.flush()
        return self.answer()

    def answer(self):
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError("the site of django-auditlog ended")
        return json.loads(line)


@contextmanager
def site(size):
    """A Site with so many rows, on the engine in use. Raises environment.NotThere."""
    python = environment.python(LOCK)
    engine, database = _database(size)
    command = [python, "-I", HERE / "auditlog_site.py", engine, database, str(size)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    process = subprocess.Popen(command, **pipes)
    try:
        found = Site(process)
        if found.answer() != size:
            raise RuntimeError(f"the kept database of django-auditlog has not {size} rows")
        yield found
    finally:
        process.stdin.close()
        process.wait()
        process.stdout.close()


def _database(size):
    """(engine, name or address) of the database; kept like those of recording.py."""
    kept, name = os.environ.get("PORTAL_BENCH_KEEP"), f"auditlog_{size}"
    if connection.vendor == "sqlite":
        return "sqlite3", str(Path(kept or settings.DATA_DIR) / f"{name}.sqlite3")
    databases = PostgreSQL(os.environ[VARIABLE], prefix="portal_bench_")
    with closing(psycopg.connect(databases.server)) as db:
        there = db.execute(
            "SELECT 1 FROM pg_database WHERE datname = %s", [databases.prefix + name]
        ).fetchone()
    found = databases.database(name) if kept and there else databases.create(name)
    return "postgresql", found.url
