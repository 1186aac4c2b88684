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
from itertools import chain

from django.db import connection, models, transaction
from django.utils import timezone

from portal.record import canonical as headers
from portal.record import guards, keys, searching
from portal.record.correlation import current
from portal.record.models import Body, Entry
from portal.record.redaction import redact, redact_said
from portal.words import Said, to_json

PARAM_MAX = 400  # characters of one text in a sentence, as many as a summary has
# In one statement of SQLite, which takes 32766 values and writes to the search index once for each statement.
ROWS_AT_ONCE = 500
WORDS_MAX = 4000  # characters of a whole sentence with its parameters


def canonical(value):
    """JSON text of a body: keys sorted, no spaces, characters as they are, integers exact."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def digest(salt, text):
    return hashlib.sha256(salt + text.encode()).hexdigest()


@dataclass(frozen=True)
class Line:
    """An entry and its body, all but its place in the chain, and its time unless that was given."""

    fields: dict  # name of each Entry field -> value
    salt: bytes
    text: str
    search: str  # what it is found by
    frame: tuple  # its header without its place


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
    made = {"id": uuid.uuid4(), "words": words, "body_digest": digest(salt, text), "version": headers.VERSION}
    fields = _defaults() | cleaned | made
    return Line(fields, salt, text, searching.text(fields, text), headers.frame(fields))


def append(*lines):
    """Append lines in order, all or none, numbered without gaps; returns the Entry rows.

    Each is a Line, or a dict of what `line` takes. Call it last in the caller's transaction: it takes the
    head lock, and keeps it until that transaction ends.
    """
    lines = [each if isinstance(each, Line) else line(**each) for each in lines]
    with transaction.atomic(savepoint=False), connection.cursor() as cursor:
        seq, hash = guards.lock_head(cursor)
        now = timezone.now()  # under the lock, so that times rise with the numbers
        entries = _chained(lines, now, seq, hash)
        bodies = [
            {
                **{"seq": entry["seq"], "salt": each.salt, "text": each.text},
                **{"search": each.search, "folding": searching.FOLDING},
            }
            for entry, each in zip(entries, lines, strict=True)
        ]
        _insert(cursor, Entry, entries)
        _insert(cursor, Body, bodies)
    names = [field.attname for field in Entry._meta.fields]
    return [Entry.from_db(connection.alias, names, [entry[name] for name in names]) for entry in entries]


def _chained(lines, now, seq, hash):
    """The fields of each entry, with its place after the entry with this number and hash."""
    (key_id, _key), made = keys.current(), []
    for each in lines:
        seq += 1
        place = {"seq": seq, "at": each.fields.get("at") or now, "prev_hash": hash, "key_id": key_id}
        hash = headers.chained(headers.framed_bytes(each.frame, **place), key_id)
        made.append({**each.fields, **place, "hash": hash})
    return made


def _insert(cursor, model, rows):
    """Plain SQL: an operation writes the record four times, and the ORM is ten times as slow."""
    columns, db = _columns(model), cursor.db
    values = [
        [field.get_db_prep_save(row[name], db) if field else row[name] for name, field in columns]
        for row in rows
    ]
    if (
        db.vendor == "postgresql" and len(rows) > 1
    ):  # whose driver reads a long statement for longer than it runs
        with db.wrap_database_errors, cursor.copy(f"COPY {_target(model)} FROM STDIN") as copy:
            for each in values:
                copy.write_row(each)
        return
    for start in range(0, len(rows), ROWS_AT_ONCE):
        some = values[start : start + ROWS_AT_ONCE]
        cursor.execute(_statement(model, len(some)), [*chain.from_iterable(some)])


@cache
def _columns(model):
    """(name, field) of each column; the field is None if databases take the Python value as it is."""
    differing = (models.DateTimeField, models.UUIDField)
    return [(field.attname, field if isinstance(field, differing) else None) for field in model._meta.fields]


@lru_cache(maxsize=64)
def _statement(model, count):
    row = f"({', '.join(['%s'] * len(_columns(model)))})"
    return f"INSERT INTO {_target(model)} VALUES {', '.join([row] * count)}"


@cache
def _target(model):
    names = ", ".join(f'"{field.column}"' for field in model._meta.fields)
    return f'"{model._meta.db_table}" ({names})'


@cache
def _defaults():
    """{name: default} of the fields that callers give."""
    made = "seq at id words body_digest version prev_hash hash key_id".split()
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
