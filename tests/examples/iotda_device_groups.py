from tests.support.account import GROUP, SECOND_SPACE
from tests.support.example import Call, Example

GROUPS = "/v5/iot/{project_id}/device-group"
BODY = {"group_id": "04ab", "name": "G"}

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
    },
    reads_before_create=2,  # the default space, then the list of that space
    create={"name": "pumps", "description": "all pumps"},
    named_by="name",
    varieties={
        "the least": {"name": "pumps"},
        "below a group": {"name": "pumps", "super_group_id": GROUP},
        "in another space": {"name": "泵", "app_id": SECOND_SPACE},
    },
    update={"name": "pumps-2", "description": "the pumps of hall 2"},
    by_hand={"name": "pumps", "description": "all pumps", "super_group_id": GROUP},
    broken={"name": "a" * 65},
)
