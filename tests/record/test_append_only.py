"""What was recorded stays.

Would catch: a way to change, replace or remove an entry or its body through SQL or the ORM, triggers lost
in a migration, and a portal that calls itself ready without them.
"""

import sqlite3
import uuid
from contextlib import closing

import pytest
from django.core.management import call_command
from django.core.management.sql import emit_pre_migrate_signal
from django.db import DatabaseError, connection, models, transaction
from django.db.migrations import Migration
from django.test import Client
from django.utils import timezone

from portal.jobs.models import Heartbeat
from portal.record import authorizing, guards
from portal.record.models import Body, Entry
from portal.record.store import append

REFUSAL = "the record is append-only"


def recorded(number=1):
    for _number in range(number):
        (entry,) = append(
            {"stage": "note", "outcome": "ok", "actor": "a@example.test", "verb": "test", "body": {"n": 1}}
        )
    return entry


def refused(statement, values=()):
    with pytest.raises(DatabaseError, match=REFUSAL), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, values)


def insert_again(table, **changes):
    """(columns, values) of the first row with changes, as raw SQL takes them."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM {table} ORDER BY seq LIMIT 1")
        names = [column[0] for column in cursor.description]
        row = dict(zip(names, cursor.fetchone(), strict=True)) | changes
    places = ", ".join(["%s"] * len(names))
    return f"INTO {table} ({', '.join(names)}) VALUES ({places})", [row[name] for name in names]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE record_entry SET outcome = 'ok'",
        "UPDATE record_entry SET hash = 'x' WHERE seq = 1",
        "UPDATE record_body SET text = '{}'",
        "DELETE FROM record_entry",
        "DELETE FROM record_body WHERE seq = 1",
    ],
)
def test_sql_can_neither_change_nor_remove(db, statement):
    recorded()

    refused(statement)

    assert (Entry.objects.count(), Body.objects.count()) == (1, 1)
    assert Body.objects.get().text == '{"n":1}'


@pytest.mark.parametrize("table", ["record_entry", "record_body"])
def test_an_upsert_replaces_nothing(db, table):
    recorded()
    target, values = insert_again(table)

    column = "outcome" if table == "record_entry" else "text"
    refused(f"INSERT {target} ON CONFLICT (seq) DO UPDATE SET {column} = 'changed'", values)
    if connection.vendor == "sqlite":
        refused(f"INSERT OR REPLACE {target}", values)
        refused(f"REPLACE {target}", values)
    else:
        refused(f"TRUNCATE {table}")
        refused(f"TRUNCATE {table} CASCADE")

    assert (Entry.objects.get().outcome, Body.objects.get().text) == ("ok", '{"n":1}')


@pytest.mark.parametrize("changes", [{}, {"seq": 99}], ids=["same number", "same id"])
def test_another_program_on_the_sqlite_file_cannot_replace_either(committed_db, databases, changes):
    """A plain connection has recursive_triggers off: there REPLACE removes rows past any delete trigger."""
    if databases.engine != "sqlite":
        pytest.skip("there is no file")
    recorded()
    target, values = insert_again("record_entry", **changes)

    with closing(sqlite3.connect(committed_db.url.removeprefix("sqlite://"))) as other:
        with pytest.raises(sqlite3.DatabaseError, match=REFUSAL):
            other.execute(f"INSERT OR REPLACE {target.replace('%s', '?')}", values)
        assert other.execute("SELECT seq FROM record_entry").fetchall() == [(1,)]


ORM = {
    "update": lambda entry: Entry.objects.update(outcome="changed"),
    "save": lambda entry: Entry.objects.get().save(),
    "delete": lambda entry: Entry.objects.all().delete(),
    "delete one": lambda entry: Entry.objects.get().delete(),
    "bulk_update": lambda entry: Entry.objects.bulk_update([entry], ["outcome"]),
    "bulk_create": lambda entry: Entry.objects.bulk_create(
        [entry], update_conflicts=True, unique_fields=["seq"], update_fields=["outcome"]
    ),
    "body": lambda entry: Body.objects.update(text="{}"),
    "body delete": lambda entry: Body.objects.all().delete(),
}


@pytest.mark.parametrize("way", ORM)
def test_the_orm_can_neither_change_nor_remove(db, way):
    entry = recorded()
    entry.outcome = "changed"

    with pytest.raises(DatabaseError, match=REFUSAL), transaction.atomic():
        ORM[way](entry)

    assert (Entry.objects.get().outcome, Body.objects.get().text) == ("ok", '{"n":1}')


def drop(name):
    with authorizing.lifted(), connection.cursor() as cursor:
        cursor.execute(f"DROP TRIGGER {name}{on_table(name)}")


def on_table(name):
    """` ON` and the trigger's table where the database asks for it."""
    tables = [table for table in guards.TABLES if name.startswith(f"{table}_")]
    return f" ON {tables[0]}" if connection.vendor == "postgresql" else ""


