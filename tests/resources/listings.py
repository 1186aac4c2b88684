"""What the tests of lists share: how to read a list, and how to replace ROMA's."""

import re

from tests.examples import match

EMPTY_TEXT = "The platform has no"


def listed(response):
    """Remote ids of the rows, in order."""
    return re.findall(r'<tr data-kind="[^"]*" data-remote-id="([^"]*)"', response.content.decode())


def tree(*groups):
    """ROMA's listing, with these (id, name) under the root; reads of a single group stay as they are."""
    items = [{"id": id, "name": name, "parent_id": 0, "children": []} for id, name in groups]
    body = {"size": len(items), "items": items}
    return {"match": match("roma/device-groups", "list"), "fault": "answer", "status": 200, "body": body}


def answer(slug, body, verb="list"):
    return {"match": match(slug, verb), "fault": "answer", "status": 200, "body": body}


def enos_devices(*items):
    """EnOS's search of devices, with what these say beside ids."""
    devices = [
        {"assetId": f"odd{number}", "productKey": "p", "deviceKey": f"k{number}", **item}
        for number, item in enumerate(items)
    ]
    page = {"pageNo": 1, "pageSize": 200, "totalSize": len(devices)}
    whole = {"code": 0, "msg": "OK", "requestId": "r", "data": devices, "pagination": page}
    return answer("enos/devices", whole)


def iotda_devices(*items):
    devices = [
        {"device_id": f"odd{number}", "node_id": f"n{number}", **item} for number, item in enumerate(items)
    ]
    return answer("iotda/devices", {"devices": devices, "page": {"count": len(devices), "marker": None}})
