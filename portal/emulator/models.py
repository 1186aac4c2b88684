"""The tables of the emulated clouds. Fields have the platforms' own names.

The primary key of an IoTDA table is its "record id": lists are ordered by it, and markers hold it.
"""

import threading
from contextlib import contextmanager

from django.db import models, transaction

_writing = threading.Lock()


@contextmanager
def writing():
    """One write at a time, as one transaction.

    The transaction alone (BEGIN IMMEDIATE) keeps quotas and names exact. The lock only avoids SQLite's busy
    waiting, which sleeps in steps of up to 100 ms.
    """
    with _writing, transaction.atomic():
        yield


class Row(models.Model):
    """`in_snapshot`: a stale listing reads this table from the snapshot (snapshot.py)."""

    in_snapshot = True

    class Meta:
        abstract = True

    def __str__(self):
        return f"{type(self).__name__} {self.pk}"


class Token(Row):
    """A Huawei IAM token. `project_id` is empty when the token is scoped to the whole account."""

    in_snapshot = False  # who signs in after the snapshot was taken is signed in

    token = models.CharField(max_length=200, unique=True)
    user_name = models.CharField(max_length=64)
    project_id = models.CharField(max_length=32, blank=True)
    expires_at = models.FloatField()


class Space(Row):
    """IoTDA resource space."""

    app_id = models.CharField(max_length=36, unique=True)
    app_name = models.CharField(max_length=64)
    default_app = models.BooleanField(default=False)
    create_time = models.CharField(max_length=16)


class Product(Row):
    space = models.ForeignKey(Space, models.CASCADE)
    product_id = models.CharField(max_length=36)
    name = models.CharField(max_length=64)
    device_type = models.CharField(max_length=32)
    protocol_type = models.CharField(max_length=16)
    data_format = models.CharField(max_length=8)
    manufacturer_name = models.CharField(max_length=64, blank=True)
    industry = models.CharField(max_length=64, blank=True)
    description = models.CharField(max_length=128, blank=True)
    service_capabilities = models.JSONField(default=list)
    create_time = models.CharField(max_length=16)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["space", "product_id"], name="product_id_in_space")]


class Device(Row):
    """`gateway` is the parent of a child device, null for a device that connects by itself."""

    space = models.ForeignKey(Space, models.CASCADE)
    product = models.ForeignKey(Product, models.PROTECT)
    device_id = models.CharField(max_length=128, unique=True)
    node_id = models.CharField(max_length=64)
    device_name = models.CharField(max_length=256, blank=True)
    description = models.CharField(max_length=2048, blank=True)
    status = models.CharField(max_length=16, default="INACTIVE")
    create_time = models.CharField(max_length=16)
    gateway = models.ForeignKey("self", models.PROTECT, null=True)
    auth_type = models.CharField(max_length=16, default="SECRET")
    secret = models.CharField(max_length=32, blank=True, default="")
    secure_access = models.BooleanField(default=True)
    timeout = models.IntegerField(default=0)


class Group(Row):
    """IoTDA device group. `level` is 1 for a group without parent."""

    space = models.ForeignKey(Space, models.CASCADE)
    group_id = models.CharField(max_length=36, unique=True)
    name = models.CharField(max_length=64)
    description = models.CharField(max_length=64, null=True)  # noqa: DJ001 - the API answers null
    super_group = models.ForeignKey("self", models.PROTECT, null=True)
    level = models.PositiveSmallIntegerField(default=1)
    group_type = models.CharField(max_length=8, default="STATIC")
    dynamic_group_rule = models.TextField(null=True)  # noqa: DJ001 - the API answers null
    modified = models.CharField(max_length=16)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["space", "name"], name="group_name_in_space")]


class GroupDevice(Row):
    group = models.ForeignKey(Group, models.PROTECT)
    device = models.ForeignKey(Device, models.CASCADE)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["group", "device"], name="device_in_group_once")]


class SoftBus(Row):
    """`sync_started` is in epoch seconds. The status follows from it and the clock."""

    space = models.ForeignKey(Space, models.CASCADE)
    bus_id = models.CharField(max_length=36, unique=True)
    bus_name = models.CharField(max_length=64)
    group = models.ForeignKey(Group, models.PROTECT, null=True)
    sync_started = models.FloatField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["space", "bus_name"], name="bus_name_in_space")]


