"""What goes with an object that is to be deleted, and what has to go before it, read live.

`read` follows Kind.held down from one or more objects and returns the plan: each step once, what is inside
before what holds it. Platforms lie: a group that is in itself is planned once, and a list that is not whole
makes a plan that nobody can ask for.
"""

import hashlib
import time
from dataclasses import dataclass, field

from django.db import transaction

from portal.errors import PortalError
from portal.kinds import mirroring
from portal.kinds.identity import the_one
from portal.kinds.permissions import naming
from portal.kinds.registry import KINDS, Kind, Verb
from portal.operations.change import Change
from portal.operations.entries import lock_account
from portal.operations.together import STEPS_MAX
from portal.record.store import canonical

READ_SECONDS = 20
LISTED_MAX = 1000  # objects of one list
DEPTH_MAX = 50  # far more than any platform's documents allow; a plan of more is none


@dataclass(frozen=True)
class Planned:
    """One step: a verb on the object `decoded`.

    `waits_for` are the indexes of steps before it. `inner` is what a verb that takes something out takes.
    """

    kind: Kind
    verb: Verb
    decoded: dict
    data: dict = field(default_factory=dict)
    inner: dict | None = None
    waits_for: tuple = ()

    @property
    def id(self):
        return self.decoded["id"]

    @property
    def object(self):
        return self.kind.slug, self.kind.identity(self.decoded)

    @property
    def name(self):
        shown = self.inner or self.decoded
        return shown.get("name") or shown["id"]

    @property
    def what(self):
        """Identifies it, as a JSON value."""
        return [self.kind.slug, self.verb.name, *self.kind.identity(self.decoded), self.data]


@dataclass
class Impact:
    """- `roots` are the first objects, as Planned.object.
    - `steps` are all of the plan, the first objects' own deletes included.
    - `along` are (label, count or None if unknown) of what the platform lets go with them.
    - `is_whole`: all that is inside is known. `problem` is why it could not be read.
    """

    roots: set
    steps: list = field(default_factory=list)
    along: list = field(default_factory=list)
    is_whole: bool = True
    problem: PortalError | None = None

    @property
    def before(self):
        """The steps that have to be done before the first objects can go."""
        return [step for step in self.steps if not (step.verb.removes and step.object in self.roots)]

    @property
    def counted(self):
        """[(verb, kind, how many)] of what has to be done before."""
        counts = {}
        for step in self.before:
            counts[step.verb.name, step.kind.slug] = counts.get((step.verb.name, step.kind.slug), 0) + 1
        return [
            (KINDS[slug].verb(verb), KINDS[slug], count) for (verb, slug), count in sorted(counts.items())
        ]

    @property
    def can_be_asked_for(self):
        return self.is_whole and not self.problem and len(self.steps) <= STEPS_MAX

    @property
    def digest(self):
        """The same for two impacts with the same steps."""
        shown = canonical([[step.what, list(step.waits_for)] for step in self.steps])
        return hashlib.sha256(shown.encode("utf-8", "surrogatepass")).hexdigest()[:32]


@dataclass
class Impacts:
    """The impacts of objects on several connections: {Connection: Impact}."""

    of: dict

    @classmethod
    def read(cls, kind, rows, seconds=READ_SECONDS):
        rows_of, until = {}, time.monotonic() + seconds
        for row in rows:
            rows_of.setdefault(row.connection, []).append(row)
        left = {each: max(until - time.monotonic(), 0) for each in rows_of}
        return cls({each: read(kind, rows, left[each]) for each, rows in rows_of.items()})

    @property
    def each(self):
        return list(self.of.values())

    @property
    def steps(self):
        return [step for impact in self.each for step in impact.steps]

    @property
    def before(self):
        return [step for impact in self.each for step in impact.before]

    @property
    def can_be_asked_for(self):
        is_few = len(self.steps) <= STEPS_MAX
        return is_few and all(impact.can_be_asked_for for impact in self.each)

    @property
    def digest(self):
        return "-".join(impact.digest for impact in self.each)

    def changes(self):
        """The same as `changes` of one."""
        found, waits_for = [], {}
        for connection, impact in self.of.items():
            own, waits = changes(impact, connection)
            first = len(found)
            found += own
            for index, before in waits.items():
                waits_for[first + index] = tuple(first + each for each in before)
        return found, waits_for


def read(kind, rows, seconds=READ_SECONDS):
    """The Impact of deleting these objects, which are rows of one connection."""
    impact = Impact({(kind.slug, row.identity) for row in rows})
    try:
        client = rows[0].connection.client()
        until = time.monotonic() + seconds
        with client.one_deadline(until):
            reader = _Reader(client, impact)
            for row in rows:
                reader.plan(kind, _as_decoded(row))
    except PortalError as error:
        impact.problem, impact.is_whole = error, False
    except _TooMany:
        impact.is_whole = False
    return impact


