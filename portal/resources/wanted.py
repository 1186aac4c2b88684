"""What the address of a list asks for: a text, filters, an order, and the place where the page begins."""

import json
from dataclasses import dataclass, field
from uuid import UUID

from portal.kinds.models import KEY_LENGTH
from portal.outside import shows_nothing
from portal.platforms.answers import storable

ORDERS = {"name": False, "-name": True}  # order -> does it begin at the end of the alphabet?
MARKS = {"unsure": "unsure_at", "changed": "drift"}  # `only=`: rows in which this column is set
PLACE_MAX = 2_000  # characters of a place in the address


@dataclass(frozen=True)
class Place:
    """Between two rows of a list: beside that with this key, id, scope and connection, which may be gone."""

    sort_key: str
    remote_id: str
    scope: str
    connection: UUID

    @classmethod
    def of(cls, row):
        return cls(row.sort_key, row.remote_id, row.scope, row.connection_id)

    @classmethod
    def read(cls, text):
        """The place that `str` of one wrote; None for anything else."""
        try:
            *texts, connection = json.loads(text) if len(text) <= PLACE_MAX else ()
            place = cls(*texts, UUID(connection))
            whole = [storable(each) for each in texts]
        except (ValueError, TypeError, AttributeError, RecursionError):
            return None
        return place if whole == texts and len(place.sort_key) <= KEY_LENGTH else None

    def __str__(self):
        texts = [self.sort_key, self.remote_id, self.scope, self.connection.hex]
        return json.dumps(texts, ensure_ascii=False, separators=(",", ":"))


@dataclass(frozen=True)
class Wanted:
    """`user` is who may see what is found, None the portal itself.

    `filters` are {column: value}, `only` is "" or one of MARKS, `connection` one of the team's or None. At
    most one of `after` and `before` is set: the page's rows stand behind or in front of that place.
    """

    user: object
    text: str = ""
    connection: object = None
    filters: dict = field(default_factory=dict)
    only: str = ""
    order: str = "name"
    after: Place | None = None
    before: Place | None = None
    exactly: bool = False

    @classmethod
    def read(cls, kind, query, connections, user):
        """From the query of an address. What is no value of its name is left out."""
        after, before = Place.read(query.get("after", "")), Place.read(query.get("before", ""))
        text = query.get("q", "")
        return cls(
            user,
            text="" if shows_nothing(text) else text,
            connection=next((each for each in connections if str(each.pk) == query.get("connection")), None),
            filters={name: query[name] for name in kind.filters if query.get(name)},
            only=query.get("only", "") if query.get("only") in MARKS else "",
            order=query.get("sort", "") if query.get("sort") in ORDERS else "name",
            after=after,
            before=None if after else before,
            exactly="exactly" in query,
        )

    @property
    def is_backwards(self):
        return ORDERS[self.order]

    @property
    def place(self):
        return self.after or self.before

    @property
    def is_narrowed(self):
        """Whether it leaves out any row of the list."""
        return bool(self.text or self.connection or self.filters or self.only)
