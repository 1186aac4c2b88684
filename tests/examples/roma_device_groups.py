from tests.support.account import ROMA_APP, ROMA_GROUP
from tests.support.example import Call, Example

GROUPS = "/v2/{project_id}/link/instances/{instance_id}/device-groups"
BODY = {"id": 10002, "name": "gg", "parent_id": 0}

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
