"""Mirrors of ROMA Connect LINK objects. Group ids go up to 99999999999999999, so they are stored as text."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from portal.kinds.fields import JsonText, Stamp
from portal.kinds.models import Mirror, key_of, listed


class App(Mirror):
    """An integration application."""

    space_path = "remote_id"

    class Meta(Mirror.Meta):
        indexes = listed()


class DeviceGroup(Mirror):
    parent_id = models.TextField(_("parent group"), blank=True)
    description = models.TextField(_("description"), blank=True)
    app_id = models.TextField(_("application"), blank=True)
    permissions = JsonText(_("permissions"), blank=True, default=list)
    created_user = JsonText(_("created by"), blank=True, default=dict)
    last_updated_user = JsonText(_("changed by"), blank=True, default=dict)
    # The platform documents any text of up to 50 characters, some of them a date without a time.
    created_datetime = Stamp(_("created"))
    last_updated_datetime = Stamp(_("changed"))
    app_id_key = key_of("app_id")
    parent_id_key = key_of("parent_id")

    space_path = "app_id"

    class Meta(Mirror.Meta):
        indexes = listed("app_id", parent="parent_id")
