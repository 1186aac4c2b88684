from tests.support.example import Call, Example

DEVICES = "/v5/iot/{project_id}/devices"
BODY = {"device_id": "04ab"}

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
    },
)
