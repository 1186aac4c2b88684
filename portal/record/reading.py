"""Entries as their hashes cover them, read in large pieces past the ORM, which takes three times as long."""

from collections import namedtuple
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import cache

from django.db import connection

from portal.record import canonical, merkle

AT_ONCE = 2000  # entries of one statement
TILE = 256  # leaves of one tile
LEVEL = TILE.bit_length() - 1
NAMES = canonical.NAMES
COUNT = len(NAMES)
_AT, _ID, _SEQ = NAMES.index("at"), NAMES.index("id"), NAMES.index("seq")

# `members` has a value for each of NAMES, also for those that are not in the header of an older version.
Row = namedtuple("Row", "members hash salt text search folding")


class Missing(Exception):
    """An entry that must be there is not. `seq` is its number."""

    def __init__(self, seq):
        super().__init__(f"entry {seq} is missing")
        self.seq = seq


def content(members):
    """The bytes of a header. Raises KeyError for an unknown version, TypeError for what no JSON can be."""
    if members["version"] == canonical.VERSION:
        return canonical.encode(members).encode()
    return canonical.encode({name: members[name] for name in canonical.HEADER[members["version"]]}).encode()


def moment(stamp):
    """The time that canonical.stamp wrote; raises ValueError."""
    return datetime.strptime(stamp, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)


def head():
    """(number, hash, highest number that an entry has), read at one moment; None if there is no head."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT seq, hash, (SELECT coalesce(max(seq), 0) FROM record_entry) FROM record_head WHERE id = 1"
        )
        return cursor.fetchone()


def rows(first, last, *, bodies=True, where="", params=()):
    """Yield a Row for each entry from number `first` to `last` that there is, in order.

    `where` is SQL that narrows entry `e`. Without `bodies` salt, text, search and folding are None; so they
    are for an entry without a body.
    """
    values_of = cleaner()
    for some in batches(first, last, bodies=bodies, where=where, params=params):
        for raw in some:
            yield row_of(raw, values_of(raw))


def batches(first, last, *, bodies=True, where="", params=()):
    """Yield the same in lists of raw rows: the values of NAMES, as the database has them, and the others."""
    statement = _statement(connection.vendor, bodies, where)
    with connection.cursor() as cursor:
        while first <= last:
            beside = [first] if bodies else []
            cursor.execute(statement, [*beside, first, last, *params])
            some = cursor.fetchall()
            yield some
            if len(some) < AT_ONCE:
                return
            first = some[-1][_SEQ] + 1


def batches_ahead(first, last):
    """The same, each asked for before the one before it is done with: a server finds it meanwhile.

    The thread that asks has a connection of its own. SQLite's library works in this process, and two threads
    would only wait for each other.
    """
    if connection.vendor == "sqlite":
        yield from batches(first, last)
        return
    found = batches(first, last)
    with ThreadPoolExecutor(1, thread_name_prefix="ahead") as pool:
        coming = pool.submit(next, found, None)
        try:
            while (some := coming.result()) is not None:
                coming = pool.submit(next, found, None)
                yield some
        finally:
            pool.submit(found.close).result()
            pool.submit(_hang_up).result()


def _hang_up():
    connection.close()  # that of the thread it runs in


def row_of(raw, values):
    """The Row of a raw one, whose values `cleaner` made."""
    return Row(dict(zip(NAMES, values, strict=True)), *raw[COUNT:])


def cleaner():
    """What makes of a raw row a list of the values of NAMES, as they are hashed."""
    return _of_sqlite if connection.vendor == "sqlite" else _of_postgresql


def _of_postgresql(raw):
    return list(raw[:COUNT])


@cache
def _statement(vendor, bodies, where):
    columns = [f"e.{name}" for name in NAMES]
    if vendor == "sqlite":
        columns[_AT] = "e.at || ''"  # the stored text; a column that is declared as datetime is parsed
    else:
        columns[_AT] = "to_char(e.at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')"
        columns[_ID] = "e.id::text"
    beside = "b.salt, b.text, b.search, b.folding" if bodies else "NULL, NULL, NULL, NULL"
    # PostgreSQL would begin each piece at the first body of all, if it were not told where.
    join = "LEFT JOIN record_body b ON b.seq = e.seq AND b.seq >= %s" if bodies else ""
    more = f"AND ({where})" if where else ""
    return (
        f"SELECT {', '.join(columns)}, e.hash, {beside} FROM record_entry e {join}"
        f" WHERE e.seq >= %s AND e.seq <= %s {more} ORDER BY e.seq LIMIT {AT_ONCE}"
    )


def _of_sqlite(raw):
    """SQLite keeps times and ids as texts of its own. Any other text gets a mark, so that its hash is wrong:
    it would be sorted and found elsewhere, even if it meant the same."""
    values = list(raw[:COUNT])
    at, id = values[_AT], values[_ID]
    if len(at) == 26 and at[10] == " " and not at.endswith(".000000"):
        values[_AT] = f"{at[:10]}T{at[11:]}Z"
    elif len(at) == 19 and at[10] == " ":
        values[_AT] = f"{at[:10]}T{at[11:]}.000000Z"
    else:
        values[_AT] = f"?{at}"
    if len(id) == 32:
        values[_ID] = f"{id[:8]}-{id[8:12]}-{id[12:16]}-{id[16:20]}-{id[20:]}"
    else:
        values[_ID] = f"?{id}"
    return values


def leaves(start, end):
    """The leaves from `start` up to `end`: leaf 0 is of entry 1. Raises Missing."""
    found = []
    for seq, row in enumerate(rows(start + 1, end, bodies=False), start + 1):
        if row.members["seq"] != seq:
            raise Missing(seq)
        found.append(canonical.leaf(content(row.members), row.hash))
    if len(found) < end - start:
        raise Missing(start + len(found) + 1)
    return found


def tiles(first, end):
    """[root] of the tiles from number `first` up to `end`, as far as they are there without a gap."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT number, root FROM record_tile WHERE number >= %s AND number < %s ORDER BY number",
            [first, end],
        )
        return [bytes.fromhex(root) for number, (found, root) in enumerate(cursor, first) if found == number]


def run(start, end):
    """The merkle.Run of these leaves, with the help of tiles; reads no more than two tiles of entries."""
    made, whole = merkle.Run(start), end // TILE
    at = min(-(-start // TILE) * TILE, end)  # where the first tile begins that is all in it
    for each in leaves(start, at):
        made.add(each)
    if at % TILE == 0:
        for root in tiles(at // TILE, whole):
            made.add(root, LEVEL)
    for first in range(made.end, end, AT_ONCE):
        for each in leaves(first, min(first + AT_ONCE, end)):
            made.add(each)
    return made


def root_of(start, end):
    """The root of these leaves, which must be a subtree of a tree: merkle.inclusion asks for those."""
    shifted = merkle.Run()
    for level, hash in zip(merkle.levels(start, end), run(start, end).nodes, strict=True):
        shifted.add(hash, level)
    return shifted.root()
