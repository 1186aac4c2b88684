"""What EnOS shows, its names in snake case. Times are UTC epoch milliseconds, null when unset."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from portal.kinds.fields import JsonText
from portal.kinds.models import Mirror


class Product(Mirror):
    product_key = models.CharField(_("product key"), max_length=64, blank=True)
    model_id = models.CharField(_("model"), max_length=128, blank=True)
    product_type = models.CharField(_("type"), max_length=20, blank=True)
    data_format = models.CharField(_("data format"), max_length=20, blank=True)
    product_desc = models.TextField(_("description"), blank=True)

    class Meta(Mirror.Meta):
        pass


class Device(Mirror):
    asset_id = models.CharField(_("asset id"), max_length=64, blank=True)
    product_key = models.CharField(_("product key"), max_length=64, blank=True)
    device_key = models.CharField(_("device key"), max_length=128, blank=True)
    device_name = JsonText(_("names"), blank=True, default=dict)
    timezone = models.CharField(_("time zone"), max_length=64, blank=True)
    status = models.CharField(_("status"), max_length=20, blank=True)
    device_desc = models.TextField(_("description"), blank=True)
    device_attributes = JsonText(_("attributes"), blank=True, default=dict)
    device_tags = JsonText(_("tags"), blank=True, default=dict)
    create_time = models.BigIntegerField(_("created"), null=True)

    class Meta(Mirror.Meta):
        pass
