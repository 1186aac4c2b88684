"""Device groups of IoTDA: forms and kind."""

from django.utils.translation import gettext_lazy as _

from portal.iotda import models
from portal.iotda.spaces import SPACE, chosen_space, default_space, in_space, space_picker
from portal.kinds import verbs
from portal.kinds.columns import ID, NAME
from portal.kinds.evidence import Name
from portal.kinds.registry import Column, Kind, register
from portal.platforms.iotda.contract import device_groups as contract
from portal.resources.changing import DeleteForm, UpdateForm
from portal.resources.fields import Picker, TextField
from portal.resources.forms import PlatformForm


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


KIND = register(
    Kind(
        slug="iotda/device-groups",
        platform="iotda",
        label=_("Device group"),
        plural=_("Device groups"),
        icon="folders",
        model=models.DeviceGroup,
        collection="device_groups",
        columns=(NAME, ID, Column(name="description", label=_("Description")), SPACE),
        filters=("app_id",),
        about=_("Groups organize devices. They nest up to 5 levels deep."),
        hints=in_space,
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
            verbs.delete(
                form=DeleteForm,
                label=_("Delete device group"),
                done=_("Device group %(name)s was deleted."),
                about=_("The platform refuses this while the group has child groups, devices or a soft bus."),
            ),
        ),
    )
)
