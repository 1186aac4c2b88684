"""Mirror: the base model of all local copies of cloud objects. Reading: when a kind was last listed."""

import json
import uuid

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from portal.connections.models import Connection
from portal.kinds import search
from portal.kinds.fields import JsonText
from portal.outside import name_or_id
from portal.platforms.answers import storable, storable_within
from portal.teams import access


class MirrorQuerySet(models.QuerySet):
    def visible_to(self, user):
        return access.visible_to(user, self)

    def present(self):
        return self.filter(gone_at=None)


class Mirror(models.Model):
    """One cloud object as the platform last showed it, never as someone wants it to be.

    Subclasses add typed fields with the platform's own names in snake case. Texts have no longest length: no
    document bounds what a platform may show one day. `searched` are the fields by which lists are searched,
    besides name and id.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="+")
    remote_id = models.CharField(_("id"), max_length=160)  # a longer id makes the listing unreadable
    name = models.TextField(_("name"), blank=True)
    search_text = models.TextField(blank=True, default="", editable=False)
    read_at = models.DateTimeField(default=timezone.now)
    gone_at = models.DateTimeField(null=True)

    team_path, searched = "connection__team_id", ()

    objects = MirrorQuerySet.as_manager()

    class Meta:
        abstract = True
        ordering = ["name", "remote_id"]
        constraints = [
            models.UniqueConstraint(fields=["connection", "remote_id"], name="%(app_label)s_%(class)s_remote")
        ]

    def __str__(self):
        return name_or_id(self.name, self.remote_id)

    @property
    def state(self):
        """The platform's own status if it has one; else "present" or "gone"."""
        return "gone" if self.gone_at else (getattr(self, "status", "") or "present")

    @classmethod
    def platform_fields(cls):
        shared = {field.name for field in Mirror._meta.fields} | {"id", "connection"}
        return [field for field in cls._meta.fields if field.name not in shared]

    @classmethod
    def values_from(cls, decoded):
        """{field: value} for the model from an object as the client decodes it, without absent fields."""
        fields = {field.name: field for field in (*cls.platform_fields(), cls._meta.get_field("name"))}
        return {name: _storable(field, decoded[name]) for name, field in fields.items() if name in decoded}

    def take(self, values):
        """Set the fields and what the row is searched by; the names of what was set."""
        for name, value in values.items():
            setattr(self, name, value)
        self.search_text = search.text(self, self.searched)
        return [*values, "search_text"]


def _storable(field, value):
    """A platform's value as the column can store it: nothing is cut; the default if the type is wrong.

    A text column also takes what is no text, as JSON: a status 5 is shown as 5.
    """
    nothing = None if field.null else field.get_default()
    if value is None:
        return nothing
    if isinstance(field, JsonText):
        return storable_within(value)  # half a surrogate pair could be stored, but not shown on a page
    if isinstance(field, models.CharField | models.TextField):
        return storable(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))
    if isinstance(field, models.BooleanField):
        return value if isinstance(value, bool) else nothing
    fits = isinstance(value, int) and not isinstance(value, bool) and -(2**63) <= value < 2**63
    return value if fits else nothing


class Reading(models.Model):
    """The last successful listing of one kind on one connection: when it was, and whether it was complete."""

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="readings")
    kind = models.CharField(max_length=40)
    at = models.DateTimeField(null=True)
    total = models.PositiveBigIntegerField(null=True)
    is_complete = models.BooleanField(default=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["connection", "kind"], name="one_reading_per_kind")]

    def __str__(self):
        return f"{self.kind} at {self.at}"
