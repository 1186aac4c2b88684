"""Refresh: brings the mirror of one kind on one connection in line with its platform, in the background.

A refresh has three parts. The walk reads the platform's list page by page (batches.py). Then the looks read
single objects, where the list and the mirror contradict each other: what the list did not show, what it
showed though it was gone, what it showed otherwise than an own look of a moment ago. In the end it counts
what belongs to each object, where lists tell about that (Related.none).

`Reading` is the truth about it: one process at a time has its lease, and each page moves `place` on in the
transaction that writes the page. So a process may die at any point; another goes on after the last page.
"""

import random
import time
from datetime import timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Case, DateTimeField, F, Q, When
from django.db.models.functions import Coalesce, Now
from django.utils import timezone
from django.utils.translation import gettext_noop as _

from portal.errors import NotSent, PortalError, Rejected, Unclear
from portal.kinds import mirroring
from portal.kinds.models import Reading
from portal.kinds.permissions import naming
from portal.kinds.registry import KINDS
from portal.platforms.collection import Listing
from portal.record.store import append
from portal.resources import drift, reading
from portal.resources.batches import CHUNK, LAG, Lost, hold, write
from portal.resources.drift import Found
from portal.web.stopping import stopping
from portal.words import Sentence, to_json

LEASE = timedelta(seconds=90)  # a page takes 30 s at most
UNTAKEN = timedelta(seconds=30)  # a task that no worker began by then is asked for again
SLICE_SECONDS = 20  # then other refreshes get their turn
LOOKS = 500  # objects that one refresh looks at by themselves
COUNTS, COUNT_AGAIN = 100, timedelta(minutes=30)  # objects of which one refresh counts what belongs to them
BURST, CALLS_PER_SECOND = 50, 10  # of one slice: people call the same platform
TRIES = 4  # a walk goes on at the page that failed; it begins anew when that has failed so often
UNREADABLE = 3  # looks in a row without a readable answer: then it is not the single objects
AGAIN_AFTER = (timedelta(seconds=60), timedelta(minutes=5))  # the first failure, and each further one

NO_END = Sentence("refresh.no_end", _("The list ended without a last page."))


def run(connection_id, slug):
    """Go on with the refresh for one slice. Returns whether more of it is left.

    Returns False as well when nothing is asked for or another process has it.
    """
    work = _claim(connection_id, slug)
    if work is None:
        return False
    try:
        return work.go_on()
    except Lost:
        return False
    except IntegrityError:
        if Reading.objects.filter(pk=work.reading.pk).exists():
            raise
        return False  # the connection was deleted meanwhile


def due():
    """Yield (connection id, slug) of each refresh that is due and that nobody works on, oldest first.

    Each is due again after a while, in case that the worker that takes it is killed.
    """
    rows = Reading.objects.filter(_free(), due_at__lte=Now(), kind__in=KINDS)
    for pk, connection_id, slug in rows.order_by("due_at").values_list("pk", "connection_id", "kind"):
        wanted = {"due_at": Now() + UNTAKEN, "asked_at": Coalesce("asked_at", Now())}
        if Reading.objects.filter(pk=pk, due_at__lte=Now()).update(**wanted):
            yield str(connection_id), slug


def _free():
    return Q(lease_until=None) | Q(lease_until__lte=Now())


def _claim(connection_id, slug):
    """The work on a refresh, with a fence that no other process has; None if there is nothing to do."""
    rows = Reading.objects.filter(connection_id=connection_id, kind=slug)
    wanted = Q(asked_at__isnull=False) | Q(started_at__isnull=False)
    claimed = rows.filter(wanted & _free())
    if not claimed.update(attempt=F("attempt") + 1, lease_until=Now() + LEASE, due_at=Now() + LEASE):
        return None
    found = rows.select_related("connection__team").first()
    return _Work(KINDS[slug], found) if found else None


