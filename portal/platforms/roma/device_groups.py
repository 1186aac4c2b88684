"""Device groups: a tree in each integration application.

A group's id is an integer up to 99999999999999999. It is a text here, because JavaScript and floats round it.
"""

from portal.platforms.collection import (
    Collection,
    Listing,
    named,
    narrowed,
    text_id,
    text_or_empty,
    timed,
    unreadable,
    whole,
    whole_or_none,
)
from portal.platforms.paging import Page, Sheet, listed
from portal.platforms.retrying import Repeat
from portal.platforms.roma.contract.device_groups import PAGE_MAX
from portal.platforms.roma.trees import Tree


class DeviceGroups(Collection):
    """A listing is flat: parents come before their children, and `depth` counts from 0 at the top.

    A tree comes with a count. No document says whether it counts the groups at the top or all of them.
    """

    @timed
    def list(self, *, limit=1000, app_id=None, name=None):
        found, count, apps = [], 0, self._apps(app_id)
        complete = apps.complete
        for app in apps.items:
            answer = self._tree(app["id"])
            complete = complete and _is_whole(answer)
            for groups in self._slices(answer, app["id"]):
                wanted = narrowed(groups, name)
                count += len(wanted)
                found += wanted[: limit - len(found)]
        return Listing(found, count if complete else None, complete and count <= limit)

    def walk(self, place=None, *, app_id=None):
        """Slices of the trees, one application after the other. A walk that is taken up within a tree reads
        it again from its top, because it comes in one answer. The platform's total is known at the end.

        `apps` are those still to do, the present one first; `total` and `is_whole` say what was so in those
        that are done.
        """
        if place is None:
            apps = self._apps(app_id)
            place = {"apps": [app["id"] for app in apps.items], "total": 0, "is_whole": apps.complete}
        if not place["apps"]:
            yield _page([], place)
        while place["apps"]:
            app_id, *others = place["apps"]
            answer = self._tree(app_id)
            left = answer.large.count
            done = {"apps": others, "total": place["total"] + left}
            done["is_whole"] = place["is_whole"] and _is_whole(answer)
            for groups in self._slices(answer, app_id):
                left -= len(groups)
                yield _page(groups, place if left else done)
            if not answer.large.count:
                yield _page([], done)
            place = done

    def _apps(self, app_id):
        return Listing([{"id": app_id}]) if app_id else self.client.apps.list()

    def _tree(self, app_id):
        """The answer with the groups of an application."""
        query = [("app_id", app_id)]
        answer = self.client.send(self.client.call("GET", self.path(), query=query, large=Tree))
        if not isinstance(answer.data, dict) or "items" not in answer.data:
            raise unreadable(answer)
        is_empty = answer.data["items"] is None and set(_counts(answer)) == {0}
        if not is_empty and not isinstance(answer.data["items"], list):
            raise unreadable(answer)
        return answer

    def _slices(self, answer, app_id):
        try:
            for groups in answer.large.slices():
                yield [{**self.decode(own), "app_id": app_id, "depth": depth} for own, depth in groups]
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise unreadable(answer) from error

    @timed
    def devices(self, id, *, limit=1000):
        """A Listing of the devices in a group, read in pages by offset."""

        def sheet(at):
            offset = at or 0
            query = [("limit", min(limit, PAGE_MAX)), ("offset", offset)]
            answer = self.client.send(self.client.call("GET", self.path(id, "devices"), query=query))
            found = answer.data.get("items") if isinstance(answer.data, dict) else None
            if not isinstance(found, list):
                raise unreadable(answer)
            try:
                items = [_device(item) for item in found]
            except (ValueError, TypeError, KeyError, AttributeError) as error:
                raise unreadable(answer) from error
            return Sheet(items, answer.data.get("total"), offset + len(items))

        return listed(sheet, limit, shift=True)

    def add_devices_call(self, id, data):
        """All of them or none: the answer says nothing of a single one."""
        body = {"resources": [int(each) for each in data["resources"]]}
        return self.client.call("POST", self.path(id, "devices", "batch-add"), body=body)

    def remove_device_call(self, id, data):
        path = self.path(id, "devices", data["device_id"])
        return self.client.call("DELETE", path, repeat=Repeat.SAME)

    def encode(self, data):
        body = super().encode(data)
        if "parent_id" in body:
            body["parent_id"] = int(body["parent_id"])
        return body

    def decode(self, raw):
        parent_id = text_id(whole(raw.get("parent_id") or 0))
        return {**named(raw, text_id(whole(raw["id"])), raw.get("name")), "parent_id": parent_id}


def _device(item):
    id = text_id(whole(item["device_id"]))
    return {**item, "id": id, "name": text_or_empty(item.get("device_name"))}


def _counts(answer):
    found = [answer.data.get(name) for name in ("size", "total")]
    return [whole_or_none(count) for count in found if count is not None]


def _is_whole(answer):
    """Whether the groups are as many as the platform counts."""
    tree = answer.large
    return all(count is not None and (tree.tops >= count or tree.count == count) for count in _counts(answer))


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
