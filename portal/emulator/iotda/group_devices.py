"""Devices in device groups. One call adds or removes one device; its parameters stand in the query.

Source: "Manage Devices in a Device Group", 2025-12, and the user guide (20,000 devices in a group, 10 groups
of a device). Conventions where the documents are silent:
- A device must be in the group's resource space.
- Devices of a group with a rule are not added and removed by hand (the user guide says so, without a code).
  The rule itself is kept, but not carried out: such a group has no devices here.
- Adding a device that is in the group already succeeds. Removing one that is not in it is refused.
"""

from portal.emulator.iotda import EDITION, call, invalid, paged, refuse
from portal.emulator.iotda.device_groups import NOT_ALLOWED, describe_group, find_group
from portal.emulator.iotda.devices import NO_DEVICE
from portal.emulator.knobs import knobs
from portal.emulator.models import Device, Group, GroupDevice, writing
from portal.emulator.resource import Objects, Resource, by
from portal.emulator.wire import reply
from portal.platforms.iotda.contract import device_groups as rules

NOT_IN_GROUP = "IOTDA.003006"  # convention


def _device(device_id):
    device = Device.objects.filter(device_id=device_id).first()
    if device is None:
        raise refuse(404, NO_DEVICE, "The device does not exist.", f"device_id: {device_id}")
    return device


def _not_allowed(why):
    return refuse(403, NOT_ALLOWED, f"Operation not allowed: {why}.", why)


def _add(group, device):
    if device.space_id != group.space_id:
        raise _not_allowed("the device is in another resource space")
    inside = GroupDevice.objects.filter(group=group)
    if inside.filter(device=device).exists():
        return
    if inside.count() >= knobs.limit("devices_per_group"):
        raise _not_allowed(f"the group has {knobs.limit('devices_per_group')} devices already")
    if GroupDevice.objects.filter(device=device).count() >= knobs.limit("groups_per_device"):
        raise _not_allowed(f"the device is in {knobs.limit('groups_per_device')} groups already")
    GroupDevice.objects.create(group=group, device=device)


def _remove(group, device):
    if not GroupDevice.objects.filter(group=group, device=device).delete()[0]:
        raise refuse(400, NOT_IN_GROUP, "The device is not in the group.")


ACTIONS = {"addDevice": _add, "removeDevice": _remove}


@call(write=True)
def act(request, caller, group_id):
    do = ACTIONS.get(request.GET.get("action_id"))
    if do is None:
        raise invalid("action_id: must be addDevice or removeDevice")
    device_id = request.GET.get("device_id", "")
    if problems := [str(each) for each in rules.DEVICE[0].problems(device_id)]:
        raise invalid("; ".join(problems))
    with writing():
        group, device = find_group(group_id, 404), _device(device_id)
        if group.group_type == rules.DYNAMIC:
            raise _not_allowed("the group has a rule")
        do(group, device)
    return reply(200)


@call()
def list_devices(request, caller, group_id):
    rows = GroupDevice.objects.filter(group=find_group(group_id, 404)).select_related("device__product")
    return reply(200, paged(request, rows, "devices", _item))


def _item(row):
    device = row.device
    return {
        "device_id": device.device_id,
        "node_id": device.node_id,
        "device_name": device.device_name,
        "product_id": device.product.product_id,
    }


@call()
def list_groups(request, caller, device_id):
    """Not paged: a device is in few groups. Source: the vendor's SDK 3.1.219, which names the editions."""
    if knobs.edition == "basic":
        raise refuse(403, EDITION, "Groups of a device are not supported by the basic edition.")
    rows = Group.objects.filter(groupdevice__device=_device(device_id)).select_related("super_group")
    return reply(200, {"device_groups": [describe_group(group) for group in rows.order_by("-pk")]})


RESOURCE = Resource(
    slug="iotda/group-devices",
    urls={
        "device-group/<str:group_id>/action": by(POST=act),
        "device-group/<str:group_id>/devices": by(GET=list_devices),
        "devices/<str:device_id>/list-device-group": by(POST=list_groups),
    },
    tables=(GroupDevice,),
    state={"iotda/group-devices": Objects(GroupDevice.objects, "pk", "pk")},
    limits={
        "devices_per_group": rules.DEVICES_MAX,
        "groups_per_device": rules.GROUPS_OF_DEVICE_MAX,
    },
)
