"""Products. Read only."""

from portal.emulator import account
from portal.emulator.iotda import call, in_space, paged, refuse, space_of
from portal.emulator.models import Product
from portal.emulator.resource import Objects, Resource, by
from portal.emulator.wire import reply

DEMO_PRODUCT = "5ba24f5ebbe8f56f5a14f605"
NO_PRODUCT = "IOTDA.013001"


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


@call()
def show_product(request, caller, product_id):
    """A product id is unique only inside a space: without app_id the default space wins, else the oldest."""
    rows = in_space(request, Product.objects.select_related("space")).filter(product_id=product_id)
    product = rows.order_by("-space__default_app", "pk").first()
    if product is None:
        raise refuse(404, NO_PRODUCT, "The product does not exist.", f"product_id: {product_id}")
    return reply(200, _whole(product))


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


RESOURCE = Resource(
    slug="iotda/products",
    urls={
        "products": by(GET=list_products),
        "products/<str:product_id>": by(GET=show_product),
    },
    tables=(Product,),
    seed=seed,
    listing=list_products,
    state={"iotda/products": Objects(Product.objects, "product_id", "name")},
)
