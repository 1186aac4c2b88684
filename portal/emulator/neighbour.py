"""Someone else at work in the same account: makes and removes objects while a client reads a list."""

import json
import time
import uuid
from dataclasses import dataclass
from urllib.parse import parse_qs

from django.db.models import ProtectedError

from portal.emulator import models
from portal.emulator.enos.devices import new_id
from portal.emulator.wire import utc_stamp


@dataclass(frozen=True)
class List:
    """`member` holds an item's id on the wire; `renewed` are the values of a copy that must be its own."""

    model: type
    member: str
    column: str
    renewed: object


def _named(text, most=64):
    """A name that nobody has, and that a search for the old one finds too."""
    return f"{text[: most - 9]}-{uuid.uuid4().hex[:8]}"


LISTS = {
    "device-group": List(
        models.Group,
        "group_id",
        "group_id",
        lambda row: {"group_id": uuid.uuid4().hex, "name": _named(row.name), "modified": utc_stamp()},
    ),
    "harmony-soft-bus": List(
        models.SoftBus,
        "bus_id",
        "bus_id",
        lambda row: {"bus_id": uuid.uuid4().hex, "bus_name": _named(row.bus_name), "sync_started": None},
    ),
    "device-policies": List(
        models.Policy,
        "policy_id",
        "policy_id",
        lambda row: {
            "policy_id": uuid.uuid4().hex[:24],
            "policy_name": _named(row.policy_name, 128),
            "built_in": False,
            "create_time": utc_stamp(),
            "update_time": utc_stamp(),
        },
    ),
    "connect-service": List(
        models.EnosDevice,
        "assetId",
        "asset_id",
        lambda row: {
            "asset_id": new_id(8),
            "device_key": _named(row.device_key),
            "device_secret": new_id(20),
            "create_time": int(time.time() * 1000),
        },
    ),
}


def list_of(method, path, query):
    """The List that a request reads a page of, else None."""
    if path.startswith("/connect-service/"):
        is_search = path.endswith("/devices") and parse_qs(query).get("action") == ["search"]
        return LISTS["connect-service"] if is_search else None
    return LISTS.get(path.rpartition("/")[2]) if method == "GET" and path.startswith("/v5/") else None


def shown(which, response):
    """The rows of a page in its order; none when it is the last page, or no page at all."""
    answer = json.loads(response.content)
    ids = [item.get(which.member) for items in answer.values() if isinstance(items, list) for item in items]
    found = {
        getattr(row, which.column): row for row in which.model.objects.filter(**{f"{which.column}__in": ids})
    }
    rows = [found[id] for id in ids if id in found]
    return rows if rows and _goes_on(answer, which, rows[-1]) else []


def _goes_on(answer, which, last):
    if "pagination" in answer:
        page = answer["pagination"]
        return page["pageNo"] * page["pageSize"] < page["totalSize"]
    return which.model.objects.filter(pk__lt=last.pk).exists()


def insert(which, rows):
    """A copy of the first row under a name of its own; lists are newest first, so it stands before all."""
    row = rows[0]
    row.pk, row._state.adding = None, True
    for name, value in which.renewed(row).items():
        setattr(row, name, value)
    with models.writing():
        row.save()


def remove(which, rows):
    """The last row of the page that nothing hangs on: all that follows moves up by one."""
    for row in reversed(rows):
        try:
            with models.writing():
                row.delete()
        except ProtectedError:
            continue
        return
