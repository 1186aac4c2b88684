"""Devices of EnOS: forms and kind."""

import secrets
from dataclasses import replace

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from portal.enos import models, thing_models, timezones
from portal.enos.batch import BATCH
from portal.enos.editors import AttributesEditor, NameEditor, TagsEditor, told_names
from portal.enos.products import model_of, product_picker
from portal.errors import PortalError
from portal.kinds import verbs
from portal.kinds.columns import NAME, STATUS
from portal.kinds.effects import Fields, Status
from portal.kinds.evidence import OwnId
from portal.kinds.parts import Column, Expression
from portal.kinds.registry import Kind, Verb, register
from portal.kinds.telling import told_pairs
from portal.kinds.validating import unless_old
from portal.platforms.contract import Problem, first
from portal.platforms.enos.contract import devices as contract
from portal.platforms.enos.contract.models import attribute_problems
from portal.resources.changing import DeleteForm, UpdateForm
from portal.resources.editing import JsonField
from portal.resources.fields import Picker, TextField
from portal.resources.forms import PlatformForm

# Source: EnOS API documentation, Connection Service: the permission that each call names.
READ = "Device Management Service: Read"
FULL = "Device Management Service: Full Access"
KEY_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"  # without letters and digits that are easily confused


def fresh_key():
    """A device key that nobody else has: if an answer is lost, it tells what was ours."""
    return "dev-" + "".join(secrets.choice(KEY_ALPHABET) for _ in range(16))


def timezone_options(client, form, text):
    """Calls no platform."""
    return timezones.options(text)


class DeviceFields(PlatformForm):
    """The fields that the create form and the edit form share. The product decides which attributes exist."""

    device_name = JsonField(label=_("Name"), editor=NameEditor())
    timezone = Picker(label=_("Time zone"), options=timezone_options)
    device_desc = TextField(label=_("Description"), required=False, widget=forms.Textarea(attrs={"rows": 2}))
    device_attributes = JsonField(label=_("Attributes"), editor=AttributesEditor(), required=False)
    device_tags = JsonField(label=_("Tags"), editor=TagsEditor(), required=False)

    model_problem = ""  # why the model could not be read, so that attributes have no inputs; for the template

    @property
    def product(self):
        """Product key of the device; "" if none is chosen yet."""
        raise NotImplementedError

    @property
    def model_id(self):
        """The id of the product's model, if the platform has just shown it; else None."""
        raise NotImplementedError

    def draw(self, only=None):
        super().draw(only)
        if not self.product or not (self.is_drawn("product_key") or only == "device_attributes"):
            return
        try:
            with self.reading() as client:
                model = thing_models.read(client, self.connection, self.product, self.model_id)
            self.fields["device_attributes"].editor = AttributesEditor(model)
        except PortalError as error:
            self.model_problem = str(error)

    def problems(self, data, before=None):
        """The product's model has rules, too."""
        yield from super().problems(data, before)
        name = "device_attributes"
        values, was = data.get(name), (before or {}).get(name)
        model = thing_models.known(self.connection, self.product)
        if isinstance(values, dict) and model:
            old = _attribute_problems(model, was) if isinstance(was, dict) else ()
            found = unless_old(_attribute_problems(model, values), old)
            yield from ((name, problem) for problem in first(found, name))


def _attribute_problems(model, values):
    """Yield each Problem of a device's attributes by the product's model."""
    yield from attribute_problems(model, values, "device_attributes")
    for name, attribute in model.items():
        if attribute.get("isRequired") and name not in values:
            yield Problem(f"device_attributes.{name}", "required", gettext_noop("is mandatory"))


class CreateForm(DeviceFields):
    contract = contract.CREATE
    field_order = ("product_key", "device_key")

    product_key = product_picker()
    device_key = TextField(label=_("Device key"))
    require_secret = forms.BooleanField(label=_("Request the device secret"), required=False)

    def __init__(self, *args, initial=None, **kwargs):
        started = {"device_key": fresh_key(), "timezone": "+08:00"}
        super().__init__(*args, initial={**started, **(initial or {})}, **kwargs)

    @property
    def product(self):
        return self.value_of("product_key") or self.initial.get("product_key", "")

    @property
    def model_id(self):
        return model_of(self, self.product)


