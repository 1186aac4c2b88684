from tests.support.example import Call, Example

APPS = "/v5/iot/{project_id}/apps"
BODY = {"app_id": "04ab"}

EXAMPLE = Example(
    slug="iotda/spaces",
    calls={
        "list": Call(
            method="GET", path=APPS, good={"applications": [BODY]}, id=("applications", 0, "app_id")
        ),
        "get": Call(method="GET", path=f"{APPS}/{{id}}", good=BODY, id=("app_id",)),
        "create": Call(method="POST", path=APPS, good=BODY, id=("app_id",)),
        "update": Call(method="PUT", path=f"{APPS}/{{id}}", good=BODY, id=("app_id",)),
        "delete": Call(method="DELETE", path=f"{APPS}/{{id}}"),
    },
    create={"app_name": "hall-2"},
    named_by="app_name",
    varieties={"in Chinese": {"app_name": "二号车间"}},
    update={"app_name": "hall-3"},
    limits={"spaces": 100},
    unprovable={("create", True): "only the name is sent, so nothing tells who made a space of that name"},
    broken={"app_name": "no spaces allowed"},
)
