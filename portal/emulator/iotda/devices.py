"""Devices. Create and show tell the secret of a device, lists do not.

Source: "Create a Device", 2024-12-02; the vendor's SDK, which says that only lists leave the secret out.
"""

import uuid

from portal.emulator import account
from portal.emulator.iotda import call, in_space, paged, read_body, refuse, space_of
from portal.emulator.iotda.policy_targets import forget_target
from portal.emulator.iotda.products import DEMO_PRODUCT, find_product
from portal.emulator.models import Device, Product, writing
from portal.emulator.resource import Neighbour, Objects, Resource, by, new_name
from portal.emulator.wire import reply, utc_stamp
from portal.platforms.iotda.contract import devices as rules

NO_DEVICE = "IOTDA.014000"  # convention
EXISTS = "IOTDA.014031"
HAS_CHILDREN = "IOTDA.014090"  # convention
TOO_DEEP = "IOTDA.014091"  # convention
FILTERS = {
    "product_id": "product__product_id",
    "gateway_id": "gateway__device_id",
    "node_id": "node_id",
    "device_name": "device_name",
}
RELATED = ("space", "product", "gateway")


def _item(device):
    return {
        "app_id": device.space.app_id,
        "app_name": device.space.app_name,
        "device_id": device.device_id,
        "node_id": device.node_id,
        "gateway_id": device.gateway.device_id if device.gateway else device.device_id,
        "device_name": device.device_name,
        "node_type": "ENDPOINT" if device.gateway else "GATEWAY",
        "description": device.description,
        "product_id": device.product.product_id,
        "product_name": device.product.name,
        "status": device.status,
        "tags": [],
    }


def _whole(device):
    auth_info = {
        "auth_type": device.auth_type,
        **({"secret": device.secret} if device.secret else {}),
        "secure_access": device.secure_access,
        "timeout": device.timeout,
    }
    return {**_item(device), "auth_info": auth_info, "create_time": device.create_time}


@call(write=True)
def create_device(request, caller):
    data = read_body(request, rules.CREATE)
    auth_info = data.get("auth_info", {})
    auth_type = auth_info.get("auth_type", "SECRET")
    with writing():
        space = space_of(data.get("app_id"))
        product = find_product(Product.objects.filter(space=space), data["product_id"], 400)
        device_id = data.get("device_id") or rules.own_id(product.product_id, data["node_id"])
        if Device.objects.filter(device_id=device_id).exists():
            raise refuse(400, EXISTS, "The device already exists.", f"device_id: {device_id}")
        device = Device.objects.create(
            space=space,
            product=product,
            gateway=_gateway(data["gateway_id"], space) if data.get("gateway_id") else None,
            device_id=device_id,
            node_id=data["node_id"],
            device_name=data.get("device_name", ""),
            description=data.get("description", ""),
            auth_type=auth_type,
            secret=(auth_info.get("secret") or uuid.uuid4().hex) if auth_type == "SECRET" else "",
            secure_access=auth_info.get("secure_access", True),
            timeout=auth_info.get("timeout", 0),
            create_time=utc_stamp(),
        )
    return reply(201, _whole(device))


def _gateway(device_id, space):
    """Raises Refused when it is not in the space, or when its child would be too deep."""
    gateway = _find(device_id, 400)
    if gateway.space_id != space.pk:
        raise refuse(400, NO_DEVICE, "The device does not exist in the resource space.")
    level, above = 1, gateway
    while above.gateway:
        level, above = level + 1, above.gateway
    if level > rules.LEVELS_MAX:
        raise refuse(403, TOO_DEEP, f"A device can have {rules.LEVELS_MAX} levels of child devices.")
    return gateway


@call()
def list_devices(request, caller):
    rows = in_space(request, Device.objects.select_related(*RELATED))
    for name, column in FILTERS.items():
        if request.GET.get(name):
            rows = rows.filter(**{column: request.GET[name]})
    return reply(200, paged(request, rows, "devices", _item))


def _find(device_id, status=404):
    device = Device.objects.select_related(*RELATED).filter(device_id=device_id).first()
    if device is None:
        raise refuse(status, NO_DEVICE, "The device does not exist.", f"device_id: {device_id}")
    return device


@call()
def show_device(request, caller, device_id):
    return reply(200, _whole(_find(device_id)))


@call(write=True)
def delete_device(request, caller, device_id):
    """Refused while it has child devices."""
    with writing():
        device = _find(device_id)
        if Device.objects.filter(gateway=device).exists():
            raise refuse(403, HAS_CHILDREN, "Operation not allowed: the device has child devices.")
        device.delete()
        forget_target("device", device_id, device.space)
    return reply(204)


def seed():
    product = Product.objects.get(product_id=DEMO_PRODUCT)
    for number in (1, 2):
        Device.objects.create(
            space=product.space,
            product=product,
            device_id=f"{DEMO_PRODUCT}_node-{number}",
            node_id=f"node-{number}",
            device_name=f"Demo device {number}",
            secret=f"DemoDeviceSecret000{number}",
            create_time=account.SEED_TIME,
        )


def _renewed(device):
    node_id = new_name(device.node_id)
    return {
        "device_id": rules.own_id(device.product.product_id, node_id),
        "node_id": node_id,
        "device_name": new_name(device.device_name, 256),
        "secret": uuid.uuid4().hex,
        "create_time": utc_stamp(),
    }


RESOURCE = Resource(
    slug="iotda/devices",
    urls={
        "devices": by(GET=list_devices, POST=create_device),
        "devices/<str:device_id>": by(GET=show_device, DELETE=delete_device),
    },
    tables=(Device,),
    seed=seed,
    listing=list_devices,
    neighbour=Neighbour(table=Device, member="device_id", column="device_id", renewed=_renewed),
    state={"iotda/devices": Objects(Device.objects, "device_id", "device_name")},
)
