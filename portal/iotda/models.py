"""Mirrors of IoTDA objects, with its own field names. Times are stored as its texts: yyyyMMdd'T'HHmmss'Z'."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from portal.kinds.fields import JsonText, Stamp
from portal.kinds.models import Mirror, below, key_of, listed


class Space(Mirror):
    """A resource space; the API calls it an app."""

    create_time = Stamp(_("created"))
    default_app = models.BooleanField(_("default"), default=False)

    space_path = "remote_id"

    class Meta(Mirror.Meta):
        indexes = listed()


class DeviceGroup(Mirror):
    description = models.TextField(_("description"), blank=True)
    super_group_id = models.TextField(_("parent group"), blank=True)
    app_id = models.TextField(_("resource space"), blank=True)
    group_type = models.TextField(_("type"), blank=True)
    dynamic_group_rule = models.TextField(_("rule"), blank=True)
    app_id_key = key_of("app_id")
    super_group_id_key = key_of("super_group_id")

    space_path = "app_id"

    class Meta(Mirror.Meta):
        indexes = listed("app_id", parent="super_group_id")


class SoftBus(Mirror):
    group_id = models.TextField(_("device group"), blank=True)
    app_id = models.TextField(_("resource space"), blank=True)
    status = models.TextField(_("status"), blank=True)
    app_id_key = key_of("app_id")
    group_id_key = key_of("group_id")
    status_key = key_of("status")

    space_path = "app_id"

    class Meta(Mirror.Meta):
        verbose_name_plural = "soft buses"
        indexes = listed("app_id", "group_id", "status")


class Policy(Mirror):
    app_id = models.TextField(_("resource space"), blank=True)
    statement = JsonText(_("statements"), blank=True, default=list)
    create_time = Stamp(_("created"))
    update_time = Stamp(_("changed"))
    app_id_key = key_of("app_id")

    space_path = "app_id"

    class Meta(Mirror.Meta):
        verbose_name_plural = "policies"
        indexes = listed("app_id")


class Product(Mirror):
    app_id = models.TextField(_("resource space"), blank=True)
    device_type = models.TextField(_("device type"), blank=True)
    protocol_type = models.TextField(_("protocol"), blank=True)
    data_format = models.TextField(_("data format"), blank=True)
    manufacturer_name = models.TextField(_("manufacturer"), blank=True)
    industry = models.TextField(_("industry"), blank=True)
    description = models.TextField(_("description"), blank=True)
    service_capabilities = JsonText(_("services"), blank=True, default=list)
    create_time = Stamp(_("created"))
    app_id_key = key_of("app_id")

    space_path = "app_id"

    class Meta(Mirror.Meta):
        indexes = listed("app_id")


class Device(Mirror):
    app_id = models.TextField(_("resource space"), blank=True)
    product_id = models.TextField(_("product"), blank=True)
    product_name = models.TextField(_("product name"), blank=True)
    node_id = models.TextField(_("node id"), blank=True)
    node_type = models.TextField(_("node type"), blank=True)
    gateway_id = models.TextField(_("gateway"), blank=True)
    status = models.TextField(_("status"), blank=True)
    description = models.TextField(_("description"), blank=True)
    create_time = Stamp(_("created"))

    app_id_key = key_of("app_id")
    product_id_key = key_of("product_id")
    gateway_id_key = key_of("gateway_id")
    status_key = key_of("status")

    searched = ("node_id",)

    space_path = "app_id"

    class Meta(Mirror.Meta):
        indexes = [*listed("app_id", "product_id", "status"), below("gateway_id")]
