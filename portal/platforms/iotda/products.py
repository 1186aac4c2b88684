"""Products. A list shows no service capabilities; get and create do."""

from portal.platforms.iotda.paging import Paged
from portal.platforms.retrying import Repeat


class Products(Paged):
    """A product id is unique inside its space only. Without `app_id` the platform takes the default space."""

    def get_call(self, id, *, app_id=None):
        return self.client.call("GET", self.path(id), query=[("app_id", app_id)])

    def delete_call(self, id, *, app_id=None):
        query = [("app_id", app_id)]
        return self.client.call("DELETE", self.path(id), query=query, repeat=Repeat.SAME, removes=True)


COLLECTION = Products(
    "/v5/iot/{project_id}/products",
    items="products",
    id="product_id",
    name="name",
    scope="app_id",
    members=(
        *("product_id", "name", "device_type", "protocol_type", "data_format", "service_capabilities"),
        *("manufacturer_name", "industry", "description", "app_id"),
    ),
    required=("name", "device_type", "protocol_type", "data_format", "service_capabilities"),
    filters=("app_id",),
    name_filter="product_name",
)