@pytest.mark.parametrize("name", sorted(field.name for field in Entry._meta.fields if field.max_length))
def test_a_migration_that_rebuilds_the_table_leaves_it_append_only(committed_db, name):
    recorded()
    before = Entry._meta.get_field(name)
    wider = models.CharField(max_length=before.max_length + 100, blank=True)
    wider.set_attributes_from_name(name)
    wider.model = Entry
    emit_pre_migrate_signal(0, False, "default", plan=[(Migration("wider", "record"), False)])
    with connection.schema_editor() as editor:
        editor.alter_field(Entry, before, wider)
    assert guards.missing()
    with pytest.raises(guards.NotGuarded):
        recorded()

    call_command("migrate", verbosity=0, interactive=False)

    assert guards.missing() == []
    refused("DELETE FROM record_entry")
    refused("UPDATE record_entry SET outcome = 'ok'")
    assert recorded().seq == 2


def test_each_lost_trigger_is_put_back_by_migrate(committed_db):
    for name in sorted(guards.expected()):
        drop(name)
        assert guards.missing() == [name]

        call_command("migrate", verbosity=0, interactive=False)

        assert guards.missing() == []


@pytest.fixture
def ready(committed_db):
    Heartbeat.objects.create(worker="w-1", at=timezone.now())
    return Client(HTTP_HOST="localhost")


def test_a_portal_in_order_is_ready(ready):
    response = ready.get("/readyz")

    assert (response.status_code, response.json()) == (200, {"ready": True, "problems": []})


def test_a_portal_without_a_trigger_is_not_ready_and_names_it(ready):
    name = sorted(guards.expected())[0]
    drop(name)

    response = ready.get("/readyz")

    assert response.status_code == 503
    assert response.json() == {"ready": False, "problems": [f"record: trigger {name} is missing"]}


def test_a_trigger_that_does_nothing_counts_as_missing(ready):
    name = sorted(guards.expected())[0]
    with authorizing.lifted(), connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            drop(name)
            cursor.execute(f"CREATE TRIGGER {name} BEFORE DELETE ON record_body BEGIN SELECT 1; END")
        else:
            cursor.execute(f"ALTER TABLE {on_table(name).removeprefix(' ON ')} DISABLE TRIGGER {name}")

    assert guards.missing() == [name]
    assert ready.get("/readyz").status_code == 503
    assert [error.id for error in guards.check(None, ["default"])] == ["portal.E001"]


def test_healthz_asks_nobody(ready):
    drop(sorted(guards.expected())[0])

    assert ready.get("/healthz").status_code == 200


def test_ids_of_entries_are_their_own(db):
    recorded(2)

    ids = list(Entry.objects.values_list("id", flat=True))
    assert len(set(ids)) == 2
    assert all(isinstance(each, uuid.UUID) for each in ids)


def test_on_postgresql_a_trigger_whose_function_lets_all_pass_counts_as_missing(db):
    if connection.vendor != "postgresql":
        assert guards.missing() == []
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE OR REPLACE FUNCTION record_is_append_only() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RETURN NEW; END $$"
        )
    users = [name for name, text in guards.expected().items() if "record_is_append_only" in text]
    assert guards.missing() == sorted(users)
    guards.install()
    assert guards.missing() == []


def test_on_postgresql_a_weaker_trigger_of_the_same_name_counts_as_missing(db):
    if connection.vendor != "postgresql":
        assert guards.missing() == []
        return
    name = "record_entry_no_change"
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TRIGGER {name} ON record_entry")
        cursor.execute(
            f"CREATE TRIGGER {name} BEFORE UPDATE ON record_entry "
            "FOR EACH ROW EXECUTE FUNCTION record_is_append_only()"
        )
        cursor.execute(f"ALTER TABLE record_entry ENABLE ALWAYS TRIGGER {name}")
    assert guards.missing() == [name]


def test_on_postgresql_a_decoy_in_another_schema_neither_helps_nor_harms(db):
    if connection.vendor != "postgresql":
        assert guards.missing() == []
        return
    name = "record_entry_no_change"
    harmless = "RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$"
    with connection.cursor() as cursor:
        cursor.execute("CREATE SCHEMA decoy")
        cursor.execute(f"CREATE FUNCTION decoy.record_is_append_only() {harmless}")
        cursor.execute("CREATE TABLE decoy.record_entry (id int)")
        for table, function in (("decoy.record_entry", ""), ("record_entry", "decoy.")):
            assert guards.missing() == []
            if table == "record_entry":
                cursor.execute(f"DROP TRIGGER {name} ON {table}")
            cursor.execute(
                f"CREATE TRIGGER {name} BEFORE DELETE OR UPDATE ON {table} "
                f"FOR EACH ROW EXECUTE FUNCTION {function}record_is_append_only()"
            )
            cursor.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}")
    assert guards.missing() == [name]


def test_on_postgresql_the_record_may_live_in_any_schema(db):
    if connection.vendor != "postgresql":
        assert guards.missing() == []
        return
    with connection.cursor() as cursor:
        cursor.execute("ALTER SCHEMA public RENAME TO portal")
        cursor.execute("SET LOCAL search_path TO portal")
    assert guards.missing() == []
