"""Tables of the record: entries and their bodies, the head of their chain, what pages and proofs need.

There are no foreign keys: an entry keeps names as text, so it can be read after its object is gone, and no
cascade has to change it. Only store.append() writes entries; the database refuses changes (guards.py).
"""

import json
import uuid

from django.db import models
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from portal.words import from_json


class Stage(models.TextChoices):
    INTENT = "intent", _("asked")
    OUTCOME = "outcome", _("outcome")
    DENIED = "denied", _("denied")
    NOTE = "note", _("note")


class Entry(models.Model):
    """One line of the record: the header that the chain protects. Its body is beside it."""

    seq = models.BigIntegerField(_("number"), primary_key=True)
    id = models.UUIDField(unique=True, default=uuid.uuid4)
    at = models.DateTimeField(_("time"))
    stage = models.CharField(_("stage"), max_length=10, choices=Stage)
    outcome = models.CharField(_("outcome"), max_length=12)

    actor_id = models.CharField(max_length=36, blank=True)
    actor = models.CharField(_("who"), max_length=254)
    via = models.CharField(_("through"), max_length=10, default="web")
    team_id = models.CharField(max_length=36, blank=True)
    team = models.CharField(_("team"), max_length=100, blank=True)
    connection_id = models.CharField(max_length=36, blank=True)
    connection = models.CharField(_("connection"), max_length=100, blank=True)

    platform = models.CharField(_("platform"), max_length=10, blank=True)
    kind = models.CharField(_("kind"), max_length=40, blank=True)
    verb = models.CharField(_("verb"), max_length=30)
    object_id = models.CharField(_("object id"), max_length=160, blank=True)
    # What the object's id is unique within, where it is not in the account; "" also where that is not known.
    object_scope = models.CharField(_("within"), max_length=64, blank=True, default="")
    object_name = models.CharField(_("object"), max_length=256, blank=True)
    # The resource space or application that the object is in; "" where there is none or it is not known.
    space = models.CharField(_("space"), max_length=64, blank=True, default="")
    operation = models.CharField(_("operation"), max_length=36, blank=True)
    attempt = models.PositiveIntegerField(default=0)
    # The request, command or task that caused it (correlation.py); a UUID as text.
    correlation = models.CharField(_("correlation id"), max_length=36, blank=True, default="")

    http_status = models.PositiveSmallIntegerField(_("HTTP status"), null=True)
    platform_code = models.CharField(_("platform code"), max_length=64, blank=True)
    platform_request_id = models.CharField(_("platform request id"), max_length=128, blank=True)
    duration_ms = models.PositiveIntegerField(_("duration"), null=True)
    reason = models.CharField(_("reason"), max_length=200, blank=True)
    ticket = models.CharField(_("ticket"), max_length=64, blank=True, default="")
    summary = models.CharField(_("summary"), max_length=400, blank=True)
    # The portal's sentence about it, as JSON of portal.words. `summary` is a platform's text, or an older
    # sentence.
    words = models.TextField(blank=True)

    body_digest = models.CharField(max_length=64)
    prev_hash = models.CharField(max_length=64, blank=True)
    hash = models.CharField(max_length=64, blank=True)
    key_id = models.CharField(max_length=16, blank=True)
    version = models.PositiveSmallIntegerField(default=1)  # which fields its header has (canonical.HEADER)

    # How teams.access finds who may read it.
    team_path, connection_path, space_path, is_record = "team_id", "connection_id", "space", True

    class Meta:
        ordering = ["-seq"]
        verbose_name_plural = "entries"
        # People, verbs, kinds, connections, teams and outcomes are found by facets. Most entries have no
        # ticket, no request id and no object, and need no place in those indexes.
        indexes = [
            models.Index(fields=["-at"], name="entry_at"),
            models.Index(fields=["operation", "seq"], name="entry_operation"),
            models.Index(fields=["kind", "object_id", "-seq"], name="entry_object"),
            models.Index(fields=["object_id", "-seq"], name="entry_id", condition=~models.Q(object_id="")),
            models.Index(fields=["correlation"], name="entry_correlation"),
            models.Index(fields=["ticket", "-seq"], name="entry_ticket", condition=~models.Q(ticket="")),
            models.Index(
                fields=["platform_request_id"],
                name="entry_request",
                condition=~models.Q(platform_request_id=""),
            ),
            # What retention looks for, and the trigger that lets it drop a body.
            models.Index(
                fields=["team_id", "-seq"], name="entry_drops", condition=models.Q(verb="drop_bodies")
            ),
        ]

    def __str__(self):
        return f"{self.seq} {self.verb} {self.kind} {self.outcome}"

    @property
    def text(self):
        """For pages: the portal's sentence in the reader's language if there is one, else the summary."""
        said = from_json(json.loads(self.words)) if self.words else None
        return str(said) if said else self.summary

    @property
    def who(self):
        """The person, as pages show it; where the portal acted by itself, "the portal, for" that person."""
        if self.via == "refresh":
            return _now("the portal, in a refresh")
        if self.via != "system":
            return self.actor
        return _now("the portal, for %(person)s") % {"person": self.actor}


