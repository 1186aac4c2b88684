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

    product_key_key = key_of("product_key")
    status_key = key_of("status")

    searched = ("device_name", "device_key", "product_key")

    class Meta(Mirror.Meta):
        indexes = listed("product_key", "status")
