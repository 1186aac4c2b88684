"""The kinds of EnOS."""

from django.utils.translation import gettext_lazy as _

from portal.enos import forms, models
from portal.kinds.registry import Column, Kind, Verb, register
from portal.kinds.settling import OwnId

NAME = Column(name="name", label=_("Name"))

PRODUCTS = register(
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
    )
)

DEVICES = register(
    Kind(
        slug="enos/devices",
        platform="enos",
        label=_("Device"),
        plural=_("Devices"),
        icon="cpu",
        model=models.Device,
        collection="devices",
        columns=(
            NAME,
            Column(name="device_key", label=_("Device key"), style="code"),
            Column(name="remote_id", label=_("Asset id"), style="code"),
            Column(name="product_key", label=_("Product"), style="code"),
            Column(name="status", label=_("Status"), style="status"),
        ),
        filters=("product_key", "status"),
        about=_("A device belongs to a product; a product holds up to 10,000."),
        verbs=(
            Verb(
                name="create",
                label=_("Create device"),
                done=_("Device %(name)s was created."),
                right="create",
                on_object=False,
                form=forms.DeviceForm,
                call=lambda client, data, target: client.devices.create_call(data),
                finish=lambda client, answer, data, target: client.devices.created(answer, data),
                settle=OwnId(
                    get=lambda client, data: client.devices.get_by_key(
                        data["product_key"], data["device_key"]
                    ),
                ),
                object_name=lambda data, target: data.get("device_key", ""),
            ),
        ),
    )
)
