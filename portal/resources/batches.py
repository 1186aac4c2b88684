"""Writes what the pages of a listing show into the mirror, one page in one transaction.

A listing may lag behind. So where it contradicts what is known of an object from less than LAG before the
listing began, it proves nothing: the row stays as it is and is marked `unsure_at`, and the refresh looks at
the object itself later.
"""

from dataclasses import dataclass, field
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from portal.kinds import mirroring
from portal.kinds.comparing import is_identical
from portal.kinds.identity import the_one
from portal.kinds.models import Reading
from portal.record.store import append
from portal.resources import drift
from portal.resources.drift import Found

LAG = timedelta(minutes=5)  # how long a listing may show what is over
CHUNK = 500  # rows in one statement


class Lost(Exception):
    """Another process has the refresh now, or its connection was deleted."""


@dataclass
class _Sorted:
    """The items of one page by what they say about the mirror."""

    new: list = field(default_factory=list)  # rows
    changed: list = field(default_factory=list)  # (row, values): present rows, and gone ones that are back
    moved: list = field(default_factory=list)  # (row, scope): rows whose scope was not known
    doubted: list = field(default_factory=list)  # pk of rows that the listing contradicts and does not refute
    seen: list = field(default_factory=list)  # pk of rows that are as they were
    names: set = field(default_factory=set)  # the columns of `changed`


def write(kind, reading, items, asked, **columns):
    """Write a page of a listing, which was asked for at `asked`, and the refresh's progress.

    `columns` are those of the Reading that change with it. A list is whole only if it showed as many
    different objects as the platform counts. Raises Lost when this process no longer has the refresh; then
    nothing is written.
    """
    items = {kind.identity(item): item for item in items}
    rows = _known(kind, reading.connection, items)
    sorted_ = _sort(kind, reading, items, rows)
    fresh = sum(row.generation != reading.generation for row in rows.values()) + len(sorted_.new)
    found = _take(kind, reading, sorted_)
    columns["progress"] = reading.progress + fresh
    if columns.get("is_whole"):
        columns["is_whole"] = columns["found_total"] in (None, columns["progress"])
    with transaction.atomic(durable=True):
        hold(reading, **columns)
        refused = _write(kind.model, reading, sorted_, asked)
        lines = drift.lines(kind, reading.connection, [each for each in found if each.row.pk not in refused])
        if lines:
            append(*lines)


def hold(reading, **columns):
    """Change columns of a refresh that this process has. Raises Lost when it no longer has it."""
    mine = Reading.objects.filter(pk=reading.pk, attempt=reading.attempt)
    if not mine.update(**columns):
        raise Lost
    for name, value in columns.items():
        if not hasattr(value, "resolve_expression"):
            setattr(reading, name, value)


def _known(kind, connection, items):
    """{identity: row} of the items, {identity: item}, that the mirror has."""
    by_id, rows = {}, {}
    for ids in _chunks([id for _scope, id in items]):
        for row in mirroring.rows_of(kind, connection, ids):
            by_id.setdefault(row.remote_id, {})[row.scope] = row
    for scope, id in items:
        here = by_id.get(id, {})
        if row := the_one(here.values(), scope):
            rows[scope, id] = here.pop(row.scope)  # it is one object only
    return rows


def _sort(kind, reading, items, rows):
    """What each item says; the rows stay as they are."""
    found, since = _Sorted(), reading.started_at - LAG
    removed = _removed_here(kind, reading.connection, rows)
    for (scope, id), item in items.items():
        row, values = rows.get((scope, id)), kind.model.values_from(item)
        if row and scope and not row.scope:
            found.moved.append((row, scope))
        if row is None:
            began = {"known_at": reading.started_at, **_shown(reading)}
            unshown = sorted(kind.judged - values.keys()) or None
            row = kind.model(connection=reading.connection, remote_id=id, scope=scope, unshown=unshown)
            row.take({**values, **began})
            found.new.append(row)
        elif row.gone_at:
            is_proof = row.gone_at <= since and row.pk not in removed
            if is_proof:
                found.changed.append((row, {**values, "known_at": reading.started_at}))
            else:
                found.doubted.append(row.pk)
        elif all(is_identical(getattr(row, name), value) for name, value in values.items()):
            is_settled = row.unsure_at is None or row.unsure_at <= since
            (found.seen if is_settled else found.doubted).append(row.pk)
        elif row.known_at <= since:
            found.changed.append((row, values))
        else:
            found.doubted.append(row.pk)
    return found


