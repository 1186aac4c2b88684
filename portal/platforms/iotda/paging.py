"""Lists that come in pages, newest first. Source: the vendor's SDK 3.1.219."""

from portal.platforms.collection import Collection, narrowed, timed, unreadable
from portal.platforms.contract import _
from portal.platforms.iotda.contract import PAGE_LIMIT_MAX
from portal.platforms.paging import Pages
from portal.words import Sentence

# Not said any more: such a list is incomplete. Looks that were recorded before hold its code.
SAME_PAGE = Sentence("iotda.same_page", _("The platform shows the same page again and again."))

EMPTY_PAGES_MAX = 3  # in a row, while more are counted and the marker still moves


class Paged(Collection):
    """Reads by marker, the place where the last page ended. An offset ends at 500 and can skip rows.

    `items` is the member of an answer that holds the rows. `filters` are the query names that the platform
    takes; `name_filter` is the one that narrows by name.
    """

    def __init__(self, path, *, items, filters=(), name_filter=None, **members):
        super().__init__(path, **members)
        self._items, self._filters, self._name_filter = items, filters, name_filter

    @timed
    def list(self, *, limit=1000, name=None, search=None, **filters):
        query = [(key, filters[key]) for key in self._filters if filters.get(key)]
        wanted = name or search
        size = PAGE_LIMIT_MAX if wanted else min(limit, PAGE_LIMIT_MAX)
        query += [(self._name_filter, wanted)] if wanted and self._name_filter else []
        pages, marker, empty = Pages(shift=False), None, 0
        while True:
            items, page = self._page([*query, ("limit", size), ("marker", marker)])
            pages.add(items, page.get("count"))
            before, marker = marker, page.get("marker")
            empty = 0 if items else empty + 1
            is_gap = pages.is_over and not items and not pages.is_whole
            if is_gap and marker and marker != before and empty < EMPTY_PAGES_MAX:
                continue
            if not marker:
                pages.end(is_documented=len(items) < size)
            found = narrowed(pages.items, name, search)
            if pages.is_over or len(found) >= limit:
                return pages.listing(found, limit, total=None if wanted else pages.total)

    def _page(self, query):
        answer = self.client.send(self.client.call("GET", self.path(), query=query))
        if not isinstance(answer.data, dict):
            raise unreadable(answer)
        page = answer.data.get("page")
        page = page if isinstance(page, dict) else {}
        return self.items_in(answer, answer.data, self._items, page.get("count")), page
