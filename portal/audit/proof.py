"""Whether one entry is what the record's chain says, reckoned now: its hash, its body, what it follows."""

import hashlib
from dataclasses import dataclass

from portal.record import canonical, keys


@dataclass(frozen=True)
class Proof:
    """Each is True, False, or None where it cannot be told: no key, or the body was dropped."""

    hash: bool | None
    link: bool | None
    body: bool | None

    @property
    def is_right(self):
        return False not in (self.hash, self.link, self.body) and self.hash is not None


def proof(entry, body, previous_hash):
    """`body` is (salt, text), or None; `previous_hash` that of the entry before, None if that is gone."""
    fields = {field.attname: getattr(entry, field.attname) for field in entry._meta.fields}
    before = "" if entry.seq == 1 else previous_hash
    return Proof(_hash(fields), None if before is None else before == entry.prev_hash, _body(entry, body))


def _hash(fields):
    if fields["version"] not in canonical.HEADER:
        return None
    try:
        content = canonical.header_bytes(canonical.header(fields))
        return canonical.chained(content, fields["key_id"]) == fields["hash"]
    except keys.NoKey:
        return None


def _body(entry, body):
    if body is None or not body[0]:
        return None
    salt, text = body
    return hashlib.sha256(bytes(salt) + text.encode()).hexdigest() == entry.body_digest
