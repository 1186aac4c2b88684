"""Device groups: a tree in each integration application.

A group's id is an integer up to 99999999999999999. It is a text here, because JavaScript and floats round it.
"""

from portal.platforms.collection import (
    Collection,
    Listing,
    named,
    narrowed,
    text_id,
    timed,
    unreadable,
    whole,
    whole_or_none,
)
from portal.platforms.paging import Page

SLICE = 500


class DeviceGroups(Collection):
    """A listing is flat: parents come before their children, and `depth` counts from 0 at the top.

    A tree comes with a count. No document says whether it counts the groups at the top or all of them.
    """

    @timed
    def list(self, *, limit=1000, app_id=None, name=None):
        if app_id:
            groups, complete = self._tree(app_id)
        else:
            apps = self.client.apps.list()
            groups, complete = [], apps.complete
            for app in apps.items:
                tree, is_whole = self._tree(app["id"])
                groups += tree
                complete = complete and is_whole
        found = narrowed(groups, name)
        return Listing(found[:limit], len(found) if complete else None, complete and len(found) <= limit)

    def walk(self, place=None, *, app_id=None):
        """Slices of the trees, one application after the other. A walk that is taken up within a tree reads
        it again from its top, because it comes in one answer. The platform's total is known at the end.

        `apps` are those still to do, the present one first; `total` and `is_whole` say what was so in those
        that are done.
        """
        if place is None:
            apps = Listing([{"id": app_id}]) if app_id else self.client.apps.list()
            place = {"apps": [app["id"] for app in apps.items], "total": 0, "is_whole": apps.complete}
        if not place["apps"]:
            yield _page([], place)
        while place["apps"]:
            groups, is_whole = self._tree(place["apps"][0])
            done = {
                "apps": place["apps"][1:],
                "total": place["total"] + len(groups),
                "is_whole": place["is_whole"] and is_whole,
            }
            for start in range(0, len(groups) or 1, SLICE):
                place = done if start + SLICE >= len(groups) else place
                yield _page(groups[start : start + SLICE], place)

    def _tree(self, app_id):
        """The groups of an application, and whether they are as many as the platform counts."""
        answer = self.client.send(self.client.call("GET", self.path(), query=[("app_id", app_id)]))
        try:
            counts = [answer.data[name] for name in ("size", "total") if answer.data.get(name) is not None]
            counts = list(map(whole_or_none, counts))
            is_empty = answer.data["items"] is None and set(counts) == {0}
            groups = [] if is_empty else list(self._flat(answer.data["items"], app_id))
            tops = sum(group["depth"] == 0 for group in groups)
            return groups, all(
                count is not None and (tops >= count or len(groups) == count) for count in counts
            )
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise unreadable(answer) from error

    def _flat(self, items, app_id):
        # A stack and no recursion: the documents name no greatest depth.
        waiting = [(item, 0) for item in reversed(items)]
        while waiting:
            item, depth = waiting.pop()
            children = item.get("children") or []
            own = {key: value for key, value in item.items() if key != "children"}
            yield {**self.decode(own), "app_id": app_id, "depth": depth}
            waiting += [(child, depth + 1) for child in reversed(children)]

    def encode(self, data):
        body = super().encode(data)
        if "parent_id" in body:
            body["parent_id"] = int(body["parent_id"])
        return body

    def decode(self, raw):
        parent_id = text_id(whole(raw.get("parent_id") or 0))
        return {**named(raw, text_id(whole(raw["id"])), raw.get("name")), "parent_id": parent_id}


def _page(groups, place):
    is_last = not place["apps"]
    is_whole = is_last and place["is_whole"]
    return Page(groups, None if is_last else place, place["total"] if is_whole else None, is_whole)


COLLECTION = DeviceGroups(
    "/v2/{project_id}/link/instances/{instance_id}/device-groups",
    id="id",
    name="name",
    members=("parent_id", "name", "description", "app_id"),
    required=("parent_id", "name", "app_id"),
    updates=("name", "description"),
    resent=("name",),
)
