"""What ROMA Connect LINK shows. Group ids reach 99999999999999999 and are kept as text, exact."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from portal.kinds.fields import JsonText
from portal.kinds.models import Mirror


class App(Mirror):
    """An integration application."""

    class Meta(Mirror.Meta):
        pass


class DeviceGroup(Mirror):
    parent_id = models.CharField(_("parent group"), max_length=20, blank=True)
    description = models.CharField(_("description"), max_length=200, blank=True)
    app_id = models.CharField(_("application"), max_length=36, blank=True)
    permissions = JsonText(_("permissions"), blank=True, default=list)
    created_user = JsonText(_("created by"), blank=True, default=dict)
    last_updated_user = JsonText(_("changed by"), blank=True, default=dict)
    # The platform documents any text of up to 50 characters, some of them a date without a time.
    created_datetime = models.CharField(_("created"), max_length=50, blank=True)
    last_updated_datetime = models.CharField(_("changed"), max_length=50, blank=True)

    class Meta(Mirror.Meta):
        pass
