"""Operation: one verb asked of one platform, with its whole life."""

import hashlib
import uuid

from django.db import models
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from portal.connections.models import Connection
from portal.connections.sealing import CannotOpen, seal, unseal
from portal.kinds import mirroring
from portal.kinds.fields import JsonText
from portal.kinds.registry import KINDS
from portal.record.redaction import redact, secrets_in, without
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
ENDED = (State.DONE, State.REJECTED, State.NOT_SENT, State.FOUND, State.ABSENT, State.CANCELLED)
# Endings after which the same may be asked for again, as a new operation.
REPEATABLE = (State.REJECTED, State.NOT_SENT, State.ABSENT, State.CANCELLED)
UNANSWERED = (State.IN_DOUBT, State.NEEDS_HUMAN)
UNSETTLED = (*RUNNING, *UNANSWERED)
HAPPENED = (State.DONE, State.FOUND)


# What every ending leaves behind it: others may have the object, nobody looks, no secret is kept.
OVER = {"holds": None, "next_look_at": None, "watch_until": None, "sealed_data": ""}


class Cause(models.TextChoices):
    """Why nothing was sent, for pages and scripts; the message says it to people."""

    BUSY = "busy", _("another change of the same object is on its way")
    CONFLICT = "conflict", _("the object changed since the form was opened")
    PAUSED = "paused", _("the platform failed too often and is left alone for a while")
    THROTTLED = "throttled", _("too many requests")
    SIGN_IN = "sign_in", _("the sign-in failed")
    UNREACHABLE = "unreachable", _("the platform could not be reached")
    GONE = "gone", _("the object does not exist any more")
    STOPPED = "stopped", _("the portal stopped before it was sent")
    CANCELLED = "cancelled", _("a person cancelled it")


class Decision(models.TextChoices):
    OURS = "ours", _("it is ours")
    NOT_OURS = "not_ours", _("it is not ours")
    SEND_AGAIN = "send_again", _("send again")


class OperationQuerySet(models.QuerySet):
    def visible_to(self, user):
        return self.filter(team_id__in=teams_with(user, "view"))


class Operation(models.Model):
    """Written before anything is sent; changed only by operations.service and operations.settling.

    `key` comes with the form: the same key with the same `body_hash` is the same operation. `attempt` is
    the fence: whoever writes an outcome must still hold the attempt. `holds` keeps two operations off one
    object while one of them runs. `expected` is what the form showed of the object, `follows` the
    operation that this one repeats. `data` never holds a secret: `sent_data` does, while it may be needed.
    Names stand beside ids.
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
    data_is_whole = models.BooleanField(default=True)
    sealed_data = models.TextField(blank=True)
    expected = JsonText(blank=True, default=None, null=True)
    follows = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="followers")
    holds = models.CharField(max_length=300, null=True, unique=True)  # noqa: DJ001 (NULLs do not collide)
    request = JsonText(blank=True, default=None, null=True)
    baseline = JsonText(blank=True, default=None, null=True)

    state = models.CharField(max_length=12, choices=State, default=State.INTENT)
    attempt = models.PositiveIntegerField(default=1)
    lease_until = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    sent_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    cause = models.CharField(max_length=12, blank=True, choices=Cause)
    next_look_at = models.DateTimeField(null=True)
    watch_until = models.DateTimeField(null=True)
    decision = models.CharField(max_length=12, blank=True, choices=Decision)
    decided_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)

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
        constraints = [
            models.UniqueConstraint(fields=["team", "key"], name="operation_key_in_team"),
            # However often "try again" is pressed, and by whom: it is asked for again once.
            models.UniqueConstraint(fields=["follows"], name="operation_followed_once"),
        ]
        indexes = [
            models.Index(fields=["team", "-created_at"], name="operation_team"),
            models.Index(fields=["state", "lease_until"], name="operation_state"),
            models.Index(fields=["next_look_at"], name="operation_next_look"),
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
    def can_requeue(self):
        """It can be asked for again: it did not happen, nobody has yet, and what was asked for is known."""
        has_object = not self.verb.on_object or (self.target is not None and not self.target.gone_at)
        whole = self.data_is_whole or self.sealed_data
        is_open = self.state in REPEATABLE and self.connection_id and self.repeated_by is None
        return bool(is_open and whole and has_object)

    @property
    def can_send_again(self):
        """An owner may decide so, while nobody has asked for the same again yet."""
        return bool(self.connection_id) and self.repeated_by is None

    @property
    def repeated_by(self):
        """The operation that asked for the same again; None when none did."""
        return self.followers.first()

    @property
    def is_watched(self):
        """Absent, but should it turn up late, it is still adopted."""
        return self.state == State.ABSENT and self.watch_until is not None

    @property
    def target(self):
        """The mirror row that the verb acts on, or that a create made; None when there is none."""
        if not self.object_id:
            return None
        return self.kind.model.objects.filter(
            connection_id=self.connection_id, remote_id=self.object_id
        ).first()

    @property
    def place_on_platform(self):
        """The object by account, kind and id: the same through whichever connection."""
        account = hashlib.sha256(repr(self.connection.account).encode()).hexdigest()[:32]
        return f"{account}:{self.kind_slug}:{self.object_id}"

    @cached_property
    def answers(self):
        """{number: (time, Answer or PlatformError)} of HTTP attempts, kept until they are written."""
        return {}

    def bring_mirror_in_line(self, decoded):
        """What this operation did to its object, once it is known to have happened; in a transaction."""
        if decoded:
            row = mirroring.keep(self.kind, self.connection, decoded)
            self.object_id, self.object_name = row.remote_id, str(row)[:256]
        elif self.verb.removes and self.target:
            mirroring.mark_gone(self.kind, [self.target])

    # Secrets in what is asked for: sealed for this row until it ends, then only their fingerprint stays.

    @property
    def sent_data(self):
        """The data as it was asked for, secrets included; without them once the operation ended."""
        return unseal(self.sealed_data, f"operation:{self.pk}:data") if self.sealed_data else self.data

    def set_data(self, data):
        self.data = redact(data, longest=None)
        self.data_is_whole = self.data == data
        self.sealed_data = "" if self.data_is_whole else seal(data, f"operation:{self.pk}:data")

    def scrubbed(self, value):
        """A JSON value or text without the secrets that were sent: platforms quote what they refuse."""
        if not self.sealed_data:
            return value
        try:
            secrets = secrets_in(self.sent_data)
        except CannotOpen:
            return value  # then it was not these keys that sent them either
        return without(value, secrets)

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


class HttpAttempt(models.Model):
    """One HTTP exchange of an operation's own call: written before it is sent, completed by its answer.

    Without `ended_at` no answer is known: the portal stopped while it waited. Not to be taken for
    Operation.attempt, the fence.
    """

    operation = models.ForeignKey(Operation, on_delete=models.PROTECT, related_name="http_attempts")
    number = models.PositiveSmallIntegerField()
    at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    http_status = models.PositiveSmallIntegerField(null=True)
    platform_code = models.CharField(max_length=64, blank=True)
    platform_request_id = models.CharField(max_length=128, blank=True)
    duration_ms = models.PositiveIntegerField(null=True)
    message = models.CharField(max_length=400, blank=True)

    class Meta:
        ordering = ["number"]
        constraints = [models.UniqueConstraint(fields=["operation", "number"], name="http_attempt_number")]

    def __str__(self):
        return f"attempt {self.number} of {self.operation_id}"
