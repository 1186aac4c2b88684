"""Resource spaces of IoTDA, read only; and what other kinds use: a column, a picker, the default space."""

from django.utils.translation import gettext_lazy as _

from portal.iotda import models
from portal.kinds.columns import ID, NAME
from portal.kinds.registry import Column, Kind, register
from portal.resources.fields import Picker

SPACE = Column(name="app_id", label=_("Resource space"), style="code")
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


KIND = register(
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
