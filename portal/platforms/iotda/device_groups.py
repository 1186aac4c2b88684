"""Device groups.

The body of a group does not name its resource space. Only a list filtered by `app_id` tells it, so a list
of all groups asks for one space after the other.
"""

from dataclasses import replace

from portal.platforms.collection import Listing, text_id, text_or_empty, timed
from portal.platforms.iotda.contract import PAGE_LIMIT_MAX
from portal.platforms.iotda.paging import Paged, inner_list
from portal.platforms.paging import Page


class DeviceGroups(Paged):
    @timed
    def list(self, *, limit=1000, app_id=None, **filters):
        if app_id:
            listing = super().list(limit=limit, app_id=app_id, **filters)
            return Listing(
                [{**item, "app_id": app_id} for item in listing.items], listing.total, listing.complete
            )
        spaces = self.client.spaces.list()
        items, totals, complete = [], [], spaces.complete
        for space in spaces.items:
            # When `limit` is reached, one row of each space is still read, because it tells the space's
            # total.
            listing = self.list(limit=max(limit - len(items), 1), app_id=space["id"], **filters)
            items += listing.items
            totals.append(listing.total)
            complete = complete and listing.complete
        return Listing(
            items[:limit], None if None in totals else sum(totals), complete and len(items) <= limit
        )

    def walk(self, place=None, *, app_id=None, **filters):
        """The platform's total is the sum over all spaces, known when the last one is read."""
        if app_id:
            return self._walk_of_space(place, app_id, filters)
        return self._walk_of_all(place, filters)

    def _walk_of_space(self, place, app_id, filters):
        for page in super().walk(place, app_id=app_id, **filters):
            yield replace(page, items=[{**item, "app_id": app_id} for item in page.items])

    def _walk_of_all(self, place, filters):
        """`spaces` are those still to do, the present one first; `page` is the place in it. `total` and
        `is_whole` say what was so in those that are done."""
        if place is None:
            spaces = self.client.spaces.list()
            place = {"spaces": [space["id"] for space in spaces.items], "is_whole": spaces.complete}
            place |= {"page": None, "total": 0}
        if not place["spaces"]:
            yield Page([], None, 0, place["is_whole"])
        while place["spaces"]:
            for page in self._walk_of_space(place["page"], place["spaces"][0], filters):
                place = _after(page, place)
                is_last = not place["spaces"]
                yield Page(
                    page.items,
                    None if is_last else place,
                    place["total"] if is_last else None,
                    is_last and place["is_whole"],
                )

    @timed
    def devices(self, id, *, limit=1000):
        """A Listing of the devices in a group."""

        def call(marker):
            query = [("limit", PAGE_LIMIT_MAX), ("marker", marker)]
            return self.client.call("GET", self.path(id, "devices"), query=query)

        return inner_list(call, "devices", _device, limit, self.client.send)

    def add_device_call(self, id, data):
        return self._about_device(id, "addDevice", data)

    def remove_device_call(self, id, data):
        return self._about_device(id, "removeDevice", data)

    def _about_device(self, id, action, data):
        """One device a call: its parameters stand in the query, and there is no body."""
        query = [("action_id", action), ("device_id", data["device_id"])]
        return self.client.call("POST", self.path(id, "action"), query=query)

    def get(self, id, *, app_id=None, **hints):
        """`app_id` is the space in which the group was listed; it is kept in the group that is returned."""
        group = super().get(id, **hints)
        return {**group, "app_id": app_id} if app_id else group

    def created(self, answer, data):
        return _in_space(super().created(answer, data), data)

    def updated(self, answer, data):
        return _in_space(super().updated(answer, data), data)


def _after(page, place):
    """The place in the walk of all spaces, after a page of the first of those still to do."""
    if page.place:
        return {**place, "page": page.place}
    return {
        "spaces": place["spaces"][1:],
        "page": None,
        "total": None if None in (place["total"], page.total) else place["total"] + page.total,
        "is_whole": place["is_whole"] and page.is_whole,
    }


def _device(item):
    id = text_id(item["device_id"])
    return {**item, "id": id, "name": text_or_empty(item.get("device_name"))}


def _in_space(group, data):
    return {**group, "app_id": data["app_id"]} if data.get("app_id") else group


COLLECTION = DeviceGroups(
    "/v5/iot/{project_id}/device-group",
    items="device_groups",
    id="group_id",
    name="name",
    members=("name", "description", "super_group_id", "app_id", "group_type", "dynamic_group_rule"),
    updates=("name", "description"),
    filters=("app_id", "group_type"),
    name_filter="name",
)
