"""Products of IoTDA, read only."""

from django.utils.translation import gettext_lazy as _

from portal.iotda import models
from portal.iotda.spaces import SPACE, in_space
from portal.kinds.columns import ID, NAME
from portal.kinds.registry import Column, Kind, register

KIND = register(
    Kind(
        slug="iotda/products",
        platform="iotda",
        label=_("Product"),
        plural=_("Products"),
        icon="box",
        model=models.Product,
        collection="products",
        columns=(
            NAME,
            ID,
            Column(name="device_type", label=_("Device type")),
            Column(name="protocol_type", label=_("Protocol")),
            SPACE,
        ),
        filters=("app_id",),
        hints=in_space,
    )
)
