"""The gate that all processes share: pauses, waits that platforms asked for, and a connection's own limits.

Only the database's clock decides, and rows change under their lock or by a conditional update, so a killed or
late process does no harm. Passing the gate usually costs one SELECT; inside `reading_once` the exchanges of
one change share it.
"""

import logging
import math
import random
import time
import uuid
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import DatabaseError
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_noop as _

from portal.connections import budget, condition
from portal.connections.models import Condition, Refusal, Slot
from portal.errors import NotSent, Paused, PlatformError, Throttled
from portal.platforms.gate import Gate, counts_as_failure
from portal.words import Sentence

log = logging.getLogger(__name__)

LEASE_SECONDS = 40  # an exchange ends within 31 s
GUESSED_SECONDS_MAX = 60  # for a platform that names no time: 1, 2, 4, ... while it goes on saying "later"
POLL_SECONDS = 0.05
SLOW_SECONDS = 15  # an answer that takes longer holds threads like one that never comes
FORGET = timedelta(hours=1)  # after that, a guess about a family begins anew
# A pause that another process begins stops all calls within 2 s; this leaves time for the reading itself.
GOOD_FOR_SECONDS = 1.5

UNKNOWN = Sentence(
    "gate.unknown",
    _("The portal could not look up whether it may call just now. Try again in a moment."),
)
WAITING = Sentence("gate.waiting", _("The platform asked to wait until %(time)s."))
PACE_USED_UP = Sentence(
    "gate.pace_used_up", _("This connection's own limit of %(count)s calls a minute is used up.")
)
SLOTS_USED_UP = Sentence(
    "gate.slots_used_up",
    _("This connection's own limit of %(count)s calls at the same time is used up."),
)

SLOW = Sentence("gate.slow", _("The platform takes more than 15 s to answer."))

_remembered = ContextVar("remembered", default=None)  # {connection id: Seen} inside `reading_once`


@contextmanager
def reading_once():
    """Inside this block the thread reads an unremarkable condition once, not before each exchange.

    Put it round the few exchanges of one change. A condition with a failure, a pause or a wait is still read
    each time, and so is that of a connection with limits of its own.
    """
    token = _remembered.set({} if _remembered.get() is None else _remembered.get())
    try:
        yield
    finally:
        _remembered.reset(token)


class Slow(PlatformError):
    """Never raised: the note of an answer that came late."""


@dataclass(frozen=True)
class Seen:
    """A Condition, read at `moment` of time.monotonic()."""

    row: Condition
    moment: float


@dataclass(frozen=True)
class Passage:
    """The condition when a call was let through.

    It was read at `at` by the database's clock, which is `read` by time.monotonic().
    """

    era: int
    failures: int
    family: str
    guess: int
    prober: str
    at: datetime
    read: float


