"""Days and times as reviewers type them, in their zone, and what they mean as moments."""

import re
from datetime import UTC, datetime, timedelta

from django.utils.dateparse import parse_datetime

WRITTEN = re.compile(r"(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2})(:\d{2})?)?")


def parts(text):
    """(day, time) of a text like 2026-11-20 or 2026-11-20 14:30; None for anything else."""
    found = WRITTEN.fullmatch(text.strip())
    return (found[1], (found[2] or "") + (found[3] or "")) if found else None


def span(text, zone):
    """(first, first after it) of the day, minute or second that the text names, in UTC.

    None for a text that names none. A day of a change of clocks has 23 or 25 hours.
    """
    if not (found := parts(text)):
        return None
    day, time = found
    try:
        begins = parse_datetime(f"{day}T{time or '00:00'}")
        ends = begins and begins + _length(time)
        if not begins or not 1970 <= begins.year < 9999:
            return None
        return tuple(moment.replace(tzinfo=zone).astimezone(UTC) for moment in (begins, ends))
    except (ValueError, OverflowError):
        return None


def _length(time):
    if not time:
        return timedelta(days=1)
    return timedelta(seconds=1) if len(time) > 5 else timedelta(minutes=1)


def offset(zone, moment=None):
    """UTC+08:00 of a zone at a moment (now)."""
    delta = (moment or datetime.now(UTC)).astimezone(zone).utcoffset()
    minutes = int(delta.total_seconds() // 60)
    sign, minutes = ("-", -minutes) if minutes < 0 else ("+", minutes)
    return f"UTC{sign}{minutes // 60:02}:{minutes % 60:02}" if minutes else "UTC"
