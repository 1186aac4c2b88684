"""The kinds of IoTDA."""

from django.utils.translation import gettext_lazy as _

from portal.iotda import forms, models
from portal.kinds.registry import Column, Kind, Verb, register
from portal.kinds.settling import Name, Status
from portal.kinds.verbs import create, delete, update
from portal.resources.changing import DeleteForm

NAME = Column(name="name", label=_("Name"))
ID = Column(name="remote_id", label=_("Id"), style="code")
SPACE = Column(name="app_id", label=_("Resource space"), style="code")
CREATED = Column(name="create_time", label=_("Created"), style="stamp")


def in_space(row):
    """Some ids are unique only inside a resource space; the platform needs it to find them."""
    return {"app_id": row.app_id} if row.app_id else {}


def default_space(client):
    """Where an object goes that was sent without a resource space."""
    default = [item["id"] for item in client.spaces.list().items if item.get("default_app")]
    return {"app_id": default[0]} if default else {}


SPACES = register(
    Kind(
        slug="iotda/spaces",
        platform="iotda",
        label=_("Resource space"),
        plural=_("Resource spaces"),
        icon="stack-2",
        model=models.Space,
        collection="spaces",
        columns=(NAME, ID, Column(name="default_app", label=_("Default"), style="flag"), CREATED),
    )
)

DEVICE_GROUPS = register(
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
        about=_("Groups sort devices; they nest up to 5 levels deep."),
        hints=in_space,
        verbs=(
            create(
                "device_groups",
                form=forms.DeviceGroupForm,
                label=_("Create device group"),
                done=_("Device group %(name)s was created."),
                settle=Name(
                    collection="device_groups", field="name", scope=("app_id",), default_scope=default_space
                ),
                name="name",
            ),
            update(
                "device_groups",
                form=forms.DeviceGroupUpdateForm,
                done=_("Device group %(name)s was changed."),
                fields=("name", "description"),
                hints=in_space,
            ),
            delete(
                "device_groups",
                form=DeleteForm,
                label=_("Delete device group"),
                done=_("Device group %(name)s was deleted."),
                about=_("The platform refuses while the group has groups or devices below it."),
                hints=in_space,
            ),
        ),
    )
)

SOFT_BUSES = register(
    Kind(
        slug="iotda/soft-buses",
        platform="iotda",
        label=_("HarmonyOS soft bus"),
        plural=_("Soft buses"),
        icon="topology-bus",
        model=models.SoftBus,
        collection="soft_buses",
        columns=(
            NAME,
            ID,
            Column(name="group_id", label=_("Device group"), style="code"),
            Column(name="status", label=_("Status"), style="status"),
        ),
        filters=("app_id", "status"),
        following=("Synchronizing",),
        about=_(
            "A soft bus joins the HarmonyOS devices of one group. Its data reaches the devices by a sync."
        ),
        verbs=(
            create(
                "soft_buses",
                form=forms.SoftBusForm,
                label=_("Create soft bus"),
                done=_("Soft bus %(name)s was created. Sync it to bring it to its devices."),
                settle=Name(
                    collection="soft_buses",
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
                done=_("Sync of %(name)s was asked for. The status below is the platform's."),
                right="sync",
                icon="refresh",
                call=lambda client, data, target: client.soft_buses.sync_call(target.remote_id),
                settle=Status(collection="soft_buses", reached=("Synchronizing", "Synchronized")),
            ),
            delete(
                "soft_buses",
                form=DeleteForm,
                label=_("Delete soft bus"),
                done=_("Soft bus %(name)s was deleted."),
                about=_("Its devices can no longer find each other by it. The devices and their group stay."),
            ),
        ),
    )
)

POLICIES = register(
    Kind(
        slug="iotda/policies",
        platform="iotda",
        label=_("Device policy"),
        plural=_("Device policies"),
        icon="shield-check",
        model=models.Policy,
        collection="policies",
        columns=(NAME, ID, SPACE, CREATED),
        filters=("app_id",),
        about=_("A policy has no effect until it is bound to a device or product. 50 fit into an instance."),
        verbs=(
            create(
                "policies",
                form=forms.PolicyForm,
                label=_("Create device policy"),
                done=_("Device policy %(name)s was created. It has no effect until it is bound."),
                settle=Name(
                    collection="policies",
                    field="policy_name",
                    scope=("app_id",),
                    default_scope=default_space,
                    unique=False,
                ),
                name="policy_name",
            ),
            update(
                "policies",
                form=forms.PolicyUpdateForm,
                done=_("Device policy %(name)s was changed."),
                fields=("policy_name", "statement"),
                about=_("A change takes effect on everything that the policy is bound to."),
            ),
            delete(
                "policies",
                form=DeleteForm,
                label=_("Delete device policy"),
                done=_("Device policy %(name)s was deleted."),
                about=_("Everything that the policy is bound to loses it at once."),
            ),
        ),
    )
)

PRODUCTS = register(
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

DEVICES = register(
    Kind(
        slug="iotda/devices",
        platform="iotda",
        label=_("Device"),
        plural=_("Devices"),
        icon="cpu",
        model=models.Device,
        collection="devices",
        columns=(
            NAME,
            ID,
            Column(name="product_name", label=_("Product")),
            Column(name="status", label=_("Status"), style="status"),
        ),
        filters=("product_id", "status"),
    )
)