class Body(models.Model):
    """What stands beside an entry: request, answer and evidence, and the text it is searched by.

    `body_digest` of the entry is SHA-256 of salt and text. Retention empties both and shortens `search` to
    what the header says; the row stays.
    """

    seq = models.BigIntegerField(primary_key=True)
    salt = models.BinaryField(max_length=16)
    text = models.TextField(blank=True)
    search = models.TextField(blank=True, default="")
    folding = models.CharField(max_length=16)  # searching.FOLDING when `search` was written

    class Meta:
        verbose_name_plural = "bodies"

    def __str__(self):
        return f"body of {self.seq}"


class Head(models.Model):
    """One row, the last entry's number and hash, whose lock orders all appends; a trigger advances it.

    Take its lock last in a transaction; do no I/O while you hold it.
    """

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    seq = models.BigIntegerField(default=0)
    hash = models.CharField(max_length=64, blank=True)

    def __str__(self):
        return f"head at {self.seq}"


class Facet(models.Model):
    """One combination of the things that stories are narrowed by; a trigger keeps it.

    There are few combinations even among millions of stories. So a filter counts exactly by adding `count`,
    and a page reads only from the combinations that fit.
    """

    team_id = models.CharField(max_length=36)
    actor_id = models.CharField(max_length=36)
    kind = models.CharField(max_length=40)
    verb = models.CharField(max_length=30)
    connection_id = models.CharField(max_length=36)
    space = models.CharField(max_length=64, default="")
    outcome = models.CharField(max_length=12)
    count = models.BigIntegerField()
    newest = models.BigIntegerField()  # first_seq of its newest story, 0 if it has none now

    team_path, connection_path, space_path, is_record = "team_id", "connection_id", "space", True

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["team_id", "actor_id", "kind", "verb", "connection_id", "space", "outcome"],
                name="one_facet",
            )
        ]

    def __str__(self):
        return f"{self.count} of {self.verb} {self.kind} {self.outcome}"


class Story(models.Model):
    """One row of the reviewers' list; a trigger keeps it.

    It holds all steps of an operation, or one entry that belongs to none. Whoever else did something with an
    operation (cancelled, decided, was denied) has a story of their own for that, so nobody's act hides in
    somebody else's row. Its outcome is the operation's latest.
    """

    first_seq = models.BigIntegerField(primary_key=True)
    last_seq = models.BigIntegerField()
    steps = models.PositiveIntegerField()
    operation = models.CharField(max_length=36, null=True, unique=True)  # noqa: DJ001 - NULL is in no index
    facet = models.ForeignKey(Facet, models.DO_NOTHING, db_constraint=False, db_index=False)

    class Meta:
        verbose_name_plural = "stories"
        ordering = ["-first_seq"]
        indexes = [models.Index(fields=["facet", "-first_seq"], name="story_facet")]

    def __str__(self):
        return f"story of {self.first_seq} to {self.last_seq}"


class Tile(models.Model):
    """The Merkle root of one full run of 256 entries, so that proofs do not read the whole record."""

    number = models.BigIntegerField(primary_key=True)  # of entries 256 * number + 1 and the 255 after it
    root = models.CharField(max_length=64)

    def __str__(self):
        return f"tile {self.number}"


class Checkpoint(models.Model):
    """What the record was at a moment, signed: number of entries, their Merkle root and the last hash.

    Copies outside the database show when entries at the end are gone, or all were written anew.
    """

    number = models.BigIntegerField(primary_key=True)
    size = models.BigIntegerField()
    root = models.CharField(max_length=64)
    head_hash = models.CharField(max_length=64, blank=True)
    at = models.DateTimeField()
    key_id = models.CharField(max_length=16)
    signature = models.CharField(max_length=128)

    class Meta:
        ordering = ["-number"]

    def __str__(self):
        return f"checkpoint {self.number} of {self.size} entries"


class Sink(models.Model):
    """A place outside the database that gets each checkpoint, and how far it has got."""

    address = models.CharField(max_length=500, primary_key=True)
    delivered = models.BigIntegerField(default=0)  # number of the last checkpoint that arrived
    delivered_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=400, blank=True)
    error_at = models.DateTimeField(null=True)
    due_at = models.DateTimeField(null=True)  # when it may be tried again, or the lease of who serves it ends

    def __str__(self):
        return self.address


class Verification(models.Model):
    """One check of the whole record that somebody asked for on a page, while it runs and after.

    `report` is verifying.Report as JSON. A worker that checks renews `lease_until`.
    """

    asked_at = models.DateTimeField()
    asked_by = models.CharField(max_length=254)
    actor_id = models.CharField(max_length=36)
    team_id = models.CharField(max_length=36, blank=True)
    team = models.CharField(max_length=100, blank=True)
    correlation = models.CharField(max_length=36, blank=True)
    lease_until = models.DateTimeField(null=True)
    checked = models.BigIntegerField(default=0)
    entries = models.BigIntegerField(default=0)  # in the record when it began
    ended_at = models.DateTimeField(null=True)
    result = models.CharField(max_length=10, blank=True)  # a findings.Result; "" until it has ended
    first_bad = models.BigIntegerField(null=True)
    report = models.TextField(blank=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self):
        return f"check of {self.entries} entries: {self.result or self.checked}"
