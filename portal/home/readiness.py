"""Whether this process is fit to serve: it can read and write the database, and a worker runs.

A look is made in a thread and with a database connection of its own: a lock, a full disk or a server that
hangs then costs the caller no more than SECONDS, and nothing of the look stays behind.
"""

import threading
import time
import uuid
from contextlib import suppress
from datetime import timedelta
from functools import cache

from django.db import Error, connection, transaction
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone

from portal.connections import installation
from portal.jobs.models import Heartbeat
from portal.record import guards
from portal.record.models import Head
from portal.web import databases

SECONDS = 1.6  # supervisors count on an answer within 2
LOCK_SECONDS = 1.3  # whoever cannot write for so long is not fit
WORKER_SILENCE = timedelta(seconds=60)

LATE = "database: does not answer in time"
_lock = threading.Lock()
_latest = None


def problems():
    """What is wrong, as texts; empty when all is well. Callers that come together share a look."""
    global _latest
    with _lock:
        if _latest is None or not _latest.is_alive():
            _latest = _Look()
            _latest.start()
        look = _latest
    look.join(max(look.end - time.monotonic(), 0))
    return [LATE] if look.is_alive() else look.found


class _Look(threading.Thread):
    def __init__(self):
        super().__init__(name="readiness", daemon=True)
        self.end, self.found = time.monotonic() + SECONDS, [LATE]

    def run(self):
        with databases.in_use(wait=SECONDS / 4):
            try:
                self.found = _found()
            except Error:
                self.found = ["database: cannot be read"]
            finally:
                connection.close()


def _found():
    _be_quick()
    if missing := _expected_migrations() - set(MigrationRecorder(connection).applied_migrations()):
        app, name = min(missing)
        return [f"database: {len(missing)} migrations are missing, {app} {name} first; run manage.py migrate"]
    found = []
    if not Head.objects.filter(pk=1).exists():
        found.append("record: the head is missing; run manage.py migrate")
    found += [f"keys: {each}" for each in installation.problems()]
    found += [f"record: trigger {name} is missing" for name in guards.missing()]
    found += [f"record: trigger {name} is not the portal's" for name in guards.strangers()]
    if not Heartbeat.objects.filter(at__gt=timezone.now() - WORKER_SILENCE).exists():
        found.append("worker: none was heard of in the last minute; run manage.py worker")
    return found + _write_problems()


def _be_quick():
    """This connection waits for locks no longer than a supervisor does."""
    milliseconds = round(LOCK_SECONDS * 1000)
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute(f"PRAGMA busy_timeout = {milliseconds}")
        else:
            cursor.execute(f"SET lock_timeout = {milliseconds}")
            cursor.execute(f"SET statement_timeout = {milliseconds}")


@cache
def _expected_migrations():
    return frozenset(MigrationLoader(None).disk_migrations)


def _write_problems():
    """The record's head can be locked, and a commit finds room on the disk. Nobody sees what was written."""
    try:
        with transaction.atomic(), connection.cursor() as cursor, suppress(guards.NotGuarded):
            guards.lock_head(cursor)  # what is missing is told in its own words
        with transaction.atomic():
            Heartbeat.objects.create(worker=f"readiness:{uuid.uuid4()}", at=timezone.now()).delete()
    except Error:
        return ["database: cannot be written"]
    return []