def _shown(reading):
    shown = {"read_at": timezone.now(), "generation": reading.generation}
    return {**shown, "unsure_at": None, "gone_at": None}


def _removed_here(kind, connection, rows):
    """pks of the gone rows that the portal itself removed: only a look at the object brings one back."""
    gone = [row for row in rows.values() if row.gone_at]
    return drift.removed_here(kind, connection, gone) if gone else set()


def _take(kind, reading, sorted_):
    """Put what is proved into the rows; returns [Found] of what no operation of the portal explains."""
    connection, found = reading.connection, []
    differing = {
        row: drift.differences(kind, row, values) for row, values in sorted_.changed if not row.gone_at
    }
    differing = {row: diff for row, diff in differing.items() if diff}
    elsewhere = drift.elsewhere(kind, connection, differing) if differing else {}
    for row, values in sorted_.changed:
        known = row.drift
        sorted_.names |= {*row.take({**values, **_shown(reading)})}
        if diff := elsewhere.get(row):
            row.drift, row.drifted_at = drift.marked(known, diff), row.read_at
            sorted_.names |= {"drift", "drifted_at"}
            found.append(Found(row, drift.CHANGED, diff))
    if reading.at:  # all is new to the first refresh
        found += [Found(row, drift.MADE()) for row in drift.made_elsewhere(kind, connection, sorted_.new)]
    return found


def _write(model, reading, sorted_, asked):
    """Write what is proved. Returns the pks of changed rows of which more is known than when the page was
    asked for: those stay as they are, but the list has shown them."""
    rows = model.objects.filter(connection_id=reading.connection_id)
    if sorted_.new:
        # A person's change may have inserted the same object a moment ago: it knows more than a list.
        model.objects.bulk_create(sorted_.new, batch_size=CHUNK, ignore_conflicts=True)
    for row, scope in sorted_.moved:
        mirroring.move(row, scope)
    refused = set()
    for changed in _chunks([row for row, _values in sorted_.changed]):
        refused |= _update(model, changed, sorted(sorted_.names), asked)
    shown = {**_shown(reading), "read_at": asked}
    for pks in _chunks(sorted_.seen):
        rows.filter(pk__in=pks, gone_at=None, known_at__lte=asked).update(**shown)
    for pks in _chunks(sorted_.doubted):
        rows.filter(pk__in=pks, unsure_at=None, known_at__lte=asked).update(unsure_at=timezone.now())
    for pks in _chunks([*sorted_.doubted, *sorted_.seen, *refused]):
        rows.filter(pk__in=pks, generation__lt=reading.generation).update(generation=reading.generation)
    return refused


def _update(model, changed, names, asked):
    """Update the rows, but none of which more is known than when the page was asked for; the pks of those.

    As an upsert of rows that are there: bulk_update compares each row with each and takes ten times as long.
    """
    found = model.objects.filter(pk__in=[row.pk for row in changed]).select_for_update()
    known = dict(found.values_list("pk", "known_at"))
    refused = {row.pk for row in changed if known.get(row.pk, asked) > asked}
    still = [row for row in changed if row.pk not in refused]
    same = ["connection", "scope", "remote_id"]
    model.objects.bulk_create(still, update_conflicts=True, unique_fields=same, update_fields=names)
    return refused


def _chunks(values):
    # SQLite takes up to 32766 values in one statement.
    return [values[start : start + CHUNK] for start in range(0, len(values), CHUNK)]
