"""Copies of checkpoints in files outside the database, compared with those in it."""

import json
from itertools import islice

from portal.record import checkpoints, findings, reading, sinks
from portal.record.models import Checkpoint, Sink

AT_ONCE = 1000  # lines
LONGEST = 10_000  # characters of a line


def check(report):
    """Compare each file sink with the database. Lines that are no checkpoint prove nothing."""
    for name, path in sinks.files().items():
        _check_file(report, name, path)


def _check_file(report, name, path):
    delivered = Sink.objects.filter(pk=name).values_list("delivered", flat=True).first() or 0
    last = 0
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            lines = enumerate(iter(lambda: file.readline(LONGEST), ""), 1)
            while some := list(islice(lines, AT_ONCE)):
                last = max(last, _compare(report, name, some))
    except FileNotFoundError:
        pass  # what was written there is missed below
    except OSError as error:
        report.add(findings.COPY_UNREADABLE, is_sure=False, file=name, error=str(error.strerror))
        return
    if last < delivered:
        report.add(findings.COPY_LACKS, is_sure=False, file=name, number=delivered)


def _compare(report, name, lines):
    """Number of the last checkpoint in these lines."""
    copies = [(line, copy) for line, text in lines if (copy := of_line(text))]
    there = Checkpoint.objects.in_bulk([copy.number for _line, copy in copies])
    for line, copy in copies:
        report.copies += 1
        own = there.get(copy.number)
        if own and _same(own, copy):
            continue
        is_signed = checkpoints.is_signed(copy)
        told = {"file": name, "number": copy.number}
        if is_signed is False:
            report.add(findings.COPY_FORGED, file=name, line=line)
        elif is_signed is None:
            report.add(findings.NO_SIGNER, is_sure=False, number=copy.number, key_id=copy.key_id)
        elif own is None:
            report.add(findings.COPY_AHEAD, _beyond(copy), size=copy.size, **told)
        else:
            report.add(findings.COPY_DIFFERS, _first_other(copy), **told)
    return max((copy.number for _line, copy in copies), default=0)


def of_line(text):
    """The Checkpoint that a line of a sink holds; None for any other text."""
    try:
        told = json.loads(text)
        copy = Checkpoint(
            number=int(told["number"]),
            size=int(told["size"]),
            root=bytes.fromhex(told["root"]).hex(),
            head_hash=str(told["head_hash"]),
            at=reading.moment(told["at"]),
            key_id=str(told["key_id"]),
            signature=str(told["signature"]),
        )
    except (ValueError, KeyError, TypeError):
        return None
    return copy if 0 < copy.number < 2**63 and 0 <= copy.size < 2**63 else None


def _same(one, other):
    return checkpoints.note(one) == checkpoints.note(other) and one.signature == other.signature


def _beyond(copy):
    """The first entry that the copy knows and the database has not; None if it has as many."""
    last = reading.head()[2]
    return last + 1 if copy.size > last else None


def _first_other(copy):
    """The first entry that may be another than that of the copy."""
    before = Checkpoint.objects.filter(number__lt=copy.number).order_by("-number").first()
    return min(before.size if before else 0, max(copy.size - 1, 0)) + 1
