from portal.platforms.client import Repeat
from tests.support.example import Call, Example

PRODUCTS = "/connect-service/v2.4/products"
BODY = {"productKey": "p"}
ENVELOPE = {"code": 0, "msg": "OK", "requestId": "r"}

EXAMPLE = Example(
    slug="enos/products",
    calls={
        "list": Call(
            method="POST",
            path=PRODUCTS,
            query="action=search",
            repeat=Repeat.READ,
            good={**ENVELOPE, "data": [BODY], "pagination": {"pageNo": 1, "pageSize": 10, "totalSize": 1}},
            id=("data", 0, "productKey"),
        ),
        "list by expression": Call(
            method="POST",
            path=PRODUCTS,
            query="action=search",
            repeat=Repeat.READ,
            good={**ENVELOPE, "data": [BODY], "pagination": {"pageNo": 1, "pageSize": 10, "totalSize": 1}},
            id=("data", 0, "productKey"),
            run=lambda products: products.list_by_expression('productKey = "p"'),
        ),
        "get": Call(
            method="GET",
            path=PRODUCTS,
            query="action=get",
            good={**ENVELOPE, "data": BODY},
            id=("data", "productKey"),
        ),
    },
)
