"""Finds the stories that an address asks for: one page of them, and how many there are.

No way through the record may cost more because the record is long. Three ways are taken:

- By facets. Only the facets whose newest stories are newest can have a place on the page, so no more of them
  are looked into than the page has rows, each by its index and no further than the page is long.
- Where many facets fit, most of the newest stories fit as well: those are looked through first.
- By an anchor: from its entries in an index to their stories. Other anchors are then checked story by story.
  So many of its entries are looked at and no more; the page says so if that was not enough.
"""

import heapq
from array import array
from dataclasses import dataclass, field
from itertools import groupby

from django.db.models import Q

from portal.audit.statements import STEP, Statement
from portal.record.models import Entry, Stage, Story
from portal.teams.access import visible_to

COUNT_LIMIT = 10_000
FACETS_MAX = 300  # that are looked into one by one before the newest stories are
NEWEST = 3_000  # stories that are looked through if more facets fit
FEW = 2_000  # stories of the facets that fit, below which each is checked for the anchors
HITS = (2_000, 20_000)  # entries of an anchor: what is looked at first, and at most
# Of an operation that was going on when the page ends, only a later step may have the anchor. So many entries
# beyond the end are looked at for that.
BEYOND = 1_000
STEPS = [Stage.INTENT, Stage.OUTCOME]
COLUMNS = "first_seq", "last_seq", "steps", "operation", "facet_id"
STORY = ", ".join(f"s.{name}" for name in COLUMNS)
TOLD = ", ".join(f"s.{name} AS story_{name}" for name in COLUMNS)
VISIBLE = ("seq", "operation", "stage", "ticket", "platform_request_id", "correlation", "kind", "object_id")
VISIBLE += ("object_scope", "space")
# The numbers of the stories that the hits belong to.
KEYS = (
    "SELECT seq FROM hits UNION SELECT t.first_seq FROM hits CROSS JOIN record_entry e"
    f" CROSS JOIN record_story t WHERE e.seq = hits.seq AND t.operation = e.operation AND {STEP.format('e')}"
)
NO_HITS = "looked AS (SELECT 0 AS n, 0 AS edge)"


@dataclass
class Page:
    """Stories, newest first. `is_older` and `is_newer`: whether others follow on either side.

    Each Story has its `entries`, the steps that the person may read, in their order, and its `outcome`: how
    the operation ended, even if the person may not read the step that says so.

    `looked_to` is the number of the entry at which looking for more ended; None if nothing was left out.
    """

    stories: list = field(default_factory=list)
    is_older: bool = False
    is_newer: bool = False
    looked_to: int | None = None


@dataclass(frozen=True)
class Way:
    """Where on the record to look: from number `low` up to before `high` (None: no end), newest first?"""

    low: int
    high: int | None
    is_down: bool

    @classmethod
    def of(cls, filters, before=None, after=None):
        survey = filters.survey
        low, high = survey.low, survey.high
        if after is not None:
            return cls(max(low, after + 1), high, is_down=False)
        if before is not None:
            high = before if high is None else min(high, before)
        return cls(low, high, is_down=True)

    def narrow(self, statement, column):
        low = f" AND {column} >= {statement.value(self.low)}" if self.low else ""
        return low + (f" AND {column} < {statement.value(self.high)}" if self.high is not None else "")

    def order(self, column):
        return f"ORDER BY {column} {'DESC' if self.is_down else 'ASC'}"

    @property
    def furthest(self):
        return "max" if self.is_down else "min"


def page(filters, *, before=None, after=None, size=50):
    way = Way.of(filters, before, after)
    found, looked_to = _newest(filters, way, size + 1)
    stories, is_more = found[:size], len(found) > size or looked_to is not None
    if way.is_down:
        return Page(stories, is_older=is_more, is_newer=before is not None, looked_to=looked_to)
    return Page(stories[::-1], is_older=True, is_newer=is_more, looked_to=looked_to)


