"""Objects that are inside each other, as the mirror has them: what is inside one, the way to one from the
top, and those that no way leads to. It reads no platform.

The tree is that of the rows that are wanted: narrowed to an application it is the tree of that one's rows.
A platform may show a parent that is not among them, and groups that are inside each other in a circle.
Both are called strays: a row whose parent is not there, and each row on a circle. They have a place of their
own (forest.py), and what is inside them hangs below them as usual.
"""

from collections import Counter
from dataclasses import dataclass, replace

from django.db.models import BooleanField, Count, IntegerField, Value
from django.db.models.expressions import RawSQL

from portal.kinds.models import KEY_LENGTH
from portal.resources.keyset import union
from portal.resources.listing import narrowed, shown

TOP = ("", "0")  # what platforms show as the parent of an object that has none: IoTDA nothing, ROMA 0
WAYS = """
WITH RECURSIVE way AS (
    {starts}
    UNION
    SELECT above.* FROM way JOIN ({rows}) AS above
        ON above.connection_id = way.connection_id AND above.remote_id = way.{parent}
    WHERE way.{parent} NOT IN {top}
)
SELECT * FROM way"""
# What stands at the top or has lost its parent is a beginning. What no beginning leads to goes in a circle,
# or is inside what does.
STRAYS = """
WITH RECURSIVE begun AS (
    SELECT one.* FROM ({rows}) AS one WHERE one.{parent} IN {top} OR NOT EXISTS (
        SELECT 1 FROM ({rows}) AS above
        WHERE above.connection_id = one.connection_id AND above.remote_id = one.{parent})
), reached (connection_id, remote_id) AS (
    SELECT connection_id, remote_id FROM begun
    UNION ALL
    SELECT below.connection_id, below.remote_id FROM reached JOIN ({rows}) AS below
        ON below.connection_id = reached.connection_id AND below.{parent} = reached.remote_id
        AND below.{parent}_key = SUBSTR(reached.remote_id, 1, {length})
    WHERE below.{parent} NOT IN {top}
)
SELECT stray.* FROM (
    SELECT begun.*, 0 AS is_lost FROM begun WHERE {parent} NOT IN {top}
    UNION ALL
    SELECT one.*, 1 FROM ({rows}) AS one
    WHERE (connection_id, remote_id) NOT IN (SELECT connection_id, remote_id FROM reached)
) AS stray ORDER BY connection_id, sort_key, remote_id"""


@dataclass(frozen=True)
class Way:
    """How an object is reached: the `rows` from the top, or from a stray, down to it.

    `circle` holds the platform's ids of those that the first row goes round with, itself too.
    """

    rows: tuple
    is_stray: bool
    circle: frozenset = frozenset()


