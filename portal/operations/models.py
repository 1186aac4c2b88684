"""Operation: one verb asked of one platform, with its whole life."""

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _

from portal.connections.models import Connection
from portal.connections.sealing import CannotOpen, seal, unseal
from portal.kinds.fields import JsonText
from portal.kinds.registry import KINDS
from portal.teams.access import teams_with
from portal.teams.models import Team, User


class State(models.TextChoices):
    INTENT = "intent", _("about to be sent")
    SENDING = "sending", _("being sent")
    DONE = "done", _("done")
    REJECTED = "rejected", _("rejected")
    NOT_SENT = "not_sent", _("not sent")
    IN_DOUBT = "in_doubt", _("in doubt")
    FOUND = "found", _("found")
    ABSENT = "absent", _("absent")
    NEEDS_HUMAN = "needs_human", _("needs a human")
    CANCELLED = "cancelled", _("cancelled")


RUNNING = (State.INTENT, State.SENDING)
UNSETTLED = (State.INTENT, State.SENDING, State.IN_DOUBT, State.NEEDS_HUMAN)
HAPPENED = (State.DONE, State.FOUND)


class OperationQuerySet(models.QuerySet):
    def visible_to(self, user):
        return self.filter(team_id__in=teams_with(user, "view"))


class Operation(models.Model):
    """Written before anything is sent; changed only by operations.service and operations.settling.

    `key` comes with the form: the same key with the same `body_hash` is the same operation. `attempt` is
    the fence: whoever writes an outcome must still hold the attempt. Names stand beside ids.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="operations")
    key = models.CharField(max_length=64)
    body_hash = models.CharField(max_length=64)

    actor = models.ForeignKey(User, on_delete=models.PROTECT, related_name="operations")
    via = models.CharField(max_length=10, default="web")
    reason = models.CharField(max_length=200, blank=True)
    connection = models.ForeignKey(
        Connection, on_delete=models.SET_NULL, null=True, related_name="operations"
    )
    connection_name = models.CharField(max_length=100)
    platform = models.CharField(max_length=10)
    kind_slug = models.CharField(max_length=40)
    verb_name = models.CharField(max_length=30)
    object_id = models.CharField(max_length=160, blank=True)
    object_name = models.CharField(max_length=256, blank=True)
    data = JsonText()
    request = JsonText(blank=True, default=None, null=True)
    baseline = JsonText(blank=True, default=None, null=True)

    state = models.CharField(max_length=12, choices=State, default=State.INTENT)
    attempt = models.PositiveIntegerField(default=1)
    lease_until = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    sent_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    http_status = models.PositiveSmallIntegerField(null=True)
    platform_code = models.CharField(max_length=64, blank=True)
    platform_request_id = models.CharField(max_length=128, blank=True)
    message = models.TextField(blank=True)
    answer = JsonText(blank=True, default=None, null=True)
    duration_ms = models.PositiveIntegerField(null=True)
    looks = JsonText(blank=True, default=list)

    sealed_secrets = models.TextField(blank=True)
    secrets_until = models.DateTimeField(null=True)
    secrets_lost = models.BooleanField(default=False)

    objects = OperationQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        constraints = [models.UniqueConstraint(fields=["team", "key"], name="operation_key_in_team")]
        indexes = [
            models.Index(fields=["team", "-created_at"], name="operation_team"),
            models.Index(fields=["state", "lease_until"], name="operation_state"),
        ]

    def __str__(self):
        return f"{self.verb_name} {self.kind_slug} {self.object_name}: {self.state}"

    @property
    def kind(self):
        return KINDS[self.kind_slug]

    @property
    def verb(self):
        return self.kind.verb(self.verb_name)

    @property
    def is_running(self):
        return self.state in RUNNING

    @property
    def target(self):
        """The mirror row that the verb acts on, or that a create made; None when there is none."""
        if not self.object_id:
            return None
        return self.kind.model.objects.filter(
            connection_id=self.connection_id, remote_id=self.object_id
        ).first()

    # Secrets that the platform shows once: sealed for this row, opened once by the person who asked.

    @property
    def _place(self):
        return f"operation:{self.pk}:secrets"

    def seal_secrets(self, secrets):
        return seal(secrets, self._place)

    def open_secrets(self):
        """{name: value}; raises CannotOpen when they were shown, dropped or never there."""
        if not self.sealed_secrets:
            raise CannotOpen("These secrets were shown before, or dropped after an hour.")
        return unseal(self.sealed_secrets, self._place)