class EditForm(UpdateForm, DeviceFields):
    contract = contract.UPDATE

    @classmethod
    def initial_from(cls, verb, decoded):
        return {**super().initial_from(verb, decoded), "model_id": decoded.get("model_id")}

    @property
    def product(self):
        return self.target.product_key

    @property
    def model_id(self):
        return self.initial.get("model_id")


class ReplaceForm(PlatformForm):
    # The call names it newDeviceKey; from then on it is the deviceKey.
    contract = tuple(
        replace(rule, name="deviceKey") if rule.name == "newDeviceKey" else rule for rule in contract.NEW_KEY
    )

    device_key = TextField(label=_("New device key"))
    require_secret = forms.BooleanField(label=_("Request the device secret"), required=False)

    def __init__(self, *args, initial=None, **kwargs):
        super().__init__(*args, initial={"device_key": fresh_key(), **(initial or {})}, **kwargs)


KIND = register(
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
            Column(name="product_key", label=_("Product")),
            STATUS,
        ),
        filters=("product_key", "status"),
        permissions=dict.fromkeys(("list", "list_by_expression", "get", "get_by_key"), READ),
        refers={"product_key": "enos/products"},
        own_id="asset_id",
        shown={"device_name": told_names, "device_attributes": told_pairs, "device_tags": told_pairs},
        expression=Expression(
            _(
                "Fields: productKey, deviceKey, assetId, modelId, productType, firmwareVersion, status,"
                " deviceName, deviceTags.<key> and deviceAttributes.<id>. Operators: =, !=, in, like, exists"
                " and not exists, joined by and, or. The status of a disabled device is called disable here."
            ),
            (
                'deviceTags.site = "Hall 3" and status in ("online", "offline")',
                'deviceName like "pump" and not exists(deviceAttributes.serial)',
                'status = "disable"',
            ),
        ),
        batch=replace(BATCH, permission=FULL),
        about=_("A device belongs to a product. A product holds up to 10,000 devices."),
        verbs=(
            verbs.create(
                form=CreateForm,
                label=_("Create device"),
                done=_("Device %(name)s was created."),
                evidence=OwnId(
                    ids=("product_key", "device_key"),
                    get=lambda devices, data: devices.get_by_key(data["product_key"], data["device_key"]),
                ),
                name="device_key",
                permission=FULL,
            ),
            verbs.update(
                form=EditForm,
                done=_("Device %(name)s was changed."),
                fields=("device_name", "timezone", "device_desc", "device_attributes", "device_tags"),
                about=_("A field that you empty is cleared on the platform."),
                permission=FULL,
            ),
            Verb(
                name="enable",
                label=_("Enable"),
                done=_("Device %(name)s was enabled."),
                right="enable",
                permission=FULL,
                icon="toggle-right",
                call=lambda bound, data: bound.collection.enable_call(bound.remote_id),
                evidence=Status(left=contract.DISABLED),
            ),
            Verb(
                name="disable",
                label=_("Disable"),
                done=_("Device %(name)s was disabled."),
                right="disable",
                permission=FULL,
                icon="toggle-left",
                confirm=_("The device can no longer connect until it is enabled again. Disable it?"),
                call=lambda bound, data: bound.collection.disable_call(bound.remote_id),
                evidence=Status(reached=contract.DISABLED),
            ),
            Verb(
                name="replace",
                label=_("Replace"),
                submit=_("Replace device"),
                about=_(
                    "Another device takes its place. The asset keeps its id, name, tags and attributes. Key"
                    " and secret are new: the old device can no longer connect, and the status goes back to"
                    " inactive."
                ),
                done=_("Device %(name)s was replaced."),
                right="replace",
                permission=FULL,
                icon="arrows-exchange",
                form=ReplaceForm,
                call=lambda bound, data: bound.collection.replace_call(bound.remote_id, data),
                finish=lambda bound, answer, data: bound.collection.replaced(answer, bound.remote_id, data),
                evidence=Fields(("device_key",)),
            ),
            verbs.delete(
                form=DeleteForm,
                label=_("Delete device"),
                done=_("Device %(name)s was deleted."),
                about=_("The device can no longer connect, and its device key can be used again."),
                permission=FULL,
            ),
        ),
    )
)
