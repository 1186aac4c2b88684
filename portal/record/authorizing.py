"""What the portal's own connections to SQLite may do with the record: add to it and read it.

Triggers can be dropped by whoever can write the file, and SQLite has no roles. So each connection of the
portal refuses, before a statement runs, to change tables of the record other than by their triggers, to make
or drop those triggers, to alter tables, to write the schema by hand and to attach files. Migrations lift
this. The tables that FTS5 keeps below record_search cannot be told from its own writing, and a program of its
own on the file is not stopped: audit_verify shows what was done there.
"""

import sqlite3
from contextlib import contextmanager

from django.db import connection

from portal.record import on_sqlite

ALTER_TABLE, ATTACH, DELETE, INSERT, PRAGMA, UPDATE = 26, 24, 9, 18, 19, 23
CREATE_TRIGGER, CREATE_TEMP_TRIGGER, DROP_TABLE, DROP_TRIGGER, DROP_VTABLE = 7, 5, 11, 16, 30
JUDGED = {
    *(ALTER_TABLE, ATTACH, DELETE, INSERT, PRAGMA, UPDATE),
    *(CREATE_TRIGGER, CREATE_TEMP_TRIGGER, DROP_TABLE, DROP_TRIGGER, DROP_VTABLE),
}
BY_TRIGGER = {"record_head", "record_story", "record_facet", "record_search"}
SETTINGS = {"writable_schema", "recursive_triggers", "trusted_schema", "schema_version"}

_lifted = 0


def _judge(action, first, second, database, trigger):
    """sqlite3's authorizer: `first` and `second` are what the action is about, `trigger` is who does it."""
    if action not in JUDGED or _allows(action, first or "", second, trigger):
        return sqlite3.SQLITE_OK
    return sqlite3.SQLITE_DENY


def _allows(action, first, second, trigger):
    if action == PRAGMA:
        return first.lower() not in SETTINGS or second is None
    if action == ATTACH:
        return False
    if action in (CREATE_TRIGGER, CREATE_TEMP_TRIGGER):
        return not first.startswith("record_") and not (second or "").startswith("record_")
    if action in (DROP_TRIGGER, ALTER_TABLE):
        return not (second or "").startswith("record_")
    if action in (DROP_TABLE, DROP_VTABLE):
        return not first.startswith("record_")
    # What the triggers of the other tables refuse, they refuse by themselves. A trigger of any other table
    # is not one of the record's.
    return first not in BY_TRIGGER or trigger in on_sqlite.TRIGGERS


def watch(connection, **signal):
    """Receives connection_created."""
    if connection.vendor == "sqlite":
        connection.connection.set_authorizer(None if _lifted else _judge)


@contextmanager
def lifted():
    """Let this process change the schema of the record: for migrations and for tests of what comes then."""
    lift()
    try:
        yield
    finally:
        put_back()


def lift(**signal):
    """Receives pre_migrate."""
    global _lifted
    _lifted += 1
    _set()


def put_back(**signal):
    """Receives post_migrate."""
    global _lifted
    _lifted = max(_lifted - 1, 0)
    _set()


def _set():
    if connection.vendor == "sqlite" and connection.connection is not None:
        watch(connection)
