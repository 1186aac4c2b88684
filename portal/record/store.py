"""append(): the only way into the record."""

import hashlib
import json
import os

from django.db import models, transaction
from django.utils import timezone

from portal.record.models import Body, Entry, Head
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
    with transaction.atomic():
        # Updating before reading takes the row lock on both databases.
        Head.objects.filter(pk=1).update(seq=models.F("seq") + len(lines))
        last = Head.objects.values_list("seq", flat=True).get(pk=1)
        entries, bodies = [], []
        for seq, line in enumerate(lines, start=last - len(lines) + 1):
            line = dict(line)
            body = redact(line.pop("body", {}), secrets=frozenset(line.pop("secrets", ())))
            text, salt = canonical(body), os.urandom(16)
            entries.append(_entry(seq, line, digest(salt, text)))
            bodies.append(Body(seq=seq, salt=salt, text=text))
        Entry.objects.bulk_create(entries)
        Body.objects.bulk_create(bodies)
        return entries


def _entry(seq, line, body_digest):
    fields = {"at": timezone.now(), **line}
    for field in Entry._meta.fields:
        value = fields.get(field.name)
        if isinstance(value, str) and field.max_length:
            fields[field.name] = redact(value).replace("\0", "\ufffd")[: field.max_length]
    return Entry(seq=seq, body_digest=body_digest, version=VERSION, **fields)
