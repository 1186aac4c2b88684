"""Devices in device groups. No call here makes a device: two belong to the demo account.

Source: SDK roma v2, "batch_add_device_to_group", "delete_device_from_group", "show_devices_in_group".
Conventions where the documents are silent:
- A success answers 200 without a body. Adding a device that is in the group already succeeds.
- One unknown device, or one of another application, refuses the whole call.
- Removing a device that is not in the group answers like an absent one.
"""

from portal.emulator import account
from portal.emulator.models import RomaDevice, RomaGroupDevice, writing
from portal.emulator.resource import Objects, Resource, by
from portal.emulator.roma import absent, app_of, call, invalid, read_body
from portal.emulator.roma.device_groups import find_group, number_of
from portal.emulator.wire import reply
from portal.platforms.roma.contract import device_groups as rules

PRODUCT = (30001, "DemoProduct")
FIRST_DEVICE = 20001


@call("link-device-groups.addDeviceIntoGroup", write=True)
def add(request, caller, operation, group_id):
    number = number_of(group_id, operation)
    data = read_body(request, rules.DEVICES, operation)
    with writing():
        group = find_group(number)
        devices = [_device(id, group.app_id) for id in dict.fromkeys(data["resources"])]
        for device in devices:
            RomaGroupDevice.objects.get_or_create(group=group, device=device)
    return reply(200)


def _device(id, app):
    device = RomaDevice.objects.filter(id=id, app=app).first()
    if device is None:
        raise absent(id)
    return device


@call("link-device-groups.removeDevice", write=True)
def remove(request, caller, operation, group_id, device_id):
    number, device = number_of(group_id, operation), number_of(device_id, operation)
    with writing():
        inside = RomaGroupDevice.objects.filter(group=find_group(number), device_id=device)
        if not inside.delete()[0]:
            raise absent(device)
    return reply(204)


@call("link-device-groups.listDevices")
def list_devices(request, caller, operation, group_id):
    group = find_group(number_of(group_id, operation))
    rows = RomaDevice.objects.filter(romagroupdevice__group=group).order_by("id")
    for name, column in (("device_name", "name"), ("product_name", "product_name")):
        if request.GET.get(name):
            rows = rows.filter(**{f"{column}__contains": request.GET[name]})
    limit = min(_whole(request, "limit", 10, operation), rules.PAGE_MAX)
    offset = _whole(request, "offset", 0, operation)
    page = [_item(device) for device in rows[offset : offset + limit]]
    return reply(200, {"total": rows.count(), "size": len(page), "items": page})


def _whole(request, name, default, operation):
    text = request.GET.get(name, str(default))
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise invalid(operation, name, "query")
    return int(text)


def _item(device):
    return {
        "device_id": device.id,
        "device_name": device.name,
        "product_id": device.product_id,
        "product_name": device.product_name,
        "status": 0,
        "online_status": 0,
    }


def seed():
    for number in (1, 2):
        RomaDevice.objects.create(
            id=FIRST_DEVICE + number - 1,
            app=app_of(account.ROMA_APP),
            name=f"Demo device {number}",
            product_id=PRODUCT[0],
            product_name=PRODUCT[1],
        )


GROUP = "link/instances/<str:instance_id>/device-groups/<str:group_id>"
RESOURCE = Resource(
    slug="roma/group-devices",
    urls={
        f"{GROUP}/devices": by(GET=list_devices),
        f"{GROUP}/devices/batch-add": by(POST=add),
        f"{GROUP}/devices/<str:device_id>": by(DELETE=remove),
    },
    tables=(RomaDevice, RomaGroupDevice),
    seed=seed,
    state={"roma/group-devices": Objects(RomaGroupDevice.objects, "pk", "pk")},
)
