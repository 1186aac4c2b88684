"""Reads the times that platforms write, for people. A time that cannot be read is shown as it was written."""

import re
from datetime import UTC, datetime

# yyyyMMdd'T'HHmmss'Z' of Huawei, and what else is seen in its place: a fraction, an offset.
COMPACT = re.compile(
    r"(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)([.,]\d{1,9})?(Z|[+-]\d\d(?::?\d\d)?)?", re.ASCII
)
MILLISECONDS = re.compile(r"-?\d{1,17}", re.ASCII)


def shown(text, in_milliseconds=False):
    """2026-11-20 20:36:05.250 +08:00, from 20261120T203605.250+0800: fraction and offset are kept.

    Forms that people can read as they are, such as 2026-11-20T20:36:05.250+08:00, stay so.
    """
    if in_milliseconds and MILLISECONDS.fullmatch(text):
        return _from_milliseconds(int(text)) or text
    found = COMPACT.fullmatch(text)
    if not found:
        return text
    *numbers, fraction, offset = found.groups()
    try:
        moment = datetime(*map(int, numbers))  # noqa: DTZ001 - only to see whether there is such a time
    except ValueError:
        return text
    zone = "UTC" if offset == "Z" else offset or ""
    return f"{moment:%Y-%m-%d %H:%M:%S}{fraction or ''} {zone}".rstrip()


def _from_milliseconds(count):
    """None outside the range of dates."""
    seconds, rest = divmod(count, 1000)
    try:
        moment = datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None
    fraction = f".{rest:03}" if rest else ""
    return f"{moment:%Y-%m-%d %H:%M:%S}{fraction} UTC"
