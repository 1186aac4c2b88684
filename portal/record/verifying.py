"""Is the record what was written? One pass over entries, bodies and checkpoints, then what pages show.

It checks what is displayed, not only what was hashed: the list, its filters, the search. A checkpoint that is
kept outside shows when the end is gone, or all was written anew by somebody who has the key.
"""

import hashlib
import hmac
import re
import time

from django.db import DatabaseError, connection

from portal.record import (
    canonical,
    checkpoints,
    derived,
    findings,
    keys,
    merkle,
    reading,
    searching,
    witnesses,
)
from portal.record.findings import Report
from portal.record.models import Checkpoint

AT_ONCE = 1000  # checkpoints read together
LOWEST = -(2**63)  # number that a row can have; the first entry has 1


def verify(progress=None):
    """Check all of the record; returns a Report. Changes nothing.

    `progress(checked, entries)` is called now and then; what it raises ends the check. Entries that are
    appended meanwhile are left for the next check.
    """
    report, began = Report(), time.monotonic()
    try:
        _verify(report, progress or (lambda checked, entries: None))
    except DatabaseError as error:
        report.add(findings.DATABASE, is_sure=False, error=str(error)[:200])
    report.seconds = round(time.monotonic() - began, 3)
    return report


def _verify(report, progress):
    newest = checkpoints.latest()  # before the head: no checkpoint up to it may be larger
    head = reading.head()
    if head is None:
        report.add(findings.NO_HEAD)
        return
    derived.check_triggers(report)
    walk = _Walk(report, newest.number if newest else 0)
    with derived.index_checked(report):
        walk.run(max(head[0], head[2]), progress)
        _check_head(report, walk, *head)
        walk.finish()
        witnesses.check(report)
        derived.check(report)
    if not report.findings:
        if not report.entries:
            report.add(findings.NOTHING, is_sure=False)
        elif newest is None:
            report.add(findings.NO_CHECKPOINT, is_sure=False)


def _check_head(report, walk, seq, hash, highest):
    if seq != highest:
        report.add(findings.HEAD_DIFFERS, seq, last=highest)
    elif seq and hash != walk.hash:
        report.add(findings.HEAD_HASH, seq)
    if walk.expected <= max(seq, highest):
        report.add(findings.GONE, walk.expected)


