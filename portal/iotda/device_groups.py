"""Device groups of IoTDA: forms and kind."""

from django.utils.translation import gettext_lazy as _

from portal.iotda import models
from portal.iotda.spaces import SPACE, chosen_space, default_space, in_space, space_picker
from portal.kinds import verbs
from portal.kinds.columns import ID, NAME
from portal.kinds.effects import Members
from portal.kinds.evidence import Name
from portal.kinds.registry import Column, Inside, Kind, Related, Takes, Verb, register
from portal.platforms.iotda.contract import device_groups as contract
from portal.resources.changing import DeleteForm, UpdateForm
from portal.resources.fields import Picker, TextField
from portal.resources.forms import PlatformForm
from portal.resources.membership import ids_inside, inside_options


def group_options(client, form, text):
    """Groups of the chosen space whose name contains the text. The platform does the search."""
    filters = {**chosen_space(client, form), **({"search": text} if text else {})}
    listing = client.device_groups.list(limit=50, **filters)
    return [(item["id"], f"{item['name']} ({item['id']})") for item in listing.items]


class CreateForm(PlatformForm):
    contract = contract.CREATE

    app_id = space_picker()
    name = TextField(label=_("Name"))
    description = TextField(label=_("Description"), required=False)
    super_group_id = Picker(
        label=_("Parent group"), options=group_options, empty=_("None (top level)"), required=False
    )


class EditForm(UpdateForm):
    contract = contract.UPDATE

    name = TextField(label=_("Name"))
    description = TextField(label=_("Description"), required=False)


def _device_options(client, form, text):
    """Devices of the group's resource space."""
    space = {"app_id": form.target.app_id} if form.target.app_id else {}
    listing = client.devices.list(limit=50, calls=1, **space, **({"search": text} if text else {}))
    return [(item["id"], f"{item['name']} ({item['id']})") for item in listing.items]


class AddDeviceForm(PlatformForm):
    contract = contract.DEVICE

    device_id = Picker(label=_("Device"), options=_device_options)


class RemoveDeviceForm(PlatformForm):
    contract = contract.DEVICE

    device_id = Picker(label=_("Device"), options=inside_options)


KIND = register(
    Kind(
        slug="iotda/device-groups",
        platform="iotda",
        label=_("Device group"),
        plural=_("Device groups"),
        icon="folders",
        model=models.DeviceGroup,
        quota=contract.PER_SPACE_MAX,
        collection="device_groups",
        columns=(NAME, ID, Column(name="description", label=_("Description")), SPACE),
        filters=("app_id",),
        about=_("Groups organize devices. They nest up to 5 levels deep."),
        hints=in_space,
        related=(
            Related(
                name="devices",
                label=_("Devices in this group"),
                read=lambda bound, limit: bound.collection.devices(bound.remote_id, limit=limit),
                kind=lambda item: "iotda/devices",
                adds="add-device",
                removes="remove-device",
                chosen=lambda item: {"device_id": item["id"]},
            ),
        ),
        inside=(
            Inside(kind="iotda/device-groups", field="super_group_id", scope="app_id"),
            Inside(kind="iotda/soft-buses", field="group_id", scope="app_id"),
            Inside(listed="devices"),
        ),
        verbs=(
            verbs.create(
                form=CreateForm,
                label=_("Create device group"),
                done=_("Device group %(name)s was created."),
                evidence=Name(field="name", scope=("app_id",), default_scope=default_space),
                name="name",
            ),
            verbs.update(
                form=EditForm,
                done=_("Device group %(name)s was changed."),
                fields=("name", "description"),
            ),
            Verb(
                name="add-device",
                label=_("Add device"),
                done=_("The device was added to %(name)s."),
                right="group_membership",
                icon="plus",
                form=AddDeviceForm,
                takes=(
                    Takes(
                        kind="iotda/devices",
                        label=_("Add to group…"),
                        id_in="device_id",
                        shared=("app_id",),
                    ),
                ),
                call=lambda bound, data: bound.collection.add_device_call(bound.remote_id, data),
                evidence=Members(read=ids_inside, field="device_id"),
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
                about=_("The platform refuses this while the group has child groups, devices or a soft bus."),
            ),
        ),
    )
)
