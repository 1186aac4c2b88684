"""Who reads the record is recorded, too: the first time in an hour at once, the others as a count."""

from portal.teams.folding import READ
from portal.teams.recording import fold, line

VERB, KIND = "read_record", "portal/record"


def line_of(reader, team, via="web"):
    """The line of somebody who reads a team's record, or tries to. `team` is None for that of all teams."""
    return line(VERB, kind=KIND, actor=reader, team=team, via=via)


def has_read(reader, team, page, filters=None, via="web"):
    """Record that somebody is shown a page of the record, a `list` or an `entry`. Raises RecordUnavailable.

    `filters` is {name: text} by which the list is narrowed, or what names the entry.
    """
    body = {"page": page, "filter": {name: value for name, value in (filters or {}).items() if value}}
    fold(READ, {**line_of(reader, team, via), "body": body})
