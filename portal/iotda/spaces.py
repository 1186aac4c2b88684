"""Resource spaces of IoTDA: forms and kind; and for other kinds a column, a picker, the default space."""

from django.utils.translation import gettext_lazy as _

from portal.iotda import models
from portal.kinds import verbs
from portal.kinds.columns import ID, NAME
from portal.kinds.evidence import Name
from portal.kinds.parts import Column
from portal.kinds.registry import Kind, register
from portal.platforms.iotda.contract import spaces as contract
from portal.resources.changing import DeleteForm, UpdateForm
from portal.resources.fields import Picker, TextField
from portal.resources.forms import PlatformForm

SPACE = Column(name="app_id", label=_("Resource space"))
CREATED = Column(name="create_time", label=_("Created"), style="stamp")


def in_space(row):
    """Hints to find an object: some ids are unique only inside a resource space."""
    return {"app_id": row.app_id} if row.app_id else {}


def default_space(client):
    """The scope of an object that is created without a resource space: the platform uses the default one."""
    return _default_of(client.spaces.list().items)


def _default_of(spaces):
    default = [item["id"] for item in spaces if item.get("default_app")]
    return {"app_id": default[0]} if default else {}


def space_picker(*, required=False):
    """Where the platform lets the space be absent, the default one can be chosen and is preselected."""
    return Picker(
        label=_("Resource space"),
        options=_options,
        searchable=False,
        empty=None if required else _("Default resource space"),
        required=required,
        rereads=True,
        chooses_first=required,
    )


def _options(client, form, text):
    return [(item["id"], f"{item['name']} ({item['id']})") for item in _spaces(client, form)]


def _spaces(client, form):
    return form.shared("spaces", lambda: client.spaces.list().items)


def chosen_space(client, form):
    """The scope of an object that the form would create: see default_space."""
    app_id = form.value_of("app_id")
    return {"app_id": app_id} if app_id else _default_of(_spaces(client, form))


class CreateForm(PlatformForm):
    contract = contract.CREATE

    app_name = TextField(label=_("Name"))


class EditForm(UpdateForm):
    contract = contract.UPDATE

    app_name = TextField(label=_("Name"))


KIND = register(
    Kind(
        slug="iotda/spaces",
        platform="iotda",
        label=_("Resource space"),
        plural=_("Resource spaces"),
        icon="stack-2",
        model=models.Space,
        quota=contract.PER_INSTANCE_MAX,
        collection="spaces",
        columns=(NAME, ID, Column(name="default_app", label=_("Default"), style="flag"), CREATED),
        about=_(
            "A resource space holds products, devices, groups, buses and policies. Up to 10 per instance."
        ),
        verbs=(
            verbs.create(
                form=CreateForm,
                label=_("Create resource space"),
                done=_("Resource space %(name)s was created. It has a policy named system_default_policy."),
                # Names are unique, but nothing else is sent that could tell who made a space of that name:
                # a human decides about one that is found.
                evidence=Name(field="app_name"),
                name="app_name",
            ),
            verbs.update(
                form=EditForm,
                done=_("Resource space %(name)s was changed."),
                fields=("app_name",),
                about=_("Only the name changes. The platform does not rename spaces of the basic edition."),
            ),
            verbs.delete(
                form=DeleteForm,
                label=_("Delete resource space"),
                done=_("Resource space %(name)s was deleted."),
                about=_(
                    "Everything in the space, such as products, devices and groups, is deleted with it and"
                    " cannot be restored. The platform refuses to delete the default space."
                ),
            ),
        ),
    )
)
