"""Products. They are only read."""

from portal.platforms.iotda.paging import Paged


class Products(Paged):
    def get_call(self, id, *, app_id=None):
        """`app_id` is needed because a product id is unique inside its space only."""
        return self.client.call("GET", self.path(id), query=[("app_id", app_id)])


COLLECTION = Products(
    "/v5/iot/{project_id}/products",
    items="products",
    id="product_id",
    name="name",
    filters=("app_id",),
    name_filter="product_name",
)
