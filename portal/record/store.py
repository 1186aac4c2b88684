"""append(): the only way to write the record.

All appends wait for the one that holds the head's lock. So everything that takes time (redaction, the JSON
text of the body, its digest) is done before the lock is taken. A caller with a large body should prepare its
line even before its own transaction, because on SQLite an open transaction already blocks all other writers:

    prepared = line(**fields, body=answer)
    with transaction.atomic(durable=True):
        operation.save()
        append(prepared)
"""

import hashlib
import json
import os
import uuid
from dataclasses import dataclass
from functools import cache, lru_cache

from django.db import DatabaseError, connection, models, transaction
from django.utils import timezone

from portal.record.correlation import current
from portal.record.models import Body, Entry
from portal.record.redaction import redact, redact_said
from portal.words import Said, to_json

VERSION = 1
PARAM_MAX = 400  # characters of one text in a sentence, as many as a summary has
WORDS_MAX = 4000  # characters of a whole sentence with its parameters
ROWS_AT_ONCE = 500  # in one statement; SQLite takes 32766 values


def canonical(value):
    """JSON text of a body: keys sorted, no spaces, characters as they are, integers exact."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def digest(salt, text):
    return hashlib.sha256(salt + text.encode()).hexdigest()


@dataclass(frozen=True)
class Line:
    """An entry and its body, ready to be written: all but its number, and its time unless that was given."""

    fields: dict  # name of each Entry field -> value
    salt: bytes
    text: str


def line(*, body=None, secrets=(), said=None, **fields):
    """Prepare a Line of Entry fields; all secrets are taken out of it.

    `body` is any JSON value; `secrets` are names in it that are secret besides the usual ones. `said` is a
    message about the entry: a Said is stored as code and parameters, a platform's own text (a str) as the
    summary.
    """
    if unknown := fields.keys() - _defaults().keys() - {"at"}:
        raise TypeError(f"a line has no {', '.join(sorted(unknown))}")
    text = canonical(redact({} if body is None else body, secrets=frozenset(secrets)))
    salt = os.urandom(16)
    if isinstance(said, Said):
        said = redact_said(said, longest=PARAM_MAX)
    words = _words(said)
    if said and not words:
        fields.setdefault("summary", said.plain if isinstance(said, Said) else said)
    fields["correlation"] = fields.get("correlation") or current()
    cleaned = {name: _cleaned(name, value) for name, value in fields.items()}
    made = {"id": uuid.uuid4(), "words": words, "body_digest": digest(salt, text), "version": VERSION}
    return Line(_defaults() | cleaned | made, salt, text)


def append(*lines):
    """Append lines in order, all or none, numbered without gaps; returns the Entry rows.

    Each is a Line, or a dict of what `line` takes. Call it last in the caller's transaction: it takes the
    head lock, and keeps it until that transaction ends.
    """
    lines = [each if isinstance(each, Line) else line(**each) for each in lines]
    with transaction.atomic(savepoint=False), connection.cursor() as cursor:
        last = _advance_head(cursor, len(lines))
        now = timezone.now()  # under the lock, so that times rise with the numbers
        entries = [
            {"at": now, **each.fields, "seq": seq} for seq, each in enumerate(lines, last - len(lines) + 1)
        ]
        bodies = [
            {"seq": entry["seq"], "salt": each.salt, "text": each.text}
            for entry, each in zip(entries, lines, strict=True)
        ]
        _insert(cursor, Entry, entries)
        _insert(cursor, Body, bodies)
    names = [field.attname for field in Entry._meta.fields]
    return [Entry.from_db(connection.alias, names, [entry[name] for name in names]) for entry in entries]


def _advance_head(cursor, count):
    """The number of the last of `count` new entries; holds the head's lock until the transaction ends."""
    cursor.execute("UPDATE record_head SET seq = seq + %s WHERE id = 1 RETURNING seq", [count])
    row = cursor.fetchone()
    if row is None:
        raise DatabaseError("The record has no head; run manage.py migrate.")
    return row[0]


def _insert(cursor, model, rows):
    """Plain SQL: an operation writes the record four times, and the ORM is ten times as slow."""
    columns = _columns(model)
    for start in range(0, len(rows), ROWS_AT_ONCE):
        some = rows[start : start + ROWS_AT_ONCE]
        values = [
            field.get_db_prep_save(row[name], connection) if field else row[name]
            for row in some
            for name, field in columns
        ]
        cursor.execute(_statement(model, len(some)), values)


@cache
def _columns(model):
    """(name, field) of each column; the field is None if databases take the Python value as it is."""
    differing = (models.DateTimeField, models.UUIDField)
    return [(field.attname, field if isinstance(field, differing) else None) for field in model._meta.fields]


@lru_cache(maxsize=64)
def _statement(model, count):
    columns = [field.column for field in model._meta.fields]
    names = ", ".join(f'"{column}"' for column in columns)
    row = ", ".join(["%s"] * len(columns))
    return f'INSERT INTO "{model._meta.db_table}" ({names}) VALUES {", ".join([f"({row})"] * count)}'


@cache
def _defaults():
    """{name: default} of the fields that callers give."""
    made = ("seq", "at", "id", "words", "body_digest", "version")
    return {field.name: field.get_default() for field in Entry._meta.fields if field.name not in made}


@cache
def _longest(name):
    return Entry._meta.get_field(name).max_length


def _cleaned(name, value):
    """A text without secrets, cut to the length of its column; any other value unchanged."""
    if value is None or value == "" or not _longest(name):
        return value
    return redact(str(value)).replace("\0", "\ufffd")[: _longest(name)]


def _words(said):
    """JSON of a Said; "" for anything else, and for a Said that is too long for its column."""
    words = canonical(to_json(said)) if isinstance(said, Said) else ""
    return words if len(words) <= WORDS_MAX else ""
