"""Pages of a list by place instead of by number: each costs the same, however deep it is and long the list.

The rows of each connection are read in the order of its index and then merged, because no index holds the
rows of one team together. Databases order texts differently, so it is the database that compares them. Among
rows of one sort key and one id, the connection decides.
"""

from django.db import connection as database
from django.db.models import BooleanField
from django.db.models.expressions import RawSQL

KEYS = ("sort_key", "remote_id", "connection_id")
OPPOSITE = {">": "<", "<": ">", ">=": "<", "<": ">", "<=": ">"}


def union(queries):
    """(SQL, parameters) of querysets, one behind the other; each may have an order and a limit of its own."""
    parts, params = [], []
    for number, query in enumerate(queries):
        sql, more = query.query.sql_with_params()
        parts.append(f"SELECT * FROM ({sql}) AS part{number}")
        params += more
    return " UNION ALL ".join(parts), params
