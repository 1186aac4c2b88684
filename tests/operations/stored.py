"""Reads everything that a database contains, for tests of what must not be in it."""

from pathlib import Path

from django.db import connection


def files_of(database):
    """SQLite's file and its write-ahead log on the disk; nothing for PostgreSQL."""
    path = Path(database.url.removeprefix("sqlite://"))
    return b"".join(file.read_bytes() for file in path.parent.glob(f"{path.name}*"))


def rows_but_of(mirror):
    """Every row of every table as text, without the mirror, which may show what the platform shows."""
    texts, its = [], mirror._meta.db_table
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            if table == its or table.startswith(f"{its}_search") or table.endswith("_search"):
                continue  # the index of the mirror; the others cannot be read by themselves
            cursor.execute(f'SELECT * FROM "{table}"')
            texts += [repr(row) for row in cursor.fetchall()]
    return "\n".join(texts)
