"""Device groups.

The body of a group does not name its resource space. Only a list filtered by `app_id` tells it, so a list
of all groups asks for one space after the other.
"""

from portal.platforms.collection import Listing, timed
from portal.platforms.iotda.paging import Paged


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

    def get(self, id, *, app_id=None, **hints):
        """`app_id` is the space in which the group was listed; it is kept in the group that is returned."""
        group = super().get(id, **hints)
        return {**group, "app_id": app_id} if app_id else group

    def created(self, answer, data):
        return _in_space(super().created(answer, data), data)

    def updated(self, answer, data):
        return _in_space(super().updated(answer, data), data)


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
