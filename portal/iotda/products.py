"""Products of IoTDA: form and kind, and the picker of a product."""

import secrets

from django.utils.translation import gettext_lazy as _

from portal.iotda import models
from portal.iotda.services import ServicesEditor, told_services
from portal.iotda.spaces import SPACE, chosen_space, default_space, in_space, space_picker
from portal.kinds import verbs
from portal.kinds.columns import ID, NAME
from portal.kinds.evidence import OwnId
from portal.kinds.parts import Column, Inside
from portal.kinds.registry import Kind, register
from portal.platforms.iotda.contract.products import CREATE, DATA_FORMATS, PER_INSTANCE_MAX, PROTOCOLS
from portal.resources.changing import DeleteForm
from portal.resources.editing import JsonField
from portal.resources.fields import Picker, TextField
from portal.resources.forms import PlatformForm


def product_picker():
    return Picker(label=_("Product"), options=_products, chooses_first=True)


def _products(client, form, text):
    """Products of the chosen space whose name contains the text. The platform does the search."""
    filters = {**chosen_space(client, form), **({"search": text} if text else {})}
    listing = client.products.list(limit=50, **filters)
    return [(item["id"], f"{item['name']} ({item['id']})") for item in listing.items]


def one_of(choices):
    """A Picker's options that no platform need be asked for."""
    return lambda client, form, text: [(each, each) for each in choices]


class CreateForm(PlatformForm):
    """The platform requires no id. The form does, to find the product if the answer is lost."""

    contract = CREATE

    app_id = space_picker()
    product_id = TextField(label=_("Product id"))
    name = TextField(label=_("Name"))
    device_type = TextField(label=_("Device type"))
    protocol_type = Picker(label=_("Protocol"), options=one_of(PROTOCOLS), searchable=False)
    data_format = Picker(label=_("Data format"), options=one_of(DATA_FORMATS), searchable=False)
    service_capabilities = JsonField(label=_("Services"), editor=ServicesEditor())
    manufacturer_name = TextField(label=_("Manufacturer"), required=False)
    industry = TextField(label=_("Industry"), required=False)
    description = TextField(label=_("Description"), required=False)

    def __init__(self, *args, initial=None, **kwargs):
        usual = {"product_id": secrets.token_hex(12), "protocol_type": "MQTT", "data_format": "json"}
        super().__init__(*args, initial={**usual, **(initial or {})}, **kwargs)


KIND = register(
    Kind(
        slug="iotda/products",
        platform="iotda",
        label=_("Product"),
        plural=_("Products"),
        icon="box",
        model=models.Product,
        quota=PER_INSTANCE_MAX,
        collection="products",
        columns=(
            NAME,
            ID,
            Column(name="device_type", label=_("Device type")),
            Column(name="protocol_type", label=_("Protocol")),
            SPACE,
        ),
        filters=("app_id",),
        refers={"app_id": "iotda/spaces"},
        space="app_id",
        shown={"service_capabilities": told_services},
        hints=in_space,
        within="iotda/spaces",
        about=_("A product says what its devices can do. Up to 1,000 products per instance."),
        inside=(Inside(kind="iotda/devices", field="product_id"),),
        verbs=(
            verbs.create(
                form=CreateForm,
                label=_("Create product"),
                done=_("Product %(name)s was created."),
                evidence=OwnId(
                    ids=("product_id",),
                    get=lambda products, data, **space: products.get(data["product_id"], **space),
                    scope=("app_id",),
                    default_scope=default_space,
                ),
                name="name",
            ),
            verbs.delete(
                form=DeleteForm,
                label=_("Delete product"),
                done=_("Product %(name)s was deleted."),
                about=_("The platform refuses this while the product has devices."),
            ),
        ),
    )
)
