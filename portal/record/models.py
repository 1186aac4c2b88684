"""The append-only record: one line per entry, its body beside it, and the head that hands out numbers.

No foreign keys: names are kept as text, so that an entry reads well after its object is gone and no
cascade ever needs to touch it. Written by record.append() only; the database refuses changes (guards.py).
"""

import uuid

from django.db import models
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _


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
    object_name = models.CharField(_("object"), max_length=256, blank=True)
    operation = models.CharField(_("operation"), max_length=36, blank=True)
    attempt = models.PositiveIntegerField(default=0)

    http_status = models.PositiveSmallIntegerField(_("HTTP status"), null=True)
    platform_code = models.CharField(_("platform code"), max_length=64, blank=True)
    platform_request_id = models.CharField(_("platform request id"), max_length=128, blank=True)
    duration_ms = models.PositiveIntegerField(_("duration"), null=True)
    reason = models.CharField(_("reason"), max_length=200, blank=True)
    summary = models.CharField(_("summary"), max_length=400, blank=True)

    body_digest = models.CharField(max_length=64)
    prev_hash = models.CharField(max_length=64, blank=True)
    hash = models.CharField(max_length=64, blank=True)
    key_id = models.CharField(max_length=16, blank=True)
    version = models.PositiveSmallIntegerField(default=1)

    class Meta:
        ordering = ["-seq"]
        verbose_name_plural = "entries"
        # Each filter of the audit pages reads newest first from an index of its own.
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
    def who(self):
        """As pages say it: what the portal finds out by itself, nobody did, but somebody had asked for it."""
        if self.via != "system":
            return self.actor
        return _now("the portal, for %(person)s") % {"person": self.actor}


class Body(models.Model):
    """Request, answer and evidence of one entry as the JSON text that `Entry.body_digest` was taken of."""

    seq = models.BigIntegerField(primary_key=True)
    salt = models.BinaryField(max_length=16)
    text = models.TextField()

    class Meta:
        verbose_name_plural = "bodies"

    def __str__(self):
        return f"body of {self.seq}"


class Head(models.Model):
    """One row; its lock orders all appends. Taken last in a transaction and never held over I/O."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    seq = models.BigIntegerField(default=0)
    hash = models.CharField(max_length=64, blank=True)

    def __str__(self):
        return f"head at {self.seq}"
