"""Each verb there is, with what it sends and how its effect is told on the platform."""

from portal.kinds.registry import KINDS
from tests.support.plant import CREATES, PROJECT

STATEMENT = [
    {"effect": "DENY", "actions": ["iotda:devices:publish"], "resources": ["topic:/v1/other"]},
]
CHANGES = {
    **{(slug, "create"): data for slug, data in CREATES.items()},
    ("iotda/policies", "update"): {"policy_name": "renamed", "statement": STATEMENT},
    ("iotda/device-groups", "update"): {"name": "renamed", "description": "other pumps"},
    ("roma/device-groups", "update"): {"name": "renamed", "description": "other line"},
    ("enos/devices", "update"): {
        "device_name": {"defaultValue": "renamed", "i18nValue": {}},
        "timezone": "+01:00",
        "device_attributes": {"serial": 2},
        "device_tags": {"line": "2"},
        "device_desc": "other",
    },
    ("iotda/policies", "delete"): {},
    ("iotda/device-groups", "delete"): {},
    ("iotda/soft-buses", "delete"): {},
    ("roma/device-groups", "delete"): {},
    ("enos/devices", "delete"): {},
    ("iotda/soft-buses", "sync"): {},
}
IDS = [f"{slug}-{verb}" for slug, verb in CHANGES]

_IOTDA = f"/v5/iot/{PROJECT}"
_ROMA = f"/v2/{PROJECT}/link/instances/demo-roma-instance"
PATHS = {
    "iotda/policies": f"{_IOTDA}/device-policies",
    "iotda/device-groups": f"{_IOTDA}/device-group",
    "iotda/soft-buses": f"{_IOTDA}/harmony-soft-bus",
    "roma/device-groups": f"{_ROMA}/device-groups",
    "enos/devices": "/connect-service/",
}
METHODS = {"create": "POST", "update": "PUT", "delete": "DELETE", "sync": "POST"}


def match(slug, verb):
    """What picks the change's own call among all requests, in the words of the emulator's faults."""
    if slug == "enos/devices":
        version = "v2.4" if verb == "create" else "v2.1"
        return {"method": "POST", "path": f"{PATHS[slug]}{version}/devices", "query": f"action={verb}"}
    return {"method": METHODS[verb], "path": PATHS[slug]}


def received(emulator, slug, verb, since=0):
    """The change's own calls that reached the platform."""
    wanted = match(slug, verb)
    return [
        each
        for each in emulator.requests(since)
        if each["method"] == wanted["method"]
        and each["path"].startswith(wanted["path"])
        and wanted.get("query", "") in each["query"]
    ]


def ids(emulator, slug):
    """Ids of all objects of the kind that the platform has."""
    return set(map(str, emulator.state()[slug]["ids"]))


def mirrored(slug):
    """Ids in the portal."""
    return set(KINDS[slug].model.objects.present().values_list("remote_id", flat=True))