class Policy(Row):
    """`built_in` marks the `system_default_policy` of each space, which does not count towards the 50."""

    space = models.ForeignKey(Space, models.CASCADE)
    policy_id = models.CharField(max_length=24, unique=True)
    policy_name = models.CharField(max_length=128)
    statement = models.JSONField()
    built_in = models.BooleanField(default=False)
    create_time = models.CharField(max_length=16)
    update_time = models.CharField(max_length=16)


class PolicyTarget(Row):
    """One thing that a device policy is bound to."""

    policy = models.ForeignKey(Policy, models.CASCADE)
    target_type = models.CharField(max_length=8)
    target_id = models.CharField(max_length=128)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["policy", "target_type", "target_id"], name="policy_bound_to_target_once"
            )
        ]


class RomaApp(Row):
    app_id = models.CharField(max_length=36, unique=True)
    name = models.CharField(max_length=64)
    create_time = models.CharField(max_length=50)


class RomaGroup(Row):
    """The primary key is the group's id on the wire. A group without parent has `parent_id` 0."""

    id = models.BigIntegerField(primary_key=True)
    app = models.ForeignKey(RomaApp, models.CASCADE)
    parent_id = models.BigIntegerField()
    name = models.CharField(max_length=64)
    description = models.CharField(max_length=200, blank=True)
    created_user = models.CharField(max_length=64)
    last_updated_user = models.CharField(max_length=64)
    created_datetime = models.CharField(max_length=50)
    last_updated_datetime = models.CharField(max_length=50)


class RomaDevice(Row):
    """The primary key is the device's id on the wire."""

    id = models.BigIntegerField(primary_key=True)
    app = models.ForeignKey(RomaApp, models.CASCADE)
    name = models.CharField(max_length=64)
    product_id = models.BigIntegerField()
    product_name = models.CharField(max_length=64)


class RomaGroupDevice(Row):
    group = models.ForeignKey(RomaGroup, models.PROTECT)
    device = models.ForeignKey(RomaDevice, models.CASCADE)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["group", "device"], name="roma_device_in_group_once")]


class RomaSequence(Row):
    """One row, written when a group is deleted: `last` is the greatest id that any group ever had."""

    last = models.BigIntegerField()


class EnosToken(Row):
    """One token per app key, as the documents say."""

    in_snapshot = False

    app_key = models.CharField(max_length=64, unique=True)
    token = models.CharField(max_length=64, unique=True)
    expires_at = models.FloatField()


class EnosModel(Row):
    """A thing model. `document` is what the Model Service API answers."""

    model_id = models.CharField(max_length=64, unique=True)
    org_id = models.CharField(max_length=32)
    document = models.JSONField()


class EnosProduct(Row):
    org_id = models.CharField(max_length=32)
    product_key = models.CharField(max_length=64, unique=True)
    product_secret = models.CharField(max_length=64)
    product_name = models.JSONField()
    product_desc = models.CharField(max_length=512, blank=True)
    product_type = models.CharField(max_length=16, default="Device")
    data_format = models.CharField(max_length=16, default="Json")
    product_tags = models.JSONField(default=dict)
    model = models.ForeignKey(EnosModel, models.PROTECT)
    create_time = models.BigIntegerField()


class EnosDevice(Row):
    """`create_time` is in epoch milliseconds. `device_key` is unique in the organization, not per product.
    `status` is that of an enabled device; a disabled one keeps it until it is enabled again.
    """

    org_id = models.CharField(max_length=32)
    asset_id = models.CharField(max_length=16, unique=True)
    product = models.ForeignKey(EnosProduct, models.PROTECT)
    device_key = models.CharField(max_length=64)
    device_secret = models.CharField(max_length=64)
    device_name = models.JSONField()
    device_desc = models.TextField(null=True)  # noqa: DJ001 - the API answers null
    timezone = models.CharField(max_length=64)
    device_attributes = models.JSONField(default=dict)
    device_tags = models.JSONField(default=dict)
    status = models.CharField(max_length=16, default="inactive")
    is_disabled = models.BooleanField(default=False)
    create_time = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["org_id", "device_key"], name="device_key_in_organisation")
        ]
        # In order of the primary key, as searches are: pages far behind are found without reading rows.
        indexes = [models.Index(fields=["org_id"], name="device_in_organisation")]
