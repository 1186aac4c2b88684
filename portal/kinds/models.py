"""Mirror: the base model of all local copies of cloud objects. Reading: how fresh the mirror of a kind is."""

import json
import uuid

from django.db import models
from django.db.models.functions import Left
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from portal.connections.models import Connection
from portal.kinds import search
from portal.kinds.fields import JsonText
from portal.outside import name_or_id
from portal.platforms.answers import storable, storable_within
from portal.platforms.collection import ID_MAX, SCOPE_MAX
from portal.teams import access
from portal.words import from_json

KEY_LENGTH = 100  # characters of a text by which lists are sorted and filtered: an index bounds its length


def key_of(name):
    """A column with the first characters of the text column `name`, for an index."""
    return models.GeneratedField(
        expression=Left(name, KEY_LENGTH),
        output_field=models.CharField(max_length=KEY_LENGTH),
        db_persist=True,
    )


def listed(*filters, parent=""):
    """Meta.indexes for lists of present rows, sorted by name: of all, by each filter column, by all of these
    together, and of those that carry a mark; with `parent`, a column of ids, of what is inside each object.
    """
    present = models.Q(gone_at=None)
    narrowed = {"list": ()} | {name: (name,) for name in filters}
    if len(filters) > 1:
        narrowed["filters"] = filters
    if parent:
        narrowed["children"] = (parent,)
    order = "sort_key", "remote_id", "scope"
    marked = {"unsure": models.Q(unsure_at__isnull=False), "drift": models.Q(drift__isnull=False)}
    return [
        models.Index(
            fields=["connection", *(f"{each}_key" for each in narrowed.get(name, ())), *order],
            condition=present & marked.get(name, models.Q()),
            name=f"%(app_label)s_%(class)s_{name}",
        )
        for name in (*narrowed, *marked)
    ]


def below(name):
    """A Meta.index for the present rows that the column `name` puts under another object of their kind."""
    return models.Index(
        fields=["connection", f"{name}_key", "sort_key", "remote_id"],
        condition=models.Q(gone_at=None),
        name=f"%(app_label)s_%(class)s_{name}",
    )


