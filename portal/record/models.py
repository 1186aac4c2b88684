"""Tables of the record: entries, their bodies, and the head that gives out numbers.

There are no foreign keys: an entry keeps names as text, so it can be read after its object is gone, and no
cascade has to change it. Only store.append() writes here; the database refuses changes (guards.py).
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
    operation = models.CharField(_("operation"), max_length=36, blank=True)
    attempt = models.PositiveIntegerField(default=0)

    http_status = models.PositiveSmallIntegerField(_("HTTP status"), null=True)
    platform_code = models.CharField(_("platform code"), max_length=64, blank=True)
    platform_request_id = models.CharField(_("platform request id"), max_length=128, blank=True)
    duration_ms = models.PositiveIntegerField(_("duration"), null=True)
    reason = models.CharField(_("reason"), max_length=200, blank=True)
    summary = models.CharField(_("summary"), max_length=400, blank=True)
    ticket = models.CharField(_("ticket"), max_length=64, blank=True, default="")
    correlation = models.CharField(_("correlation"), max_length=36, blank=True, default="")
    # The portal's sentence about it, as JSON of portal.words. `summary` is a platform's text, or an older
    # sentence.
    words = models.TextField(blank=True)

    body_digest = models.CharField(max_length=64)
    prev_hash = models.CharField(max_length=64, blank=True)
    hash = models.CharField(max_length=64, blank=True)
    key_id = models.CharField(max_length=16, blank=True)
    version = models.PositiveSmallIntegerField(default=1)

    team_path, is_record = "team_id", True  # how teams.access finds who may read it

    class Meta:
        ordering = ["-seq"]
        verbose_name_plural = "entries"
        # One index per filter of the audit pages, each newest first.
        indexes = [
            models.Index(fields=["team_id", "-seq"], name="entry_team"),
            models.Index(fields=["actor_id", "-seq"], name="entry_actor"),
            models.Index(fields=["kind", "-seq"], name="entry_kind"),
            models.Index(fields=["verb", "-seq"], name="entry_verb"),
            models.Index(fields=["outcome", "-seq"], name="entry_outcome"),
            models.Index(fields=["-at"], name="entry_at"),
            models.Index(fields=["operation"], name="entry_operation"),
            models.Index(fields=["kind", "object_id", "-seq"], name="entry_object"),
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
    """Request, answer and evidence of one entry: the JSON text from which `body_digest` was computed."""

    seq = models.BigIntegerField(primary_key=True)
    salt = models.BinaryField(max_length=16)
    text = models.TextField()

    class Meta:
        verbose_name_plural = "bodies"

    def __str__(self):
        return f"body of {self.seq}"


class Head(models.Model):
    """One row, whose lock orders all appends. Take it last in a transaction; do no I/O while you hold it."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    seq = models.BigIntegerField(default=0)
    hash = models.CharField(max_length=64, blank=True)

    def __str__(self):
        return f"head at {self.seq}"
