"""Mirrors of EnOS objects, with its field names in snake case.

Times are UTC epoch milliseconds, empty if unset.
"""

from django.db import models
from django.utils.translation import gettext_lazy as _

from portal.kinds.fields import JsonText, Stamp
from portal.kinds.models import Mirror, key_of, listed


class Product(Mirror):
    product_key = models.TextField(_("product key"), blank=True)
    product_name = JsonText(_("names"), blank=True, default=dict)
    model_id = models.TextField(_("model"), blank=True)
    product_type = models.TextField(_("type"), blank=True)
    data_format = models.TextField(_("data format"), blank=True)
    product_desc = models.TextField(_("description"), blank=True)
    product_tags = JsonText(_("tags"), blank=True, default=dict)
    bi_directional_auth = models.BooleanField(_("certificate on both sides"), null=True)
    dynamic_activate_enabled = models.BooleanField(_("dynamic activation"), null=True)
    default_valid_day = models.TextField(_("default validity of certificates (days)"), blank=True)
    max_valid_day = models.TextField(_("longest validity of certificates (days)"), blank=True)
    org_id = models.TextField(_("organization"), blank=True)
    create_by = models.TextField(_("created by"), blank=True)
    create_time = Stamp(_("created"), in_milliseconds=True)
    update_by = models.TextField(_("updated by"), blank=True)
    update_time = Stamp(_("updated"), in_milliseconds=True)

    searched = ("product_key", "product_name")

    class Meta(Mirror.Meta):
        indexes = listed()


class Device(Mirror):
    asset_id = models.TextField(_("asset id"), blank=True)
    product_key = models.TextField(_("product key"), blank=True)
    device_key = models.TextField(_("device key"), blank=True)
    device_name = JsonText(_("names"), blank=True, default=dict)
    timezone = models.TextField(_("time zone"), blank=True)
    status = models.TextField(_("status"), blank=True)
    device_desc = models.TextField(_("description"), blank=True)
    device_attributes = JsonText(_("attributes"), blank=True, default=dict)
    device_tags = JsonText(_("tags"), blank=True, default=dict)
    create_time = Stamp(_("created"), in_milliseconds=True)
    active_time = Stamp(_("activated"), in_milliseconds=True)
    last_online_time = Stamp(_("last online"), in_milliseconds=True)
    last_offline_time = Stamp(_("last offline"), in_milliseconds=True)
    model_id = models.TextField(_("model"), blank=True)
    product_type = models.TextField(_("type"), blank=True)
    firmware_version = models.TextField(_("firmware"), blank=True)

    product_key_key = key_of("product_key")
    status_key = key_of("status")

    searched = ("device_name", "device_key", "product_key")

    class Meta(Mirror.Meta):
        indexes = listed("product_key", "status")
