"""Products. They are only read."""

from portal.platforms.enos.searching import Searched

MISSPELT, FLAG = "dynamicActiveEnabled", "dynamicActivateEnabled"


class Products(Searched):
    def decode(self, raw):
        """The sample of "Search Product" spells a member in another way than the table of members."""
        if MISSPELT in raw:
            raw = {FLAG: raw[MISSPELT], **raw}
        return super().decode(raw)


COLLECTION = Products(
    "/connect-service/v2.4/products",
    id="productKey",
    name="productName",
    fields={"product_key": "productKey", "model_id": "modelId"},
    name_field="productName",
)
