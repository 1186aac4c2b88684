"""The kinds of ROMA Connect."""

from django.utils.translation import gettext_lazy as _

from portal.kinds.registry import Column, Kind, register
from portal.kinds.settling import Name
from portal.kinds.verbs import create, delete, update
from portal.resources.changing import DeleteForm
from portal.roma import forms, models

NAME = Column(name="name", label=_("Name"))
ID = Column(name="remote_id", label=_("Id"), style="code")

APPS = register(
    Kind(
        slug="roma/apps",
        platform="roma",
        label=_("Integration application"),
        plural=_("Applications"),
        icon="apps",
        model=models.App,
        collection="apps",
        columns=(NAME, ID),
    )
)

DEVICE_GROUPS = register(
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
            Column(name="parent_id", label=_("Parent group"), style="code"),
            Column(name="app_id", label=_("Application"), style="code"),
        ),
        filters=("app_id",),
        about=_("Groups of LINK devices form a tree inside an integration application."),
        verbs=(
            create(
                "device_groups",
                form=forms.DeviceGroupForm,
                label=_("Create device group"),
                done=_("Device group %(name)s was created."),
                # No document says that names are unique, so a find needs a human.
                settle=Name(collection="device_groups", field="name", scope=("app_id",), unique=False),
                name="name",
            ),
            update(
                "device_groups",
                form=forms.DeviceGroupUpdateForm,
                done=_("Device group %(name)s was changed."),
                fields=("name", "description"),
            ),
            delete(
                "device_groups",
                form=DeleteForm,
                label=_("Delete device group"),
                done=_("Device group %(name)s was deleted."),
                about=_("The platform may refuse while the group has groups or devices below it."),
            ),
        ),
    )
)
