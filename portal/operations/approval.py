"""Approval: changes that a second person has to approve before they are requested (approving.py).

It is no operation: that begins when it is approved, with the approval's key. What is wanted is kept as it
will be sent, and made into Changes again then.
"""

import uuid
from dataclasses import dataclass
from datetime import timedelta

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from portal.connections.models import Connection
from portal.kinds.fields import JsonText
from portal.operations.job import OfVerb, Purpose
from portal.outside import NAME_MAX, name_or_id
from portal.platforms.collection import ID_MAX, SCOPE_MAX
from portal.record.redaction import redact
from portal.sealing import seal, unseal
from portal.teams import access
from portal.teams.models import ApiToken, Team, User
from portal.teams.places import SPACE_MAX
from portal.words import from_json

LASTS = timedelta(days=7)


class ApprovalState(models.TextChoices):
    WAITING = "waiting", _("waiting")
    APPROVED = "approved", _("approved")
    REFUSED = "refused", _("refused")
    WITHDRAWN = "withdrawn", _("withdrawn")
    VOID = "void", _("void")
    EXPIRED = "expired", _("expired")


class ApprovalQuerySet(models.QuerySet):
    def visible_to(self, user):
        return access.visible_to(user, self)

    def waiting(self):
        return self.filter(state=ApprovalState.WAITING, expires_at__gt=timezone.now())

    def to_decide(self, user):
        """Those that wait for somebody else than who asked, such as this person."""
        return access.visible_to(user, self.waiting(), "approve").exclude(actor=user)


class Approval(OfVerb, models.Model):
    """What somebody asked for, and what became of it.

    - `key` is the operation key of the form that asked: the same key with the same body is the same approval,
      and the operations or the job that it becomes have it, too. `follows` is the operation to be repeated.
    - `token` is the one that the actor asked by, if they did it by one: as long as it waits, and afterwards,
      they get no more than it allows.
    - `purpose` is that of the job that it becomes; "" for a single change, and for several creates in one
      call. `waits_for` is [[indexes of changes that each waits for]].
    - `changes` are the changes as JSON (keeping.py), without secrets; `sealed_data` holds their data with
      secrets as long as it waits.
    - `demands` is what the team's rules asked for when it was asked for. `correlation` is that of the request
      which asked, and of all that comes of it.
    - `words` say why it is void. `decision_reason` is what the person wrote who decided.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="approvals")
    key = models.CharField(max_length=64)
    body_hash = models.CharField(max_length=64)
    actor = models.ForeignKey(User, on_delete=models.PROTECT, related_name="approvals")
    token = models.ForeignKey(ApiToken, on_delete=models.PROTECT, null=True, related_name="+")
    via = models.CharField(max_length=10, default="web")
    reason = models.CharField(max_length=200, blank=True)
    ticket = models.CharField(max_length=64, blank=True, default="")
    correlation = models.CharField(max_length=36, blank=True, default="")
    connection = models.ForeignKey(Connection, on_delete=models.SET_NULL, null=True, related_name="approvals")
    connection_name = models.CharField(max_length=100)
    platform = models.CharField(max_length=10)
    kind_slug = models.CharField(max_length=40)
    verb_name = models.CharField(max_length=30)
    object_id = models.CharField(max_length=ID_MAX, blank=True)
    object_scope = models.CharField(max_length=SCOPE_MAX, blank=True, default="")
    object_name = models.CharField(max_length=NAME_MAX, blank=True)
    follows = models.ForeignKey("operations.Operation", on_delete=models.PROTECT, null=True, related_name="+")
    purpose = models.CharField(max_length=10, choices=Purpose, blank=True)
    waits_for = JsonText(default=list)
    changes = JsonText(default=list)
    sealed_data = models.TextField(blank=True)
    demands = JsonText(default=list)

    state = models.CharField(max_length=12, choices=ApprovalState, default=ApprovalState.WAITING)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True)
    decided_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    decision_reason = models.CharField(max_length=200, blank=True)
    words = JsonText(blank=True, default=None, null=True)

    team_path, parts_path = "team_id", "places"

    objects = ApprovalQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        constraints = [models.UniqueConstraint(fields=["team", "key"], name="approval_key_in_team")]
        indexes = [
            models.Index(fields=["team", "-created_at"], name="approval_team"),
            models.Index(fields=["state", "expires_at"], name="approval_state"),
        ]

    def __str__(self):
        return f"{self.verb_name} {self.kind_slug} {self.object_name}: {self.state}"

    @property
    def verb(self):
        batch = self.kind.batch
        return batch if batch and batch.name == self.verb_name else self.kind.verb(self.verb_name)

    @property
    def name(self):
        return name_or_id(self.object_name, self.object_id)

    @property
    def said(self):
        return from_json(self.words)

    @property
    def is_waiting(self):
        return self.state == ApprovalState.WAITING and self.expires_at > timezone.now()

    @property
    def shown_state(self):
        """Its state; expired also while the worker has yet to write that."""
        is_over = self.state == ApprovalState.WAITING and not self.is_waiting
        return ApprovalState.EXPIRED if is_over else ApprovalState(self.state)

    @property
    def _data_place(self):
        return f"approval:{self.pk}:data"

    def sealed_places(self):
        """{column: the place that its text is sealed for}; `credentials_rotate` seals these anew."""
        return {"sealed_data": self._data_place}

    def keep(self, changes):
        """Take the changes, as JSON; secrets in their data are sealed for this row."""
        self.changes = [{**each, "data": redact(each["data"], longest=None)} for each in changes]
        is_whole = all(kept["data"] == each["data"] for kept, each in zip(self.changes, changes, strict=True))
        self.sealed_data = "" if is_whole else seal([each["data"] for each in changes], self._data_place)

    @property
    def sent_data(self):
        """The data of each change, with secrets. Raises CannotOpen where those cannot be opened any more."""
        if self.sealed_data:
            return unseal(self.sealed_data, self._data_place)
        return [each["data"] for each in self.changes]


class ApprovalPlace(models.Model):
    """Where changes of an approval are. Who does not see all of these places does not see it."""

    approval = models.ForeignKey(Approval, on_delete=models.CASCADE, related_name="places")
    connection = models.ForeignKey(Connection, on_delete=models.SET_NULL, null=True, related_name="+")
    space = models.CharField(max_length=SPACE_MAX, blank=True, default="")

    team_path, connection_path, space_path = "approval__team_id", "connection_id", "space"

    def __str__(self):
        return f"{self.connection_id} {self.space}"


@dataclass(frozen=True)
class Grant:
    """That a change is approved: what the rules are shown instead of asking for it.

    `by` is who approves it right now; None for a step of what was approved before. `index` says which of the
    approval's changes it is; None if it is none of them but follows one. `take`, if there is one, notes the
    approval in the transaction that commits what comes of it.
    """

    approval: Approval
    by: User | None = None
    index: int | None = 0
    take: object = None

    @classmethod
    def of_step(cls, approval, number=1):
        """For what was approved before: a step of its job, or its only change."""
        is_asked = bool(approval.purpose) or number == 1  # else it follows what was asked for
        return cls(approval, index=number - 1 if is_asked else None)

    @property
    def seen(self):
        """What the object showed when approval was asked for, as keeping.seen_of returns it."""
        return {} if self.index is None else self.approval.changes[self.index]["seen"]
