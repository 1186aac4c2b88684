"""What the pages of a listing have shown so far, and whether the platform says that this is all.

A list is whole only where the platform itself says so: the objects that were read are as many as it counts,
or it counts nothing and its pages have ended as documented. Nothing else is a proof: not an empty page, not a
page that was shown before, not a missing marker.
"""

from dataclasses import dataclass
from hashlib import blake2b

from portal.platforms.collection import Listing, whole_or_none

EMPTY_PAGES_MAX = 3  # in a row, while more are counted and the marker still moves


@dataclass(frozen=True)
class Page:
    """One page of a walk (Collection.walk). `items` are decoded.

    `place` is a JSON value from which another process can go on after this page; None after the last one.
    `total` is the platform's own count, None without one. `is_whole` is True on the last page only, and only
    if the platform says that the pages of the walk showed everything.
    """

    items: list
    place: dict | None
    total: int | None
    is_whole: bool


@dataclass(frozen=True)
class Sheet:
    """One page as it was read. `count` is the platform's, not judged yet; `after` is where the next page is,
    None without one. `is_end`: where a list has no count, it ends like this page. `is_gap`: others may follow
    where this page is empty.
    """

    items: list
    count: object = None
    after: object = None
    is_end: bool = False
    is_gap: bool = False


def by_id(item):
    return "", item["id"]


class Tally:
    """`shift` means that pages are found by their number or offset: when an object is deleted meanwhile, the
    ones behind it move to a page that was read already, so a list that shrank may lack objects.
    `identity(item)` tells objects apart (Collection.identity).
    """

    def __init__(self, *, shift, identity=by_id):
        self._shift, self._identity = shift, identity
        self.seen = self.empty = 0
        self.at = self.total = None
        self.is_uncertain = self.is_over = self.is_whole = False

    def add(self, sheet):
        """Count a page. Afterwards `is_over` means that no further page can show more; else one is `at`."""
        new = self._new(sheet.items)
        self.seen += new
        total = whole_or_none(sheet.count)
        # A count that is no number, or that was there before and is not now, says that something is wrong.
        self.is_uncertain |= total is None and (sheet.count is not None or self.total is not None)
        self.is_uncertain |= self._shift and None not in (total, self.total) and total < self.total
        self.total = total
        if total is not None:
            self.is_uncertain |= self.seen > total  # so it does not count what it shows
            self.is_whole = self.seen == total and not self.is_uncertain
            self.is_over = not new or self.seen == total
        else:
            self.is_whole = not sheet.items and not self.is_uncertain
            self.is_over = not new
        self.empty = 0 if sheet.items else self.empty + 1
        if sheet.after is None:
            self.is_over = True
            self.is_whole |= sheet.is_end and total is None and not self.is_uncertain
        elif sheet.is_gap and sheet.after != self.at and not sheet.items and not self.is_whole:
            self.is_over = self.empty >= EMPTY_PAGES_MAX
        self.at = sheet.after

    def _new(self, items):
        """How many of the items no page has shown before."""
        raise NotImplementedError


class Pages(Tally):
    """A tally that keeps the objects."""

    def __init__(self, **options):
        super().__init__(**options)
        self._objects = {}

    @property
    def items(self):
        return list(self._objects.values())

    def _new(self, items):
        known = len(self._objects)
        for item in items:
            self._objects.setdefault(self._identity(item), item)
        return len(self._objects) - known

    def listing(self, found, limit, *, total):
        """The Listing of `found`, those of the items that are wanted."""
        return Listing(found[:limit], total, self.is_over and self.is_whole and len(found) <= limit)


class Trail(Tally):
    """A tally that another process can take up: it keeps no object, and its `place` is of the same size
    however many pages were read.

    It knows the page before, whose objects the next one may show again, and one page further back, which
    moves on at each power of two, so that pages that go round in circles are noticed too. Objects that come
    again from further away count twice: who keeps the objects checks that they are `total` different ones.
    """

    def __init__(self, place=None, **options):
        super().__init__(**options)
        self._number, self._before, self._mark = 0, [], ""
        if place:
            self.at, self.seen, self.empty, self.total = (
                place[name] for name in ("at", "seen", "empty", "total")
            )
            self.is_uncertain = place["is_uncertain"]
            self._number, self._before, self._mark = place["number"], place["before"], place["mark"]

    @property
    def place(self):
        if self.is_over:
            return None
        known = {name: getattr(self, name) for name in ("at", "seen", "empty", "total", "is_uncertain")}
        return {**known, "number": self._number, "before": self._before, "mark": self._mark}

    def add(self, sheet):
        super().add(sheet)
        if not sheet.items:
            return
        whole = _digest("\n".join(self._before))
        if whole == self._mark:
            self.is_over, self.is_whole = True, False
        self._number += 1
        if self._number & (self._number - 1) == 0:
            self._mark = whole

    def _new(self, items):
        if not items:
            return 0
        digests = (_digest("".join(self._identity(item))) for item in items)
        before, self._before = set(self._before), list(dict.fromkeys(digests))
        return sum(digest not in before for digest in self._before)


def _digest(text):
    return blake2b(text.encode(), digest_size=5).hexdigest()


def turned(read, tally):
    """Read one page after the other, by `read(at)`, until the tally is over; yields the items of each."""
    while not tally.is_over:
        sheet = read(tally.at)
        tally.add(sheet)
        yield sheet.items


def listed(read, limit, *, shift):
    """The Listing of up to `limit` objects, by `read(at)`."""
    pages = Pages(shift=shift)
    for _items in turned(read, pages):
        if len(pages.items) > limit:
            break
    return pages.listing(pages.items, limit, total=pages.total)


def walked(read, place, **options):
    """The Pages of a walk that began, or goes on, at `place`; `options` are those of a Tally."""
    trail = Trail(place, **options)
    for items in turned(read, trail):
        yield Page(items, trail.place, trail.total, trail.is_over and trail.is_whole)
