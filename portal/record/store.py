"""append(): the only way into the record."""

import hashlib
import json
import os

from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from portal.record.models import Body, Entry
from portal.record.redaction import redact

VERSION = 1


def canonical(value):
    """JSON text of a body: keys sorted, no spaces, characters as they are, integers exact."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def digest(salt, text):
    return hashlib.sha256(salt + text.encode()).hexdigest()


def append(*lines):
    """Append lines in order, all or none, numbered without gaps; returns the Entry rows.

    A line is a dict of Entry fields plus `body` (any JSON value) and `secrets` (names in the body to take
    out besides the usual ones). Call it last in the caller's transaction: it takes the head lock.
    """
    with transaction.atomic(savepoint=False):
        last = _advance_head(len(lines))
        entries, bodies = [], []
        for seq, line in enumerate(lines, start=last - len(lines) + 1):
            line = dict(line)
            body = redact(line.pop("body", {}), secrets=frozenset(line.pop("secrets", ())))
            text, salt = canonical(body), os.urandom(16)
            entries.append(_entry(seq, line, digest(salt, text)))
            bodies.append(Body(seq=seq, salt=salt, text=text))
        _insert(entries)
        _insert(bodies)
        return entries


def _advance_head(count):
    """The number of the last of `count` new entries; holds the head's lock until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE record_head SET seq = seq + %s WHERE id = 1 RETURNING seq", [count])
        row = cursor.fetchone()
    if row is None:
        raise DatabaseError("The record has no head; run manage.py migrate.")
    return row[0]


def _insert(rows):
    """One statement of plain SQL: the record is written four times in each operation, and the ORM takes ten
    times as long to build the same text."""
    model = type(rows[0])
    places = ", ".join(["%s"] * len(model._meta.fields))
    names = ", ".join(connection.ops.quote_name(field.column) for field in model._meta.fields)
    values = [
        field.get_db_prep_save(getattr(row, field.attname), connection)
        for row in rows
        for field in model._meta.fields
    ]
    places = ", ".join([f"({places})"] * len(rows))
    with connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO {model._meta.db_table} ({names}) VALUES {places}", values)


def _entry(seq, line, body_digest):
    fields = {"at": timezone.now(), **line}
    for field in Entry._meta.fields:
        value = fields.get(field.name)
        if isinstance(value, str) and field.max_length:
            fields[field.name] = redact(value).replace("\0", "\ufffd")[: field.max_length]
    return Entry(seq=seq, body_digest=body_digest, version=VERSION, **fields)
