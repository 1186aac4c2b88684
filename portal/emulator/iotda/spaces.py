"""Resource spaces (`apps`), products and devices: read only until their forms come."""

from portal.emulator.iotda import call, in_space, paged, refuse, space_of
from portal.emulator.models import Device, Product, Space
from portal.emulator.wire import reply


def _space(space):
    return {
        "app_id": space.app_id,
        "app_name": space.app_name,
        "create_time": space.create_time,
        "default_app": space.default_app,
    }


@call()
def list_spaces(request, caller):
    """Not paged. `default_app=true|false` narrows it."""
    rows = Space.objects.order_by("pk")
    wanted = request.GET.get("default_app")
    if wanted in ("true", "false"):
        rows = rows.filter(default_app=wanted == "true")
    return reply(200, {"applications": [_space(space) for space in rows]})


@call()
def show_space(request, caller, app_id):
    return reply(200, _space(space_of(app_id)))


def _product(product):
    return {
        "app_id": product.space.app_id,
        "app_name": product.space.app_name,
        "product_id": product.product_id,
        "name": product.name,
        "device_type": product.device_type,
        "protocol_type": product.protocol_type,
        "data_format": product.data_format,
        "manufacturer_name": product.manufacturer_name,
        "industry": product.industry,
        "description": product.description,
        "create_time": product.create_time,
    }


@call()
def list_products(request, caller):
    rows = in_space(request, Product.objects.select_related("space"))
    name = request.GET.get("product_name")
    return reply(200, paged(request, rows.filter(name=name) if name else rows, "products", _product))


@call()
def show_product(request, caller, product_id):
    """A product id is unique only inside a space: without app_id the default space wins, else the oldest."""
    rows = in_space(request, Product.objects.select_related("space")).filter(product_id=product_id)
    product = rows.order_by("-space__default_app", "pk").first()
    if product is None:
        raise refuse(404, "IOTDA.013001", "The product does not exist.", f"product_id: {product_id}")
    return reply(200, {**_product(product), "service_capabilities": product.service_capabilities})


def _device(device):
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


@call()
def list_devices(request, caller):
    rows = in_space(request, Device.objects.select_related("space", "product"))
    for name, column in (
        ("product_id", "product__product_id"),
        ("node_id", "node_id"),
        ("device_name", "device_name"),
    ):
        if request.GET.get(name):
            rows = rows.filter(**{column: request.GET[name]})
    return reply(200, paged(request, rows, "devices", _device))


@call()
def show_device(request, caller, device_id):
    device = Device.objects.select_related("space", "product").filter(device_id=device_id).first()
    if device is None:
        raise refuse(404, "IOTDA.014000", "The device does not exist.", f"device_id: {device_id}")
    auth_info = {"auth_type": "SECRET", "secure_access": True, "timeout": 0}
    return reply(200, {**_device(device), "auth_info": auth_info, "create_time": device.create_time})
