"""Resource spaces. The API calls them apps and lists all of them on one page."""

from portal.platforms.collection import Collection, narrowed, timed, unreadable
from portal.platforms.paging import Pages, Sheet, walked


class Spaces(Collection):
    """No filter finds a name, but the one page is whole: what it does not show is not there."""

    @timed
    def list(self, *, limit=1000, name=None):
        pages = Pages(shift=False)
        pages.add(self._sheet())
        found = narrowed(pages.items, name)
        return pages.listing(found, limit, total=pages.total if name is None and pages.total else len(found))

    def walk(self, place=None):
        return walked(self._sheet, place, shift=False)

    def _sheet(self, _at=None):
        answer = self.client.send(self.client.call("GET", self.path()))
        if not isinstance(answer.data, dict):
            raise unreadable(answer)
        page = answer.data.get("page")
        count = page.get("count") if isinstance(page, dict) else None  # no document has one here
        return Sheet(self.items_in(answer, answer.data, "applications", count), count, is_end=True)


COLLECTION = Spaces(
    "/v5/iot/{project_id}/apps",
    id="app_id",
    name="app_name",
    members=("app_name",),
    required=("app_name",),
    updates=("app_name",),
)
