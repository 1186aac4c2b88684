"""The triggers of the record as they were before it had a chain: for migrations of that time only."""

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



def install():
    """Create the triggers anew, in the transaction of a migration that may have dropped them."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(POSTGRESQL_FUNCTION)
        for table in TABLES:
            for pattern, text in (SQLITE if connection.vendor == "sqlite" else POSTGRESQL).items():
                name = pattern.format(table=table)
                on_table = f" ON {table}" if connection.vendor == "postgresql" else ""
                cursor.execute(f"DROP TRIGGER IF EXISTS {name}{on_table}")
                cursor.execute(text.format(table=table, same=SAME_ROW[table]))
                if connection.vendor == "postgresql":
                    cursor.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}")
