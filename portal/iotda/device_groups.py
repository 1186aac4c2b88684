"""Device groups of IoTDA: forms and kind."""

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from portal.iotda import models
from portal.iotda.spaces import SPACE, chosen_space, default_space, in_space, space_picker
from portal.kinds import verbs
from portal.kinds.columns import ID, NAME
from portal.kinds.effects import Members
from portal.kinds.evidence import Name
from portal.kinds.parts import Column, Inside, Related, Takes
from portal.kinds.registry import Kind, Verb, register
from portal.platforms.iotda.contract import device_groups as contract
from portal.resources.changing import DeleteForm, UpdateForm
from portal.resources.fields import Picker, TextField
from portal.resources.forms import PlatformForm
from portal.resources.membership import ids_inside, inside_options
from portal.words import Sentence

BY_RULE = Sentence(
    "group.by_rule",
    gettext_noop(
        "This is a dynamic group: its rule decides which devices are in it. They are not added or removed"
        " by hand."
    ),
)
TYPE = Column(name="group_type", label=_("Type"), style="code")
TYPES = ((contract.DYNAMIC, _("Dynamic: a rule decides which devices are in it")),)


def _groups(client, form, text):
    """Groups of the chosen space whose name contains the text. The platform does the search."""
    filters = {**chosen_space(client, form), **({"search": text} if text else {})}
    return client.device_groups.list(limit=50, **filters).items


def _option(item):
    return item["id"], f"{item['name']} ({item['id']})"


def group_options(client, form, text):
    return [_option(item) for item in _groups(client, form, text)]


def _parents(client, form, text):
    """Nothing nests in a dynamic group."""
    groups = _groups(client, form, text)
    return [_option(item) for item in groups if item.get("group_type") != contract.DYNAMIC]


def _types(client, form, text):
    """Calls no platform."""
    return TYPES


def _is_dynamic(form):
    return form.value_of("group_type") == contract.DYNAMIC


class CreateForm(PlatformForm):
    contract = contract.CREATE
    asked_when = {
        "super_group_id": lambda form: not _is_dynamic(form),
        "dynamic_group_rule": _is_dynamic,
    }

    app_id = space_picker()
    name = TextField(label=_("Name"))
    description = TextField(label=_("Description"), required=False)
    group_type = Picker(
        label=_("Type"),
        options=_types,
        searchable=False,
        empty=_("Static: people add the devices"),
        required=False,
        rereads=True,
    )
    dynamic_group_rule = TextField(
        label=_("Rule"), required=False, widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false"})
    )
    super_group_id = Picker(
        label=_("Parent group"), options=_parents, empty=_("None (top level)"), required=False
    )

    def draw(self, only=None):
        super().draw(only)
        self.fields["dynamic_group_rule"].required = _is_dynamic(self)

    def problems(self, data, before=None):
        yield from ((problem.path, problem) for problem in list(contract.type_problems(data)))
        yield from super().problems(data, before)


class EditForm(UpdateForm):
    contract = contract.UPDATE

    name = TextField(label=_("Name"))
    description = TextField(label=_("Description"), required=False)


def _device_options(client, form, text):
    """Devices of the group's resource space."""
    space = {"app_id": form.target.app_id} if form.target.app_id else {}
    listing = client.devices.list(limit=50, calls=1, **space, **({"search": text} if text else {}))
    return [_option(item) for item in listing.items]


class AddDeviceForm(PlatformForm):
    contract = contract.DEVICE

    device_id = Picker(label=_("Device"), options=_device_options)


class RemoveDeviceForm(PlatformForm):
    contract = contract.DEVICE

    device_id = Picker(label=_("Device"), options=inside_options)


def _by_rule(row):
    return BY_RULE() if row.group_type == contract.DYNAMIC else None


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
        columns=(NAME, ID, Column(name="description", label=_("Description")), TYPE, SPACE),
        filters=("app_id",),
        refers={"app_id": "iotda/spaces", "super_group_id": "iotda/device-groups"},
        space="app_id",
        parent="super_group_id",
        about=_("Groups organize devices. Static ones nest up to 5 levels deep; a rule fills a dynamic one."),
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
                why_not=_by_rule,
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
                why_not=_by_rule,
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
