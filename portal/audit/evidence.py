"""A ZIP of evidence: entries with their bodies, checkpoints, the program that checks them, and a summary.

It is written while it is sent: neither entries nor the ZIP are ever in memory as a whole.
"""

import json
import zipfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from django.template.loader import render_to_string
from django.utils import timezone

from portal.record import checkpoints, exporting, merkle, reading, standalone
from portal.record.models import Checkpoint
from portal.words import from_json

SHOWN = 1000  # entries in the summary
EARLIER = 20  # checkpoints of before, each with the proof that this record goes on from it
PIECE = 65_536  # bytes that are sent together


@dataclass
class About:
    """What an export is of. `rows` counts the rows of the list, `checkpoint` covers all entries of it."""

    user: object
    filters: dict
    rows: int
    checkpoint: object
    entries: int = 0
    bodies: int = 0
    first: dict | None = None
    last: dict | None = None
    outcomes: Counter = field(default_factory=Counter)
    shown: list = field(default_factory=list)

    def see(self, row):
        members = row.members
        self.entries += 1
        self.bodies += bool(row.text)
        self.first, self.last = self.first or members, members
        self.outcomes[members["kind"], members["verb"], members["outcome"]] += 1
        if len(self.shown) < SHOWN:
            said = from_json(json.loads(members["words"])) if members["words"] else None
            self.shown.append({**members, "said": str(said) if said else members["summary"]})

    @property
    def withheld(self):
        return self.checkpoint.size - self.entries

    @property
    def counted(self):
        return [(*what, count) for what, count in self.outcomes.most_common(SHOWN)]


class _Pipe:
    """A file without places to go back to: what was written to it since the last `take`."""

    def __init__(self):
        self.parts, self.length = [], 0

    def write(self, data):
        self.parts.append(bytes(data))
        self.length += len(data)
        return len(data)

    def flush(self):
        """Nothing is kept back."""

    def take(self):
        data = b"".join(self.parts)
        self.parts, self.length = [], 0
        return data


def pieces(rows, about):
    """Yield the bytes of the ZIP."""
    pipe = _Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, lines in _files(rows, about):
            entry = zipfile.ZipInfo(name, timezone.now().timetuple()[:6])
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            with archive.open(entry, "w", force_zip64=True) as file:
                for line in lines:
                    file.write(line.encode("utf-8", "replace"))
                    if pipe.length > PIECE:
                        yield pipe.take()
    yield pipe.take()


def _files(rows, about):
    """Yield (name, texts). The summary comes after the entries, which it counts while they go by."""
    yield "entries.jsonl", exporting.json_lines(_seen(rows, about), about.checkpoint.size)
    yield "checkpoints.jsonl", [f"{checkpoints.as_json(about.checkpoint)}\n"]
    yield "proofs.json", [json.dumps(_proofs(about.checkpoint), indent=1)]
    yield "verify.py", [Path(standalone.__file__).read_text(encoding="utf-8")]
    context = {"about": about, "now": timezone.now(), "key": _key(about.checkpoint)}
    yield "summary.html", [render_to_string("audit/summary.html", context)]
    yield "README.txt", [render_to_string("audit/evidence.txt", context)]


def _seen(rows, about):
    for row in rows:
        if row.members["seq"] <= about.checkpoint.size:
            about.see(row)
        yield row


def _key(checkpoint):
    return json.loads(checkpoints.as_json(checkpoint))["key"]


def _proofs(checkpoint):
    """Earlier checkpoints, and for each what shows that the record of this one goes on from it."""
    earlier = Checkpoint.objects.filter(size__gt=0, size__lt=checkpoint.size).order_by("-number")
    by_size = {each.size: each for each in earlier[: 10 * EARLIER]}
    return [
        {
            "checkpoint": json.loads(checkpoints.as_json(each)),
            "consistency": [
                node.hex() for node in merkle.consistency(size, checkpoint.size, reading.root_of)
            ],
        }
        for size, each in list(by_size.items())[:EARLIER]
    ]