class Tree:
    def __init__(self, kind, wanted, connections):
        self.kind, self.parent = kind, kind.parent
        self.connections = [wanted.connection] if wanted.connection else list(connections)
        self.rows = narrowed(
            kind.model.objects.present(), replace(wanted, only=""), self.connections
        ).order_by()

    def above(self, row):
        """The platform's id of the object that the row is inside; "" for none."""
        id = getattr(row, self.parent)
        return "" if id in TOP else id

    def inside(self, connection_id, id, *, but=frozenset()):
        """The rows inside the object with that id, at the top for ""; without those with the ids `but`."""
        rows = self.rows.filter(connection=connection_id)
        if id in TOP:
            rows = rows.filter(**{f"{self.parent}_key__in": TOP}) if id == "" else rows.none()
        else:
            rows = rows.filter(**{f"{self.parent}_key": id[:KEY_LENGTH]})
        if len(id) >= KEY_LENGTH:
            rows = rows.filter(**{self.parent: id})
        rows = rows.exclude(remote_id__in=but) if but else rows
        return rows.order_by("sort_key", "remote_id")

    def before(self, rows, place):
        """How many of the rows stand at the place or in front of it."""
        return rows.filter(_beyond("<=", place)).count()

    def beyond(self, rows, place):
        return rows.filter(_beyond(">", place))

    def read(self, parts):
        """The rows of each of the querysets, in one statement; what is shown of a row in a list is read."""
        columns = shown(self.kind)
        numbered = [
            part.annotate(part=Value(number, IntegerField())).values(*columns, "part")
            for number, part in enumerate(parts)
            if not part.query.is_empty()
        ]
        found, connections = [[] for _part in parts], {each.pk: each for each in self.connections}
        if numbered:
            sql, params = union(numbered)
            sql = f"SELECT * FROM ({sql}) AS parts ORDER BY part, sort_key, remote_id"
            for row in self.kind.model.objects.raw(sql, params):
                row.connection = connections[row.connection_id]
                found[row.part].append(row)
        return found

    def counts(self, rows):
        """{(connection's pk, id): how many rows are inside}, for these rows and for the top (id "")."""
        keys = {row.remote_id[:KEY_LENGTH] for row in rows} | set(TOP)
        found = self.rows.filter(connection__in=self.connections, **{f"{self.parent}_key__in": keys})
        counts = Counter()
        for connection_id, id, count in found.values_list("connection_id", self.parent).annotate(Count("pk")):
            counts[connection_id, "" if id in TOP else id] += count
        return counts

    def ways(self, pks):
        """{pk: Way} of those that are among the rows."""
        if not pks or not self.connections:
            return {}
        starts = self._outline().filter(pk__in=pks)
        names = {"parent": self.parent, "top": TOP}
        (starts, more), (rows, params) = (each.query.sql_with_params() for each in (starts, self._outline()))
        sql = WAYS.format(starts=starts, rows=rows, **names)
        found = {(row.connection_id, row.remote_id): row for row in self._raw(sql, [*more, *params])}
        return {row.pk: self._way(row, found) for row in found.values() if row.pk in pks}

    def _way(self, row, found):
        """Up from the row. Whoever goes round comes first to the row where the circle begins."""
        way, numbers = [], {}
        while row is not None and row.pk not in numbers:
            numbers[row.pk] = len(way)
            way.append(row)
            row = found.get((row.connection_id, self.above(row)))
        if row is None:
            return Way(tuple(reversed(way)), is_stray=bool(self.above(way[-1])))
        begins = numbers[row.pk]
        circle = frozenset(each.remote_id for each in way[begins:])
        return Way(tuple(reversed(way[: begins + 1])), is_stray=True, circle=circle)

    def strays(self):
        """({connection's pk: rows}, pks of those on a circle)."""
        if not self.connections:
            return {}, set()
        rows, params = self._outline().query.sql_with_params()
        sql = STRAYS.format(rows=rows, parent=self.parent, top=TOP, length=KEY_LENGTH)
        found = list(self._raw(sql, params * 4))
        circling = self._circling([row for row in found if row.is_lost])
        strays = {}
        for row in found:
            if not row.is_lost or row.pk in circling:
                strays.setdefault(row.connection_id, []).append(row)
        return strays, circling

    def _circling(self, lost):
        """Of rows on circles and below them, the pks of those on one: the others hang loose one by one."""
        left = {(row.connection_id, row.remote_id): row for row in lost}
        holding = Counter((row.connection_id, self.above(row)) for row in lost)
        loose = [place for place in left if not holding[place]]
        while loose:
            row = left.pop(loose.pop())
            place = row.connection_id, self.above(row)
            holding[place] -= 1
            if not holding[place]:
                loose.append(place)
        return {row.pk for row in left.values()}

    def _outline(self):
        names = "id", "connection_id", "remote_id", "sort_key", self.parent, f"{self.parent}_key"
        return self.rows.filter(connection__in=self.connections).values(*names)

    def _raw(self, sql, params):
        return self.kind.model.objects.raw(sql, params)


def _beyond(sign, place):
    """As in keyset.py: the database compares texts, each in its own order."""
    return RawSQL(f"(sort_key, remote_id) {sign} (%s, %s)", [place.sort_key, place.remote_id], BooleanField())
