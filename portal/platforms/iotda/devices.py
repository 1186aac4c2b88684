"""Devices. They are only read."""

from portal.platforms.iotda.paging import Paged

COLLECTION = Paged(
    "/v5/iot/{project_id}/devices",
    items="devices",
    id="device_id",
    name="device_name",
    filters=("product_id", "gateway_id", "node_id", "app_id"),
    name_filter="device_name",
)
