"""Huawei IAM v3, as far as clients of IoTDA and ROMA use it: what its calls share."""

from portal.emulator.resource import Cloud
from portal.emulator.wire import Refused

CLOUD = Cloud(prefix="v3/")


def refuse(status, message, reason=""):
    title = {400: "Bad Request", 401: "Unauthorized", 404: "Not Found"}[status]
    return Refused(status, {"error": {"code": status, "message": message, "title": title}}, reason)
