"""Devices. `auth_info` says how a device proves who it is. Its secret is left out of what is decoded."""

from portal.platforms.collection import Listing, text_id, text_or_empty, unreadable
from portal.platforms.iotda.paging import Paged
from portal.platforms.retrying import Repeat

AUTH = ("auth_type", "secret")


class Devices(Paged):
    secret_fields = ("secret",)

    def encode(self, data):
        body = super().encode(data)
        auth_info = {name: body.pop(name) for name in AUTH if name in body}
        return {**body, "auth_info": auth_info} if auth_info else body

    def decode(self, raw):
        decoded = super().decode(raw)
        auth_info = raw.get("auth_info")
        if isinstance(auth_info, dict):
            decoded["auth_info"] = {name: each for name, each in auth_info.items() if name != "secret"}
            decoded |= {"auth_type": auth_info["auth_type"]} if "auth_type" in auth_info else {}
        return decoded

    def groups(self, id, *, limit=1000):
        """A Listing of the groups that a device is in, by hand or by a rule: few, so the answer has no pages.

        Only for standard and enterprise editions. Source: the vendor's SDK 3.1.219.
        """
        call = self.client.call("POST", self.path(id, "list-device-group"), repeat=Repeat.READ)
        answer = self.client.send(call)
        try:
            items = [_group(item) for item in answer.data["device_groups"]]
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise unreadable(answer) from error
        return Listing(items[:limit], total=len(items), complete=len(items) <= limit)

    def answers_secret(self, verb, data):
        """Whether the platform makes the secret. One that was sent is known to who sent it."""
        return verb == "create" and data.get("auth_type") != "CERTIFICATES" and not data.get("secret")


def _group(item):
    id = text_id(item["group_id"])
    return {**item, "id": id, "name": text_or_empty(item.get("name"))}


COLLECTION = Devices(
    "/v5/iot/{project_id}/devices",
    items="devices",
    id="device_id",
    name="device_name",
    members=(
        *("device_id", "node_id", "device_name", "product_id", "description", "gateway_id", "app_id"),
        *AUTH,
    ),
    required=("node_id", "product_id"),
    filters=("product_id", "gateway_id", "node_id", "app_id"),
    name_filter="device_name",
)
