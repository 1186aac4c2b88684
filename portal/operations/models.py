"""Operation: one change requested of one platform, from the request to its final state."""

import hashlib
import uuid
from functools import cached_property

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from portal.connections.models import Connection
from portal.kinds import mirroring
from portal.kinds.fields import JsonText
from portal.kinds.identity import or_unknown, the_one
from portal.kinds.permissions import permission_in
from portal.operations.approval import Approval, ApprovalPlace  # noqa: F401 - Django looks for models here
from portal.operations.attempts import HttpAttempt
from portal.operations.job import Job, OfVerb, Step  # noqa: F401 - Django looks for models here
from portal.operations.rules import Rules  # noqa: F401 - as above
from portal.outside import NAME_MAX, name_or_id, shortened
from portal.platforms.collection import ID_MAX, SCOPE_MAX
from portal.record.redaction import redact, scrubber_of, secrets_in, without
from portal.sealing import CannotOpen, seal, unseal
from portal.teams import access
from portal.teams.models import ApiToken, Team, User
from portal.teams.places import SPACE_MAX
from portal.words import Sentence, from_json, to_json


class State(models.TextChoices):
    INTENT = "intent", _("about to be sent")
    SENDING = "sending", _("being sent")
    DONE = "done", _("done")
    PARTLY = "partly", _("partly done")
    REJECTED = "rejected", _("rejected")
    NOT_SENT = "not_sent", _("not sent")
    IN_DOUBT = "in_doubt", _("in doubt")
    FOUND = "found", _("found")
    ABSENT = "absent", _("absent")
    NEEDS_HUMAN = "needs_human", _("needs a human")
    CANCELLED = "cancelled", _("cancelled")


STATES = {state: Sentence(f"state.{state.value}", state.label) for state in State}
RUNNING = (State.INTENT, State.SENDING)
# Final states in which nothing happened.
NOTHING_DONE = (State.REJECTED, State.NOT_SENT, State.ABSENT, State.CANCELLED)
ENDED = (State.DONE, State.PARTLY, State.FOUND, *NOTHING_DONE)
# The same may be requested again, as a new operation; of what is partly done, what was refused.
REPEATABLE = (*NOTHING_DONE, State.PARTLY)
UNANSWERED = (State.IN_DOUBT, State.NEEDS_HUMAN)
UNSETTLED = (*RUNNING, *UNANSWERED)
HAPPENED = (State.DONE, State.FOUND)


class Cause(models.TextChoices):
    """Why nothing was sent, as a code for pages and scripts. The message explains it to people."""

    BUSY = "busy", _("another change of the same object is not over")
    NOT_ALLOWED = "not_allowed", _("a right is missing")
    CONFLICT = "conflict", _("the object changed since the form was opened")
    PAUSED = "paused", _("calls are paused because the platform failed repeatedly")
    THROTTLED = "throttled", _("too many requests")
    SIGN_IN = "sign_in", _("the sign-in failed")
    UNREACHABLE = "unreachable", _("the platform could not be reached")
    GONE = "gone", _("the object no longer exists")
    STOPPED = "stopped", _("the portal stopped before it was sent")
    CANCELLED = "cancelled", _("a person cancelled it")


class Decision(models.TextChoices):
    OURS = "ours", _("it is ours")
    NOT_OURS = "not_ours", _("it is not ours")
    SEND_AGAIN = "send_again", _("send again")


class OperationQuerySet(models.QuerySet):
    def visible_to(self, user):
        return access.visible_to(user, self)

    def about(self, row):
        """Operations on the object of a mirror row, through its connection."""
        same = {"connection_id": row.connection_id, "object_id": row.remote_id}
        return self.filter(**same, object_scope__in=or_unknown(row.scope))

    def unsettled(self):
        """Operations that are running, or that may or may not have happened, or of which more may arrive."""
        may_arrive = models.Q(holds__isnull=False, late_until__gt=Now())
        return self.filter(models.Q(state__in=UNSETTLED) | may_arrive)

    def let_go(self):
        """Hold no objects of ended operations, and stop watching absent creates for late commits.

        The data kept to recognise those is deleted.
        """
        self.filter(state__in=ENDED).exclude(holds=None).update(holds=None, next_look_at=None)
        return self.exclude(watch_until=None).update(watch_until=None, next_look_at=None, sealed_data="")


