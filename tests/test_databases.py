"""The databases that all other tests stand on. Would catch: tests that see each other's rows, or that
a child process looks into another database than the test."""

import sqlite3
from contextlib import closing

import pytest
from django.db import connection, transaction
from django.utils import timezone

from portal.jobs.models import Heartbeat
from portal.record.guards import missing
from tests.support.databases import SQLite
from tests.support.processes import run_manage

COUNT = "from portal.jobs.models import Heartbeat; print(Heartbeat.objects.filter(worker='left').count())"


def leave_a_row():
    return Heartbeat.objects.create(worker="left", at=timezone.now())


@pytest.mark.parametrize("turn", [1, 2])
def test_a_rolled_back_test_leaves_nothing_for_the_next(db, turn):
    assert not Heartbeat.objects.filter(worker="left").exists()
    leave_a_row()


@pytest.mark.parametrize("turn", [1, 2])
def test_a_committing_test_leaves_nothing_for_the_next(committed_db, turn):
    assert not Heartbeat.objects.filter(worker="left").exists()
    with transaction.atomic(durable=True):
        leave_a_row()


def test_a_child_process_sees_what_a_test_committed(committed_db):
    leave_a_row()
    child = run_manage("shell", "--verbosity", "0", "--command", COUNT)
    assert child.stdout.strip() == "1", child.stderr


def test_the_engine_is_the_one_asked_for(committed_db, databases):
    assert connection.vendor == databases.engine
    assert not connection.in_atomic_block


def test_a_copy_of_the_template_keeps_the_record_append_only(committed_db):
    """The triggers come along in the copy. They are also why nothing here is flushed."""
    assert "record_entry" in connection.introspection.table_names()
    assert missing() == []


def test_a_database_is_restored_under_an_open_connection(tmp_path, databases):
    if databases.engine != "sqlite":
        pytest.skip("browser tests, the only ones that need it, run on SQLite")
    files = SQLite(tmp_path)
    with closing(sqlite3.connect(tmp_path / "start.sqlite3")) as start:
        start.executescript("PRAGMA journal_mode=WAL; CREATE TABLE t (v); INSERT INTO t VALUES ('start');")
    files.create("used", template="start")
    with closing(sqlite3.connect(tmp_path / "used.sqlite3", isolation_level=None)) as used:
        used.execute("UPDATE t SET v = 'changed'")
        files.restore("used", template="start")
        assert used.execute("SELECT v FROM t").fetchall() == [("start",)]
