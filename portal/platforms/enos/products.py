"""Products. They are only read."""

from portal.platforms.enos.searching import Searched

COLLECTION = Searched(
    "/connect-service/v2.4/products",
    id="productKey",
    name="productName",
    fields={"product_key": "productKey", "model_id": "modelId"},
    name_field="productName",
)
