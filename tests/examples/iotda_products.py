from tests.support.account import SECOND_SPACE
from tests.support.example import Call, Example

PRODUCTS = "/v5/iot/{project_id}/products"
BODY = {"product_id": "04ab"}
CREATE = {
    "product_id": "5c0a94e2f6d1b7380e4f1a2b",
    "name": "WaterMeter_A",
    "device_type": "WaterMeter",
    "protocol_type": "MQTT",
    "data_format": "json",
    "service_capabilities": [{"service_id": "Meter", "service_type": "Meter"}],
}
PROPERTY = {"property_name": "flow", "data_type": "decimal", "method": "R", "min": "0", "max": "65535"}
SERVICES = [
    {"service_id": "Battery", "service_type": "Battery", "option": "Mandatory"},
    {"service_id": "水表", "service_type": "$Meter", "properties": [PROPERTY], "commands": []},
]


def type_in(page, values):
    for name in ("product_id", "name", "device_type"):
        page.locator(f"#form [name={name}]").fill(values[name])
    page.get_by_label("Id of service 1").fill(values["service"])
    page.get_by_label("Type of service 1").fill(values["service"])


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
        "create": Call(method="POST", path=PRODUCTS, good=BODY, id=("product_id",)),
        "delete": Call(method="DELETE", path=f"{PRODUCTS}/{{id}}"),
    },
    reads_before_create=2,  # the default space, then the product of that id in it
    create=CREATE,
    named_by="product_id",
    shown_as="WaterMeter_A",
    varieties={
        "in another space": {**CREATE, "app_id": SECOND_SPACE},
        "with everything": {
            **CREATE,
            "name": "水表",
            "protocol_type": "Modbus",
            "data_format": "binary",
            "service_capabilities": SERVICES,
            "manufacturer_name": "HZYB",
            "industry": "Water",
            "description": "Cold water, hall 2",
        },
    },
    by_hand={
        "product_id": "5c0a94e2f6d1b7380e4f1a2b",
        "name": "WaterMeter_A",
        "device_type": "WaterMeter",
        "service": "Meter",
    },
    type_in=type_in,
    by_keyboard={
        "name": "WaterMeter_A",
        "device_type": "WaterMeter",
        "service_capabilities-0-service_id": "Meter",
        "service_capabilities-0-service_type": "Meter",
    },
    in_json={"service_capabilities": "Meter"},
    broken={"name": "no spaces allowed"},
)