def count(filters, limit):
    """(number, whether there may be more): exact up to `limit`, which may be None."""
    survey, found = filters.survey, filters.anchors
    if not (found or filters.since or filters.until):
        return survey.total, False
    statement, way = Statement(), Way.of(filters)
    most = "" if limit is None else f"LIMIT {limit + 1}"
    if found and not _are_few(survey):
        # Most operations have two steps that hold the same.
        is_any = list(filters.used) == list(filters.anchored)[:1]  # so many are more than enough, whichever
        hits = _hits(statement, found[0], way, None if limit is None else 2 * limit + 2, is_any=is_any)
        shared, looked = f"WITH {hits} ", "(SELECT n FROM looked)"
        inner = f"SELECT 1 FROM {_met(statement, filters, way, found[1:])} {most}"
    else:
        shared, looked = "", "0"
        inner = _of_each_facet(statement, filters, way, "1", most, found)
    number, hits = statement.rows(f"{shared}SELECT (SELECT count(*) FROM ({inner}) c), {looked}")[0]
    if limit is None:
        return number, False
    return min(number, limit), number > limit or hits > 2 * limit + 1


def numbers(filters, found, most=None):
    """The numbers of all stories in their order, as an array; from `most` entries of the anchor at most."""
    statement, way = Statement(), Way.of(filters)
    if not found or _are_few(filters.survey):
        text = _of_each_facet(statement, filters, way, "s.first_seq", "", found)
    else:
        hits = _hits(statement, found[0], way, most)
        text = f"WITH {hits} SELECT s.first_seq FROM {_met(statement, filters, way, found[1:])}"
    return array("q", sorted(number for (number,) in statement.each(text)))


def counted(statement, filters, way, most):
    """SELECT of at most so many stories on the way; where many facets fit, of so many that are looked at."""
    facets = filters.survey.facets
    if facets is None or len(facets) <= FACETS_MAX:
        return _of_each_facet(statement, filters, way, "1", f"LIMIT {most}", ())
    narrowed = way.narrow(statement, "s.first_seq")
    looked = f"SELECT s.first_seq, s.facet_id FROM record_story s WHERE 1 = 1{narrowed} LIMIT {most}"
    return f"SELECT 1 FROM ({looked}) s WHERE s.facet_id IN ({statement.ids(facets)})"


def following(statement, filters, way, size):
    """SELECT of the next stories on the way, where so many fit that they are simply read in their order."""
    where = _where(statement, filters, way)
    return _ordered(f"SELECT {STORY} FROM record_story s WHERE 1 = 1{where}", way, size)


def entries(filters, walked):
    """Merge the steps of stories, which come in chunks, into one order. See Filters.entries."""
    waiting = []
    for stories in walked:
        for steps in steps_of(filters.user, stories).values():
            for entry in steps:
                heapq.heappush(waiting, (entry.seq, id(entry), entry))
        yield from _until(waiting, stories[-1].first_seq)
    yield from _until(waiting, None)


def _until(waiting, seq):
    """Take out the entries up to that number; what two stories tell of is taken once."""
    taken = []
    while waiting and (seq is None or waiting[0][0] <= seq):
        taken.append(heapq.heappop(waiting)[2])
    for _seq, same in groupby(taken, key=lambda entry: entry.seq):
        yield next(same)


def steps_of(user, stories):
    """{first_seq: [Entry]}, the steps of each story that the person may read, in their order."""
    operations = {story.operation: story.first_seq for story in stories if story.operation}
    firsts = {story.first_seq: [] for story in stories}
    wanted = Q(seq__in=firsts) | Q(operation__in=operations, stage__in=STEPS)
    for entry in visible_to(user, Entry.objects.filter(wanted), "read_record").order_by("seq"):
        if entry.seq in firsts:
            firsts[entry.seq].append(entry)
        if entry.stage in STEPS and (first := operations.get(entry.operation, entry.seq)) != entry.seq:
            firsts[first].append(entry)
    return firsts


def _newest(filters, way, size):
    """([Story], where looking ended): the first ones on the way, each with its entries."""
    survey, found = filters.survey, filters.anchors
    if survey.facets is not None and not survey.facets:
        return [], None
    if found and not _are_few(survey):
        return _by_anchor(filters, way, size, found)
    statement = Statement()
    if survey.facets is None:
        where = f"1 = 1{_where(statement, filters, way)}"
        rows = _ordered(f"SELECT {STORY} FROM record_story s WHERE {where}", way, size)
    else:
        if not found and len(survey.facets) > FACETS_MAX:
            stories = _among_newest(filters, way, size)
            if len(stories) == size or len(stories) == survey.total:
                return stories, None
        rows = _by_facets(statement, filters, way, size, found)
    return _told(statement, filters, way, rows)[0], None


def _are_few(survey):
    return survey.facets is not None and survey.total <= FEW


