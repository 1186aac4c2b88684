"""What lists are searched by: one column with names, ids and keys, folded the same for every database.

A substring of it is looked up in an index where there is one (search_index.py).
"""

from django.db import connection
from django.db.models.expressions import RawSQL

from portal.bounds import LINE_MAX
from portal.kinds import search_index
from portal.outside import folded, shows_nothing

CHUNK = 500  # rows per statement of `fill`


def text(row, names):
    """The search text of a mirror row: its name and id, and the fields in `names`, which may hold JSON."""
    pieces = {folded(piece): None for value in _values(row, names) for piece in _texts(value)}
    return "\n".join(filter(None, pieces))


def _values(row, names):
    return [row.name, row.remote_id, *(getattr(row, name) for name in names)]


def _texts(value):
    """The texts in a value, such as the names per language in a StringI18n."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for member in value.values() if isinstance(value, dict) else value:
            yield from _texts(member)


def matching(rows, wanted):
    """The rows whose name, id or keys hold the text, in any case and form of its letters."""
    if shows_nothing(wanted):
        return rows
    rows = holding(rows, wanted)
    if connection.vendor == "sqlite" and is_indexed(rows.model, wanted):
        table = rows.model._meta.db_table
        proposed, params = search_index.proposed(rows.model, folded(wanted))
        rows = rows.filter(pk__in=RawSQL(f"SELECT id FROM {table} WHERE rowid IN ({proposed})", params))
    return rows


def holding(rows, wanted):
    """The same, read row by row unless the database has an index for that by itself."""
    if len(wanted) > LINE_MAX:  # SQLite refuses to search for more than 50,000 bytes; folding may triple them
        return rows.none()
    return rows.filter(search_text__contains=folded(wanted))


def is_indexed(model, wanted):
    """Whether the index can look the text up; else rows have to be read one by one."""
    fits = len(folded(wanted)) >= search_index.SHORTEST and len(wanted) <= LINE_MAX
    return fits and search_index.is_there(model)


def fill(model, names):
    """Write the search text of every row, a chunk at a time: for migrations."""
    last = None
    while True:
        rows = (
            model.objects.order_by("pk") if last is None else model.objects.filter(pk__gt=last).order_by("pk")
        )
        rows = list(rows.only("pk", "name", "remote_id", *names)[:CHUNK])
        if not rows:
            return
        for row in rows:
            row.search_text = text(row, names)
        model.objects.bulk_update(rows, ["search_text"])
        last = rows[-1].pk
