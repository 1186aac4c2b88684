"""The rows of one page of a list, how many there are in all, and where among them the page stands.

Whatever the size of the mirror, a page is one statement that reads a bounded number of rows: totals are
counted up to COUNT_MAX, and a search shows FOUND_MAX of what it finds.
"""

from dataclasses import dataclass, replace

from django.db import connection as database
from django.db.models import BooleanField
from django.db.models.expressions import RawSQL

from portal.bounds import LINE_MAX
from portal.kinds import search, search_index
from portal.kinds.models import KEY_LENGTH
from portal.kinds.models import narrowed as filtered
from portal.outside import folded
from portal.resources.keyset import IN_QUESTION, KEYS, OPPOSITE, Few, Walk, ordered, union
from portal.resources.wanted import MARKS, Place
from portal.teams.access import in_places

PAGE = 50
COUNT_MAX = 10_000
FOUND_MAX = 1_000  # rows that a search shows
LOOKED_AT_MAX = 20_000  # rows that a search looks at one by one, where there is no index for the text
PROPOSED_MAX = 5_000  # rows that a search looks at of those that SQLite's index proposes


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
    page = _page(kind, wanted, source_of(kind, wanted, chosen), FOUND_MAX if wanted.text else COUNT_MAX)
    if page is None:
        return listing(kind, replace(wanted, after=None, before=None), connections)
    own = {each.pk: each for each in connections}
    for row in page.rows:
        row.connection = own[row.connection_id]
    return page


def source_of(kind, wanted, connections):
    """Where the rows that are wanted of these connections are found: a Walk, for a search a Few."""
    rows = narrowed(kind.model.objects.present(), wanted, connections)
    if not wanted.text:
        return Walk(rows, connections)
    return (_exactly if wanted.exactly else _found)(rows, wanted.text, connections)


def narrowed(rows, wanted, connections):
    """The rows on these connections that its person may see, with the values of its filters and its mark."""
    rows = filtered(in_places(wanted.user, rows, connections), wanted.filters)
    return rows.filter(**{f"{MARKS[wanted.only]}__isnull": False}) if wanted.only else rows


def _found(rows, text, connections):
    """The rows that hold the text, of as many as may be looked at."""
    model = rows.model
    matching = search.holding(rows.filter(connection__in=connections), text)
    if not search.is_indexed(model, text):
        ordered = [rows.filter(connection=each).order_by(*KEYS[:-1]) for each in connections]
        sql, params = union(each.values("id")[:LOOKED_AT_MAX] for each in ordered)
        looked_at = f"SELECT * FROM ({sql}) AS parts LIMIT {LOOKED_AT_MAX}", params
        return Few(matching.filter(pk__in=IN_QUESTION), FOUND_MAX + 1, looked_at, LOOKED_AT_MAX)
    if database.vendor == "postgresql":
        return Few(matching, FOUND_MAX + 1)
    looked_at = search_index.proposed(model, folded(text), [each.pk for each in connections], PROPOSED_MAX)
    by_number = RawSQL(f"{model._meta.db_table}.rowid IN ({IN_QUESTION.sql})", (), BooleanField())
    return Few(matching.filter(by_number), FOUND_MAX + 1, looked_at, PROPOSED_MAX, is_by_number=True)


def _exactly(rows, text, connections):
    """The rows with exactly this id or name."""
    rows = rows.filter(connection__in=connections).order_by()
    same = rows.filter(remote_id=text), rows.filter(sort_key=text[:KEY_LENGTH], name=text)
    looked_at = union(each.values("id")[:LOOKED_AT_MAX] for each in same)
    return Few(rows.filter(pk__in=IN_QUESTION), FOUND_MAX + 1, looked_at, 2 * LOOKED_AT_MAX)


def _page(kind, wanted, source, most):
    """The Listing; None if the place is no longer one at which a whole page could begin or end."""
    place, is_turned = wanted.place, bool(wanted.before)
    ahead, behind = ("<", ">") if wanted.is_backwards else (">", "<")
    ids = source.ids(behind if is_turned else ahead, place, wanted.is_backwards != is_turned, PAGE + 1)
    in_front = OPPOSITE[ahead] if wanted.after else behind
    skipped = source.count(most + 1, in_front, place) if place else ("SELECT 0", [])
    figures = {"in_all": source.count(most + 1), "skipped": skipped, "looked_at": source.looked_at}
    rows = list(kind.model.objects.raw(*_statement(kind, wanted, source, ids, figures)))
    has_more = len(rows) > PAGE
    if place and (not rows or (is_turned and not has_more)):
        return None
    if not rows:
        is_whole = not source.in_question or _number(source, source.looked_at) < source.most
        return Listing([], is_whole=is_whole)
    in_all, skipped, looked_at = rows[0].in_all, rows[0].skipped, rows[0].looked_at
    rows = rows[has_more:] if is_turned else rows[:PAGE]
    return Listing(
        rows,
        total=min(in_all, most),
        is_more=in_all > most,
        first=None if skipped > most else skipped + 1 - (len(rows) if is_turned else 0),
        is_whole=looked_at < source.most,
        previous=Place.of(rows[0]) if place else None,
        next=Place.of(rows[-1]) if is_turned or has_more else None,
    )


def _statement(kind, wanted, source, ids, figures):
    """(SQL, parameters) of the rows with those ids and, in each, the figures."""
    table = kind.model._meta.db_table
    columns = [f"{table}.{column}" for column in shown(kind)]
    columns += [f"({sql}) AS {name}" for name, (sql, _params) in figures.items()]
    shared, params = source.shared
    sql = f"{shared} SELECT {', '.join(columns)} FROM {table} WHERE id IN ({ids[0]})"
    params = [*params, *(each for _sql, more in figures.values() for each in more), *ids[1]]
    return f"{sql} {ordered(wanted.is_backwards)}", params


def _number(source, query):
    (shared, params), (sql, more) = source.shared, query
    with database.cursor() as cursor:
        cursor.execute(f"{shared} {sql}", [*params, *more])
        return cursor.fetchone()[0]


def shown(kind):
    """Names of the columns that a list shows: others may hold a lot, and rows are many."""
    names = {"id", "name", *KEYS, "generation", "gone_at", "unsure_at", "drift", "status", kind.space}
    names |= {"counted", "counted_at"} if kind.counted else set()
    names |= {column.name for column in kind.columns} | {kind.parent}
    return [field.column for field in kind.model._meta.fields if field.attname in names]
