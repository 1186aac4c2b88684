from tests.support.account import ROMA_APP, ROMA_GROUP
from tests.support.example import Call, Example

GROUPS = "/v2/{project_id}/link/instances/{instance_id}/device-groups"
DEVICE = "20001"
BODY = {"id": 10002, "name": "gg", "parent_id": 0}


def inside(groups, id):
    return {"devices": [item["id"] for item in groups.devices(id).items]}


EXAMPLE = Example(
    slug="roma/device-groups",
    calls={
        "list": Call(
            method="GET",
            path=GROUPS,
            good={"size": 1, "items": [{**BODY, "children": []}]},
            id=("items", 0, "id"),
            # Without an application the client lists each of them, which takes more than one request.
            run=lambda groups: groups.list(app_id="a"),
        ),
        "get": Call(method="GET", path=f"{GROUPS}/{{id}}", good=BODY, id=("id",)),
        "create": Call(method="POST", path=GROUPS, good=BODY, id=("id",)),
        "update": Call(method="PUT", path=f"{GROUPS}/{{id}}", good=BODY, id=("id",)),
        "delete": Call(method="DELETE", path=f"{GROUPS}/{{id}}"),
        "add-devices": Call(method="POST", path=f"{GROUPS}/{{id}}/devices/batch-add"),
        "remove-device": Call(method="DELETE", path=f"{GROUPS}/{{id}}/devices/{DEVICE}"),
        "devices": Call(
            method="GET",
            path=f"{GROUPS}/{{id}}/devices",
            good={"total": 1, "size": 1, "items": [{"device_id": 20001, "device_name": "D"}]},
            id=("items", 0, "device_id"),
            run=lambda groups: groups.devices("1"),
        ),
    },
    verbs={"add-devices": {"resources": [20001]}, "remove-device": {"device_id": DEVICE}},
    readied={
        "remove-device": lambda groups, id: groups.client.send(
            groups.add_devices_call(id, {"resources": [DEVICE]})
        )
    },
    reads=dict.fromkeys(("add-devices", "remove-device"), inside),
    may={"add-devices": "operator", "remove-device": "operator"},
    effects={
        "add-devices": lambda seen: DEVICE in seen["devices"],
        "remove-device": lambda seen: DEVICE not in seen["devices"],
    },
    create={"name": "line-1", "parent_id": ROMA_GROUP, "app_id": ROMA_APP},
    named_by="name",
    varieties={
        "with everything": {
            "name": "一号线",
            "parent_id": ROMA_GROUP,
            "app_id": ROMA_APP,
            "description": "The first line",
        },
        "at the top": {"name": "line-1", "parent_id": "0", "app_id": ROMA_APP},
    },
    update={"name": "line-2", "description": "second line"},
    unprovable={("create", True): "no document says that names are unique"},
    by_hand={"name": "line-1", "description": "First line", "parent_id": ROMA_GROUP},
    broken={"name": "x"},
)
