"""Integration applications of ROMA Connect, read only, and their picker.

The API calls them apps. This file does not, because apps.py belongs to Django.
"""

from django.utils.translation import gettext_lazy as _

from portal.kinds.columns import ID, NAME
from portal.kinds.registry import Kind, register
from portal.resources.fields import Picker
from portal.roma import models


def application_picker():
    return Picker(
        label=_("Application"), options=_options, searchable=False, rereads=True, chooses_first=True
    )


def _options(client, form, text):
    return [(item["id"], f"{item['name']} ({item['id']})") for item in client.apps.list().items]


KIND = register(
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