def _ordered(text, way, size):
    return f"{text} {way.order('s.first_seq')} LIMIT {size}"


def _among_newest(filters, way, size):
    statement = Statement()
    narrowed = way.narrow(statement, "s.first_seq")
    newest = _ordered(f"SELECT {STORY} FROM record_story s WHERE 1 = 1{narrowed}", way, NEWEST)
    where = f"s.facet_id IN ({statement.ids(filters.survey.facets)}){_times(statement, filters)}"
    rows = _ordered(f"SELECT {STORY} FROM ({newest}) s WHERE {where}", way, size)
    return _told(statement, filters, way, rows)[0]


def _told(statement, filters, way, rows, hits=NO_HITS):
    """([Story], number of hits, edge) of a SELECT of stories: they are read together with their entries."""
    visible = statement.visible(filters.user, Entry, *(field.attname for field in Entry._meta.fields))
    # Without being told so, SQLite looks through all entries for those of a few stories.
    entries = "record_entry e INDEXED BY entry_operation" if statement.is_sqlite else "record_entry e"
    later = f"e.operation = s.operation AND {STEP.format('e')} AND e.seq <> s.first_seq"
    steps = f"SELECT {STORY}, s.first_seq AS step FROM stories s"
    steps += f" UNION ALL SELECT {STORY}, e.seq FROM stories s CROSS JOIN {entries} WHERE {later}"
    text = (
        f"WITH {hits}, stories AS MATERIALIZED ({rows}), steps AS MATERIALIZED ({steps})"
        f" SELECT {TOLD}, f.outcome AS story_outcome, k.n AS hits, k.edge AS edge, e.*"
        " FROM looked k LEFT JOIN steps s ON 1 = 1 LEFT JOIN record_facet f ON f.id = s.facet_id"
        f" LEFT JOIN ({visible}) e ON e.seq = s.step {way.order('story_first_seq')}, s.step"
    )
    found = {}
    for entry in Entry.objects.raw(text, statement.values):
        hits, edge, number = entry.hits, entry.edge, entry.story_first_seq
        if number is not None and number not in found:
            found[number] = _story(entry)
        if entry.seq is not None:
            found[number].entries.append(entry)
    return list(found.values()), hits, edge


def _story(entry):
    story = Story.from_db(None, COLUMNS, [getattr(entry, f"story_{name}") for name in COLUMNS])
    story.outcome, story.entries = entry.story_outcome, []
    return story


def _by_facets(statement, filters, way, size, checked):
    """SELECT of the first stories on the way, from the facets that can have one of them."""
    where = f"facet_id = f.id{_where(statement, filters, way, checked, facets=False)}"
    facets = statement.ids(filters.survey.facets)
    first = f"SELECT {way.furthest}(s.first_seq) FROM {_stories(statement)} WHERE s.{where}"
    likely = f"SELECT f.id, ({first}) AS first FROM ({facets}) f"
    likely = f"SELECT id FROM ({likely}) l WHERE first IS NOT NULL {way.order('first')} LIMIT {size}"
    own = _ordered(f"SELECT s.first_seq FROM {_stories(statement)} WHERE s.{where}", way, size)
    if statement.is_sqlite:
        rows = f"SELECT {STORY} FROM ({likely}) f CROSS JOIN record_story s ON s.first_seq IN ({own})"
    else:
        own = own.replace("SELECT s.first_seq", f"SELECT {STORY}", 1)
        rows = f"SELECT {STORY} FROM ({likely}) f CROSS JOIN LATERAL ({own}) s"
    return _ordered(rows, way, size)


def _of_each_facet(statement, filters, way, columns, most, checked):
    """SELECT of the stories on the way, in no order, facet by facet where only some fit."""
    if filters.survey.facets is None:
        where = _where(statement, filters, way, checked)
        return f"SELECT {columns} FROM record_story s WHERE 1 = 1{where} {most}"
    facets = statement.ids(filters.survey.facets)
    where = f"s.facet_id = f.id{_where(statement, filters, way, checked, facets=False)}"
    if statement.is_sqlite:
        return f"SELECT {columns} FROM ({facets}) f CROSS JOIN {_stories(statement)} ON {where} {most}"
    own = f"SELECT * FROM record_story s WHERE {where} {most}"
    return f"SELECT {columns} FROM ({facets}) f CROSS JOIN LATERAL ({own}) s {most}"


