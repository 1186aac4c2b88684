"""HarmonyOS soft buses. Their documents print no 401: a bad token is answered with 403.

Source: "Create a HarmonyOS Soft Bus" and "Synchronize the HarmonyOS Soft Bus", 2026-01-29; "Delete a
HarmonyOS Soft Bus", 2025-12-02, which prints 204 and 404.
"""

import time
import uuid
from itertools import islice, zip_longest

from portal.emulator import account, filling
from portal.emulator.iotda import call, in_space, paged, read_body, refuse, space_of
from portal.emulator.iotda.device_groups import NO_GROUP, find_group
from portal.emulator.knobs import Setting, is_seconds, knobs
from portal.emulator.models import Group, SoftBus, writing
from portal.emulator.resource import Neighbour, Objects, Resource, by, new_name
from portal.emulator.wire import reply
from portal.platforms.iotda.contract import soft_buses as rules

BAD_TOKEN = (403, "IOTDA.000004")
NO_BUS = "IOTDA.016001"  # convention
NAME_TAKEN = "IOTDA.016002"  # convention


def status_of(bus):
    """Follows from the clock, so that no thread has to finish a synchronization."""
    if bus.sync_started is None:
        return "ToBeSynchronized"
    done = time.time() - bus.sync_started >= knobs.sync_s / knobs.speed
    return "Synchronized" if done else "Synchronizing"


def _bus(bus):
    return {
        "bus_id": bus.bus_id,
        "bus_name": bus.bus_name,
        "app_id": bus.space.app_id,
        "group_id": bus.group.group_id if bus.group else "",
        "status": status_of(bus),
    }


@call(write=True, bad_token=BAD_TOKEN)
def create_bus(request, caller):
    data = read_body(request, rules.CREATE)
    with writing():
        space = space_of(data.get("app_id"))
        group = find_group(data["group_id"], 400) if data.get("group_id") else None
        if group and group.space_id != space.pk:
            raise refuse(400, NO_GROUP, "The device group does not exist in the resource space.")
        bus_id = uuid.uuid4().hex
        name = data.get("bus_name") or bus_id
        if SoftBus.objects.filter(space=space, bus_name=name).exists():
            raise refuse(
                400, NAME_TAKEN, "The soft bus name exists in the resource space.", f"bus_name: {name}"
            )
        bus = SoftBus.objects.create(space=space, bus_id=bus_id, bus_name=name, group=group)
    return reply(201, _bus(bus))


@call(bad_token=BAD_TOKEN)
def list_buses(request, caller):
    rows = in_space(request, SoftBus.objects.select_related("space", "group"))
    if request.GET.get("group_id"):
        rows = rows.filter(group__group_id=request.GET["group_id"])
    return reply(200, paged(request, rows, "harmony_soft_buses", _bus))


def _find(bus_id):
    """An id that is not well formed counts as absent too: the documents print no 400 for it."""
    bus = SoftBus.objects.select_related("space", "group").filter(bus_id=bus_id).first()
    if bus is None:
        raise refuse(404, NO_BUS, "The soft bus does not exist.", f"bus_id: {bus_id}")
    return bus


@call(bad_token=BAD_TOKEN)
def show_bus(request, caller, bus_id):
    return reply(200, _bus(_find(bus_id)))


@call(write=True, bad_token=BAD_TOKEN)
def delete_bus(request, caller, bus_id):
    """Deletes a bus also while it synchronizes."""
    with writing():
        _find(bus_id).delete()
    return reply(204)


@call(write=True, bad_token=BAD_TOKEN)
def sync_bus(request, caller, bus_id):
    """Answers at once with an empty body; the status changes later. A running synchronization goes on."""
    with writing():
        bus = _find(bus_id)
        if status_of(bus) != "Synchronizing":
            bus.sync_started = time.time()
            bus.save(update_fields=["sync_started"])
    return reply(200)


@call(write=True, bad_token=BAD_TOKEN)
def reset_key(request, caller, bus_id):
    """Afterwards the bus has to be synchronized anew (source: SDK 3.1, "reset_harmony_soft_bus_key")."""
    with writing():
        bus = _find(bus_id)
        bus.sync_started = None
        bus.save(update_fields=["sync_started"])
    return reply(200)


def _renewed(bus):
    return {"bus_id": uuid.uuid4().hex, "bus_name": new_name(bus.bus_name), "sync_started": None}


def fill(count):
    """One bus for each group of the default space, then some without a group."""
    space, first = space_of(account.DEFAULT_SPACE), SoftBus.objects.count()
    groups = Group.objects.filter(space=space, softbus=None).order_by("pk").values_list("pk", flat=True)
    filling.store(
        SoftBus(space=space, bus_id=uuid.uuid4().hex, bus_name=f"Bus-{filling.name(number)}", group_id=group)
        for number, group in islice(zip_longest(range(first, first + count), list(groups[:count])), count)
    )


RESOURCE = Resource(
    slug="iotda/soft-buses",
    urls={
        "harmony-soft-bus": by(GET=list_buses, POST=create_bus),
        "harmony-soft-bus/<str:bus_id>": by(GET=show_bus, DELETE=delete_bus),
        "harmony-soft-bus/<str:bus_id>/sync": by(POST=sync_bus),
        "harmony-soft-bus/<str:bus_id>/reset-bus-key": by(POST=reset_key),
    },
    tables=(SoftBus,),
    listing=list_buses,
    neighbour=Neighbour(table=SoftBus, member="bus_id", column="bus_id", renewed=_renewed),
    state={"iotda/soft-buses": Objects(SoftBus.objects, "bus_id", "bus_name")},
    settings={"sync_s": Setting(2, is_seconds)},
    fill={"buses": fill},
)
