"""Huawei ROMA Connect LINK v2: device groups (a tree in each integration application) and the applications.

Source: ROMA Connect API Reference. Ids of groups are integers up to 99999999999999999: text here, so exact.
"""

from portal.platforms.collection import (
    Collection,
    Listing,
    narrowed,
    text_id,
    text_or_empty,
    timed,
    unreadable,
    whole_or_none,
)
from portal.platforms.contract import _
from portal.platforms.huawei import HuaweiClient
from portal.platforms.roma import contract

NO_INSTANCE = "ROMA.00110002"
APPS_PAGE = 100


class DeviceGroups(Collection):
    """A listing is flat, parents before their children, with `depth` from 0; it has no further fields."""

    @timed
    def list(self, *, limit=1000, app_id=None, name=None):
        if app_id:
            groups, complete = self._tree(app_id), True
        else:
            apps = self.client.apps.list()
            groups = [group for app in apps.items for group in self._tree(app["id"])]
            complete = apps.complete
        found = narrowed(groups, name)
        return Listing(found[:limit], len(found) if complete else None, complete and len(found) <= limit)

    def _tree(self, app_id):
        answer = self.client.send(self.client.call("GET", self.path(), query=[("app_id", app_id)]))
        try:
            return list(self._flat(answer.data["items"], app_id))
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise unreadable(answer) from error

    def _flat(self, items, app_id):
        # A stack, not recursion: the documents know no greatest depth.
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
        return {
            **raw,
            "id": _whole_id(raw["id"]),
            "name": text_or_empty(raw.get("name")),
            "parent_id": _whole_id(raw.get("parent_id") or 0),
        }


class Apps(Collection):
    """Integration applications, read in pages by offset."""

    @timed
    def list(self, *, limit=1000, name=None):
        seen = {}
        while True:
            query = [("limit", APPS_PAGE), ("offset", len(seen))]
            answer = self.client.send(self.client.call("GET", self.path(), query=query))
            if not isinstance(answer.data, dict):
                raise unreadable(answer)
            items = self.decode_items(answer, answer.data.get("apps"))
            new = {item["id"]: item for item in items if item["id"] not in seen}
            seen |= new
            total = whole_or_none(answer.data.get("total"))
            is_last = not new or (total is not None and len(seen) >= total)
            found = narrowed(list(seen.values()), name)
            if is_last or len(found) >= limit:
                # A page again that was read before ends the list, but does not make it whole.
                is_whole = is_last and (not items or total is None or len(seen) >= total)
                return Listing(found[:limit], None if name else total, is_whole and len(found) <= limit)

    def decode(self, raw):
        id = text_id(raw.get("id") or raw.get("app_id"))
        return {**raw, "id": id, "name": text_or_empty(raw.get("name")), "app_id": id}


class ROMA(HuaweiClient):
    table = contract.ANSWERS
    content_type = "application/json;charset=UTF-8"
    path_values = ("project_id", "instance_id")
    fine = {"instance": _("Project id and instance id are accepted.")}

    apps = Apps("/v2/{project_id}/instances/{instance_id}/apps", id="id", name="name")
    device_groups = DeviceGroups(
        "/v2/{project_id}/link/instances/{instance_id}/device-groups",
        id="id",
        name="name",
        members=("parent_id", "name", "description", "app_id"),
        required=("parent_id", "name", "app_id"),
        updates=("name", "description"),
    )

    def __init__(self, endpoint, auth, *, project_id, instance_id, **options):
        super().__init__(endpoint, auth, project_id=project_id, **options)
        self.instance_id = instance_id

    def not_applicable(self):
        return {**super().not_applicable(), "edition": _("ROMA Connect has no editions that matter here.")}

    def probes(self):
        yield lambda: self.apps.list(limit=1)

    def blame(self, error):
        if error.code == NO_INSTANCE:
            return "instance", _(
                "The platform does not know this instance in this project. Correct the two ids."
            )
        if error.status == 404:
            return "project", _("The project id or the address is wrong. Correct it.")
        return None


def _whole_id(value):
    """A JSON integer as text; raises ValueError for anything else, such as a number that lost digits."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValueError("not a whole number")
    return text_id(str(value))
