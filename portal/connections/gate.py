"""The gate that all processes share: pauses, the platform's own waits, calls per minute and at the same time.

Only the database's clock decides, and each row is changed under its lock or by a conditional update, so that
what a killed or late process leaves behind does no harm. The usual passage costs one SELECT.
"""

import logging
import math
import random
import time
import uuid
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import DatabaseError
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from portal.connections import condition
from portal.connections.models import Condition, Slot
from portal.errors import NotSent, Paused, PlatformError, Throttled
from portal.platforms.gate import Gate, counts_as_failure

log = logging.getLogger(__name__)

LEASE_SECONDS = 40  # an exchange ends within 31 s
GUESSED_SECONDS_MAX = 60  # without it: 1, 2, 4, ... while the platform goes on saying "later"
POLL_SECONDS = 0.05


@dataclass(frozen=True)
class Passage:
    """What stood when a call was let through: `at` in database time, `began` by time.monotonic()."""

    era: int
    failures: int
    wait_seconds: int
    prober: str
    at: datetime
    began: float


class DatabaseGate(Gate):
    """Of one connection; `calls_per_minute` and `calls_at_once` are None where nothing is limited."""

    def __init__(self, connection_id, calls_per_minute=None, calls_at_once=None):
        self.connection_id = connection_id
        self.calls_at_once = calls_at_once
        self.pace = Pace(calls_per_minute) if calls_per_minute else None
        self._succeeded_at = None  # by the database's time, the last in this process

    @contextmanager
    def passage(self, end):
        slot = ""
        try:
            if self.calls_at_once:
                self._look(end)  # who cannot go on takes no slot from others
                slot = self._slot(end)
            passage = self._let_through(end)
        except DatabaseError as error:
            self._free(slot)
            text = _("The portal could not look up whether it may call just now. Try again in a moment.")
            raise NotSent(text) from error
        except BaseException:
            self._free(slot)
            raise
        outcome = None
        try:
            yield
            outcome = True
        except PlatformError as error:
            outcome = error
            raise
        finally:
            self._take_note(passage, outcome)
            self._free(slot)

    def _let_through(self, end):
        row = self._look(end)
        if self.pace and self._wait_for_turn(end):
            row = self._look(end)
        prober = self._become_prober(row) if row.paused_at else ""
        if row.paused_at and not prober:
            row = self._look(end)  # another call was faster: it may have found out already
            if row.paused_at:
                raise Paused(condition.paused_text(row))
        return Passage(row.era, row.failures, row.wait_seconds, prober, row.now, time.monotonic())

    def _look(self, end):
        """The condition, once neither a pause nor the platform's own wish holds the call back."""
        while True:
            row = condition.current(self.connection_id)
            if row.paused_at and not row.may_be_tried:
                raise Paused(condition.paused_text(row))
            if not row.is_waiting:
                return row
            text = _("The platform asked to wait until %(time)s.")
            _wait(row.wait_until - row.now, end, text % {"time": condition.clock(row.wait_until)})

    def _become_prober(self, seen):
        """A name when this call is the one that may find out, "" when another one is."""
        mine = uuid.uuid4().hex
        free = Condition.objects.filter(pk=self.connection_id, era=seen.era, paused_at__isnull=False)
        free = free.filter(Q(probe_until=None) | Q(probe_until__lt=Now()), try_at__lte=Now())
        taken = free.update(prober=mine, probe_until=Now() + timedelta(seconds=LEASE_SECONDS))
        return mine if taken else ""

    def _wait_for_turn(self, end):
        """Whether it waited."""
        with condition.locked(self.connection_id) as row:
            wait, following = self.pace.turn(row.next_turn_at, row.now)
            if _fits(wait, end):
                row.next_turn_at = following
        text = _("This connection's own limit of %(count)s calls a minute is used up.")
        _wait(wait, end, text % {"count": self.pace.calls})
        return wait > timedelta()

    def _slot(self, end):
        """The name under which this call holds a slot."""
        mine, slots = uuid.uuid4().hex, Slot.objects.filter(connection_id=self.connection_id)
        lease = timedelta(seconds=max(end - time.monotonic(), 0) + LEASE_SECONDS)
        free = slots.filter(Q(held_until=None) | Q(held_until__lt=Now()), number__lte=self.calls_at_once)
        are_made = False
        while True:
            numbers = list(free.values_list("number", flat=True))
            random.shuffle(numbers)
            if any(
                free.filter(number=each).update(holder=mine, held_until=Now() + lease) for each in numbers
            ):
                return mine
            if not are_made:
                self._make_slots(slots)
                are_made = True
                continue
            text = _("This connection's own limit of %(count)s calls at the same time is used up.")
            text = text % {"count": self.calls_at_once}
            _wait(timedelta(seconds=POLL_SECONDS * random.uniform(1, 3)), end, text)

    def _make_slots(self, slots):
        missing = set(range(1, self.calls_at_once + 1)) - set(slots.values_list("number", flat=True))
        rows = [Slot(connection_id=self.connection_id, number=number) for number in missing]
        Slot.objects.bulk_create(rows, ignore_conflicts=True)

    def _free(self, slot):
        """What cannot be freed now is free when its time is over."""
        if slot:
            with _best_effort():
                held = Slot.objects.filter(connection_id=self.connection_id, holder=slot)
                held.update(holder="", held_until=None)

    def _take_note(self, passage, outcome):
        """`outcome` is True, a PlatformError, or None when it is not known what became of the call.

        Whatever happens here, the platform's answer counts: it is handed on.
        """
        with _best_effort():
            if outcome is True or (outcome and outcome.status and not counts_as_failure(outcome)):
                self._note_answer(passage, outcome)
            elif outcome and counts_as_failure(outcome):
                self._note_failure(passage, outcome)
            elif passage.prober:
                probed = Condition.objects.filter(pk=self.connection_id, prober=passage.prober)
                probed.update(prober="", probe_until=None)

    def _note_answer(self, passage, outcome):
        elapsed = timedelta(seconds=time.monotonic() - passage.began)
        self._succeeded_at = max(filter(None, (self._succeeded_at, passage.at + elapsed)))
        is_throttled = isinstance(outcome, Throttled)
        if not (is_throttled or passage.failures or passage.wait_seconds or passage.prober):
            return
        with condition.locked(self.connection_id) as row:
            is_counted, is_current = _counts(row, passage), row.era == passage.era
            if is_counted:
                condition.close(row)
            if is_throttled and is_current:
                _note_wait(row, passage, outcome.retry_after)

    def _note_failure(self, passage, error):
        with condition.locked(self.connection_id) as row:
            if not _counts(row, passage):
                return
            # Successes write nothing while there are no failures: this process's last one is asked for here.
            broken_off = self._succeeded_at and row.failed_at and row.failed_at < self._succeeded_at
            row.failures = 1 if broken_off and not row.paused_at else row.failures + 1
            row.failed_at, row.failure = row.now, _words(error)
            if row.paused_at or row.failures >= condition.FAILURES:
                condition.pause(row)


