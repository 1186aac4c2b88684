"""Devices. `auth_info` says how a device proves who it is. Its secret is left out of what is decoded."""

from portal.platforms.iotda.paging import Paged

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

    def answers_secret(self, verb, data):
        """Whether the platform makes the secret. One that was sent is known to who sent it."""
        return verb == "create" and data.get("auth_type") != "CERTIFICATES" and not data.get("secret")


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