def _as_decoded(row):
    values = {each.name: getattr(row, each.name) for each in row.platform_fields()}
    return {**values, "id": row.remote_id, "name": str(row)}


class _TooMany(Exception):
    pass


class _Reader:
    def __init__(self, client, impact):
        self.client, self.impact, self.depth = client, impact, 0
        self.begun = {}  # (slug, identity) -> index of its step, None while it is planned
        self.lists, self.groups = {}, {}  # one list read once tells of several members who holds what

    def plan(self, kind, decoded):
        """Plan the delete of an object after that of all that is inside; the index of its step, or None."""
        key = kind.slug, kind.identity(decoded)
        if key in self.begun:
            return self.begun[key]
        if len(self.impact.steps) > STEPS_MAX or self.depth > DEPTH_MAX:
            raise _TooMany
        self.begun[key], self.depth = None, self.depth + 1
        before = [index for each in kind.held for index in self.look_into(kind, decoded, each)]
        self.depth -= 1
        self.begun[key] = self.add(kind, kind.verb("delete"), decoded, waits_for=tuple(before))
        return self.begun[key]

    def add(self, kind, verb, decoded, **more):
        self.impact.steps.append(Planned(kind, verb, decoded, **more))
        return len(self.impact.steps) - 1

    def look_into(self, kind, decoded, each):
        """Yield the indexes of the steps for what one Inside names."""
        if each.listed:
            related = kind.related_list(each.listed)
            like, removes = self.like(kind, decoded), related.removes and kind.verb(related.removes)
            # What cannot be taken out, such as the devices of a dynamic group, is in nobody's way.
            if each.goes_along or removes.why_not(like):
                self.note_along(like, kind, related)
                return
            for item in self.items(self.listed(like, kind, related)):
                taken = {"data": related.chosen(item), "inner": item}
                yield self.add(kind, removes, decoded, **taken)
        else:
            inner = KINDS[each.kind]
            for item in self.held(inner, decoded, each):
                index = self.plan(inner, item)
                if index is not None:
                    yield index

    def like(self, kind, decoded):
        """A row that is in no database."""
        return kind.model(remote_id=decoded["id"], **kind.model.values_from(decoded))

    def listed(self, like, kind, related):
        with naming(related.permission):
            return related.read(kind.bound(self.client, like), LISTED_MAX)

    def items(self, listing):
        self.impact.is_whole = self.impact.is_whole and listing.complete
        return listing.items

    def note_along(self, like, kind, related):
        listing = self.listed(like, kind, related)
        if listing.items or not listing.complete:
            count = len(listing.items) if listing.complete else listing.total
            self.impact.along.append((related.label, count))

    def held(self, inner, decoded, each):
        """The objects of a kind whose member `field` holds the object's id."""
        filters = {each.field: decoded["id"]}
        if each.scope:
            filters = {each.scope: decoded[each.scope]} if decoded.get(each.scope) else {}
        key = inner.slug, tuple(filters.items())
        if key not in self.lists:
            self.lists[key] = self.items(inner.bound(self.client).list(limit=LISTED_MAX, **filters))
        if (*key, each.field) not in self.groups:
            groups = self.groups[*key, each.field] = {}
            for item in self.lists[key]:
                groups.setdefault(str(item.get(each.field) or ""), []).append(item)
            # Listed by that member and shown without it: nobody knows where these are.
            self.impact.is_whole &= not (each.field in filters and "" in groups)
        found = self.groups[*key, each.field].get(decoded["id"], [])
        return [item for item in found if item["id"] != decoded["id"] or inner.slug != each.kind]


def changes(impact, connection):
    """The steps as Changes, and {index: indexes it waits for}. What the mirror lacks is kept in it.

    Raises RecordUnavailable if the connection was changed since the plan was read.
    """
    rows = {}
    for kind in {step.kind.slug: step.kind for step in impact.steps}.values():
        wanted = {kind.identity(step.decoded): step.decoded for step in impact.steps if step.kind is kind}
        rows[kind.slug] = _rows(kind, connection, wanted)
    found = [
        Change(
            kind=step.kind,
            verb=step.verb,
            connection=connection,
            target=rows[step.kind.slug][step.kind.identity(step.decoded)],
            data=step.data,
        )
        for step in impact.steps
    ]
    return found, {index: step.waits_for for index, step in enumerate(impact.steps) if step.waits_for}


def _rows(kind, connection, wanted):
    """{identity: mirror row} of decoded objects."""

    def known():
        rows = {}
        found = mirroring.rows_of(kind, connection, [id for _scope, id in wanted])
        for row in found.select_related("connection__team"):
            rows.setdefault(row.remote_id, []).append(row)
        return {(scope, id): the_one(rows.get(id, ()), scope) for scope, id in wanted}

    missing = [of for of, row in known().items() if row is None]
    with transaction.atomic():
        lock_account(connection)
        for of in missing:
            mirroring.keep(kind, connection, wanted[of])
    return known()
