"""Database triggers that make the record append-only, on SQLite and PostgreSQL.

SQLite's INSERT OR REPLACE skips delete triggers unless recursive_triggers is on (settings.py turns it on for
the portal only), so a third trigger refuses to insert a number or id that exists. The owner of the database
can still drop a trigger: `check` reports that, and a later hash chain will show what was changed.
"""

from django.core import checks
from django.db import connection

TABLES = ("record_entry", "record_body")
SAME_ROW = {"record_entry": "seq = NEW.seq OR id = NEW.id", "record_body": "seq = NEW.seq"}

SQLITE = {
    "{table}_no_update": "CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} "
    "BEGIN SELECT RAISE(ABORT, 'the record is append-only'); END",
    "{table}_no_delete": "CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} "
    "BEGIN SELECT RAISE(ABORT, 'the record is append-only'); END",
    "{table}_no_replace": "CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} "
    "WHEN EXISTS (SELECT 1 FROM {table} WHERE {same}) "
    "BEGIN SELECT RAISE(ABORT, 'the record is append-only'); END",
}

POSTGRESQL_FUNCTION = """
CREATE OR REPLACE FUNCTION record_is_append_only() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'the record is append-only'; END $$
"""
# Written exactly as PostgreSQL prints them, because `present` compares the texts.
POSTGRESQL = {
    "{table}_no_change": "CREATE TRIGGER {table}_no_change BEFORE DELETE OR UPDATE ON {table} "
    "FOR EACH ROW EXECUTE FUNCTION record_is_append_only()",
    "{table}_no_truncate": "CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} "
    "FOR EACH STATEMENT EXECUTE FUNCTION record_is_append_only()",
}


def expected():
    """{trigger name: the statement that creates it} for this database."""
    triggers = SQLITE if connection.vendor == "sqlite" else POSTGRESQL
    return {
        name.format(table=table): text.format(table=table, same=SAME_ROW[table])
        for table in TABLES
        for name, text in triggers.items()
    }


def present():
    """Names of the triggers that exist, are enabled and have the expected text."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
            found = dict(cursor.fetchall())
            return {name for name, text in expected().items() if found.get(name) == text}
        # `true` (pretty) leaves out the schema of tables on the search path, so a table of another schema
        # cannot match.
        cursor.execute(
            "SELECT tgname, pg_get_triggerdef(pg_trigger.oid, true) FROM pg_trigger"
            " JOIN pg_proc ON pg_proc.oid = tgfoid"
            " WHERE tgenabled = 'A' AND NOT tgisinternal AND prosrc = %s",
            [POSTGRESQL_FUNCTION.split("$$")[1]],
        )
        return {name for name, text in cursor.fetchall() if expected().get(name) == text}


def missing():
    return sorted(set(expected()) - present())


def install(**kwargs):
    """Create the triggers that are missing or differ; runs after each migration."""
    if not set(TABLES) <= set(connection.introspection.table_names()):
        return
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(POSTGRESQL_FUNCTION)
        for name in missing():
            table = next(table for table in TABLES if name.startswith(table))
            on_table = f" ON {table}" if connection.vendor == "postgresql" else ""
            cursor.execute(f"DROP TRIGGER IF EXISTS {name}{on_table}")
            cursor.execute(expected()[name])
            if connection.vendor == "postgresql":
                cursor.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}")


def check(app_configs, databases, **kwargs):
    """Run by `migrate` and `check --database`: an error for each missing trigger."""
    if not databases or not set(TABLES) <= set(connection.introspection.table_names()):
        return []
    return [
        checks.Error(
            f"The record's trigger {name} is missing.", hint="Run manage.py migrate.", id="portal.E001"
        )
        for name in missing()
    ]
