from tests.support.example import Call, Example

APPS = "/v2/{project_id}/instances/{instance_id}/apps"
BODY = {"id": "a"}

EXAMPLE = Example(
    slug="roma/apps",
    calls={
        "list": Call(method="GET", path=APPS, good={"total": 1, "apps": [BODY]}, id=("apps", 0, "id")),
        "get": Call(method="GET", path=f"{APPS}/{{id}}", good=BODY, id=("id",)),
    },
)
