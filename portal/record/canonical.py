"""The bytes of an entry that its hash covers, and the hash.

A header is a JSON object as RFC 8785 writes it. All its members are texts, whole numbers below 2^53 and null,
and all its names are ASCII: then Python's json writes just that (tests/record/test_canonical.py compares it
with a library). A number with a fraction, 1.0 too, is one that nobody wrote: it has another hash. `at` is
written with six digits of a second, whatever a database keeps.
"""

import hashlib
import hmac
import json
from json.encoder import encode_basestring

from portal.record import keys

VERSION = 3
_FIRST = (
    *("seq", "id", "at", "stage", "outcome", "actor_id", "actor", "via", "team_id", "team"),
    *("connection_id", "connection", "platform", "kind", "verb", "object_id", "object_scope", "object_name"),
    *("operation", "attempt", "http_status", "platform_code", "platform_request_id", "duration_ms"),
    *("reason", "summary", "words", "body_digest", "prev_hash", "key_id", "version"),
)
# {version: names of the header's members}. An entry is hashed by the version that it was written with; fields
# that came later are empty in it.
_SECOND = (*_FIRST, "correlation", "ticket")
HEADER = {1: tuple(sorted(_FIRST)), 2: tuple(sorted(_SECOND)), 3: tuple(sorted((*_SECOND, "space")))}

NAMES = HEADER[VERSION]  # the newest version has all fields
NUMBERS = [NAMES.index(name) for name in ("seq", "attempt", "http_status", "duration_ms", "version")]
# A header of the newest version around its values; what a Said says is the last, and always has quotes.
_AROUND = "".join(f'"{name}":' + ("\0," if at in NUMBERS else '"\0",') for at, name in enumerate(NAMES[:-1]))
_AROUND = ("{" + _AROUND + f'"{NAMES[-1]}":').split("\0")
_PARTS = [part for around in _AROUND for part in (around, "")][:-1]

LATE = ("at", "key_id", "prev_hash", "seq")  # what an entry gets with its place, in the order of a header

encode = json.JSONEncoder(
    ensure_ascii=False, separators=(",", ":")
).encode  # members whose names are in order
_encode = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode


def stamp(moment):
    """`2026-11-30T06:40:55.000123Z` of a datetime in UTC."""
    return f"{moment.isoformat(timespec='microseconds')[:26]}Z"


def header(fields):
    """The members of an entry's header; `fields` is {name: value as Python has it}, of a known version."""
    members = {name: fields[name] for name in HEADER[fields["version"]]}
    members["id"], members["at"] = str(fields["id"]), stamp(fields["at"])
    return members


def header_bytes(members):
    return _encode(members).encode()


def frame(fields):
    """The parts of a new header before, between and after LATE. What takes time is done by then."""
    members = {name: fields.get(name) for name in NAMES} | dict.fromkeys(LATE)
    members["id"] = str(fields["id"])
    parts, rest = [], encode(members)
    for name in LATE:  # in a text, the quotes round it would have backslashes
        before, mark, rest = rest.partition(f'"{name}":null')
        parts.append(before + mark.removesuffix("null"))
    return (*parts, rest)


def framed_bytes(frame, *, at, key_id, prev_hash, seq):
    """What header_bytes writes of these and the fields of the frame."""
    one, two, three, four, five = frame
    return f'{one}"{stamp(at)}"{two}"{key_id}"{three}"{prev_hash}"{four}{seq}{five}'.encode()


def plain_bytes(values):
    """The same, four times as fast, for a list of the values of NAMES, which are texts but for NUMBERS.

    None where a text has something that JSON writes otherwise, and for a value that no entry has. A backslash
    is refused: without one, a quote or line break in a text would give bytes that no header has.
    """
    try:
        for place in NUMBERS:
            number = values[place]
            values[place] = "null" if number is None else int.__repr__(number)
        parts = _PARTS.copy()
        parts[1::2] = values[:-1]
        content = "".join(parts)
        return None if "\\" in content else f"{content}{encode_basestring(values[-1])}}}".encode()
    except (TypeError, UnicodeEncodeError):
        return None


def chained(content, key_id):
    """The hash of an entry: HMAC-SHA256 of its header's bytes, 64 hexadecimal digits.

    Raises keys.NoKey if this portal does not have the key.
    """
    return hmac.digest(keys.chain_key(key_id), content, "sha256").hex()


def leaf(content, hash):
    """The leaf of an entry in the Merkle tree (RFC 6962), 32 bytes.

    The hash, which nobody can compute without the key, keeps others from guessing a header by its leaf.
    """
    return hashlib.sha256(b"\x00" + content + hash.encode()).digest()
