from tests.support.example import Call, Example

PRODUCTS = "/v5/iot/{project_id}/products"
BODY = {"product_id": "04ab"}

EXAMPLE = Example(
    slug="iotda/products",
    calls={
        "list": Call(
            method="GET",
            path=PRODUCTS,
            good={"products": [BODY], "page": {"count": 1, "marker": "m"}},
            id=("products", 0, "product_id"),
        ),
        "get": Call(method="GET", path=f"{PRODUCTS}/{{id}}", good=BODY, id=("product_id",)),
    },
)
