"""Reads single objects live, keeps them in the mirror, and records what was changed elsewhere."""

import time
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_noop as _

from portal.connections.models import Connection
from portal.errors import Missing, PortalError, Unclear
from portal.kinds import mirroring
from portal.kinds.comparing import is_identical
from portal.kinds.identity import the_one
from portal.kinds.models import Reading
from portal.kinds.permissions import naming
from portal.outside import shows_nothing
from portal.platforms.collection import ID_MAX
from portal.record.store import append
from portal.resources import drift
from portal.resources.batches import LAG
from portal.resources.drift import Found
from portal.teams.access import Spot, may
from portal.words import Sentence

REACH_SECONDS = 8  # for all that a search asks the platforms
FACTS_SECONDS = 8  # for what a page shows beside its object
NAMES = 10  # objects of one exact name that a search keeps
CHANGED_MEANWHILE = Sentence(
    "reading.changed_meanwhile", _("The connection was changed while it was read. Read it again.")
)


@dataclass(frozen=True)
class Reached:
    """What platforms were asked for: `rows` of the mirror, and `unread`, [(connection, PortalError)]."""

    rows: tuple = ()
    unread: tuple = ()


def read_one(kind, row):
    """Read one object and update its row, as `read_object` does; returns (row, problem)."""
    _decoded, problem = read_object(kind, row)
    return row, problem


def read_object(kind, row):
    """Read one object and update its row, or mark it gone. Returns (decoded, problem).

    Both are None if the object is gone. `problem` is the error if the platform could not be read.
    """
    asked = timezone.now()
    try:
        decoded = kind.bound(row.connection.client(), row).get()
    except Missing:
        _note_gone(kind, row)
        return None, None
    except PortalError as error:
        return None, error
    _note(kind, row, decoded, asked)
    return decoded, None


def checked(kind, verb, row):
    """The Check of a verb on the object as it is now; None if the platform cannot be read."""
    client = row.connection.client()
    try:
        with client.one_deadline(time.monotonic() + REACH_SECONDS):
            return verb.check(kind.bound(client, row))
    except PortalError:
        return None


def reach_of(kind, verb, row):
    """(how much else the verb changes with the object, the error if that could not be read)"""
    client = row.connection.client()
    try:
        with client.one_deadline(time.monotonic() + REACH_SECONDS):
            return verb.reaches(kind.bound(client, row)), None
    except PortalError as error:
        return None, error


def read_facts(kind, row):
    """What the page of an object shows beside it: ([(label, value)], the error if it could not be read)."""
    try:
        bound = kind.bound(row.connection.client(), row)
        limited = bound.collection.client.one_deadline(time.monotonic() + FACTS_SECONDS)
        with limited, naming(kind.facts.permission):
            facts = kind.facts.read(bound)
    except PortalError as error:
        return [], error
    return [(label, facts[name]) for name, label in kind.facts.labels], None


def _note(kind, row, decoded, asked):
    """Keep what an object showed when it was `asked`; a change that no operation explains gets an entry."""
    mirroring.place(kind, row, decoded)
    before = row.drift
    diff = {} if row.gone_at else drift.differences(kind, row, row.values_from(decoded))
    diff = drift.elsewhere(kind, row.connection, {row: diff}).get(row) if diff else None
    if not diff:
        mirroring.refresh(row, decoded, asked)
        return
    found = drift.line(kind, row.connection, Found(row, drift.CHANGED, diff))
    drifted = {"drift": drift.marked(before, diff), "drifted_at": timezone.now()}
    with transaction.atomic(durable=True):
        if mirroring.refresh(row, decoded, asked, **drifted):
            append(found)


def _note_gone(kind, row):
    if row.gone_at:
        mirroring.mark_gone(kind, [row])
        return
    is_ours = drift.removed_here(kind, row.connection, [row])
    lines = [] if is_ours else drift.lines(kind, row.connection, [Found(row, drift.GONE())])
    with transaction.atomic(durable=True):
        mirroring.mark_gone(kind, [row])
        if lines:
            append(*lines)


