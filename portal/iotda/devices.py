"""Devices of IoTDA: form and kind."""

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from portal.iotda import models
from portal.iotda.device_groups import group_options
from portal.iotda.products import one_of, product_picker
from portal.iotda.spaces import SPACE, chosen_space, space_picker
from portal.kinds import verbs
from portal.kinds.columns import ID, NAME, STATUS
from portal.kinds.evidence import OwnId
from portal.kinds.parts import Column, Inside, Related
from portal.kinds.registry import KINDS, Kind, register
from portal.operations.change import Then
from portal.platforms.contract import Field
from portal.platforms.iotda.contract import HEX_ID, HEX_TEXT
from portal.platforms.iotda.contract.device_groups import GROUPS_OF_DEVICE_MAX, MANAGE_DEVICES
from portal.platforms.iotda.contract.devices import AUTH_TYPES, TYPED, own_id
from portal.resources.changing import DeleteForm
from portal.resources.fields import IdsField, Picker, SecretField, TextField
from portal.resources.forms import PlatformForm


def _gateways(client, form, text):
    """Devices of the chosen space; a search finds what the platform finds by its name."""
    filters = {**chosen_space(client, form), **({"search": text} if text else {})}
    listing = client.devices.list(limit=50, **filters)
    return [(item["id"], f"{item['name']} ({item['id']})") for item in listing.items]


class CreateForm(PlatformForm):
    """Always sends an id, to find the device if the answer is lost: the platform's own rule makes it."""

    contract = TYPED
    together = (
        Field(
            name="then_group_ids",
            kind=list,
            max_items=GROUPS_OF_DEVICE_MAX,
            items=Field(name="group_id", kind=str, max_length=36, pattern=HEX_ID, pattern_text=HEX_TEXT),
            rule=gettext_noop("A device can be in up to 10 groups."),
            source=MANAGE_DEVICES,
        ),
    )

    app_id = space_picker()
    product_id = product_picker()
    node_id = TextField(label=_("Node id"))
    device_id = TextField(label=_("Device id"), required=False)
    device_name = TextField(label=_("Name"), required=False)
    gateway_id = Picker(
        label=_("Parent device"), options=_gateways, empty=_("None (connects by itself)"), required=False
    )
    description = TextField(label=_("Description"), required=False)
    auth_type = Picker(
        label=_("Authentication"),
        options=one_of(AUTH_TYPES),
        searchable=False,
        empty=_("As the platform does it (SECRET)"),
        required=False,
    )
    secret = SecretField(label=_("Device secret"), required=False)
    then_group_ids = IdsField(
        label=_("Then add it to these groups, one id in each line"),
        options=group_options,
        waits=True,
        required=False,
    )

    def clean_device_id(self):
        product_id, node_id = (self.cleaned_data.get(name) for name in ("product_id", "node_id"))
        given = self.cleaned_data["device_id"]
        return own_id(product_id, node_id) if product_id and node_id and not given else given

    def clean_secret(self):
        secret = self.cleaned_data["secret"]
        if secret and self.cleaned_data.get("auth_type") == "CERTIFICATES":
            raise ValidationError(_now("A device with a certificate has no secret."), code="certificate")
        return secret

    @property
    def then(self):
        groups = KINDS["iotda/device-groups"]
        for id in self.cleaned_data["then_group_ids"]:
            yield Then(groups, groups.verb("add-device"), target_id=id, id_in="device_id")


KIND = register(
    Kind(
        slug="iotda/devices",
        platform="iotda",
        label=_("Device"),
        plural=_("Devices"),
        icon="cpu",
        model=models.Device,
        collection="devices",
        columns=(NAME, ID, Column(name="product_id", label=_("Product")), SPACE, STATUS),
        filters=("app_id", "product_id", "status"),
        refers={
            "app_id": "iotda/spaces",
            "product_id": "iotda/products",
            "gateway_id": "iotda/devices",
        },
        space="app_id",
        related=(
            Related(
                name="groups",
                label=_("Groups of this device"),
                read=lambda bound, limit: bound.collection.groups(bound.remote_id, limit=limit),
                kind=lambda item: "iotda/device-groups",
            ),
        ),
        about=_("A device belongs to a product. It connects by itself or through a parent device."),
        inside=(Inside(kind="iotda/devices", field="gateway_id"),),
        verbs=(
            verbs.create(
                form=CreateForm,
                label=_("Create device"),
                done=_("Device %(name)s was created."),
                evidence=OwnId(
                    ids=("device_id",),
                    get=lambda devices, data: devices.get(data["device_id"]),
                ),
                name="device_id",
            ),
            verbs.delete(
                form=DeleteForm,
                label=_("Delete device"),
                done=_("Device %(name)s was deleted."),
                about=_(
                    "The device can no longer connect. The platform refuses this while the device has child"
                    " devices."
                ),
            ),
        ),
    )
)
