"""What the facets say about an address: which fit and how many stories they have.

One statement, over the few rows of record_facet; with it, what the dates mean as numbers of entries, and
whether there is an object of the id that is asked for.
"""

import re
from dataclasses import dataclass

from portal.audit.statements import Statement, sees_all
from portal.record.models import Entry, Facet

NOBODY = "-"  # in an address: entries that have no person, team or connection
# {filter: (column of a facet, column of entries with its name)}
COLUMNS = {
    "actor": ("actor_id", "actor"),
    "team": ("team_id", "team"),
    "connection": ("connection_id", "connection"),
    "kind": ("kind", ""),
    "verb": ("verb", ""),
    "outcome": ("outcome", ""),
}
NAMES = ("id", *(column for column, _name in COLUMNS.values()), "count", "newest")
ID = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
NOWHERE = 2**62  # a number that no entry has
# Times rise with the numbers of entries, but for clocks that were set back. So many entries on either side of
# a moment are looked at to see whether that happened there.
NEAR = 500


@dataclass
class Survey:
    """`facets` are the ids of those that fit, None if all do; `total` is how many stories they have.

    Stories from number `low` up to before `high` began in the time that is asked for. Where a clock was set
    back, `is_unordered`, times have to be compared as well. `edition` changes when there are new facets.
    `is_id`: the text of the filter `object` is the id of an object in the record.
    """

    facets: list | None = None
    total: int = 0
    low: int = 0
    high: int | None = None
    is_unordered: bool = False
    is_id: bool = False
    edition: tuple = ()


def survey(filters):
    statement = Statement()
    visible = statement.visible(filters.user, Facet, *NAMES)
    fits, called = _fits(statement, filters.faceted)
    all_fit = not filters.faceted and sees_all(filters.user, Facet)
    # Another record with as many facets, such as one from a backup, begins with another entry.
    first = "SELECT hash FROM record_entry WHERE seq = 1"
    branches = [f"SELECT 'edition', (SELECT max(id) FROM record_facet), 0, ({first})"]
    if all_fit:
        branches.append("SELECT 'total', CAST(coalesce(sum(count), 0) AS bigint), 0, '' FROM record_facet")
    else:
        branches.append(f"SELECT 'facet', id, count, '' FROM v WHERE {fits} AND count > 0")
    for name in ("since", "until"):
        if moment := getattr(filters, name):
            branches.append(_around(statement, name, moment))
    if text := filters.anchored.get("object"):
        entries = statement.visible(filters.user, Entry, "seq", "object_id")
        has_id = f"object_id = {statement.value(text)} AND NOT (object_id = '')"
        branches.append(f"SELECT 'object', seq, 0, '' FROM ({entries}) e WHERE {has_id} LIMIT 1")
    shared = ", ".join([f"v AS NOT MATERIALIZED ({visible})", *called])
    text = f"WITH {shared} " + " UNION ALL ".join(f"SELECT * FROM ({each}) b" for each in branches)
    return _read(statement.rows(text), facets=None if all_fit else [])


def _fits(statement, faceted):
    """(condition on a facet, the parts of a WITH that it needs).

    A person, team or connection is asked for by id, or by what the newest of its entries calls it.
    """
    conditions, called = ["1 = 1"], []
    for filter, value in faceted.items():
        column, name = COLUMNS[filter]
        if not name or value == NOBODY or ID.fullmatch(value):
            value = "" if value == NOBODY else value
            conditions.append(f"{column} = {statement.value(value)}")
            continue
        place = statement.value(value)
        conditions.append(f"{column} IN (SELECT {column} FROM called_{filter})")
        newest = f"SELECT {column}, max(newest) AS newest FROM v WHERE {column} <> '' GROUP BY {column}"
        called.append(
            f"called_{filter} AS MATERIALIZED (SELECT n.{column} FROM ({newest}) n JOIN record_entry e"
            f" ON e.seq = n.newest WHERE e.{name} = {place} OR lower(e.{name}) = lower({place}))"
        )
    return " AND ".join(conditions), called


def _around(statement, name, moment):
    """(the first number of the NEAR entries from a moment on, the last number of the NEAR before it)."""
    place = statement.moment(Entry, "at", moment)
    after = f"SELECT seq FROM record_entry WHERE at >= {place} ORDER BY at, seq LIMIT {NEAR}"
    before = f"SELECT seq FROM record_entry WHERE at < {place} ORDER BY at DESC, seq DESC LIMIT {NEAR}"
    return f"SELECT '{name}', (SELECT min(seq) FROM ({after}) a), (SELECT max(seq) FROM ({before}) b), ''"


def _read(rows, facets):
    found = Survey(facets=facets)
    for tag, number, other, first in rows:
        if tag == "edition":
            found.edition = number, first
        elif tag == "total":
            found.total = number
        elif tag == "facet":
            found.facets.append(number)
            found.total += other
        elif tag == "object":
            found.is_id = True
        else:
            found.is_unordered |= number is not None and other is not None and other > number
            if tag == "since":
                found.low = number if number is not None else NOWHERE
            else:
                found.high = (other or 0) + 1
    return found
