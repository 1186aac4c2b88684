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
    },
)
