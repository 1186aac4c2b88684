"""Entries from before the record had a chain get their place in it (migration 0005).

They are put away, and inserted again in their order as new entries are: so the triggers that check each
entry, and make the stories and the search index, see them as well. What they say, and when, stays as it was.
"""

from django.db import connection

from portal.record import canonical, guards, keys, searching

BATCH = 500
TABLES = ("record_entry", "record_body")
# Columns that later migrations add, and that the triggers of now already name.
LATER = {"record_entry": "space", "record_facet": "space"}


def adopt(apps):
    """Chain all entries; `apps` are those of the migration, whose transaction takes it back if it fails.

    Today's triggers go again, as SQLite changes no table while one of them names a column that a later
    migration adds: `migrate` puts them back at its end (guards.install), and nobody writes before.
    """
    entry, body = (apps.get_model("record", name) for name in ("Entry", "Body"))
    with connection.cursor() as cursor:
        for table in TABLES:
            cursor.execute(f"CREATE TABLE {table}_before AS SELECT * FROM {table}")
            cursor.execute(f"DELETE FROM {table}")
        cursor.execute("CREATE UNIQUE INDEX record_entry_before_seq ON record_entry_before (seq)")
        cursor.execute("CREATE UNIQUE INDEX record_body_before_seq ON record_body_before (seq)")
        cursor.execute("UPDATE record_head SET seq = 0, hash = ''")
        for table, column in LATER.items():
            cursor.execute(f"ALTER TABLE {table} ADD COLUMN {column} varchar(64) NOT NULL DEFAULT ''")
        guards.install()
        seq, hash = 0, ""
        while entries := _before(entry, seq):
            bodies = {row["seq"]: row for row in _before(body, seq)}
            seq, hash = _insert(entry, body, entries, bodies, seq, hash)
        guards.remove()
        for table, column in LATER.items():
            cursor.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
        for table in TABLES:
            cursor.execute(f"DROP TABLE {table}_before")


def _before(model, after):
    table = f"{model._meta.db_table}_before"
    rows = model.objects.raw(f"SELECT * FROM {table} WHERE seq > %s ORDER BY seq LIMIT %s", [after, BATCH])
    return [{field.attname: getattr(row, field.attname) for field in model._meta.fields} for row in rows]


def _insert(entry, body, entries, bodies, seq, hash):
    key_id, _key = keys.current()
    for fields in entries:
        fields |= {"prev_hash": hash, "key_id": key_id}
        content = canonical.header_bytes(canonical.header(fields))
        seq, hash = fields["seq"], canonical.chained(content, key_id)
        fields["hash"] = hash
        if there := bodies.get(seq):
            there["search"] = searching.text(fields, there["text"])
    entry.objects.bulk_create([entry(**fields) for fields in entries])
    body.objects.bulk_create([body(**there) for there in bodies.values() if there["seq"] <= seq])
    return seq, hash
