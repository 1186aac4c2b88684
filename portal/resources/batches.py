"""Writes what the pages of a listing show into the mirror, one page in one transaction.

A listing may lag behind. So where it contradicts what is known of an object from less than LAG before the
listing began, it proves nothing: the row stays as it is and is marked `unsure_at`, and the refresh looks at
the object itself later.
"""

from dataclasses import dataclass, field
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

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

    new: list = field(default_factory=list)
    changed: list = field(default_factory=list)  # present rows, and gone ones that are back
    names: set = field(default_factory=set)  # the columns of `changed`
    diffs: dict = field(default_factory=dict)  # {row: {field: [was, now]}} of what people set
    doubted: list = field(default_factory=list)  # pk of rows that the listing contradicts and does not refute
    seen: list = field(default_factory=list)  # pk of rows that are as they were


def write(kind, reading, items, **columns):
    """Write a page of a listing and the refresh's progress. Returns how many objects it showed for the first
    time in this refresh. Raises Lost when this process no longer has the refresh; then nothing is written.

    `columns` are those of the Reading that change with it.
    """
    connection = reading.connection
    rows = _known(kind, connection, items)
    judged = _judge(kind, reading, items, rows)
    fresh = sum(row.generation != reading.generation for row in rows.values()) + len(judged.new)
    found = _found_elsewhere(kind, reading, judged)
    lines = drift.lines(kind, connection, found)
    columns["progress"] = reading.progress + fresh
    with transaction.atomic(durable=True):
        hold(reading, **columns)
        _write(kind.model, reading, judged)
        if lines:
            append(*lines)
    return fresh


def hold(reading, **columns):
    """Change columns of a refresh that this process has. Raises Lost when it no longer has it."""
    mine = Reading.objects.filter(pk=reading.pk, attempt=reading.attempt)
    if not mine.update(**columns):
        raise Lost
    for name, value in columns.items():
        if not hasattr(value, "resolve_expression"):
            setattr(reading, name, value)


def _known(kind, connection, items):
    ids = [str(item["id"]) for item in items]
    rows = {}
    for start in range(0, len(ids), CHUNK):
        found = kind.model.objects.filter(connection=connection, remote_id__in=ids[start : start + CHUNK])
        rows |= {row.remote_id: row for row in found}
    return rows


def _judge(kind, reading, items, rows):
    judged, now, began = _Sorted(), timezone.now(), reading.started_at
    removed = _removed_here(kind, reading.connection, rows)
    for item in {str(item["id"]): item for item in items}.values():
        row, values = rows.get(str(item["id"])), kind.model.values_from(item)
        shown = {"read_at": now, "generation": reading.generation, "unsure_at": None}
        if row is None:
            row = kind.model(connection=reading.connection, remote_id=str(item["id"]), known_at=began)
            row.take({**values, **shown})
            judged.new.append(row)
        elif row.gone_at:
            if row.gone_at > began - LAG or row.remote_id in removed:
                judged.doubted.append(row.pk)
                continue
            judged.names |= {*row.take({**values, **shown, "gone_at": None, "known_at": began})}
            judged.changed.append(row)
        elif all(getattr(row, name) == value for name, value in values.items()):
            judged.seen.append(row.pk)
        elif row.known_at > began - LAG:
            judged.doubted.append(row.pk)
        else:
            if diff := drift.differences(kind, row, values):
                judged.diffs[row] = diff
            judged.names |= {*row.take({**values, **shown})}
            judged.changed.append(row)
    return judged


def _removed_here(kind, connection, rows):
    """Ids of the gone rows that the portal itself removed: only a look at the object brings one back."""
    gone = [row.remote_id for row in rows.values() if row.gone_at]
    return drift.removed_here(kind, connection, gone) if gone else set()


def _found_elsewhere(kind, reading, judged):
    """[Found] of what no operation of the portal explains; puts the differences into the rows."""
    connection, found = reading.connection, []
    if judged.diffs:
        for row, diff in drift.elsewhere(kind, connection, judged.diffs).items():
            drift.mark(row, diff)
            row.drifted_at = row.read_at
            judged.names |= {"drift", "drifted_at"}
            found.append(Found(row, drift.CHANGED, diff))
    if reading.at:  # all is new to the first refresh
        made = drift.made_elsewhere(kind, connection, judged.new)
        found += [Found(row, drift.MADE()) for row in made]
    return found


def _write(model, reading, judged):
    rows = model.objects.filter(connection_id=reading.connection_id)
    if judged.new:
        # A person's change may have inserted the same object a moment ago: it knows more than a list.
        model.objects.bulk_create(judged.new, batch_size=CHUNK, ignore_conflicts=True)
    if judged.changed:
        _update(model, judged)
    now, generation = timezone.now(), reading.generation
    for pks in _chunks(judged.seen):
        rows.filter(pk__in=pks).update(generation=generation, read_at=now, unsure_at=None)
    for pks in _chunks(judged.doubted):
        rows.filter(pk__in=pks, unsure_at=None).update(unsure_at=now)
        rows.filter(pk__in=pks).update(generation=generation)


def _update(model, judged):
    """Update the changed rows, but none that was read or changed since this process read it."""
    for rows in _chunks(judged.changed):
        found = model.objects.filter(pk__in=[row.pk for row in rows]).select_for_update()
        known = dict(found.values_list("pk", "known_at"))
        still = [row for row in rows if known.get(row.pk, row.known_at) <= row.known_at]
        # An upsert of rows that are there: ten times as fast as bulk_update, which compares each with each.
        model.objects.bulk_create(
            still,
            update_conflicts=True,
            unique_fields=["connection", "remote_id"],
            update_fields=sorted(judged.names),
        )


def _chunks(values):
    # SQLite takes up to 32766 values in one statement.
    return [values[start : start + CHUNK] for start in range(0, len(values), CHUNK)]
