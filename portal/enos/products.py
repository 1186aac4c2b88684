"""Products of EnOS, read only, and the picker of a product."""

from django.utils.translation import gettext_lazy as _

from portal.enos import models
from portal.enos.editors import told_names
from portal.kinds.columns import NAME
from portal.kinds.parts import Column, Expression, Facts
from portal.kinds.permissions import naming
from portal.kinds.registry import Kind, register
from portal.kinds.telling import told_pairs
from portal.resources.fields import Picker

READ = "Product: Read"  # source: EnOS API documentation, V2.4 Search Product; get names none


def product_picker():
    return Picker(label=_("Product"), options=_options, rereads=True, chooses_first=True)


def _options(client, form, text):
    search = {"search": text} if text else {}
    with naming(READ):
        found = form.shared("products", lambda: client.products.list(**search, limit=50).items)
    return [(item["id"], f"{item['name']} ({item['id']})") for item in found]


def model_of(form, product_key):
    """The id of the model of a product, if the form has read it for its choices; else None."""
    found = form.shared("products", list)
    return next((item.get("model_id") for item in found if item["id"] == product_key), None)


KIND = register(
    Kind(
        slug="enos/products",
        platform="enos",
        label=_("Product"),
        plural=_("Products"),
        icon="box",
        model=models.Product,
        collection="products",
        columns=(
            NAME,
            Column(name="remote_id", label=_("Product key"), style="code"),
            Column(name="product_type", label=_("Type")),
            Column(name="model_id", label=_("Model"), style="code"),
        ),
        permissions=dict.fromkeys(("list", "list_by_expression"), READ),
        own_id="product_key",
        shown={"product_name": told_names, "product_tags": told_pairs},
        expression=Expression(
            _(
                "Fields: productKey, modelId, productName and productTags.<key>. Operators: =, in, like,"
                " exists and not exists, joined by and, or."
            ),
            ('productName like "pump"', "exists(productTags.site)"),
        ),
        facts=Facts(
            label=_("Devices of this product"),
            read=lambda bound: bound.collection.client.devices.get_statistics(bound.remote_id),
            labels=(
                ("total_count", _("All")),
                ("online_count", _("Online")),
                ("offline_count", _("Offline")),
                ("inactive_count", _("Inactive")),
                ("disabled_count", _("Disabled")),
            ),
        ),
    )
)