def narrowed(rows, values):
    """The rows that have these values, {column: text}: by the columns of an index, where there is one."""
    columns = {field.name for field in rows.model._meta.fields}
    for name, value in values.items():
        if f"{name}_key" in columns:
            rows = rows.filter(**{f"{name}_key": value[:KEY_LENGTH]})
            if len(value) < KEY_LENGTH:
                continue
        rows = rows.filter(**{name: value})
    return rows


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

    - `remote_id` is its id on the platform. Where ids are not unique in the account, `scope` is what it is
      unique within (a resource space); "" elsewhere, and as long as the platform has not shown it.
      Connection, scope and id are who the object is.
    - `read_at` is when the platform last showed the values. `known_at` is when the object itself was last
      read or changed here; before that, when the first listing that showed it began. Listings may lag behind
      by some minutes, so one that contradicts a row proves something only if it began long enough after.
    - `unsure_at` is since when the row is in question and nobody has looked at the object itself: a listing
      lacks a present one, or shows a gone one or other values, or an operation changed it and the answer did
      not show it.
    - `generation` is the number of the refresh whose listing last showed it.
    - `drift` is {field: [was, now]} of what was changed elsewhere and nobody has accepted; see `drifted_at`.
    - `counted` is how many the list of Kind.counted had when it was last read, `counted_at` when that was;
      None while nobody knows, and after an operation changed the object.
    - `unshown` are the fields that the platform has not shown yet: a list may show less than a look.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="+")
    remote_id = models.CharField(_("id"), max_length=ID_MAX)  # a longer id makes the listing unreadable
    scope = models.CharField(max_length=SCOPE_MAX, blank=True, default="", editable=False)
    name = models.TextField(_("name"), blank=True)
    search_text = models.TextField(blank=True, default="", editable=False)
    read_at = models.DateTimeField(default=timezone.now)
    known_at = models.DateTimeField(default=timezone.now)
    unsure_at = models.DateTimeField(null=True)
    gone_at = models.DateTimeField(null=True)
    generation = models.PositiveBigIntegerField(default=0)
    drift = JsonText(null=True, default=None)
    drifted_at = models.DateTimeField(null=True)
    unshown = JsonText(null=True, default=None)
    counted = models.PositiveBigIntegerField(null=True)
    counted_at = models.DateTimeField(null=True)
    sort_key = key_of("name")

    team_path, connection_path, space_path = "connection__team_id", "connection_id", ""
    searched = ()

    objects = MirrorQuerySet.as_manager()

    class Meta:
        abstract = True
        ordering = ["name", "remote_id"]
        constraints = [
            models.UniqueConstraint(
                fields=["connection", "scope", "remote_id"], name="%(app_label)s_%(class)s_remote"
            )
        ]

    def __str__(self):
        return name_or_id(self.name, self.remote_id)

    @property
    def identity(self):
        """(scope, id), as Kind.identity tells it of a decoded object."""
        return self.scope, self.remote_id

    @property
    def space_id(self):
        """The id of the space that it is in; "" where there is none, or none that is known."""
        return getattr(self, self.space_path) if self.space_path else ""

    @property
    def state(self):
        """The platform's own status if it has one; else "present" or "gone"."""
        return "gone" if self.gone_at else (getattr(self, "status", "") or "present")

    @classmethod
    def platform_fields(cls):
        shared = {field.name for field in Mirror._meta.fields} | {"id", "connection"}
        return [field for field in cls._meta.fields if field.name not in shared and not field.generated]

    @classmethod
    def values_from(cls, decoded):
        """{field: value} for the model from an object as the client decodes it, without absent fields."""
        fields = {field.name: field for field in (*cls.platform_fields(), cls._meta.get_field("name"))}
        return {name: _storable(field, decoded[name]) for name, field in fields.items() if name in decoded}

    def take(self, values):
        """Set the fields and what the row is searched by; the names of what was set.

        Of what was changed elsewhere only that remains which still has the value that was found.
        """
        for name, value in values.items():
            setattr(self, name, value)
        self.search_text = search.text(self, self.searched)
        names = [*values, "search_text"]
        if self.unshown:
            self.unshown = [name for name in self.unshown if name not in values] or None
            names.append("unshown")
        if self.drift:
            self.drift = {
                name: pair for name, pair in self.drift.items() if getattr(self, name) == pair[1]
            } or None
            names.append("drift")
        return names


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
    """How fresh the mirror of one kind on one connection is, and the refresh that is going on.

    The last refresh that ended:
    - `at` is when it ended, None if none ever did. What it showed is as of `as_of`, when it began.
    - `total` is the platform's own count. `count` is how many objects it showed. `is_complete` means that the
      platform says that these are all.
    - `said` is why it failed, if it did; then the other values are those of the last one that did not.
      `failures` counts how often in a row, `failed_at` is when.

    The refresh that is wanted or going on (resources/refreshing.py):
    - `asked_at` is when somebody asked for one; `due_at` when the schedule wants the next.
    - `started_at` is when it began, None if none is going on. `place` is where its walk goes on, `progress`
      how many objects it has shown so far, `phase` what it does: "walk", then "looks".
    - `lease_until` is until when one process has it, and `attempt` that process's fence.
    """

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="readings")
    kind = models.CharField(max_length=40)

    at = models.DateTimeField(null=True)
    as_of = models.DateTimeField(null=True)
    total = models.PositiveBigIntegerField(null=True)
    count = models.PositiveBigIntegerField(default=0)
    is_complete = models.BooleanField(default=False)
    said = JsonText(null=True, default=None)
    failed_at = models.DateTimeField(null=True)
    failures = models.PositiveIntegerField(default=0)

    asked_at = models.DateTimeField(null=True)
    due_at = models.DateTimeField(null=True, db_index=True)
    started_at = models.DateTimeField(null=True)
    generation = models.PositiveBigIntegerField(default=0)
    phase = models.CharField(max_length=10, default="walk")
    place = JsonText(null=True, default=None)
    progress = models.PositiveBigIntegerField(default=0)
    found_total = models.PositiveBigIntegerField(null=True)
    is_whole = models.BooleanField(default=False)
    lease_until = models.DateTimeField(null=True)
    attempt = models.PositiveBigIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["connection", "kind"], name="one_reading_per_kind")]

    def __str__(self):
        return f"{self.kind} at {self.at}"

    @property
    def is_running(self):
        """Whether a process works on it now."""
        return self.lease_until is not None and self.lease_until > timezone.now()

    @property
    def is_waited_for(self):
        """Whether somebody asked for a refresh a moment ago that no worker has begun yet."""
        return self.asked_at is not None and self.due_at is not None and self.due_at > timezone.now()

    @property
    def problem(self):
        """What the platform or the portal said when the last refresh failed; "" if it did not."""
        if not self.said:
            return ""
        return from_json(self.said) or self.said.get("text", "")
