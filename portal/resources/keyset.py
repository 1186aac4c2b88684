"""Pages of a list by place instead of by number: each costs the same, however deep it is and long the list.

Rows are ordered by sort key, id, scope and connection. Those of each connection are read in the order of its
index and then merged, because no index holds the rows of one team together. Databases order texts
differently, so it is the database that compares them.
"""

from django.db import connection as database
from django.db.models import BooleanField
from django.db.models.expressions import RawSQL

KEYS = ("sort_key", "remote_id", "scope", "connection_id")
IN_QUESTION = RawSQL("SELECT item FROM in_question", ())
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

    # As in Few: nothing is looked at in vain.
    shared, in_question, looked_at, most = ("", []), None, ("SELECT 0", []), 1

    def __init__(self, rows, connections):
        self.rows, self.connections = rows, connections

    def ids(self, sign, place, is_backwards, limit):
        """(SQL, parameters): ids of the first rows, of those that are `sign` (> or <) the place if any."""
        order = tuple(f"-{name}" if is_backwards else name for name in KEYS[:-1])
        parts = [part.order_by(*order).values("id", *KEYS)[:limit] for part in self._parts(sign, place)]
        sql, params = union(parts)
        return f"SELECT id FROM ({sql}) AS parts {ordered(is_backwards)} LIMIT {limit}", params

    def count(self, limit, sign=None, place=None):
        """(SQL, parameters): how many rows there are, or as many as the limit."""
        # In the order of an index: SQLite would else choose one that leads to gone rows, too.
        parts = [part.order_by(*KEYS[:-1]).values(*KEYS[:-1])[:limit] for part in self._parts(sign, place)]
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
    texts = [place.sort_key, place.remote_id, place.scope]
    return RawSQL(f"(sort_key, remote_id, scope) {sign} (%s, %s, %s)", texts, output_field=BooleanField())


class Few:
    """Rows that an index of the list does not find: as many of `rows` as the limit says, in no order.

    `in_question` is a query of which rows were looked at, by what IN_QUESTION compares, and `most` its limit.
    `is_by_number`: that is the number of a row in SQLite.
    """

    def __init__(self, rows, limit, in_question=None, most=1, is_by_number=False):
        self.model, self.in_question, self.most = rows.model, in_question, most
        sql, params = rows.order_by().values("id", *KEYS)[:limit].query.sql_with_params()
        if is_by_number:
            # SQLite would rather read a whole connection by its index than the rows with these numbers.
            table = f'FROM "{self.model._meta.db_table}"'
            sql = sql.replace(table, f"{table} NOT INDEXED", 1)
        self.found = sql, params

    @property
    def shared(self):
        """(SQL, parameters) of what stands in front of the statement, so that each search is made once."""
        queries = {"in_question (item)": self.in_question} if self.in_question else {}
        queries["found"] = self.found
        parts = [f"{name} AS ({sql})" for name, (sql, _params) in queries.items()]
        return f"WITH {', '.join(parts)}", [each for _sql, params in queries.values() for each in params]

    @property
    def looked_at(self):
        """(SQL, parameters): how many rows were looked at; with `most` of them, there may be more."""
        return ("SELECT COUNT(*) FROM in_question" if self.in_question else "SELECT 0"), []

    def ids(self, sign, place, is_backwards, limit):
        condition, params = self._beyond(sign, place)
        return f"SELECT id FROM found{condition} {ordered(is_backwards)} LIMIT {limit}", params

    def count(self, limit, sign=None, place=None):
        condition, params = self._beyond(sign, place)
        return (
            f"SELECT COUNT(*) FROM (SELECT 1 AS one FROM found{condition} LIMIT {limit}) AS counted",
            params,
        )

    def _beyond(self, sign, place):
        if not place:
            return "", []
        connection_id = self.model._meta.get_field("connection").get_db_prep_value(place.connection, database)
        condition = f" WHERE ({', '.join(KEYS)}) {sign} (%s, %s, %s, %s)"
        return condition, [place.sort_key, place.remote_id, place.scope, connection_id]


def ordered(is_backwards):
    return "ORDER BY " + ", ".join(f"{name} DESC" if is_backwards else name for name in KEYS)
