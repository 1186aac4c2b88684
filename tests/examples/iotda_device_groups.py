from tests.support.account import GROUP, SECOND_SPACE
from tests.support.example import Call, Example

GROUPS = "/v5/iot/{project_id}/device-group"
DEVICE = "5ba24f5ebbe8f56f5a14f605_node-1"
ONE_DEVICE = {"device_id": DEVICE}
BODY = {"group_id": "04ab", "name": "G"}


def inside(groups, id):
    return {"devices": [item["id"] for item in groups.devices(id).items]}


EXAMPLE = Example(
    slug="iotda/device-groups",
    calls={
        "list": Call(
            method="GET",
            path=GROUPS,
            good={"device_groups": [BODY], "page": {"count": 1, "marker": "m"}},
            id=("device_groups", 0, "group_id"),
            # Without a space the client lists each of them, which takes more than one request.
            run=lambda groups: groups.list(app_id="a"),
        ),
        "get": Call(method="GET", path=f"{GROUPS}/{{id}}", good=BODY, id=("group_id",)),
        "create": Call(method="POST", path=GROUPS, good=BODY, id=("group_id",)),
        "update": Call(method="PUT", path=f"{GROUPS}/{{id}}", good=BODY, id=("group_id",)),
        "delete": Call(method="DELETE", path=f"{GROUPS}/{{id}}"),
        "add-device": Call(method="POST", path=f"{GROUPS}/{{id}}/action", query="action_id=addDevice"),
        "remove-device": Call(method="POST", path=f"{GROUPS}/{{id}}/action", query="action_id=removeDevice"),
        "devices": Call(
            method="GET",
            path=f"{GROUPS}/{{id}}/devices",
            good={"devices": [{"device_id": DEVICE, "device_name": "D"}], "page": {"count": 1}},
            id=("devices", 0, "device_id"),
            run=lambda groups: groups.devices("1"),
        ),
    },
    verbs={"add-device": {"device_id": DEVICE}, "remove-device": {"device_id": DEVICE}},
    readied={"remove-device": lambda groups, id: groups.client.send(groups.add_device_call(id, ONE_DEVICE))},
    reads=dict.fromkeys(("add-device", "remove-device"), inside),
    may={"add-device": "operator", "remove-device": "operator"},
    effects={
        "add-device": lambda seen: DEVICE in seen["devices"],
        "remove-device": lambda seen: DEVICE not in seen["devices"],
    },
    reads_before_create=2,  # the default space, then the list of that space
    create={"name": "pumps", "description": "all pumps"},
    named_by="name",
    varieties={
        "the least": {"name": "pumps"},
        "below a group": {"name": "pumps", "super_group_id": GROUP},
        "by a rule": {
            "name": "pumps",
            "group_type": "DYNAMIC",
            "dynamic_group_rule": "product_id = 'pump' and status = 'ONLINE'",
        },
        "in another space": {"name": "泵", "app_id": SECOND_SPACE},
    },
    update={"name": "pumps-2", "description": "the pumps of hall 2"},
    by_hand={"name": "pumps", "description": "all pumps", "super_group_id": GROUP},
    broken={"name": "a" * 65},
)