class _Work:
    def __init__(self, kind, reading):
        self.kind, self.reading = kind, reading
        self.until, self.calls = time.monotonic() + SLICE_SECONDS, 0
        self.claimed_at, self.problem = timezone.now(), None

    @property
    def rows(self):
        return self.kind.model.objects.filter(connection_id=self.reading.connection_id)

    def go_on(self):
        """Work until the slice is over or the refresh ends; returns whether more is left."""
        if self.reading.started_at is None or self.reading.failures >= TRIES:
            self._begin()
        try:
            is_over = self._walk() if self.reading.phase == "walk" else True
            if is_over:
                is_over = self._look()
            if is_over and self.kind.counted:
                is_over = self._count()
        except PortalError as error:
            self._fail(error)
            return False
        if is_over:
            self._end()
            return False
        hold(self.reading, lease_until=None, due_at=Now() + UNTAKEN)
        return True

    def _begin(self):
        hold(
            self.reading,
            started_at=timezone.now(),
            generation=self.reading.generation + 1,
            phase="walk",
            place=None,
            progress=0,
            found_total=None,
            is_whole=False,
        )

    # The walk

    def _walk(self):
        """Read pages until the list or the slice is over; returns whether the list is."""
        bound = self.kind.bound(self.reading.connection.client())
        asked = timezone.now()
        for page in self._pages(bound):
            is_last = page.place is None
            columns = {"place": page.place, "found_total": page.total, "lease_until": Now() + LEASE}
            if is_last:
                columns |= {"phase": "looks", "is_whole": page.is_whole}
            if self.reading.failures:
                columns |= {"said": None, "failed_at": None, "failures": 0}  # it gets on
            write(self.kind, self.reading, page.items, asked, **columns)
            if is_last:
                return True
            if self._is_time_up():
                return False
            self._pace()
            asked = timezone.now()
        raise Unclear(NO_END())

    def _pages(self, bound):
        with bound.naming("list"):
            yield from bound.collection.walk(self.reading.place)

    def _is_time_up(self):
        return stopping.is_set() or time.monotonic() > self.until

    def _pace(self):
        self.calls += 1
        if self.calls > BURST:
            stopping.wait(1 / CALLS_PER_SECOND)

    # The looks

    def _look(self):
        """Judge what the list did not show, and look at what is in question; returns whether that is over.

        `place` says how many objects this refresh has looked at, and which one was the last.
        """
        if self.reading.place is None:
            self._judge_missed()
        place, unreadable = self.reading.place or {"looked": 0, "last": None}, 0
        for row in self._in_question(place["last"]):
            if place["looked"] == LOOKS:
                break
            if self._is_time_up() and place["last"] != (self.reading.place or {}).get("last"):
                hold(self.reading, place=place)
                return False
            last = [row.unsure_at.isoformat(), str(row.pk)]
            unreadable = 0 if self._look_at(row) else unreadable + 1
            if unreadable == UNREADABLE:
                raise self.problem
            place = {"looked": place["looked"] + 1, "last": last}
            self._pace()
            if place["looked"] % BURST == 0:
                hold(self.reading, lease_until=Now() + LEASE, place=place)
        return True

    def _judge_missed(self):
        """A row that a whole list lacks is gone if all that is known of it is older than lists may lag.

        That is so where the platform counts its objects. Where its pages shift, an object may have moved to a
        page that was read before: then a second whole list must lack it, too. The others are not sure until
        somebody has looked.
        """
        if not self.reading.is_whole:
            return
        began, now = self.reading.started_at, timezone.now()
        missed = self.rows.filter(gone_at=None, generation__lt=self.reading.generation)
        proved = missed.filter(known_at__lte=began - LAG)
        if self.kind.declared.pages_shift:
            proved = proved.filter(unsure_at__lt=began)
        while self.reading.found_total is not None and (gone := list(proved[:CHUNK])):
            self._mark_gone(gone)
        while pks := list(missed.filter(unsure_at=None).values_list("pk", flat=True)[:CHUNK]):
            with transaction.atomic(durable=True):
                hold(self.reading, lease_until=Now() + LEASE)
                missed.filter(pk__in=pks).update(unsure_at=now)

    def _mark_gone(self, rows):
        """Mark rows as gone that nobody has read meanwhile, with an entry of those that we did not remove."""
        kind, connection = self.kind, self.reading.connection
        removed = drift.removed_here(kind, connection, rows)
        pks, now = [row.pk for row in rows], timezone.now()
        with transaction.atomic(durable=True):
            hold(self.reading, lease_until=Now() + LEASE)
            unread = self.rows.filter(pk__in=pks, gone_at=None, known_at__lte=self.reading.started_at - LAG)
            gone = set(unread.select_for_update().values_list("pk", flat=True))
            self.rows.filter(pk__in=gone).update(gone_at=now, known_at=now, unsure_at=None)
            self.rows.filter(pk__in=set(pks) - gone).update(generation=self.reading.generation)
            elsewhere = [row for row in rows if row.pk in gone and row.pk not in removed]
            lines = drift.lines(kind, connection, [Found(row, drift.GONE()) for row in elsewhere])
            if lines:
                append(*lines)

    def _in_question(self, last):
        """Rows that list and mirror contradict each other about, those first that wait longest."""
        while True:
            rows = self.rows.exclude(unsure_at=None).order_by("unsure_at", "pk")
            if last:
                rows = rows.filter(Q(unsure_at__gt=last[0]) | Q(unsure_at=last[0], pk__gt=last[1]))
            rows = list(rows[:BURST])
            if not rows:
                return
            last = rows[-1].unsure_at, rows[-1].pk  # a look takes the mark from the row
            yield from rows

    def _look_at(self, row):
        """Look at one object; returns whether the platform's answer could be read.

        Raises NotSent where the platform is not there, or wants fewer calls.
        """
        row.connection = self.reading.connection
        _row, self.problem = reading.read_one(self.kind, row)
        if isinstance(self.problem, NotSent):
            raise self.problem
        return not isinstance(self.problem, Unclear)

    # The counts

    def _count(self):
        """Count what belongs to each object, where lists tell about that; returns whether that is over.

        It costs a call for each, so a count holds for a while. What cannot be read stays unknown.
        """
        found = self.kind.counted
        old = Q(counted_at=None) | Q(counted_at__lt=timezone.now() - COUNT_AGAIN)
        for row in self.rows.filter(old, gone_at=None).order_by("pk")[:COUNTS]:
            if self._is_time_up():
                return False
            row.connection, asked = self.reading.connection, timezone.now()
            try:
                with naming(found.permission):
                    listing = found.read(self.kind.bound(row.connection.client(), row), 1)
            except (Rejected, Unclear):
                listing = Listing(complete=False)
            mirroring.count(row, listing, asked)
            self._pace()
            hold(self.reading, lease_until=Now() + LEASE)
        return True

    # The end

    def _end(self):
        reading = self.reading
        # Nothing, and no count that says so: the platform has not said that there is none.
        is_complete = reading.is_whole and (reading.found_total, reading.progress) != (None, 0)
        showed = {"total": reading.found_total, "count": reading.progress, "is_complete": is_complete}
        over = {"started_at": None, "place": None, "phase": "walk", "lease_until": None}
        hold(
            reading,
            at=timezone.now(),
            as_of=reading.started_at,
            said=None,
            failed_at=None,
            failures=0,
            **self._asked_since(reading.started_at, _next()),
            **showed,
            **over,
        )

    def _asked_since(self, moment, due_at):
        """What somebody asked for since is still wanted, and at once; else the next is due at `due_at`."""
        since = Q(asked_at__gt=moment)
        return {
            "asked_at": Case(When(since, then=F("asked_at")), default=None),
            "due_at": Case(When(since, then=Now()), default=due_at, output_field=DateTimeField()),
        }

    def _fail(self, error):
        """Keep the place, if the platform may just have been away; a refused page needs a new walk."""
        again = AGAIN_AFTER[min(self.reading.failures, len(AGAIN_AFTER) - 1)]
        wait = getattr(error, "retry_after", None) or 0
        started = self.reading.started_at if isinstance(error, NotSent | Unclear) else None
        due_at = Now() + max(again, timedelta(seconds=min(wait, 3600)))
        hold(
            self.reading,
            said=to_json(error.message) or {"text": str(error.message)},
            failed_at=timezone.now(),
            failures=self.reading.failures + 1,
            started_at=started,
            lease_until=None,
            **self._asked_since(self.claimed_at, due_at),
        )


def _next():
    """When the schedule wants the next refresh; None if it wants none. Not all at the same time."""
    every = settings.REFRESH_SECONDS
    return Now() + timedelta(seconds=every * random.uniform(0.9, 1.1)) if every else None  # noqa: S311 - so that not all begin at once
