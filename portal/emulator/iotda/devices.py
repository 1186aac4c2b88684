"""Devices. Read only."""

from portal.emulator import account
from portal.emulator.iotda import call, in_space, paged, refuse
from portal.emulator.iotda.products import DEMO_PRODUCT
from portal.emulator.models import Device, Product
from portal.emulator.resource import Objects, Resource, by
from portal.emulator.wire import reply

NO_DEVICE = "IOTDA.014000"
FILTERS = {"product_id": "product__product_id", "node_id": "node_id", "device_name": "device_name"}


def _item(device):
    return {
        "app_id": device.space.app_id,
        "app_name": device.space.app_name,
        "device_id": device.device_id,
        "node_id": device.node_id,
        "gateway_id": device.device_id,
        "device_name": device.device_name,
        "node_type": "GATEWAY",
        "description": device.description,
        "product_id": device.product.product_id,
        "product_name": device.product.name,
        "status": device.status,
        "tags": [],
    }


def _whole(device):
    auth_info = {"auth_type": "SECRET", "secure_access": True, "timeout": 0}
    return {**_item(device), "auth_info": auth_info, "create_time": device.create_time}


@call()
def list_devices(request, caller):
    rows = in_space(request, Device.objects.select_related("space", "product"))
    for name, column in FILTERS.items():
        if request.GET.get(name):
            rows = rows.filter(**{column: request.GET[name]})
    return reply(200, paged(request, rows, "devices", _item))


@call()
def show_device(request, caller, device_id):
    device = Device.objects.select_related("space", "product").filter(device_id=device_id).first()
    if device is None:
        raise refuse(404, NO_DEVICE, "The device does not exist.", f"device_id: {device_id}")
    return reply(200, _whole(device))


def seed():
    product = Product.objects.get(product_id=DEMO_PRODUCT)
    for number in (1, 2):
        Device.objects.create(
            space=product.space,
            product=product,
            device_id=f"{DEMO_PRODUCT}_node-{number}",
            node_id=f"node-{number}",
            device_name=f"Demo device {number}",
            create_time=account.SEED_TIME,
        )


RESOURCE = Resource(
    slug="iotda/devices",
    urls={
        "devices": by(GET=list_devices),
        "devices/<str:device_id>": by(GET=show_device),
    },
    tables=(Device,),
    seed=seed,
    listing=list_devices,
    state={"iotda/devices": Objects(Device.objects, "device_id", "device_name")},
)
