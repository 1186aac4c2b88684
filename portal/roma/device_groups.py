"""Device groups of ROMA Connect: forms and kind."""

from django import forms
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from portal.kinds import verbs
from portal.kinds.columns import ID, NAME
from portal.kinds.effects import Members
from portal.kinds.evidence import Name
from portal.kinds.parts import Column, Inside, Related
from portal.kinds.registry import Kind, Verb, register
from portal.kinds.telling import told_pairs
from portal.outside import folded
from portal.platforms.roma.contract import device_groups as contract
from portal.resources.changing import DeleteForm, UpdateForm
from portal.resources.fields import IdsField, Picker, TextField
from portal.resources.forms import PlatformForm
from portal.resources.membership import ids_inside, inside_options
from portal.roma import models
from portal.roma.applications import application_picker

INDENT = "\u2003"


def parent_options(client, form, text):
    """The groups of the chosen application, indented as a tree. Searched here: the platform has no search."""
    top = [("0", _now("0 (top level)"))]
    app_id = form.value_of("app_id") or form.initial.get("app_id")
    if not app_id:
        return top
    wanted = folded(text)
    found = [
        (item["id"], f"{INDENT * item.get('depth', 0)}{item['name']} ({item['id']})")
        for item in client.device_groups.list(app_id=app_id).items
        if wanted in folded(item["name"]) or wanted in item["id"]
    ]
    return found if text else top + found


def _description():
    return TextField(label=_("Description"), required=False, widget=forms.Textarea(attrs={"rows": 2}))


class CreateForm(PlatformForm):
    contract = contract.CREATE

    # The application comes first, because the choice of parents depends on it.
    app_id = application_picker()
    parent_id = Picker(label=_("Parent group"), options=parent_options)
    name = TextField(label=_("Name"))
    description = _description()

    def clean_parent_id(self):
        number = contract.whole_number(self.cleaned_data["parent_id"])
        if number is None:
            raise forms.ValidationError(
                _now("Enter a whole number from 0 to 99999999999999999."), code="type"
            )
        return str(number)


class EditForm(UpdateForm):
    contract = contract.UPDATE

    name = TextField(label=_("Name"))
    description = _description()


class AddDevicesForm(PlatformForm):
    """No documented call lists the devices of an application: their ids are typed."""

    contract = contract.DEVICES

    resources = IdsField(label=_("Ids of devices, one in each line"))

    def clean_resources(self):
        ids = self.cleaned_data["resources"]
        numbers = [contract.whole_number(id) for id in ids]
        if wrong := [id for id, number in zip(ids, numbers, strict=True) if number is None]:
            raise forms.ValidationError(
                _now("Enter whole numbers. This is none: %(id)s"), params={"id": wrong[0]}, code="type"
            )
        return list(dict.fromkeys(numbers))


class RemoveDeviceForm(PlatformForm):
    contract = contract.DEVICE

    device_id = Picker(label=_("Device"), options=inside_options)

    def clean_device_id(self):
        """020001 is the device 20001."""
        text = self.cleaned_data["device_id"]
        return str(int(text)) if text.isascii() and text.isdigit() else text


KIND = register(
    Kind(
        slug="roma/device-groups",
        platform="roma",
        label=_("Device group"),
        plural=_("Device groups"),
        icon="folders",
        model=models.DeviceGroup,
        collection="device_groups",
        columns=(
            NAME,
            ID,
            Column(name="parent_id", label=_("Parent group")),
            Column(name="app_id", label=_("Application")),
        ),
        filters=("app_id",),
        refers={"app_id": "roma/apps", "parent_id": "roma/device-groups"},
        space="app_id",
        parent="parent_id",
        words={"parent_id": {"0": _("top level")}},
        shown={"created_user": told_pairs, "last_updated_user": told_pairs},
        related=(
            Related(
                name="devices",
                label=_("Devices in this group"),
                read=lambda bound, limit: bound.collection.devices(bound.remote_id, limit=limit),
                adds="add-devices",
                removes="remove-device",
                chosen=lambda item: {"device_id": item["id"]},
            ),
        ),
        about=_("Groups of LINK devices form a tree inside an integration application."),
        inside=(
            Inside(kind="roma/device-groups", field="parent_id", scope="app_id"),
            Inside(listed="devices", goes_along=True),
        ),
        verbs=(
            verbs.create(
                form=CreateForm,
                label=_("Create device group"),
                done=_("Device group %(name)s was created."),
                # No document says that names are unique, so a human decides about every object that is found.
                evidence=Name(field="name", scope=("app_id",), unique=False),
                name="name",
            ),
            verbs.update(
                form=EditForm,
                done=_("Device group %(name)s was changed."),
                fields=("name", "description"),
            ),
            Verb(
                name="add-devices",
                label=_("Add devices"),
                done=_("The devices were added to %(name)s."),
                right="group_membership",
                icon="plus",
                form=AddDevicesForm,
                call=lambda bound, data: bound.collection.add_devices_call(bound.remote_id, data),
                evidence=Members(read=ids_inside, field="resources"),
            ),
            Verb(
                name="remove-device",
                label=_("Remove device"),
                done=_("The device was removed from %(name)s."),
                about=_("The device itself stays as it is."),
                right="group_membership",
                icon="minus",
                form=RemoveDeviceForm,
                call=lambda bound, data: bound.collection.remove_device_call(bound.remote_id, data),
                evidence=Members(read=ids_inside, field="device_id", inside=False),
            ),
            verbs.delete(
                form=DeleteForm,
                label=_("Delete device group"),
                done=_("Device group %(name)s was deleted."),
                about=_("The platform may refuse this while the group has child groups or devices."),
            ),
        ),
    )
)
