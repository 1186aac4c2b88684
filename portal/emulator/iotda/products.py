"""Products. Lists show no service capabilities.

Source: "Create a Product", 2025-12-02; "Query a Product", 2024-06-28. Without `app_id` the default space has
the product, else the oldest one that has it.
"""

import uuid

from portal.emulator import account
from portal.emulator.iotda import call, in_space, paged, read_body, refuse, space_of
from portal.emulator.iotda.policy_targets import forget_target
from portal.emulator.knobs import knobs
from portal.emulator.models import Device, Product, writing
from portal.emulator.resource import Neighbour, Objects, Resource, by, new_name
from portal.emulator.wire import reply, utc_stamp
from portal.platforms.iotda.contract import products as rules

DEMO_PRODUCT = "5ba24f5ebbe8f56f5a14f605"
NO_PRODUCT = "IOTDA.013001"  # convention
ID_TAKEN = "IOTDA.013090"  # convention
TOO_MANY = "IOTDA.013091"  # convention
HAS_DEVICES = "IOTDA.013092"  # convention
TEXTS = ("manufacturer_name", "industry", "description")


def _item(product):
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


def _whole(product):
    return {**_item(product), "service_capabilities": product.service_capabilities}


@call()
def list_products(request, caller):
    rows = in_space(request, Product.objects.select_related("space"))
    name = request.GET.get("product_name")
    return reply(200, paged(request, rows.filter(name=name) if name else rows, "products", _item))


@call(write=True)
def create_product(request, caller):
    data = read_body(request, rules.CREATE)
    known = {rule.name for rule in rules.SERVICE}
    services = [
        {name: value for name, value in service.items() if name in known}
        for service in data["service_capabilities"]
    ]
    with writing():
        space = space_of(data.get("app_id"))
        if Product.objects.count() >= knobs.limit("products"):
            raise refuse(
                403, TOO_MANY, f"The maximum number of products ({knobs.limit('products')}) is reached."
            )
        product_id = data.get("product_id") or _new_id()
        if Product.objects.filter(space=space, product_id=product_id).exists():
            raise refuse(
                400, ID_TAKEN, "The product exists in the resource space.", f"product_id: {product_id}"
            )
        product = Product.objects.create(
            space=space,
            product_id=product_id,
            **{name: data[name] for name in ("name", "device_type", "protocol_type", "data_format")},
            **{name: data.get(name, "") for name in TEXTS},
            service_capabilities=services,
            create_time=utc_stamp(),
        )
    return reply(201, _whole(product))


def _new_id():
    return uuid.uuid4().hex[:24]


def find_product(rows, product_id, status):
    """Raises Refused with `status` when none of the rows has the id."""
    found = rows.select_related("space").filter(product_id=product_id)
    product = found.order_by("-space__default_app", "pk").first()
    if product is None:
        raise refuse(status, NO_PRODUCT, "The product does not exist.", f"product_id: {product_id}")
    return product


@call()
def show_product(request, caller, product_id):
    return reply(200, _whole(find_product(in_space(request, Product.objects.all()), product_id, 404)))


@call(write=True)
def delete_product(request, caller, product_id):
    """Refused while the product has devices."""
    with writing():
        product = find_product(in_space(request, Product.objects.all()), product_id, 404)
        if Device.objects.filter(product=product).exists():
            raise refuse(403, HAS_DEVICES, "Operation not allowed: the product has devices.")
        product.delete()
        forget_target("product", product_id, product.space)
    return reply(204)


def seed():
    meter = {"service_id": "Meter", "service_type": "Meter", "properties": [], "commands": []}
    Product.objects.create(
        space=space_of(account.DEFAULT_SPACE),
        product_id=DEMO_PRODUCT,
        name="DemoProduct",
        device_type="Sensor",
        protocol_type="MQTT",
        data_format="json",
        service_capabilities=[meter],
        create_time=account.SEED_TIME,
    )


def _renewed(product):
    return {"product_id": _new_id(), "name": new_name(product.name), "create_time": utc_stamp()}


RESOURCE = Resource(
    slug="iotda/products",
    urls={
        "products": by(GET=list_products, POST=create_product),
        "products/<str:product_id>": by(GET=show_product, DELETE=delete_product),
    },
    tables=(Product,),
    seed=seed,
    listing=list_products,
    neighbour=Neighbour(table=Product, member="product_id", column="product_id", renewed=_renewed),
    state={"iotda/products": Objects(Product.objects, "product_id", "name", "space.app_id")},
    limits={"products": rules.PER_INSTANCE_MAX},
)
