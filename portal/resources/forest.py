"""What the page of a tree shows of it: the branches that are open, each with its first rows, and the ways to
what was searched for. Every request reads a bounded number of rows in a bounded number of statements.

A branch has a key, which stands in the address: the pk of a row, or `top-` or `strays-` and the pk of a
connection. There is a branch for each connection only if there are several.
"""

from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from uuid import UUID

from portal.resources.pages import is_uuid
from portal.resources.wanted import Place

PAGE = 100  # rows of a branch that are shown at once
ROWS_MAX = 500  # rows of all branches of a page, if many are open
OPEN_MAX = 50  # branches that an address may name
LEVELS_MAX = 60  # what is deeper is not opened: browsers give up at 512 elements inside each other
OBJECT, CONNECTION, STRAYS, MORE, FIRST, ALL = "object", "connection", "strays", "more", "first", "all"


@dataclass
class Node:
    """A line of the tree. `what` it is: an object, a branch of other kind, or a link to more of a branch.

    - `count` is how many objects are inside. `inside` are the nodes below it; None if it is closed.
    - `number` is which one it is among its `size` siblings; None where that is not known.
    - `place` is where a link to more of a branch begins.
    - `parent` is the platform's id of a stray's parent.
    """

    what: str
    key: str
    level: int
    connection: object = None
    row: object = None
    count: int = 0
    inside: list | None = None
    number: int | None = None
    size: int | None = None
    place: Place | None = None
    is_hit: bool = False
    parent: str = ""

    @property
    def is_branch(self):
        return self.what in (OBJECT, CONNECTION, STRAYS)

    @property
    def is_open(self):
        return self.inside is not None

    @property
    def can_open(self):
        return self.is_open or (self.count > 0 and self.level < LEVELS_MAX)

    @property
    def drawn(self):
        """What the page shows of it."""
        row = self.row
        marks = row and (str(row), row.state, bool(row.unsure_at), row.is_lacked, bool(row.drift))
        return self.what, self.key, self.level, marks, self.count, self.is_open, self.number, self.parent


@dataclass(frozen=True)
class Asked:
    """What the address asks for: branches that are open, and of one `branch` the rows `after` a place."""

    keys: tuple = ()
    branch: str = ""
    after: Place | None = None

    @classmethod
    def read(cls, query, tree, is_searching):
        """An address that names no branch has those of all connections open, unless it searches."""
        named = [*query.getlist("open"), query.get("branch", "")]
        keys = list(dict.fromkeys(key for key in named if _is_key(key, tree)))[-OPEN_MAX:]
        if not is_searching and not {"open", "branch"} & set(query):
            keys = [f"top-{each.pk}" for each in tree.connections][:OPEN_MAX]
        branch = query.get("branch", "")
        is_known = branch in keys
        return cls(
            tuple(keys), branch if is_known else "", Place.read(query.get("after", "")) if is_known else None
        )

    @cached_property
    def pks(self):
        return {UUID(key) for key in self.keys if is_uuid(key)}


def _is_key(text, tree):
    what, _dash, id = text.partition("-")
    if what in ("top", "strays"):
        return id in {str(each.pk) for each in tree.connections}
    return is_uuid(text) and text == text.lower()