def _stories(statement):
    return "record_story s INDEXED BY story_facet" if statement.is_sqlite else "record_story s"


def _by_anchor(filters, way, size, found):
    first, *others = found
    rounds = [(most, None) for most in HITS]
    if first.window and not Statement().is_sqlite:
        rounds[0] = (HITS[0], first.window)
    for most, window in rounds:
        statement = Statement()
        hits = _hits(statement, first, way, most, window)
        # Nobody knows yet what belongs between the stories beyond the last hit.
        whole = "1 = 0" if window else f"(SELECT n < {most} FROM looked)"
        edge = f"s.first_seq {'>=' if way.is_down else '<='} (SELECT edge FROM looked)"
        stories = f"{_met(statement, filters, way, others)} AND ({whole} OR {edge})"
        rows = _ordered(f"SELECT {STORY} FROM {stories}", way, size)
        found, number, edge = _told(statement, filters, way, rows, hits)
        if len(found) == size or (number < most and not window):
            return found, None
    return found, edge


def _hits(statement, anchor, way, most, window=None, is_any=False):
    """Parts of a WITH, the entries that have the anchor: `hits` are those on the way, at most so many, and
    some beyond its end; `looked` says how many were on the way, and which is the last. With `is_any` they are
    not the first ones: PostgreSQL would have to read all for that."""

    def on_the_way(column):
        nearest = ""
        if window:
            top = statement.value(way.high) if way.high is not None else "(SELECT seq + 1 FROM record_head)"
            low = statement.value(way.low)
            nearest = (
                f" AND {column} >= {top} - {window}" if way.is_down else f" AND {column} < {low} + {window}"
            )
        return way.narrow(statement, column) + nearest

    def beyond(column):
        end = statement.value(way.high) if way.is_down else "(SELECT edge + 1 FROM looked)"
        return f" AND {column} >= {end}"

    limit = "" if most is None else f"{'' if is_any else way.order('seq')} LIMIT {most}"
    last = "min" if way.is_down else "max"
    shared = f"met AS MATERIALIZED (SELECT seq FROM ({anchor.seqs(statement, on_the_way)}) a {limit}),"
    shared += f" looked AS MATERIALIZED (SELECT count(*) AS n, {last}(seq) AS edge FROM met)"
    hits = "SELECT seq FROM met"
    if way.high is not None or not way.is_down:
        late = "" if most is None else f"ORDER BY seq LIMIT {BEYOND}"
        late = f"SELECT seq FROM ({anchor.seqs(statement, beyond)}) b {late}"
        hits += f" UNION ALL SELECT seq FROM ({late}) l"
    return f"{shared}, hits AS MATERIALIZED ({hits})"


def _met(statement, filters, way, checked):
    """FROM and WHERE of the stories that the hits belong to, with all other conditions on them."""
    # From the hits to the stories: SQLite must not try it the other way round.
    stories = f"({KEYS}) k CROSS JOIN record_story s"
    return f"{stories} WHERE s.first_seq = k.seq{_where(statement, filters, way, checked)}"


def _where(statement, filters, way, checked=(), facets=True):
    """Conditions on a story `s`: on the way, of the facets, in time, and with what is checked."""
    text = way.narrow(statement, "s.first_seq")
    if facets and filters.survey.facets is not None:
        # The plus keeps SQLite from trying each facet for each story.
        text += f" AND +s.facet_id IN ({statement.ids(filters.survey.facets)})"
    text += _times(statement, filters)
    for anchor in checked:
        visible = statement.visible(filters.user, Entry, *VISIBLE)
        own, later = (
            f"EXISTS (SELECT 1 FROM ({visible}) e WHERE {on} AND {anchor.holds(statement, 'e')})"
            for on in ("e.seq = s.first_seq", f"e.operation = s.operation AND {STEP.format('e')}")
        )
        text += f" AND ({own} OR {later})"
    return text


def _times(statement, filters):
    """The times themselves, where a clock was set back: there numbers do not tell them."""
    if not filters.survey.is_unordered:
        return ""
    text = ""
    for moment, is_in in ((filters.since, ">="), (filters.until, "<")):
        if moment:
            text += f" AND e.at {is_in} {statement.moment(Entry, 'at', moment)}"
    return f" AND EXISTS (SELECT 1 FROM record_entry e WHERE e.seq = s.first_seq{text})"
