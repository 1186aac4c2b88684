from portal.platforms.client import Repeat
from tests.support.account import IOTDA_DEVICE, IOTDA_PRODUCT
from tests.support.example import Call, Example

DEVICES = "/v5/iot/{project_id}/devices"
BODY = {"device_id": "04ab"}
CREATE = {
    "product_id": IOTDA_PRODUCT,
    "node_id": "pump-0001",
    "device_id": f"{IOTDA_PRODUCT}_pump-0001",
    "device_name": "Pump_1",
    "auth_type": "CERTIFICATES",  # without it the platform makes a secret, which is shown first
}

EXAMPLE = Example(
    slug="iotda/devices",
    calls={
        "list": Call(
            method="GET",
            path=DEVICES,
            good={"devices": [BODY], "page": {"count": 1, "marker": "m"}},
            id=("devices", 0, "device_id"),
        ),
        "get": Call(method="GET", path=f"{DEVICES}/{{id}}", good=BODY, id=("device_id",)),
        "create": Call(method="POST", path=DEVICES, good=BODY, id=("device_id",)),
        "delete": Call(method="DELETE", path=f"{DEVICES}/{{id}}"),
        "groups": Call(
            method="POST",
            path=f"{DEVICES}/{{id}}/list-device-group",
            good={"device_groups": [{"group_id": "04ab", "name": "G"}]},
            id=("device_groups", 0, "group_id"),
            repeat=Repeat.READ,
            run=lambda devices: devices.groups("1"),
        ),
    },
    create=CREATE,
    named_by="device_id",
    shown_as="Pump_1",
    varieties={
        "the least": {name: CREATE[name] for name in ("product_id", "node_id", "device_id")},
        "below a device": {**CREATE, "gateway_id": IOTDA_DEVICE, "description": "behind_the_gateway"},
        "secrets": {**CREATE, "auth_type": "SECRET", "secret": "hunter2-5f1c7a"},
    },
    secrets=("secret",),
    by_hand={
        "node_id": "pump-0001",
        "device_id": "pump-0001",
        "device_name": "Pump_1",
        "auth_type": "CERTIFICATES",
    },
    broken={"node_id": "no spaces allowed"},
)
