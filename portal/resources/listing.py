"""The rows of one page of a list, how many there are in all, and where among them the page stands.

Whatever the size of the mirror, a page is one statement that reads a bounded number of rows: totals are
counted up to COUNT_MAX, and a search shows FOUND_MAX of what it finds.
"""

from dataclasses import dataclass, replace

from django.db import connection as database
from django.db.models import BooleanField, IntegerField, Value
from django.db.models.expressions import RawSQL

from portal.bounds import LINE_MAX
from portal.kinds import search, search_index
from portal.kinds.models import KEY_LENGTH
from portal.outside import folded
from portal.resources.keyset import KEYS, OPPOSITE, Few, Walk, union
from portal.resources.wanted import MARKS, Place

PAGE = 50
COUNT_MAX = 10_000
FOUND_MAX = 1_000  # rows that a search shows
LOOKED_AT_MAX = 20_000  # rows that a search looks at, where the index cannot tell alone which they are


@dataclass(frozen=True)
class Listing:
    """One page.

    - `total` is how many rows there are in all; with `is_more` that many and more.
    - `first` is the number of the first row on the page; None if it is beyond COUNT_MAX.
    - `is_whole` is False if a search could not look at all rows.
    - `previous` and `next` are the Places between which the page stands; None where there is nothing beyond.
    """

    rows: list
    total: int = 0
    is_more: bool = False
    first: int | None = 1
    is_whole: bool = True
    previous: Place | None = None
    next: Place | None = None

    @property
    def last(self):
        return self.first and self.first + len(self.rows) - 1


def listing(kind, wanted, connections):
    """Read the page of a list of the mirror that is wanted; its rows know their connections."""
    chosen = [wanted.connection] if wanted.connection else list(connections)
    if not chosen or len(wanted.text) > LINE_MAX:  # no text of a row is as long
        return Listing([])
    rows = _narrowed(kind.model.objects.present(), wanted)
    if wanted.text:
        source, looked_at = (_exactly if wanted.exactly else _found)(rows, wanted.text, chosen)
        page = _page(kind, wanted, source, looked_at, FOUND_MAX)
    else:
        page = _page(kind, wanted, Walk(rows, chosen), None, COUNT_MAX)
    if page is None:
        return listing(kind, replace(wanted, after=None, before=None), connections)
    own = {each.pk: each for each in connections}
    for row in page.rows:
        row.connection = own[row.connection_id]
    return page


def _narrowed(rows, wanted):
    for name, value in wanted.filters.items():
        rows = rows.filter(**{f"{name}_key": value[:KEY_LENGTH]})
        if len(value) >= KEY_LENGTH:
            rows = rows.filter(**{name: value})
    return rows.filter(**{f"{MARKS[wanted.only]}__isnull": False}) if wanted.only else rows


def _found(rows, text, connections):
    """(source, (SQL, parameters) of how many rows were in question or None) of a search."""
    model, order = rows.model, KEYS[:2]
    matching = search.holding(rows.filter(connection__in=connections), text).order_by()
    if search.is_indexed(model, text) and database.vendor == "postgresql":
        return _few(matching), None
    if search.is_indexed(model, text):
        ids = [each.pk for each in connections]
        sql, params = search_index.proposed(model, folded(text), ids, most=LOOKED_AT_MAX)
        looked_at = RawSQL(f"{model._meta.db_table}.rowid IN ({sql})", params, output_field=BooleanField())
        return _few(matching.filter(looked_at), hint="NOT INDEXED"), (sql, params)
    first = [
        rows.filter(connection=each).order_by(*order).values("id")[:LOOKED_AT_MAX] for each in connections
    ]
    sql, params = union(first)
    sql = f"SELECT * FROM ({sql}) AS parts LIMIT {LOOKED_AT_MAX}"
    return _few(matching.filter(pk__in=RawSQL(sql, params))), (sql, params)


def _exactly(rows, text, connections):
    """As `_found`, of rows with exactly this id or name."""
    rows = rows.filter(connection__in=connections).order_by()
    sql, params = union(
        each.values("id")[:LOOKED_AT_MAX]
        for each in (rows.filter(remote_id=text), rows.filter(sort_key=text[:KEY_LENGTH], name=text))
    )
    return _few(rows.filter(pk__in=RawSQL(sql, params))), None


def _few(matching, hint=""):
    """`hint` is for SQLite: which rows are in question is better known than any index of the list knows."""
    sql, params = matching.values("id", *KEYS)[: FOUND_MAX + 1].query.sql_with_params()
    table = f'FROM "{matching.model._meta.db_table}"'
    return Few(matching.model, sql.replace(table, f"{table} {hint}", 1), params)


def _page(kind, wanted, source, looked_at, most):
    """The Listing; None if the place is no longer one at which a whole page could begin or end."""
    place, is_turned = wanted.place, bool(wanted.before)
    ahead, behind = ("<", ">") if wanted.is_backwards else (">", "<")
    ids, params = source.ids(
        behind if is_turned else ahead, place, wanted.is_backwards != is_turned, PAGE + 1
    )
    in_front = OPPOSITE[ahead] if wanted.after else behind
    figures = {
        "in_all": _figure(source.count(most + 1)),
        "skipped": _figure(source.count(most + 1, in_front, place)) if place else Value(0),
        "looked_at": _figure(_counted(looked_at)) if looked_at else Value(0),
    }
    found = kind.model.objects.filter(pk__in=RawSQL(ids, params)).annotate(**figures)
    order = [f"-{name}" if wanted.is_backwards else name for name in KEYS]
    rows = list(found.only(*_shown(kind)).order_by(*order))
    has_more = len(rows) > PAGE
    if place and (not rows or (is_turned and not has_more)):
        return None
    if not rows:
        return Listing([], is_whole=not looked_at or _one_number(_counted(looked_at)) < LOOKED_AT_MAX)
    in_all, skipped = rows[0].in_all, rows[0].skipped
    is_whole = rows[0].looked_at < LOOKED_AT_MAX
    rows = rows[has_more:] if is_turned else rows[:PAGE]
    return Listing(
        rows,
        total=min(in_all, most),
        is_more=in_all > most,
        first=None if skipped > most else skipped + 1 - (len(rows) if is_turned else 0),
        is_whole=is_whole,
        previous=Place.of(rows[0]) if place else None,
        next=Place.of(rows[-1]) if is_turned or has_more else None,
    )


def _one_number(query):
    with database.cursor() as cursor:
        cursor.execute(*query)
        return cursor.fetchone()[0]


def _counted(looked_at):
    sql, params = looked_at
    return f"SELECT COUNT(*) FROM ({sql}) AS looked_at", params


def _figure(query):
    return RawSQL(*query, output_field=IntegerField())


def _shown(kind):
    """Names of the columns that a list shows: others may hold a lot, and rows are many."""
    names = {"name", *KEYS, "gone_at", "unsure_at", "drift", "drifted_at", "read_at"}
    names |= {column.name for column in kind.columns}
    return names | ({"status"} & {field.name for field in kind.model._meta.fields})
