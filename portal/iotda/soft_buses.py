"""HarmonyOS soft buses of IoTDA: form and kind."""

from django.utils.translation import gettext_lazy as _

from portal.iotda import models
from portal.iotda.device_groups import group_options
from portal.iotda.spaces import SPACE, default_space, space_picker
from portal.kinds import verbs
from portal.kinds.columns import ID, NAME, STATUS
from portal.kinds.effects import Status
from portal.kinds.evidence import Name
from portal.kinds.registry import Column, Kind, Verb, register
from portal.platforms.iotda.contract import soft_buses as contract
from portal.resources.changing import DeleteForm
from portal.resources.fields import Picker, TextField
from portal.resources.forms import PlatformForm


class CreateForm(PlatformForm):
    """The platform requires no field. The form requires a name, to find the bus if the answer is lost."""

    contract = contract.CREATE

    app_id = space_picker()
    bus_name = TextField(label=_("Name"))
    group_id = Picker(label=_("Device group"), options=group_options, empty=_("None yet"), required=False)


KIND = register(
    Kind(
        slug="iotda/soft-buses",
        platform="iotda",
        label=_("HarmonyOS soft bus"),
        plural=_("Soft buses"),
        icon="topology-bus",
        model=models.SoftBus,
        collection="soft_buses",
        columns=(NAME, ID, Column(name="group_id", label=_("Device group")), SPACE, STATUS),
        filters=("app_id", "group_id", "status"),
        refers={"app_id": "iotda/spaces", "group_id": "iotda/device-groups"},
        scope="app_id",
        following=("Synchronizing",),
        about=_(
            "A soft bus connects the HarmonyOS devices of one group. A sync sends its data to the devices."
        ),
        verbs=(
            verbs.create(
                form=CreateForm,
                label=_("Create soft bus"),
                done=_("Soft bus %(name)s was created. Sync it to send it to its devices."),
                evidence=Name(
                    field="bus_name",
                    scope=("app_id",),
                    default_scope=default_space,
                    searched=False,  # the list of buses has no filter for names
                ),
                name="bus_name",
            ),
            Verb(
                name="sync",
                label=_("Sync"),
                done=_("Sync of %(name)s was requested. The status below comes from the platform."),
                right="sync",
                icon="refresh",
                call=lambda bound, data: bound.collection.sync_call(bound.remote_id),
                evidence=Status(reached=("Synchronizing", "Synchronized")),
            ),
            Verb(
                name="reset-key",
                label=_("Reset key"),
                done=_("The key of %(name)s was reset. Sync it, so that its devices get the new one."),
                right="reset_key",
                icon="key",
                confirm=_("Its devices cannot find each other until the next sync. Reset the key?"),
                call=lambda bound, data: bound.collection.reset_key_call(bound.remote_id),
                evidence=Status(reached=("ToBeSynchronized",)),
            ),
            verbs.delete(
                form=DeleteForm,
                label=_("Delete soft bus"),
                done=_("Soft bus %(name)s was deleted."),
                about=_(
                    "Its devices can no longer find each other through it. The devices and their group stay."
                ),
            ),
        ),
    )
)
