"""Is the record intact? What was checked last, checkpoints, and the places outside that have them.

The list shows it in one line, intact_page.py in full.
"""

from dataclasses import dataclass
from functools import cached_property
from urllib.parse import urlsplit

from django.utils import timezone

from portal.record import checking, checkpoints, sinks, standing
from portal.web.following import mark

SHOWN = 20  # findings


@dataclass(frozen=True)
class Place:
    """A sink as pages show it. `behind` counts the checkpoints that it lacks."""

    row: object
    address: str
    is_outside: bool
    behind: int


class State:
    """What is known of the record now, as one person may see it; it is read when a page first asks for it."""

    def __init__(self, user):
        self.user = user

    @cached_property
    def _standing(self):
        return standing.standing()

    @property
    def ended(self):
        """The newest Verification that has ended, or None."""
        return self._standing.ended

    @property
    def running(self):
        return self._standing.running

    @cached_property
    def report(self):
        return checking.report_of(self.ended) if self.ended else None

    @property
    def findings(self):
        return self.report.sorted[:SHOWN]

    @property
    def checkpoint(self):
        return self._standing.checkpoint

    @property
    def is_late(self):
        """Whether no worker has made a checkpoint for long."""
        return self.checkpoint is None or timezone.now() - self.checkpoint.at > checkpoints.LATE

    @cached_property
    def places(self):
        last = self.checkpoint.number if self.checkpoint else 0
        return [
            Place(row, self._told(row.address), sinks.is_outside(row.address), max(last - row.delivered, 0))
            for row in self._standing.sinks
        ]

    def _told(self, address):
        """Some services have a token in the path: only portal administrators, who set it, are shown that."""
        parts = urlsplit(address)
        is_plain = parts.scheme not in ("http", "https") or parts.path in ("", "/")
        return address if is_plain or self.user.is_portal_admin else f"{parts.scheme}://{parts.netloc}/…"

    @property
    def has_outside(self):
        return any(each.is_outside for each in self.places)

    @property
    def key(self):
        """The public key that checkpoints are signed with, 64 hexadecimal digits."""
        return checkpoints.public_bytes(next(iter(checkpoints.keys().values()))).hex()

    @property
    def percent(self):
        return int(100 * self.running.checked / max(self.running.entries, 1))

    @property
    def mark(self):
        running, ended = self.running, self.ended
        return mark(
            running and (running.pk, running.checked),
            ended and ended.pk,
            self.checkpoint and self.checkpoint.number // 5,
            [(each.address, each.row.error, each.behind > 2) for each in self.places],
        )
