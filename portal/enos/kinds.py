"""The kinds of EnOS."""

from django.utils.translation import gettext_lazy as _

from portal.enos import forms, models
from portal.kinds.registry import Column, Kind, register
from portal.kinds.settling import OwnId
from portal.kinds.verbs import create, delete, update
from portal.resources.changing import DeleteForm

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
            create(
                "devices",
                form=forms.DeviceForm,
                label=_("Create device"),
                done=_("Device %(name)s was created."),
                settle=OwnId(
                    get=lambda client, data: client.devices.get_by_key(
                        data["product_key"], data["device_key"]
                    ),
                ),
                name="device_key",
            ),
            update(
                "devices",
                form=forms.DeviceUpdateForm,
                done=_("Device %(name)s was changed."),
                fields=("device_name", "timezone", "device_desc", "device_attributes", "device_tags"),
                about=_("What is left empty here is cleared on the platform, too."),
            ),
            delete(
                "devices",
                form=DeleteForm,
                label=_("Delete device"),
                done=_("Device %(name)s was deleted."),
                about=_("The device can no longer connect, and its key becomes free."),
            ),
        ),
    )
)
