"""Mirror: what every local copy of a cloud object shares; and when a kind was last read from a platform."""

import uuid

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from portal.connections.models import Connection
from portal.kinds.fields import JsonText
from portal.platforms.answers import storable, storable_within
from portal.teams.access import teams_with


class MirrorQuerySet(models.QuerySet):
    def visible_to(self, user):
        return self.filter(connection__team_id__in=teams_with(user, "view"))

    def present(self):
        return self.filter(gone_at=None)


class Mirror(models.Model):
    """One cloud object as the platform last showed it; never a wish.

    Subclasses add typed fields under the platform's own names in snake case.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="+")
    remote_id = models.CharField(_("id"), max_length=160)
    name = models.CharField(_("name"), max_length=256, blank=True)
    read_at = models.DateTimeField(default=timezone.now)
    gone_at = models.DateTimeField(null=True)

    objects = MirrorQuerySet.as_manager()

    class Meta:
        abstract = True
        ordering = ["name", "remote_id"]
        constraints = [
            models.UniqueConstraint(fields=["connection", "remote_id"], name="%(app_label)s_%(class)s_remote")
        ]

    def __str__(self):
        return self.name or self.remote_id

    @property
    def state(self):
        """The platform's own status where there is one."""
        return "gone" if self.gone_at else (getattr(self, "status", "") or "present")

    @classmethod
    def platform_fields(cls):
        shared = {field.name for field in Mirror._meta.fields} | {"id", "connection"}
        return [field for field in cls._meta.fields if field.name not in shared]

    @classmethod
    def values_from(cls, decoded):
        """The model's values in an object as the platform's client decodes it; absent ones are left out."""
        fields = {field.name: field for field in (*cls.platform_fields(), cls._meta.get_field("name"))}
        return {name: _storable(field, decoded[name]) for name, field in fields.items() if name in decoded}


def _storable(field, value):
    """What a column can hold of whatever a platform showed; the field's default where it fits not at all."""
    nothing = None if field.null else field.get_default()
    if value is None:
        return nothing
    if isinstance(field, JsonText):
        return storable_within(value)  # halves of surrogate pairs could be kept, but no page can show them
    if isinstance(field, models.CharField | models.TextField):
        return storable(str(value))[: field.max_length]
    if isinstance(field, models.BooleanField):
        return value if isinstance(value, bool) else nothing
    fits = isinstance(value, int) and not isinstance(value, bool) and -(2**63) <= value < 2**63
    return value if fits else nothing


class Reading(models.Model):
    """The last listing of one kind on one connection: its time and completeness, and the last failure."""

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="readings")
    kind = models.CharField(max_length=40)
    at = models.DateTimeField(null=True)
    total = models.PositiveBigIntegerField(null=True)
    is_complete = models.BooleanField(default=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["connection", "kind"], name="one_reading_per_kind")]

    def __str__(self):
        return f"{self.kind} at {self.at}"
