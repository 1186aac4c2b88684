"""What refers to an object: the groups of a space, the devices of a product. Read from the mirror alone.

Each of these has its number, a list of exactly these, and the form that makes one more. What hangs on an
object of its own kind is a tree: of that the first few are named here.
"""

from dataclasses import dataclass

from django.db import connection as database
from django.urls import reverse
from django.utils.formats import number_format
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from portal.kinds.models import Reading, narrowed
from portal.kinds.registry import KINDS, Kind
from portal.resources.freshness import Freshness, State
from portal.resources.keyset import KEYS, Walk
from portal.resources.listing import COUNT_MAX
from portal.teams.access import explain, in_places

NAMED = 10  # of those below an object of the same kind


@dataclass(frozen=True)
class Users:
    """Objects of one kind whose `attribute` refers to the object.

    `list_url` leads to the list of these, `create_url` to the form for another one; "" where there is none.
    """

    kind: Kind
    attribute: str
    total: int
    is_more: bool
    fresh: Freshness
    rows: list
    list_url: str = ""
    create_url: str = ""
    why_not: str = ""

    @property
    def is_below(self):
        """Whether these are of the object's own kind."""
        return self.kind.refers[self.attribute] == self.kind.slug

    @property
    def verb(self):
        return self.kind.verb("create")

    @property
    def number(self):
        """How many are known, as text; "" for none."""
        number = number_format(self.total, force_grouping=True) if self.total else ""
        return _("more than %(number)s") % {"number": number} if self.is_more else number

    @property
    def said(self):
        """What that number is worth: nothing is said that no reading has shown."""
        parts = []
        if self.fresh.state == State.UNREAD:
            parts.append(_("known; not read yet") if self.total else _("not read yet"))
        elif self.fresh.state != State.WHOLE:
            parts.append(_("of those that were read") if self.total else _("none of those that were read"))
        elif not self.total:
            parts.append(_("none"))
        if self.fresh.problem:
            parts.append(_("the last refresh failed"))
        return "".join(f"{part}, " if self.fresh.reading.as_of else part for part in parts)

    @property
    def shown(self):
        """What the page's text depends on, but for the passing of time."""
        rows = [(row.pk, row.name) for row in self.rows]
        return self.kind.slug, self.attribute, self.total, self.is_more, self.fresh.shown, rows


def used_by(request, kind, row):
    """One Users for each attribute by which a kind refers to this one."""
    wanted = [
        (other, name, _values(other, name, kind, row))
        for other in KINDS.values()
        for name, slug in other.refers.items()
        if slug == kind.slug
    ]
    if not wanted:
        return []
    walks = [
        Walk(_rows(request.user, other, values, row), [row.connection]) for other, _name, values in wanted
    ]
    readings = Reading.objects.filter(connection=row.connection, kind__in={each[0].slug for each in wanted})
    readings = {reading.kind: reading for reading in readings}
    is_here = request.team is not None and row.connection.team_id == request.team.pk
    found = []
    for (other, name, values), walk, total in zip(wanted, walks, _totals(walks), strict=True):
        reading = readings.get(other.slug) or Reading(connection=row.connection, kind=other.slug)
        is_listed = is_here and values.keys() <= set(other.filters)
        creates = is_here and not row.gone_at and _creates(other, name)
        found.append(
            Users(
                other,
                name,
                total=min(total, COUNT_MAX),
                is_more=total > COUNT_MAX,
                fresh=Freshness(row.connection, reading),
                rows=[] if is_listed or not total else list(walk.rows.order_by(*KEYS[:2])[:NAMED]),
                list_url=_address("list", other, values, row) if is_listed else "",
                create_url=_address("create", other, _preset(other, values), row) if creates else "",
                why_not=explain(request.user, other.verb("create").right, row) if creates else "",
            )
        )
    return found


def _values(other, name, kind, row):
    """{attribute: value} that tells those of another kind that refer to the row."""
    values = {name: row.remote_id}
    if kind.space and other.space == kind.space and getattr(row, kind.space):
        values[kind.space] = getattr(row, kind.space)
    return values


def _rows(user, other, values, row):
    rows = in_places(user, other.model.objects.present().filter(connection=row.connection), [row.connection])
    rows = narrowed(rows, values)
    return rows.exclude(pk=row.pk) if isinstance(row, other.model) else rows  # a device may name itself


def _totals(walks):
    """How many rows each has, one more than COUNT_MAX at most: in one statement."""
    counts = [walk.count(COUNT_MAX + 1) for walk in walks]
    with database.cursor() as cursor:
        sql = ", ".join(f"({sql})" for sql, _params in counts)
        cursor.execute(f"SELECT {sql}", [each for _sql, params in counts for each in params])
        return cursor.fetchone()


def _creates(other, name):
    return other.creates and name in other.verb("create").form.base_fields


def _preset(other, values):
    fields = other.verb("create").form.base_fields
    return {name: value for name, value in values.items() if name in fields}


def _address(page, other, values, row):
    query = urlencode({**values, "connection": row.connection_id})
    return f"{reverse(f'resources:{page}', args=[other])}?{query}"