class Pace:
    """At most `calls` in any minute, of which a tenth may come at once."""

    def __init__(self, calls):
        self.calls = calls
        burst = max(calls // 10, 1)
        self.interval = timedelta(seconds=60 / (calls - burst + 1))
        self.ahead = (burst - 1) * self.interval

    def turn(self, next_turn_at, now):
        """(how long to wait for the turn, when the one after it is)."""
        turn = max(next_turn_at or now, now)
        return max(turn - self.ahead - now, timedelta()), turn + self.interval


def _counts(row, passage):
    """Whether a call still says something: it began in this era, and it is the probe if there is a pause."""
    return row.era == passage.era and (not row.paused_at or row.prober == passage.prober != "")


def _note_wait(row, passage, seconds):
    """`seconds` None: the platform did not say how long. All that were under way make the same guess."""
    guess = 0 if seconds else min(passage.wait_seconds * 2 or 1, GUESSED_SECONDS_MAX)
    until = row.now + timedelta(seconds=guess or seconds)
    if row.wait_until is None or row.wait_until < until:
        row.wait_until, row.wait_seconds = until, guess


def _words(error):
    """Never what a platform wrote: it may quote what it was sent."""
    return f"HTTP {error.status} {error.code}".strip() + "." if error.status else error.message[:200]


def _fits(wait, end):
    return wait <= timedelta() or time.monotonic() + wait.total_seconds() <= end


def _wait(wait, end, text):
    """Sleep that long, or raise Throttled with the text when it would take too long."""
    if not _fits(wait, end):
        raise Throttled(text, retry_after=math.ceil(wait.total_seconds()))
    if wait > timedelta():
        time.sleep(wait.total_seconds() + 0.001)  # SQLite's clock shows whole milliseconds


@contextmanager
def _best_effort():
    try:
        yield
    except DatabaseError:
        log.exception("the condition of a connection could not be written")