class Forest:
    """`hits` are the rows that a search found, None if nothing is searched for.

    `below` are, by the key of a branch, the rows through which a way goes on: to a hit, or to what is open.
    `read` are the rows of the branches that were read, one more than is shown if there is one more.
    """

    def __init__(self, tree, asked, hits=None):
        self.tree, self.asked, self.is_piece = tree, asked, False
        self.has_connections = len(tree.connections) > 1
        self.hits = None if hits is None else {row.pk for row in hits}
        self.ways = tree.ways(asked.pks | (self.hits or set()))
        self.outline = {row.pk: (row, way) for way in self.ways.values() for row in way.rows}
        self.below, self.opened, self.too_deep = {}, set(), 0
        self.strays, self.circling = {}, {way.rows[0].pk for way in self.ways.values() if way.circle}
        self.read, self.numbers, self.counts, self.rows = {}, {}, Counter(), []

    def whole(self):
        """The nodes of the first level."""
        self.opened = {key for key in self.asked.keys if not is_uuid(key)}
        if not self.has_connections:
            self.opened |= {f"top-{each.pk}" for each in self.tree.connections}
        for pk, way in self.ways.items():
            self._open_way(pk, way)
        keys = self.opened & set(self.asked.keys) if self.hits is not None else self.opened
        self._read(keys, has_strays=self.hits is None or any(key.startswith("strays") for key in keys))
        if not self.has_connections:
            return [node for each in self.tree.connections for node in self._roots(each, 1)]
        nodes = [self._connection(each) for each in self.tree.connections]
        return [node for node in nodes if self.hits is None or node.inside]

    def branch(self):
        """The nodes of the one branch that is asked for; None if it is not there."""
        key, after, self.is_piece = self.asked.branch, self.asked.after, True
        what, _dash, id = key.partition("-")
        if is_uuid(key):
            way = self.ways.get(UUID(key))
            if way is None or not self._is_drawn(way):
                return None
            self._read({key})
            return self._inside(key, self._level(way) + 1)
        self.opened = {key}
        self._read({key}, has_strays=True)
        level = 1 + self.has_connections
        if what == "strays":
            return self._inside(key, level + 1)
        connection = next(each for each in self.tree.connections if str(each.pk) == id)
        return (
            self._inside(key, level, beside=self._has_strays(connection))
            if after
            else self._roots(connection, level)
        )

    def _level(self, way):
        return len(way.rows) + way.is_stray + self.has_connections

    def _is_drawn(self, way):
        return self._level(way) <= LEVELS_MAX

    def _open_way(self, pk, way):
        is_hit = pk in (self.hits or ())
        if not self._is_drawn(way):
            self.too_deep += is_hit
            return
        key = f"{'strays' if way.is_stray else 'top'}-{way.rows[0].connection_id}"
        if self.has_connections:
            self.opened.add(f"top-{way.rows[0].connection_id}")
        for row in way.rows:
            self.opened.add(key)
            self.below.setdefault(key, set()).add(row.pk)
            key = str(row.pk)
        if pk in self.asked.pks:
            self.opened.add(key)

    def keys_around(self, key):
        """Keys of the branches that an open object is inside."""
        way = self.ways.get(UUID(key))
        if way is None:
            return []
        place = way.rows[0].connection_id
        strays = [f"strays-{place}"] if way.is_stray else []
        return [f"top-{place}", *strays, *(str(row.pk) for row in way.rows[:-1])]

    # Reading

    def _read(self, keys, has_strays=False):
        if has_strays:
            self.strays, circling = self.tree.strays()
            self.circling |= circling
        self.limit = min(PAGE, max(ROWS_MAX // max(len(keys), 1), 10))
        keys = sorted(keys)
        on_ways = set().union(*self.below.values())
        parts = [*map(self._part, keys), *([self.tree.rows.filter(pk__in=on_ways)] if on_ways else [])]
        found = self.tree.read(parts)
        self.read = dict(zip(keys, found, strict=False))
        self.way_rows = found[-1] if on_ways else []
        self.rows = [row for part in found for row in part]
        held = [self.outline[UUID(key)][0] for key in keys if is_uuid(key)]
        self.counts = self.tree.counts([*self.rows, *held])

    def _part(self, key):
        """The rows of a branch, from the place that is asked for."""
        what, _dash, id = key.partition("-")
        after = self.asked.after if key == self.asked.branch else None
        if what == "strays":
            return self._strays_part(UUID(id), after)
        if what == "top":
            rows = self.tree.inside(UUID(id), "")
        else:
            row, way = self.outline[UUID(key)]
            rows = self.tree.inside(
                row.connection_id, row.remote_id, but=way.circle if row is way.rows[0] else ()
            )
        if after:
            self.numbers[key] = self.tree.before(rows, after)
            rows = self.tree.beyond(rows, after)
        return rows[: self.limit + 1]

    def _strays_part(self, connection_id, after):
        strays = self.strays.get(connection_id, [])
        ids = [row.remote_id for row in strays]
        begins = ids.index(after.remote_id) + 1 if after and after.remote_id in ids else 0
        self.numbers[f"strays-{connection_id}"] = begins
        pks = [row.pk for row in strays[begins : begins + self.limit + 1]]
        return self.tree.rows.filter(pk__in=pks) if pks else self.tree.rows.none()

    # Nodes

    def _has_strays(self, connection):
        return bool(self.strays.get(connection.pk) or self.below.get(f"strays-{connection.pk}"))

    def _connection(self, connection):
        key = f"top-{connection.pk}"
        is_drawn = key in self.opened and (self.hits is None or self._is_on_a_way(connection))
        count = self.counts[connection.pk, ""] + len(self.strays.get(connection.pk, ()))
        inside = self._roots(connection, 2) if is_drawn else None
        return Node(CONNECTION, key, 1, connection, count=count, inside=inside or None)

    def _is_on_a_way(self, connection):
        return bool({f"top-{connection.pk}", f"strays-{connection.pk}"} & set(self.below))

    def _roots(self, connection, level):
        """What is inside a connection: its strays, then the objects at the top."""
        key, nodes = f"strays-{connection.pk}", []
        if self._has_strays(connection):
            inside = self._inside(key, level + 1) if key in self.opened else None
            count = len(self.strays.get(connection.pk) or self.below[key])
            nodes = [Node(STRAYS, key, level, connection, count=count, inside=inside)]
        return nodes + self._inside(f"top-{connection.pk}", level, beside=len(nodes))

    def _inside(self, key, level, beside=0):
        """The nodes of a branch; `beside` counts those that stand before its own."""
        ways = self.below.get(key, set())
        page = self.read.get(key, [])[: self.limit]
        is_asked = key == self.asked.branch
        is_page = key in self.read and (is_asked or ways <= {row.pk for row in page})
        rows = page if is_page else [row for row in self.way_rows if row.pk in ways]
        total, begins = self._count(key), self.numbers.get(key, 0) + beside
        nodes = [self._object(row, level) for row in rows]
        links = {"key": key, "level": level}
        if key.startswith("strays"):
            for node in nodes:
                node.parent = self.tree.above(node.row)
        if not is_page:
            return nodes + [Node(ALL, count=total, **links)] * (0 < len(nodes) < total)
        for number, node in enumerate(nodes, begins + 1):
            node.number, node.size = number, total + beside
        if is_asked and self.asked.after and not self.is_piece:
            nodes.insert(0, Node(FIRST, **links))
        if len(self.read[key]) > len(page):
            nodes.append(Node(MORE, count=total - begins - len(page), place=Place.of(page[-1]), **links))
        return nodes

    def _object(self, row, level):
        key = str(row.pk)
        node = Node(OBJECT, key, level, row.connection, row, self._count(key, row))
        node.is_hit = row.pk in (self.hits or ())
        if key in self.opened and node.can_open:
            node.inside = self._inside(key, level + 1)
        return node

    def _count(self, key, row=None):
        what, _dash, id = key.partition("-")
        if what == "top":
            return self.counts[UUID(id), ""]
        if what == "strays":
            return len(self.strays.get(UUID(id), ()))
        row = row or self.outline[UUID(key)][0]
        return self.counts[row.connection_id, row.remote_id] - (row.pk in self.circling)
