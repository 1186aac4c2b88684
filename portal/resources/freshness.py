"""What a list says of itself: for each connection how many objects its platform has, as of when, and what is
being done about it. Nothing is said that no reading has shown."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from portal.connections.models import Connection
from portal.kinds.models import Reading
from portal.kinds.permissions import permission_in
from portal.kinds.registry import KINDS
from portal.words import from_json


class State(StrEnum):
    UNREAD = "unread"  # never read, so nothing is known
    WHOLE = "whole"  # the platform says that these are all
    PARTLY = "partly"  # the platform counts more than it showed
    UNCERTAIN = "uncertain"  # the platform does not say whether these are all


@dataclass(frozen=True)
class Freshness:
    """Of one connection."""

    connection: Connection
    reading: Reading

    @property
    def state(self):
        if self.reading.at is None:
            return State.UNREAD
        if self.reading.is_complete:
            return State.WHOLE
        total = self.reading.total
        return State.PARTLY if total is not None and total > self.reading.count else State.UNCERTAIN

    @property
    def is_in_part(self):
        """Whether the person sees a part of the connection: what the platform counts is not told them."""
        return self.connection.open_spaces is not None

    @property
    def problem(self):
        """Why the last refresh failed; "" if it did not."""
        return self.reading.problem if self.reading.failed_at else ""

    @property
    def permission(self):
        """What the connection's account lacks, if that is why and a document names it; else ""."""
        return permission_in(from_json(self.reading.said)) if self.problem else ""

    @property
    def is_running(self):
        """Whether a refresh is going on, between two of its slices too, or about to begin."""
        began, failed = self.reading.started_at, self.reading.failed_at
        is_begun = began is not None and not (failed and failed >= began)
        return self.reading.is_running or self.reading.is_waited_for or is_begun

    @property
    def so_far(self):
        """How many objects the running refresh has shown; 0 if it has not begun."""
        return self.reading.progress if self.reading.started_at and not self.is_in_part else 0

    def lacked(self, row):
        """Whether the last refresh that ended did not show the row."""
        last = self.reading.generation - (1 if self.reading.started_at else 0)
        return row.generation < last

    @property
    def quota(self):
        """How many an account may have by the documents, once nine tenths of that are there; else None."""
        quota, reading = KINDS[self.reading.kind].quota, self.reading
        quota = None if self.is_in_part else quota
        there = max(reading.count, reading.total or 0)
        return quota if quota and there * 10 >= quota * 9 else None

    @property
    def is_empty(self):
        """Whether the platform itself said that it has nothing."""
        return self.state == State.WHOLE and self.reading.count == 0 and not self.problem

    @property
    def shown(self):
        """What the page's text depends on, but for the passing of time."""
        reading = self.reading
        return (
            self.state,
            reading.count,
            reading.total,
            reading.as_of,
            self.is_running,
            self.so_far,
            str(self.problem),
        )


@dataclass(frozen=True)
class Coverage:
    """What several connections together cover.

    `is_read` is False if one of them was never read. `is_whole` is False unless the platforms say of all that
    they showed everything, and no refresh failed since. `as_of` is the oldest reading's; None for none.
    """

    is_read: bool
    is_whole: bool
    as_of: datetime | None

    @classmethod
    def of(cls, fresh):
        moments = [each.reading.as_of for each in fresh if each.reading.as_of]
        return cls(
            is_read=all(each.state != State.UNREAD for each in fresh),
            is_whole=all(each.state == State.WHOLE and not each.problem for each in fresh),
            as_of=min(moments, default=None),
        )

    def __str__(self):
        return ("whole" if self.is_whole else "incomplete") if self.is_read else "unread"


def mark_lacked(rows, fresh):
    """Give each row `is_lacked`: whether the last refresh of its connection did not show it."""
    by_connection = {each.connection.pk: each for each in fresh}
    for row in rows:
        row.is_lacked = by_connection[row.connection_id].lacked(row)


def freshness(readings):
    """One Freshness per Reading."""
    return [Freshness(reading.connection, reading) for reading in readings]
