"""What the tests of lists share: where each kind is listed, and how to read or replace a listing."""

import re

from tests.support.plant import PROJECT

TREE = f"/v2/{PROJECT}/link/instances/demo-roma-instance/device-groups$"
LISTINGS = {
    "iotda/spaces": ("GET", "/apps$"),
    "iotda/device-groups": ("GET", "/device-group$"),
    "iotda/soft-buses": ("GET", "/harmony-soft-bus$"),
    "iotda/policies": ("GET", "/device-policies$"),
    "iotda/products": ("GET", "/products$"),
    "iotda/devices": ("GET", "/devices$"),
    "roma/apps": ("GET", "/apps$"),
    "roma/device-groups": ("GET", "/device-groups$"),
    "enos/products": ("POST", "/connect-service/v2.4/products$"),
    "enos/devices": ("POST", "/connect-service/v2.4/devices$"),
}
EMPTY_TEXT = "The platform has no"


def listed(response):
    """Remote ids of the rows, in order."""
    return re.findall(r'<tr data-kind="[^"]*" data-remote-id="([^"]*)"', response.content.decode())


def tree(*groups):
    """ROMA's listing, with these (id, name) under the root; the single reads stay as they are."""
    items = [{"id": id, "name": name, "parent_id": 0, "children": []} for id, name in groups]
    body = {"size": len(items), "items": items}
    return {"match": {"method": "GET", "path": TREE}, "fault": "answer", "status": 200, "body": body}
