"""The record as lines of text: JSON that can be verified elsewhere (standalone.py), and CSV for people.

Each line of JSON is an entry: its header as it was hashed, `hash`, and `salt` and `body_text` where it has a
body. Where entries before it were left out, `withheld_before` says which, with the hashes that stand for
them in the Merkle tree; the last line says so of what comes after it. So nothing can be left out unseen.
"""

import json

from django.db import connection

from portal.record import canonical, checkpoints, merkle, reading
from portal.web import sheets

COLUMNS = (
    *("seq", "at", "actor", "via", "team", "kind", "verb", "stage", "outcome", "platform", "connection"),
    *("object_id", "object_scope", "object_name", "space", "operation", "attempt", "correlation", "ticket"),
    *("http_status", "platform_code", "platform_request_id", "duration_ms", "reason", "summary", "words"),
    *("body_text", "prev_hash", "hash"),
)


def rows_of(seqs):
    """Yield a reading.Row for each of these numbers, which rise. `seqs` may be any iterable."""
    batch = []
    for seq in seqs:
        batch.append(seq)
        if len(batch) == reading.AT_ONCE:
            yield from _picked(batch)
            batch = []
    yield from _picked(batch)


def _picked(seqs):
    if not seqs:
        return
    if seqs[-1] - seqs[0] + 1 == len(seqs):
        yield from reading.rows(seqs[0], seqs[-1])
    elif connection.vendor == "postgresql":
        yield from reading.rows(seqs[0], seqs[-1], where="e.seq = ANY(%s)", params=[seqs])
    else:
        wanted = "e.seq IN (SELECT value FROM json_each(%s))"
        yield from reading.rows(seqs[0], seqs[-1], where=wanted, params=[json.dumps(seqs)])


def members_of(row):
    """What a line of JSON has of an entry."""
    members = row.members
    version = members["version"]
    if version != canonical.VERSION:
        members = {name: members[name] for name in canonical.HEADER[version]}
    members = {**members, "hash": row.hash}
    if row.text:
        members |= {"salt": bytes(row.salt).hex(), "body_text": row.text}
    return members


def json_lines(rows, size):
    """Yield a line of JSON for each row, in their order, that a checkpoint of `size` entries covers."""
    held, end = None, 0
    for row in rows:
        seq = row.members["seq"]
        if seq > size:
            break
        if held is not None:
            yield _line(held)
        held = members_of(row)
        if seq > end + 1:
            held["withheld_before"] = _withheld(end, seq - 1)
        end = seq
    if held is not None:
        if end < size:
            held["withheld_after"] = _withheld(end, size)
        yield _line(held)


def _line(members):
    return json.dumps(members, ensure_ascii=False, separators=(",", ":")) + "\n"


def _withheld(start, end):
    nodes = reading.run(start, end).nodes
    return {"from": start + 1, "to": end, "nodes": [node.hex() for node in nodes]}


def csv_lines(rows):
    """Yield the lines of a CSV; an entry of an older version has "" for what came later."""
    return sheets.csv_lines(COLUMNS, (_cells(row) for row in rows))


def _cells(row):
    told = {**row.members, "hash": row.hash, "body_text": row.text or ""}
    return ["" if told[name] is None else told[name] for name in COLUMNS]


def anchor():
    """A checkpoint that covers all that is recorded now. Raises checkpoints.NotMade."""
    head = reading.head()
    while (last := checkpoints.latest()) is None or last.size < head[0]:
        checkpoints.make(now=True)
    return last


def proof(seq):
    """What standalone.py takes as the proof that an entry is in the record; None if there is none."""
    row = next(reading.rows(seq, seq), None)
    if row is None:
        return None
    last = anchor()
    path = merkle.inclusion(seq - 1, last.size, reading.root_of)
    return {
        "entry": members_of(row),
        "path": [node.hex() for node in path],
        "checkpoint": json.loads(checkpoints.as_json(last)),
    }