class Operation(OfVerb, models.Model):
    """One change requested of one platform. Saved before anything is sent. Only life.py changes its state.

    - `key` comes with the form: the same key with the same `body_hash` is the same operation.
    - `attempt` is the fence: a process may write an outcome only while this is the number it began with.
    - `holds` names the object that is reserved for this operation. It is unique, so a second change of the
      same object cannot start. After the end it stays until `late_until`, if an attempt got no answer.
    - `object_scope` is what the object's id is unique within (Mirror.scope); of a create that has made
      nothing, what it asks for. "" if that is not known.
    - `space` is the resource space or application that the object is in (Mirror.space_id); "" if unknown.
    - `made` names the object that this create made. It is unique: whoever concludes that it made the same
      object (perform, settling, a person) writes it together with the state, so that only one can.
    - `expected` is {field: value} as the form showed the object; `follows` is the operation this one repeats.
    - `approval` is the one without which it would not have begun.
    - `data` never contains a secret; `sealed_data` does, for as long as it may be needed.
    - `words` is the message about its state, as code and parameters; `platform_message` is the platform's own
      text.
    - `endings` says what became of each target of a verb with many: [{target, code, message}]. A target with
      a code was refused.
    - `attempts` are the HTTP exchanges of its call (attempts.py). Do not confuse them with `attempt`.
    - `correlation` is that of the request or task that asked for it (record/correlation.py).
    - `token` is the one that the actor asked by, if they did it by one.
    - `ticket` is the number of a change request in the team's own system; nobody looks it up there.
    - Names are stored beside ids, so that the row can be read after the object is gone.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="operations")
    key = models.CharField(max_length=64)
    body_hash = models.CharField(max_length=64)

    actor = models.ForeignKey(User, on_delete=models.PROTECT, related_name="operations")
    via = models.CharField(max_length=10, default="web")
    token = models.ForeignKey(ApiToken, on_delete=models.PROTECT, null=True, related_name="+")
    reason = models.CharField(max_length=200, blank=True)
    ticket = models.CharField(max_length=64, blank=True, default="")
    correlation = models.CharField(max_length=36, blank=True, default="")
    connection = models.ForeignKey(
        Connection, on_delete=models.SET_NULL, null=True, related_name="operations"
    )
    connection_name = models.CharField(max_length=100)
    platform = models.CharField(max_length=10)
    kind_slug = models.CharField(max_length=40)
    verb_name = models.CharField(max_length=30)
    object_id = models.CharField(max_length=ID_MAX, blank=True)
    object_scope = models.CharField(max_length=SCOPE_MAX, blank=True, default="")
    object_name = models.CharField(max_length=NAME_MAX, blank=True)
    space = models.CharField(max_length=SPACE_MAX, blank=True, default="")
    data = JsonText()
    data_is_whole = models.BooleanField(default=True)
    sealed_data = models.TextField(blank=True)
    expected = JsonText(blank=True, default=None, null=True)
    follows = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="followers")
    approval = models.ForeignKey(Approval, on_delete=models.PROTECT, null=True, related_name="operations")
    holds = models.CharField(max_length=300, null=True, unique=True)  # noqa: DJ001 (NULLs do not collide)
    made = models.CharField(max_length=300, null=True, unique=True)  # noqa: DJ001 (as above)
    late_until = models.DateTimeField(null=True)
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
    words = JsonText(blank=True, default=None, null=True)
    platform_message = models.TextField(blank=True)
    attempts = JsonText(blank=True, default=list)
    answer = JsonText(blank=True, default=None, null=True)
    endings = JsonText(blank=True, default=None, null=True)
    duration_ms = models.PositiveIntegerField(null=True)
    looks = JsonText(blank=True, default=list)

    sealed_secrets = models.TextField(blank=True)
    secrets_until = models.DateTimeField(null=True)
    secrets_lost = models.BooleanField(default=False)

    team_path, connection_path, space_path = "team_id", "connection_id", "space"
    approved_as = {}  # what the object showed when approval was asked for (keeping.py)

    objects = OperationQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(fields=["team", "key"], name="operation_key_in_team"),
            # However often "Try again" is pressed, and by whom: there is one repetition.
            models.UniqueConstraint(fields=["follows"], name="operation_followed_once"),
        ]
        indexes = [
            models.Index(fields=["team", "-created_at"], name="operation_team"),
            models.Index(fields=["state", "lease_until"], name="operation_state"),
            models.Index(fields=["next_look_at"], name="operation_next_look"),
            models.Index(fields=["connection", "kind_slug", "object_id"], name="operation_of_kind"),
        ]

    def __str__(self):
        return f"{self.verb_name} {self.kind_slug} {self.object_name}: {self.state}"

    @cached_property
    def heard(self):
        """The HTTP exchanges that this process made for it and no entry tells of yet (attempts.told)."""
        return []

    @property
    def said(self):
        """The portal's message about its state, as a Said; None if there is only the platform's text."""
        return from_json(self.words)

    @property
    def message(self):
        """The message about its state as text: the portal's own, else the platform's."""
        return str(self.said or self.platform_message)

    def say(self, text):
        """Set the message: a Said is stored as code and parameters, a platform's text as it is."""
        self.words = to_json(text)
        self.platform_message = "" if self.words else self.scrubbed(str(text))

    @property
    def permission(self):
        """What it lacked on the platform, if that is why it was refused and a document names it; else ""."""
        return permission_in(self.said)

    @property
    def http_attempts(self):
        """The HTTP exchanges of its call as HttpAttempts, oldest first."""
        return [HttpAttempt.from_json(each) for each in self.attempts or []]

    @property
    def is_running(self):
        return self.state in RUNNING

    @property
    def refused(self):
        """The targets that the platform refused, as in `endings`."""
        return [each for each in self.endings or [] if each["code"] or each["message"]]

    def narrowed(self, data):
        """The data of a repetition: of what is partly done, only the targets that were refused."""
        if self.state != State.PARTLY:
            return data
        return {**data, self.verb.targets: [each["target"] for each in self.refused]}

    def without_refused(self, data):
        """The data of what really was done."""
        refused = {each["target"] for each in self.refused}
        if not refused:
            return data
        return {**data, self.verb.targets: [id for id in data[self.verb.targets] if id not in refused]}

    @property
    def can_requeue(self):
        """Whether the same can be requested again unchanged.

        It did not happen, it was not repeated yet, and its data is still complete.
        """
        has_object = not self.verb.on_object or (self.target is not None and not self.target.gone_at)
        whole = self.data_is_whole or self.sealed_data
        is_open = self.state in REPEATABLE and self.connection_id and self.repeated_by is None
        return bool(is_open and whole and has_object)

    @property
    def can_send_again(self):
        """Whether an owner may decide "send again": not repeated yet, and all that was sent is still there.

        The secrets of what a look found are dropped, also if a clear answer of the platform takes it back.
        """
        whole = self.data_is_whole or self.sealed_data
        return bool(self.connection_id and whole) and self.repeated_by is None

    @property
    def repeated_by(self):
        """The operation that repeats this one; None if there is none."""
        return self.followers.first()

    @property
    def was_gone(self):
        """Whether the object of a delete was gone before it was sent."""
        return self.verb.removes and self.baseline is False

    @property
    def is_watched(self):
        """Whether it is absent and still watched: if its object appears late, the state becomes found."""
        return self.state == State.ABSENT and self.watch_until is not None

    @property
    def target(self):
        """The mirror row that the verb acts on, or that a create made; None if there is none."""
        if not self.object_id:
            return None
        rows = mirroring.rows_of(self.kind, self.connection_id, [self.object_id])
        return the_one(rows, self.object_scope)

    @property
    def place_on_platform(self):
        """The object's account, kind, id and scope as a text; the same for each connection to the account."""
        return self.place_of(self.object_id, self.object_scope)

    def place_of(self, remote_id, scope=""):
        """Like `place_on_platform`, for another object of the same kind in the same account."""
        account = hashlib.sha256(repr(self.connection.account).encode()).hexdigest()[:32]
        return f"{account}:{self.kind_slug}:{remote_id}" + (f"@{scope}" if scope else "")

    def names_of(self, decoded):
        """The columns that name the object it made or changed, as the platform names it.

        A create claims its object with them: writing them raises IntegrityError if another create has it.
        """
        if not decoded:
            return {}
        name = shortened(name_or_id(decoded.get("name"), decoded["id"]), NAME_MAX)
        scope, id = self.identity_of(decoded)
        names = {"object_id": str(id), "object_scope": scope, "object_name": name}
        names["space"] = self.kind.space_of(decoded) or self.space
        return names if self.verb.on_object else {**names, "made": self.place_of(id, scope)}

    def identity_of(self, decoded):
        """(scope, id) of the object it made or changed; if an answer shows no scope, as it was asked for."""
        scope, id = self.kind.identity(decoded)
        return scope or self.object_scope, id

    def bring_mirror_in_line(self, decoded):
        """Write what it did to its object into the mirror, in the transaction that ends the operation."""
        if decoded:
            mirroring.keep(self.kind, self.connection, decoded, self.object_scope)
        elif target := self.target:
            if self.verb.removes:
                mirroring.mark_gone(self.kind, [target])
            else:
                mirroring.mark_unsure(target)
        if self.verb.removes:
            # Should the platform ever give this id again, then to a new object.
            Operation.objects.filter(made=self.place_on_platform).update(made=None)

    def sealed_places(self):
        """{column: the place that its text is sealed for}; `credentials_rotate` seals these anew."""
        return {"sealed_data": self._data_place, "sealed_secrets": self._place}

    # Secrets in the request: sealed for this row until it ends. Afterwards only their fingerprint stays.

    @property
    def _data_place(self):
        return f"operation:{self.pk}:data"

    @property
    def sent_data(self):
        """The requested data with its secrets; without them after the operation ended."""
        return unseal(self.sealed_data, self._data_place) if self.sealed_data else self.data

    def set_data(self, data):
        self.data = redact(data, longest=None)
        self.data_is_whole = self.data == data
        self.sealed_data = "" if self.data_is_whole else seal(data, self._data_place)

    def scrubbed(self, value):
        """A JSON value or text without the secrets that were sent: platforms quote what they refuse."""
        return without(value, self._secrets())

    def scrubber(self):
        """What takes the same secrets out of the platform's texts, where an answer is read."""
        return scrubber_of(self._secrets())

    def _secrets(self):
        if not self.sealed_data:
            return frozenset()
        try:
            return secrets_in(self.sent_data)
        except CannotOpen:
            return frozenset()  # this process cannot have sent them either, so nothing here quotes them

    # Secrets that the platform shows once: sealed for this row, opened once by the person who requested it.

    @property
    def _place(self):
        return f"operation:{self.pk}:secrets"

    def seal_secrets(self, secrets):
        return seal(secrets, self._place)

    def open_secrets(self):
        """{name: value}. Raises CannotOpen if they were already shown, were deleted or never existed."""
        if not self.sealed_secrets:
            raise CannotOpen("These secrets were already shown, or were deleted after an hour.")
        return unseal(self.sealed_secrets, self._place)