def _adopt(kind, connection, decoded, asked):
    """Keep an object that a platform was asked for; the row.

    Raises Unclear if the connection was changed meanwhile: then it may be another account's.
    """
    scope, id = kind.identity(decoded)
    rows = mirroring.rows_of(kind, connection, [id]).select_related("connection__team")
    if row := the_one(rows, scope):
        _note(kind, row, decoded, asked)
        return row
    new = kind.model(connection=connection, remote_id=id, scope=scope, name=decoded["name"])
    is_read = Reading.objects.filter(connection=connection, kind=kind.slug, at__isnull=False).exists()
    made = drift.made_elsewhere(kind, connection, [new]) if is_read else []
    lines = drift.lines(kind, connection, [Found(each, drift.MADE()) for each in made])
    with transaction.atomic(durable=True):
        if not Connection.objects.unchanged(connection):
            raise Unclear(CHANGED_MEANWHILE())
        mirroring.keep(kind, connection, decoded)
        if lines:
            append(*lines)
    return rows.get(scope=scope)


def found(kind, connection, items, asked):
    """Rows that show the objects which a search answered when it was `asked`.

    The mirror keeps what is new, and what is no contradiction or old enough: a search may lag behind, as a
    listing does (batches.py). A row that is only shown is marked as not confirmed.
    """
    ids = [str(item["id"]) for item in items]
    known = kind.model.objects.filter(connection=connection, remote_id__in=ids)
    known = {row.remote_id: row for row in known.select_related("connection__team")}
    return [_found(kind, connection, known.get(str(item["id"])), item, asked) for item in items]


def _found(kind, connection, row, decoded, asked):
    if row is None:
        return _adopt(kind, connection, decoded, asked)
    values = row.values_from(decoded)
    is_so = not row.gone_at and all(is_identical(getattr(row, name), each) for name, each in values.items())
    is_ours = row.gone_at and drift.removed_here(kind, connection, [row])
    if is_so or (row.known_at <= asked - LAG and not is_ours):
        _note(kind, row, decoded, asked)
    else:
        row.take({**values, "gone_at": None, "unsure_at": asked})
    return row


def by_id(kind, connections, id, user):
    """Ask each connection's platform for the object with this id; Reached, with what the person may see."""

    def ask(bound):
        with bound.naming("get"):
            return [bound.collection.get(id)]

    return _reach(kind, connections, ask, id, user)


def reach(kind, connections, text, user):
    """Ask each connection's platform for what has exactly this id or this name; Reached, as `by_id`.

    By name only where the platform searches for names.
    """

    def ask(bound):
        try:
            with bound.naming("get"):
                return [bound.collection.get(text)]
        except Missing:
            if not bound.collection.finds_names:
                return []
        return bound.list(name=text, limit=NAMES, calls=2).items

    return _reach(kind, connections, ask, text, user)


def _reach(kind, connections, ask, text, user):
    if shows_nothing(text) or len(text) > ID_MAX or not text.isprintable():
        return Reached()
    found, unread, until = [], [], time.monotonic() + REACH_SECONDS
    for connection in connections:
        asked = timezone.now()
        try:
            client = connection.client()
            with client.one_deadline(until):
                objects = [each for each in ask(kind.bound(client)) if _is_open(kind, connection, each, user)]
            adopted = [_adopt(kind, connection, each, asked) for each in objects]
        except Missing:
            continue
        except PortalError as error:
            unread.append((connection, error))
            continue
        found += [row for row in adopted if may(user, "view", row)]
    return Reached(tuple(found), tuple(unread))


def _is_open(kind, connection, decoded, user):
    """Whether the person may see what a platform showed; what they may not is not kept for them either."""
    return may(user, "view", Spot(connection, kind.space_of(decoded)))