class DatabaseGate(Gate):
    """The gate of one connection; `calls_per_minute` and `calls_at_once` are None where there is no limit."""

    def __init__(self, connection_id, calls_per_minute=None, calls_at_once=None, team_id=None):
        self.connection_id, self.team_id = connection_id, team_id
        self.calls_at_once = calls_at_once
        self.pace = Pace(calls_per_minute) if calls_per_minute else None
        self._succeeded_at = None  # when the last call of this process succeeded, by the database's clock

    @contextmanager
    def passage(self, end, family=""):
        with budget.place(self.connection_id, self.team_id, end), self._passage(end, family):
            yield

    @contextmanager
    def _passage(self, end, family):
        slot = ""
        try:
            if self.calls_at_once:
                self._look(end, family)  # a call that cannot go on takes no slot from others
                slot = self._slot(end)
            passage = self._let_through(end, family)
        except DatabaseError as error:
            self._free(slot)
            raise NotSent(UNKNOWN()) from error
        except BaseException:
            self._free(slot)
            raise
        outcome, began = None, time.monotonic()
        try:
            yield
            outcome = True
            if time.monotonic() - began > SLOW_SECONDS:
                outcome = Slow(SLOW())
        except PlatformError as error:
            outcome = error
            raise
        finally:
            self._take_note(passage, outcome)
            self._free(slot)

    def _let_through(self, end, family):
        seen = self._look(end, family)
        if self.pace and self._wait_for_turn(end):
            seen = self._look(end, family)
        prober = self._become_prober(seen.row) if seen.row.paused_at else ""
        if seen.row.paused_at and not prober:
            seen = self._look(end, family)  # another call became the prober, and may have found out already
            if seen.row.paused_at:
                raise Paused(condition.paused_text(seen.row))
        row = seen.row
        return Passage(row.era, row.failures, family, row.guess(family), prober, row.now, seen.moment)

    def _look(self, end, family):
        """The condition as Seen, once neither a pause nor a wait asked for by the platform is in the way."""
        while True:
            seen = self._recall() or self._read()
            row = seen.row
            if row.paused_at and not row.may_be_tried:
                raise Paused(condition.paused_text(row))
            until = row.waits_until(family)
            if until is None:
                return seen
            self._forget()
            _wait(until - row.now, end, WAITING(time=until))

    def _recall(self):
        """What this thread read a moment ago, if it is inside `reading_once`."""
        seen = (_remembered.get() or {}).get(self.connection_id)
        return seen if seen and time.monotonic() - seen.moment < GOOD_FOR_SECONDS else None

    def _read(self):
        seen = Seen(condition.current(self.connection_id), time.monotonic())
        self._forget()
        if _remembered.get() is not None and not self.has_limits and _is_unremarkable(seen.row):
            _remembered.get()[self.connection_id] = seen
        return seen

    def _forget(self):
        if _remembered.get() is not None:
            _remembered.get().pop(self.connection_id, None)

    @property
    def has_limits(self):
        return bool(self.pace or self.calls_at_once)

    def _become_prober(self, seen):
        """A name if this call is the one that finds out whether the platform works again, else ""."""
        mine = uuid.uuid4().hex
        free = Condition.objects.filter(pk=self.connection_id, era=seen.era, paused_at__isnull=False)
        free = free.filter(Q(probe_until=None) | Q(probe_until__lt=Now()), try_at__lte=Now())
        taken = free.update(prober=mine, probe_until=Now() + timedelta(seconds=LEASE_SECONDS))
        return mine if taken else ""

    def _wait_for_turn(self, end):
        """Wait until the connection's own calls per minute allow one more; whether that took any time."""
        with condition.locked(self.connection_id) as row:
            wait, following = self.pace.turn(row.next_turn_at, row.now)
            if _fits(wait, end):
                row.next_turn_at = following
        _wait(wait, end, PACE_USED_UP(count=self.pace.calls))
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
            pause = timedelta(seconds=POLL_SECONDS * random.uniform(1, 3))  # noqa: S311 - so that not all wait equally long
            _wait(pause, end, SLOTS_USED_UP(count=self.calls_at_once))

    def _make_slots(self, slots):
        missing = set(range(1, self.calls_at_once + 1)) - set(slots.values_list("number", flat=True))
        rows = [Slot(connection_id=self.connection_id, number=number) for number in missing]
        Slot.objects.bulk_create(rows, ignore_conflicts=True)

    def _free(self, slot):
        """A slot that cannot be freed now becomes free when its lease ends."""
        if slot:
            with _best_effort():
                held = Slot.objects.filter(connection_id=self.connection_id, holder=slot)
                held.update(holder="", held_until=None)

    def _take_note(self, passage, outcome):
        """`outcome` is True, a PlatformError, or None when the call ended in another exception.

        Whatever fails here, the caller gets the platform's answer.
        """
        if outcome is not True:
            self._forget()
        with _best_effort():
            if isinstance(outcome, Slow):
                self._note_slow(passage, outcome)
            elif outcome is not True and getattr(outcome, "is_final", False):
                self._note_refusal(passage, outcome)
            elif outcome is True or (outcome and outcome.status and not counts_as_failure(outcome)):
                self._note_answer(passage, outcome)
            elif outcome and counts_as_failure(outcome):
                self._note_failure(passage, outcome)
            elif passage.prober:
                probed = Condition.objects.filter(pk=self.connection_id, prober=passage.prober)
                probed.update(prober="", probe_until=None)

    def _note_answer(self, passage, outcome):
        elapsed = timedelta(seconds=time.monotonic() - passage.read)
        self._succeeded_at = max(filter(None, (self._succeeded_at, passage.at + elapsed)))
        is_throttled = isinstance(outcome, Throttled)
        if not (is_throttled or passage.failures or passage.guess or passage.prober):
            return
        with condition.locked(self.connection_id) as row:
            is_counted, is_current = _counts(row, passage), row.era == passage.era
            if is_counted:
                condition.close(row)
            if is_throttled and is_current:
                _note_wait(row, passage, outcome.retry_after)
            elif passage.guess and passage.family in row.waits:
                row.waits[passage.family]["guess"] = 0

    def _note_slow(self, passage, slow):
        """It answered, so a pause ends; but the next answer that is slow begins one again."""
        with condition.locked(self.connection_id) as row:
            if _counts(row, passage) and row.paused_at:
                condition.close(row)
                row.failures, row.failed_at = condition.FAILURES - 1, row.now
                row.failure = condition.failure_of(slow)
                return
        self._note_failure(passage, slow)

    def _note_refusal(self, passage, error):
        """One refused sign-in is enough: platforms lock keys and users after a few."""
        with condition.locked(self.connection_id) as row:
            if _counts(row, passage):
                condition.refuse(row, error)

    def _note_failure(self, passage, error):
        with condition.locked(self.connection_id) as row:
            if not _counts(row, passage):
                return
            # A success writes nothing while there are no failures, so this process's last one counts here.
            broken_off = self._succeeded_at and row.failed_at and row.failed_at < self._succeeded_at
            row.failures = 1 if broken_off and not row.paused_at else row.failures + 1
            if row.refusal != Refusal.SIGN_IN:  # its words stay: they say what a person has to mend
                row.failed_at, row.failure = row.now, condition.failure_of(error)
            if row.paused_at or row.failures >= condition.FAILURES:
                condition.pause(row)


