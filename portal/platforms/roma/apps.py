"""Integration applications, read in pages by offset."""

from portal.platforms.collection import Collection, narrowed, text_id, text_or_empty, timed, unreadable
from portal.platforms.paging import Pages, Sheet, turned, walked

PAGE_SIZE = 100


class Apps(Collection):
    pages_shift = True

    @timed
    def list(self, *, limit=1000, name=None):
        pages, found = Pages(shift=True), []
        for _items in turned(self._sheet, pages):
            found = narrowed(pages.items, name)
            if len(found) >= limit:
                break
        return pages.listing(found, limit, total=None if name else pages.total)

    def walk(self, place=None):
        return walked(self._sheet, place, shift=True)

    def _sheet(self, at):
        offset = at or 0
        query = [("limit", PAGE_SIZE), ("offset", offset)]
        answer = self.client.send(self.client.call("GET", self.path(), query=query))
        if not isinstance(answer.data, dict):
            raise unreadable(answer)
        total = answer.data.get("total")
        here = answer.data.get("size") if total is None else total
        items = self.items_in(answer, answer.data, "apps", here)
        return Sheet(items, total, offset + len(items))

    def decode(self, raw):
        id = text_id(raw.get("id") or raw.get("app_id"))
        return {**raw, "id": id, "name": text_or_empty(raw.get("name")), "app_id": id}


COLLECTION = Apps("/v2/{project_id}/instances/{instance_id}/apps", id="id", name="name")
