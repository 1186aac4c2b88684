"""Devices of IoTDA, read only."""

from django.utils.translation import gettext_lazy as _

from portal.iotda import models
from portal.kinds.columns import ID, NAME, STATUS
from portal.kinds.registry import Column, Kind, register

KIND = register(
    Kind(
        slug="iotda/devices",
        platform="iotda",
        label=_("Device"),
        plural=_("Devices"),
        icon="cpu",
        model=models.Device,
        collection="devices",
        columns=(NAME, ID, Column(name="product_name", label=_("Product")), STATUS),
        filters=("product_id", "status"),
    )
)
