"""Pages of a list by place instead of by number: each costs the same, however deep it is and long the list.

Rows are ordered by sort key, id and connection. Those of each connection are read in the order of its index
and then merged, because no index holds the rows of one team together. Databases order texts differently, so
it is the database that compares them.
"""

from django.db import connection as database
from django.db.models import BooleanField
from django.db.models.expressions import RawSQL

KEYS = ("sort_key", "remote_id", "connection_id")
OPPOSITE = {">": "<=", "<=": ">", "<": ">=", ">=": "<"}


def union(queries):
    """(SQL, parameters) of querysets, one behind the other; each may have an order and a limit of its own."""
    parts, params = [], []
    for number, query in enumerate(queries):
        sql, more = query.query.sql_with_params()
        parts.append(f"SELECT * FROM ({sql}) AS part{number}")
        params += more
    return " UNION ALL ".join(parts), params


class Walk:
    """All rows of a list: `rows` has those that are wanted of all connections."""

    def __init__(self, rows, connections):
        self.rows, self.connections = rows, connections

    def ids(self, sign, place, is_backwards, limit):
        """(SQL, parameters): ids of the first rows, of those that are `sign` (> or <) the place if any."""
        order = tuple(f"-{name}" if is_backwards else name for name in KEYS[:2])
        parts = [part.order_by(*order).values("id", *KEYS)[:limit] for part in self._parts(sign, place)]
        sql, params = union(parts)
        return f"SELECT id FROM ({sql}) AS parts {_ordered(is_backwards)} LIMIT {limit}", params

    def count(self, limit, sign=None, place=None):
        """(SQL, parameters): how many rows there are, or as many as the limit."""
        # In the order of its index, so that it is that index alone which is read.
        parts = [part.order_by(*KEYS[:2]).values(*KEYS[:2])[:limit] for part in self._parts(sign, place)]
        sql, params = union(parts)
        return f"SELECT COUNT(*) FROM (SELECT * FROM ({sql}) AS parts LIMIT {limit}) AS counted", params

    def _parts(self, sign, place):
        for connection in self.connections:
            part = self.rows.filter(connection=connection).order_by()
            yield part.filter(_beyond(sign, place, connection)) if place else part


def _beyond(sign, place, connection):
    """Of rows that are equal to the place but for their connection, all or none are beyond it."""
    mine, its = connection.pk.hex, place.connection.hex
    if mine != its:
        is_greater = mine > its
        sign = sign[0] + ("=" if is_greater == (sign[0] == ">") else "")
    texts = [place.sort_key, place.remote_id]
    return RawSQL(f"(sort_key, remote_id) {sign} (%s, %s)", texts, output_field=BooleanField())


class Few:
    """Rows that are not in the order of an index: `sql` is a query of their ids and keys, with a limit."""

    def __init__(self, model, sql, params):
        self.model, self.sql, self.params = model, sql, params

    def ids(self, sign, place, is_backwards, limit):
        condition, more = self._beyond(sign, place)
        sql = f"SELECT id FROM ({self.sql}) AS found{condition} {_ordered(is_backwards)} LIMIT {limit}"
        return sql, [*self.params, *more]

    def count(self, limit, sign=None, place=None):
        condition, more = self._beyond(sign, place)
        counted = f"SELECT 1 AS one FROM ({self.sql}) AS found{condition} LIMIT {limit}"
        return f"SELECT COUNT(*) FROM ({counted}) AS counted", [*self.params, *more]

    def _beyond(self, sign, place):
        if not place:
            return "", []
        connection_id = self.model._meta.get_field("connection").get_db_prep_value(place.connection, database)
        return f" WHERE ({', '.join(KEYS)}) {sign} (%s, %s, %s)", [
            place.sort_key,
            place.remote_id,
            connection_id,
        ]


def _ordered(is_backwards):
    return "ORDER BY " + ", ".join(f"{name} DESC" if is_backwards else name for name in KEYS)
