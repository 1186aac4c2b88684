"""What IoTDA shows, under its own field names. Times are its texts: yyyyMMdd'T'HHmmss'Z'."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from portal.kinds.fields import JsonText
from portal.kinds.models import Mirror


class Space(Mirror):
    """A resource space; the API calls it an app."""

    create_time = models.CharField(_("created"), max_length=20, blank=True)
    default_app = models.BooleanField(_("default"), default=False)

    class Meta(Mirror.Meta):
        pass


class DeviceGroup(Mirror):
    description = models.CharField(_("description"), max_length=256, blank=True)
    super_group_id = models.CharField(_("parent group"), max_length=36, blank=True)
    app_id = models.CharField(_("resource space"), max_length=36, blank=True)
    group_type = models.CharField(_("type"), max_length=10, blank=True)

    class Meta(Mirror.Meta):
        pass


class SoftBus(Mirror):
    group_id = models.CharField(_("device group"), max_length=36, blank=True)
    app_id = models.CharField(_("resource space"), max_length=36, blank=True)
    status = models.CharField(_("status"), max_length=20, blank=True)

    class Meta(Mirror.Meta):
        verbose_name_plural = "soft buses"


class Policy(Mirror):
    app_id = models.CharField(_("resource space"), max_length=36, blank=True)
    statement = JsonText(_("statements"), blank=True, default=list)
    create_time = models.CharField(_("created"), max_length=20, blank=True)
    update_time = models.CharField(_("changed"), max_length=20, blank=True)

    class Meta(Mirror.Meta):
        verbose_name_plural = "policies"


class Product(Mirror):
    app_id = models.CharField(_("resource space"), max_length=36, blank=True)
    device_type = models.CharField(_("device type"), max_length=64, blank=True)
    protocol_type = models.CharField(_("protocol"), max_length=20, blank=True)
    data_format = models.CharField(_("data format"), max_length=20, blank=True)
    manufacturer_name = models.CharField(_("manufacturer"), max_length=64, blank=True)
    description = models.CharField(_("description"), max_length=2048, blank=True)
    create_time = models.CharField(_("created"), max_length=20, blank=True)

    class Meta(Mirror.Meta):
        pass


class Device(Mirror):
    app_id = models.CharField(_("resource space"), max_length=36, blank=True)
    product_id = models.CharField(_("product"), max_length=36, blank=True)
    product_name = models.CharField(_("product name"), max_length=64, blank=True)
    node_id = models.CharField(_("node id"), max_length=64, blank=True)
    node_type = models.CharField(_("node type"), max_length=20, blank=True)
    gateway_id = models.CharField(_("gateway"), max_length=128, blank=True)
    status = models.CharField(_("status"), max_length=20, blank=True)
    description = models.CharField(_("description"), max_length=2048, blank=True)
    create_time = models.CharField(_("created"), max_length=30, blank=True)

    class Meta(Mirror.Meta):
        pass
