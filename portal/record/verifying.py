"""Is the record what was written? One pass over entries, bodies and checkpoints, then what pages show.

It checks what is displayed, not only what was hashed: the list, its filters, the search. A checkpoint that is
kept outside shows when the end is gone, or all was written anew by somebody who has the key.
"""

import hmac
import re
import time
from contextlib import closing
from hashlib import sha256 as _sha256
from operator import itemgetter

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
_COUNT, _at = reading.COUNT, reading.NAMES.index
_SEQ, _PREV_HASH, _KEY_ID, _VERB, _TEAM, _DIGEST = map(
    _at, ("seq", "prev_hash", "key_id", "verb", "team_id", "body_digest")
)
_searched = itemgetter(*map(_at, searching.FIELDS))


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
    with derived.checked_beside(report):
        walk.run(max(head[0], head[2]), progress)
        _check_head(report, walk, *head)
        walk.finish()
        witnesses.check(report)
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
        self.macs = {id: hmac.new(key, digestmod="sha256") for id, key in self.ring.items()}
        self.values_of = reading.cleaner()
        self.tree, self.tile, self.tiles = merkle.Run(), merkle.Run(), _tiles()
        self.leaves = []  # that are not in the tile yet
        self.is_whole = True  # so far: without all leaves no root can be computed
        self.proven = 0  # so many entries are those of a checkpoint
        self.checkpoints = _checkpoints(newest)
        self.number, self.size = 0, 0  # of the checkpoint that was looked at last
        self.checkpoint = next(self.checkpoints, None)

    def run(self, last, progress):
        self._reach(0)
        with closing(reading.batches_ahead(LOWEST, last)) as batches:
            for some in batches:
                for raw in some:
                    self._row(raw[_SEQ], raw)
                if some:
                    progress(some[-1][_SEQ], last)

    def _row(self, seq, raw):
        if seq < 1:
            self.report.add(findings.MISPLACED, seq)
            return
        self._entry(seq, raw)
        self._body(seq, raw)
        self.expected, self.hash = seq + 1, raw[_COUNT]
        if not seq % reading.TILE:
            self._end_tile(seq)
        if self.checkpoint and self.checkpoint.size <= seq:
            self._reach(seq)

    def _entry(self, seq, raw):
        values, hash = self.values_of(raw), raw[_COUNT]
        if seq == self.expected and values[_PREV_HASH] == self.hash and (mac := self.macs.get(raw[_KEY_ID])):
            content = canonical.plain_bytes(values)
            if content:
                mac = mac.copy()
                mac.update(content)
                if mac.hexdigest() == hash:
                    self.report.entries += 1
                    self.leaves.append(_sha256(b"\x00" + content + hash.encode()).digest())
                    return
        self._look_at(seq, raw)

    def _look_at(self, seq, raw):
        """An entry that is not simply right: of an older version, with odd characters, or with a fault."""
        if seq != self.expected:
            self.report.add(findings.GONE, self.expected)
            self.is_whole = False
        members, hash, *_beside = reading.row_of(raw, self.values_of(raw))
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
        self.leaves.append(_sha256(b"\x00" + content + encoded).digest())

    def _body(self, seq, raw):
        salt, text, search, folding = raw[_COUNT + 1 :]
        report = self.report
        if text is None:
            report.add(findings.BODY_GONE, seq)
            return
        report.bodies += 1
        if not text:
            report.dropped += 1
            covered = self.dropped.get(raw[_TEAM], 0) if raw[_VERB] != "drop_bodies" else 0
            if len(salt) or covered < seq:
                report.add(findings.BODY_EMPTIED, seq)
        elif _sha256(salt + text.encode()).hexdigest() != raw[_DIGEST]:
            report.add(findings.BODY_CHANGED, seq)
        if searching.text_of(_searched(raw), text or "{}") != search:
            if folding != searching.FOLDING and searching.may_differ(folding, text, *_searched(raw)):
                report.add(findings.SEARCH_OLDER, seq, is_sure=False, folding=str(folding)[:16])
            else:
                report.add(findings.SEARCH_CHANGED, seq)

    def _end_tile(self, seq):
        self.tile.extend(self.leaves)
        root, self.tile, self.leaves = self.tile.root(), merkle.Run(), []
        stored = self.tiles.pop(seq // reading.TILE - 1, None)
        if not self.is_whole:
            return
        self.tree.add(root, reading.LEVEL)
        if stored is not None and stored != root.hex() and not self.report.is_bad:
            self.report.add(findings.TILE_DIFFERS, seq, first=seq - reading.TILE + 1)

    def _reach(self, seq):
        """Compare with all checkpoints of so many entries."""
        self.tile.extend(self.leaves)
        self.leaves = []
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