class _Walk:
    """Goes over the entries in their order. `hash` is that of the last one, `expected` the next number."""

    def __init__(self, report, newest):
        self.report, self.expected, self.hash = report, 1, ""
        self.ring, self.dropped = keys.ring(), _dropped()
        self.tree, self.tile, self.tiles = merkle.Run(), merkle.Run(), _tiles()
        self.is_whole = True  # so far: without all leaves no root can be computed
        self.proven = 0  # so many entries are those of a checkpoint
        self.checkpoints = _checkpoints(newest)
        self.number, self.size = 0, 0  # of the checkpoint that was looked at last
        self.checkpoint = next(self.checkpoints, None)

    def run(self, last, progress):
        self._reach(0)
        for row in reading.rows(LOWEST, last):
            members = row.members
            seq = members["seq"]
            if seq < 1:
                self.report.add(findings.MISPLACED, seq)
                continue
            if seq != self.expected:
                self.report.add(findings.GONE, self.expected)
                self.is_whole = False
            self._entry(seq, members, row.hash)
            self._body(seq, members, row)
            self.expected, self.hash = seq + 1, row.hash
            if not seq % reading.TILE:
                self._end_tile(seq)
            if self.checkpoint and self.checkpoint.size <= seq:
                self._reach(seq)
            if not seq % reading.AT_ONCE:
                progress(seq, last)

    def _entry(self, seq, members, hash):
        try:
            content = reading.content(members)
            encoded = hash.encode()
        except (KeyError, TypeError, ValueError, AttributeError):
            self.report.add(findings.UNREADABLE, seq)
            self.is_whole = False
            return
        key = self.ring.get(members["key_id"])
        if members["prev_hash"] != self.hash:
            self.report.add(findings.MISPLACED, seq)
        elif key is None:
            self.report.add(findings.NO_KEY, seq, is_sure=False, key_id=str(members["key_id"])[:16])
        elif hmac.digest(key, content, "sha256").hex() != hash:
            self.report.add(findings.CHANGED, seq)
        elif members["version"] != canonical.VERSION and _is_too_new(members):
            self.report.add(findings.TOO_NEW, seq)
        self.report.entries += 1
        self.tile.add(hashlib.sha256(b"\x00" + content + encoded).digest())

    def _body(self, seq, members, row):
        text, report = row.text, self.report
        if text is None:
            report.add(findings.BODY_GONE, seq)
            return
        report.bodies += 1
        if not text:
            report.dropped += 1
            covered = self.dropped.get(members["team_id"], 0) if members["verb"] != "drop_bodies" else 0
            if len(row.salt) or covered < seq:
                report.add(findings.BODY_EMPTIED, seq)
        elif hashlib.sha256(row.salt + text.encode()).hexdigest() != members["body_digest"]:
            report.add(findings.BODY_CHANGED, seq)
        if searching.text(members, text or "{}") != row.search:
            report.add(findings.SEARCH_CHANGED, seq)

    def _end_tile(self, seq):
        root, self.tile = self.tile.root(), merkle.Run()
        stored = self.tiles.pop(seq // reading.TILE - 1, None)
        if not self.is_whole:
            return
        self.tree.add(root, reading.LEVEL)
        if stored is not None and stored != root.hex() and not self.report.is_bad:
            self.report.add(findings.TILE_DIFFERS, seq, first=seq - reading.TILE + 1)

    def _reach(self, seq):
        """Compare with all checkpoints of so many entries."""
        root = merkle.top(self.tree.nodes + self.tile.nodes).hex()
        while (each := self.checkpoint) and each.size <= seq:
            self._judge(each)
            if each.size < seq:
                self.report.add(findings.CHECKPOINT_ORDER, number=each.number)
            elif self.is_whole and (each.root, each.head_hash) == (root, self.hash):
                self.proven = seq
            elif not self.report.is_bad:
                first = {"first": self.proven + 1}
                self.report.add(findings.REWRITTEN, self.proven + 1, number=each.number, size=seq, **first)
            self.checkpoint = next(self.checkpoints, None)

    def _judge(self, each):
        self.number += 1
        while self.number < each.number and not self.report.left_out:
            self.report.add(findings.CHECKPOINT_GONE, number=self.number)
            self.number += 1
        self.number = each.number
        if (is_signed := checkpoints.is_signed(each)) is False:
            self.report.add(findings.SIGNATURE, number=each.number)
        elif is_signed is None:
            told = {"number": each.number, "key_id": each.key_id}
            self.report.add(findings.NO_SIGNER, is_sure=False, **told)
        self.report.checkpoints += 1
        self.report.last_checkpoint = each.size

    def finish(self):
        """All entries were seen: what is left of checkpoints and tiles is of entries that are gone."""
        last = self.expected - 1
        while each := self.checkpoint:
            self._judge(each)
            self.report.add(findings.CUT, last + 1, number=each.number, size=each.size, last=last)
            self.checkpoint = next(self.checkpoints, None)
        if self.tiles and not self.report.is_bad:
            first = min(self.tiles) * reading.TILE + 1
            self.report.add(findings.TILE_DIFFERS, first + reading.TILE - 1, first=first)


def _is_too_new(members):
    later = set(reading.NAMES) - set(canonical.HEADER[members["version"]])
    return any(members[name] for name in later)


def _dropped():
    """{team id: number up to which its rule has dropped bodies}, as the guards understand it."""
    found = {}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT team_id, object_id FROM record_entry WHERE verb = 'drop_bodies' AND outcome = 'done'"
        )
        for team, number in cursor:  # a forged one may be anything
            if re.fullmatch("[0-9]{1,18}", str(number)):
                found[team] = max(found.get(team, 0), int(number))
    return found


def _tiles():
    with connection.cursor() as cursor:
        cursor.execute("SELECT number, root FROM record_tile")
        return dict(cursor.fetchall())


def _checkpoints(newest):
    """Yield the checkpoints up to this number, which may be a forged one beyond all others."""
    last = LOWEST
    while rows := list(
        Checkpoint.objects.filter(number__gt=last, number__lte=newest).order_by("number")[:AT_ONCE]
    ):
        yield from rows
        last = rows[-1].number
