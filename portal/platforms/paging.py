"""What the pages of a listing have shown so far, and whether the platform says that this is all.

A list is whole only where the platform itself says so: the objects that were read are as many as it counts,
or it counts nothing and its pages have ended as documented. Nothing else is a proof: not an empty page, not a
page that was shown before, not a missing marker.
"""

from portal.platforms.collection import Listing, whole_or_none


class Pages:
    """`shift` means that pages are found by their number or offset: when an object is deleted meanwhile, the
    ones behind it move to a page that was read already, so a list that shrank may lack objects.
    """

    def __init__(self, *, shift):
        self._shift = shift
        self._seen = {}
        self._is_uncertain = False
        self.total = None
        self.is_over = self.is_whole = False

    @property
    def items(self):
        return list(self._seen.values())

    def add(self, items, count):
        """Add the items of a page; `count` is how many there are in all, as that page says it.

        Afterwards `is_over` means that no further page can show more.
        """
        new = {item["id"]: item for item in items if item["id"] not in self._seen}
        self._seen |= new
        total = whole_or_none(count)
        # A count that is no number, or that was there before and is not now, says that something is wrong.
        self._is_uncertain |= total is None and (count is not None or self.total is not None)
        self._is_uncertain |= self._shift and None not in (total, self.total) and total < self.total
        self.total = total
        if total is not None:
            self._is_uncertain |= len(self._seen) > total  # so it does not count what it shows
            self.is_whole = len(self._seen) == total and not self._is_uncertain
            self.is_over = not new or len(self._seen) == total
        else:
            self.is_whole = not items and not self._is_uncertain
            self.is_over = not new

    def end(self, *, is_documented):
        """There is no further page to ask for. `is_documented`: lists without a count end like this."""
        self.is_over = True
        self.is_whole |= is_documented and self.total is None and not self._is_uncertain

    def listing(self, found, limit, *, total):
        """The Listing of `found`, those of the items that are wanted."""
        return Listing(found[:limit], total, self.is_over and self.is_whole and len(found) <= limit)
