"""Integration applications, read in pages by offset."""

from portal.platforms.collection import Collection, narrowed, text_id, text_or_empty, timed, unreadable
from portal.platforms.paging import Pages

PAGE_SIZE = 100


class Apps(Collection):
    @timed
    def list(self, *, limit=1000, name=None):
        pages = Pages(shift=True)
        while True:
            query = [("limit", PAGE_SIZE), ("offset", len(pages.items))]
            answer = self.client.send(self.client.call("GET", self.path(), query=query))
            if not isinstance(answer.data, dict):
                raise unreadable(answer)
            total = answer.data.get("total")
            here = answer.data.get("size") if total is None else total
            pages.add(self.items_in(answer, answer.data, "apps", here), total)
            found = narrowed(pages.items, name)
            if pages.is_over or len(found) >= limit:
                return pages.listing(found, limit, total=None if name else pages.total)

    def decode(self, raw):
        id = text_id(raw.get("id") or raw.get("app_id"))
        return {**raw, "id": id, "name": text_or_empty(raw.get("name")), "app_id": id}


COLLECTION = Apps("/v2/{project_id}/instances/{instance_id}/apps", id="id", name="name")
