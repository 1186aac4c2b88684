"""Lists that come in pages, newest first. Source: the vendor's SDK 3.1.219."""

from portal.platforms.collection import Collection, narrowed, timed, unreadable
from portal.platforms.contract import _
from portal.platforms.iotda.contract import PAGE_LIMIT_MAX
from portal.platforms.paging import Pages, Sheet, listed, turned, walked
from portal.words import Sentence

# Not said any more: such a list is incomplete. Looks that were recorded before hold its code.
SAME_PAGE = Sentence("iotda.same_page", _("The platform shows the same page again and again."))


class Paged(Collection):
    """Reads by marker, the place where the last page ended. An offset ends at 500 and can skip rows.

    `items` is the member of an answer that holds the rows. `filters` are the query names that the platform
    takes; `name_filter` is the one that narrows by name.
    """

    newest_first = True

    def __init__(self, path, *, items, filters=(), name_filter=None, **members):
        super().__init__(path, **members)
        self._items, self._filters, self._name_filter = items, filters, name_filter
        self.finds_names = name_filter is not None

    @timed
    def list(self, *, limit=1000, name=None, search=None, calls=None, **filters):
        wanted = name or search
        size = PAGE_LIMIT_MAX if wanted else min(limit, PAGE_LIMIT_MAX)
        pages, found = Pages(shift=False, identity=self.identity), []
        for number, _items in enumerate(turned(self._reader(size, wanted, **filters), pages), 1):
            found = narrowed(pages.items, name, search)
            if len(found) >= limit or number == calls:
                break
        return pages.listing(found, limit, total=None if wanted else pages.total)

    def walk(self, place=None, **filters):
        read = self._reader(PAGE_LIMIT_MAX, **filters)
        return walked(read, place, shift=False, identity=self.identity)

    def _reader(self, size, wanted=None, **filters):
        query = [(key, filters[key]) for key in self._filters if filters.get(key)]
        query += [(self._name_filter, wanted)] if wanted and self._name_filter else []

        def read(marker):
            items, page = self._page([*query, ("limit", size), ("marker", marker)])
            after = page.get("marker") or None
            return Sheet(items, page.get("count"), after, is_end=len(items) < size, is_gap=True)

        return read

    def _page(self, query):
        answer = self.client.send(self.client.call("GET", self.path(), query=query))
        page = page_of(answer)
        return self.items_in(answer, answer.data, self._items, page.get("count")), page


def page_of(answer):
    """The part of a list's answer that tells count and marker."""
    if not isinstance(answer.data, dict):
        raise unreadable(answer)
    page = answer.data.get("page")
    return page if isinstance(page, dict) else {}


def inner_list(call, member, read, limit, send):
    """The Listing of what belongs to one object: `call(marker)` asks for a page, `read(item)` decodes.

    A decoded item has an "id". `read` raises ValueError, TypeError or KeyError for what is no item.
    """

    def sheet(marker):
        answer = send(call(marker))
        page, found = page_of(answer), answer.data.get(member)
        if not isinstance(found, list):
            raise unreadable(answer)
        try:
            items = [read(item) for item in found]
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise unreadable(answer) from error
        is_end = len(items) < PAGE_LIMIT_MAX
        return Sheet(items, page.get("count"), page.get("marker") or None, is_end=is_end, is_gap=True)

    return listed(sheet, limit, shift=False)