class Pace:
    """At most `calls` in any minute; a tenth of them may come as a burst."""

    def __init__(self, calls):
        self.calls = calls
        burst = max(calls // 10, 1)
        self.interval = timedelta(seconds=60 / (calls - burst + 1))
        self.ahead = (burst - 1) * self.interval

    def turn(self, next_turn_at, now):
        """(how long to wait for this turn, when the next turn is)."""
        turn = max(next_turn_at or now, now)
        return max(turn - self.ahead - now, timedelta()), turn + self.interval


def _is_unremarkable(row):
    return not (row.paused_at or row.is_waiting or row.failures)


def _counts(row, passage):
    """Whether the outcome of a call counts: it began in this era, and during a pause it is the probe."""
    return row.era == passage.era and (not row.paused_at or row.prober == passage.prober != "")


def _note_wait(row, passage, seconds):
    """`seconds` is None where the platform named no time: then all calls under way make the same guess."""
    guess = 0 if seconds else min(passage.guess * 2 or 1, GUESSED_SECONDS_MAX)
    until, known = row.now + timedelta(seconds=guess or seconds), row.waits_until(passage.family)
    if known is None or known < until:
        oldest = (row.now - FORGET).isoformat()
        waits = {name: each for name, each in row.waits.items() if each["until"] > oldest}
        row.waits = waits | {passage.family: {"until": until.isoformat(), "guess": guess}}
        row.wait_until = max(until, row.wait_until or until)


def _fits(wait, end):
    return wait <= timedelta() or time.monotonic() + wait.total_seconds() <= end


def _wait(wait, end, why):
    """Sleep that long, or raise Throttled(why) when the call would not be over in time."""
    if not _fits(wait, end):
        raise Throttled(why, retry_after=math.ceil(wait.total_seconds()))
    if wait > timedelta():
        time.sleep(wait.total_seconds() + 0.001)  # SQLite's clock shows whole milliseconds


@contextmanager
def _best_effort():
    try:
        yield
    except DatabaseError:
        log.exception("the condition of a connection could not be written")
