"""Where the record stands now: the checks of it, its newest checkpoint, and how far the sinks have got.

One statement, because the reviewers' list shows it on each page.
"""

from dataclasses import dataclass, field
from functools import cache

from django.db import connection
from django.db.models.expressions import Col

from portal.record import sinks
from portal.record.models import Checkpoint, Sink, Verification


@dataclass(frozen=True)
class Standing:
    """`ended` is the newest Verification that has ended, `running` one that has not, `checkpoint` the newest
    Checkpoint; each may be None. `sinks` has the Sink of each address that is set."""

    ended: Verification | None = None
    running: Verification | None = None
    checkpoint: Checkpoint | None = None
    sinks: list = field(default_factory=list)


NEWEST = "SELECT * FROM {table} {where} ORDER BY {key} DESC LIMIT 1"
PARTS = (
    (Verification, NEWEST.format(table="record_verification", where="WHERE ended_at IS NOT NULL", key="id")),
    (Verification, NEWEST.format(table="record_verification", where="WHERE ended_at IS NULL", key="id")),
    (Checkpoint, NEWEST.format(table="record_checkpoint", where="", key="number")),
)


def standing():
    names = list(sinks.addresses())
    with connection.cursor() as cursor:
        cursor.execute(_statement(len(names)), names)
        found = [_read(row) for row in cursor.fetchall()]
    *others, _sink = found[0]
    there = {sink.pk: sink for *_others, sink in found if sink}
    return Standing(*others, [there.get(name) or Sink(address=name) for name in names])


@cache
def _statement(count):
    """A row for each sink that is there, at least one; all have the same other parts."""
    columns = [f"t{n}.{each.column}" for n, model in enumerate(_models()) for each in _fields(model)]
    text = f"SELECT {', '.join(columns)} FROM (SELECT 1 AS one) o"
    for n, (_model, newest) in enumerate(PARTS):
        text += f" LEFT JOIN ({newest}) t{n} ON 1 = 1"
    places = ", ".join(["%s"] * count)
    condition = f"t{len(PARTS)}.address IN ({places})" if count else "1 = 0"
    return f"{text} LEFT JOIN record_sink t{len(PARTS)} ON {condition}"


def _models():
    return [*(model for model, _newest in PARTS), Sink]


def _fields(model):
    return model._meta.concrete_fields


def _read(row):
    """The instances of one row, each None where there is none."""
    found, at = [], 0
    for model in _models():
        fields = _fields(model)
        values = row[at : at + len(fields)]
        at += len(fields)
        read = [_converted(*each) for each in zip(fields, values, strict=True)]
        made = model.from_db(connection.alias, [each.attname for each in fields], read)
        found.append(None if made.pk is None else made)
    return found


def _converted(field, value):
    """As the ORM reads it."""
    column = Col("", field)
    for convert in (*connection.ops.get_db_converters(column), *field.get_db_converters(connection)):
        value = convert(value, column, connection)
    return value
