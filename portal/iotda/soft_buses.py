"""HarmonyOS soft buses of IoTDA: form and kind."""

from django.forms import BooleanField
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from portal.iotda import models
from portal.iotda.device_groups import group_options
from portal.iotda.spaces import SPACE, default_space, space_picker
from portal.kinds import verbs
from portal.kinds.columns import ID, NAME, STATUS
from portal.kinds.effects import Status
from portal.kinds.evidence import Name
from portal.kinds.parts import Column
from portal.kinds.registry import Kind, Verb, register
from portal.operations.change import Then
from portal.platforms.contract import Field
from portal.platforms.iotda.contract import soft_buses as contract
from portal.resources.changing import DeleteForm
from portal.resources.fields import Picker, TextField
from portal.resources.forms import PlatformForm

SYNC = (Field(name="then_sync", kind=bool, rule=gettext_noop("Sends its data to its devices.")),)


class Synced(PlatformForm):
    """A form after which the bus can be synchronized."""

    together = SYNC

    @property
    def then(self):
        if self.cleaned_data["then_sync"]:
            yield Then(self.kind, self.kind.verb("sync"))


class ResetKeyForm(Synced):
    then_sync = BooleanField(label=_("Then sync the bus"), required=False, initial=True)


class CreateForm(Synced):
    """The platform requires no field. The form requires a name, to find the bus if the answer is lost."""

    contract = contract.CREATE

    app_id = space_picker()
    bus_name = TextField(label=_("Name"))
    group_id = Picker(label=_("Device group"), options=group_options, empty=_("None yet"), required=False)
    then_sync = BooleanField(label=_("Then sync the bus"), required=False)


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
        space="app_id",
        following=("Synchronizing",),
        permissions={"list": "iotda:harmonysoftbus:queryList", "get": "iotda:harmonysoftbus:query"},
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
                permission="iotda:harmonysoftbus:create",
            ),
            Verb(
                name="sync",
                label=_("Sync"),
                done=_("Sync of %(name)s was requested. The status below comes from the platform."),
                right="sync",
                permission="iotda:harmonysoftbus:sync",
                icon="refresh",
                call=lambda bound, data: bound.collection.sync_call(bound.remote_id),
                evidence=Status(reached=("Synchronizing", "Synchronized")),
            ),
            Verb(
                name="reset-key",
                label=_("Reset key"),
                done=_("The key of %(name)s was reset. Sync it, so that its devices get the new one."),
                right="reset_key",
                permission="iotda:harmonysoftbus:reset",
                icon="key",
                about=_("Its devices cannot find each other until the bus is synchronized again."),
                form=ResetKeyForm,
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
                permission="iotda:harmonysoftbus:delete",
            ),
        ),
    )
)
