"""Job: changes that were requested together. Each of its steps becomes one operation (stepping.py)."""

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _

from portal.connections.models import Connection
from portal.kinds.fields import JsonText
from portal.kinds.registry import KINDS
from portal.outside import NAME_MAX, name_or_id
from portal.teams import access
from portal.teams.models import ApiToken, Team, User
from portal.teams.places import SPACE_MAX
from portal.words import from_json


class Purpose(models.TextChoices):
    """What the steps of a job have to do with each other."""

    TOGETHER = "together", _("steps after each other")  # create a policy, then bind it
    EACH = "each", _("the same for several objects")
    LEAVES_FIRST = "leaves", _("with everything inside")  # what is inside goes first


class JobState(models.TextChoices):
    RUNNING = "running", _("running")
    DONE = "done", _("done")
    INCOMPLETE = "incomplete", _("incomplete")
    STOPPED = "stopped", _("stopped")


class OfVerb:
    """For models that name what is asked for by `kind_slug` and `verb_name`."""

    @property
    def kind(self):
        return KINDS[self.kind_slug]

    @property
    def verb(self):
        return self.kind.verb(self.verb_name)


class JobQuerySet(models.QuerySet):
    def visible_to(self, user):
        return access.visible_to(user, self)


class Job(OfVerb, models.Model):
    """Changes that one person requested together.

    - `key` is the operation key of the form that asked: the same key with the same steps is the same job.
    - `kind_slug`, `verb_name` and `object_name` name it: what is done, and to which object if it is one.
    - `due_at` is when a worker looks at it next; None when nothing is left to do. `attempt` is the fence of
      the process that works on it.
    - `correlation` is that of the request that asked for it last; its operations have the same.
    - `ticket` is the number of a change request in the team's own system; its operations have the same.
    - `approval` is the one that its steps have; what is requested once more needs another.
    - `stopped_at` is when a person stopped it: steps that had not begun by then never begin.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="jobs")
    key = models.CharField(max_length=64)
    body_hash = models.CharField(max_length=64)
    actor = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    via = models.CharField(max_length=10, default="web")
    reason = models.CharField(max_length=200, blank=True)
    ticket = models.CharField(max_length=64, blank=True, default="")
    correlation = models.CharField(max_length=36, blank=True, default="")
    purpose = models.CharField(max_length=10, choices=Purpose)
    platform = models.CharField(max_length=10)
    kind_slug = models.CharField(max_length=40)
    verb_name = models.CharField(max_length=30)
    object_name = models.CharField(max_length=NAME_MAX, blank=True)

    state = models.CharField(max_length=12, choices=JobState, default=JobState.RUNNING)
    created_at = models.DateTimeField(auto_now_add=True)
    ended_at = models.DateTimeField(null=True)
    stopped_at = models.DateTimeField(null=True)
    approval = models.ForeignKey(
        "operations.Approval", on_delete=models.PROTECT, null=True, related_name="jobs"
    )
    stopped_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    due_at = models.DateTimeField(null=True, db_index=True)
    attempt = models.PositiveIntegerField(default=0)

    team_path, parts_path = "team_id", "steps"

    objects = JobQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        constraints = [models.UniqueConstraint(fields=["team", "key"], name="job_key_in_team")]
        indexes = [models.Index(fields=["team", "-created_at"], name="job_team")]

    def __str__(self):
        return f"{self.verb_name} {self.kind_slug} {self.object_name}: {self.state}"


class StepQuerySet(models.QuerySet):
    def waiting(self):
        """Steps that have yet to begin."""
        return self.filter(is_wanted=True, job__state=JobState.RUNNING)

    def let_go(self):
        """Never act through this connection again: it leads to another account now."""
        return self.update(connection=None)


class Step(OfVerb, models.Model):
    """One change of a job.

    - `waits_for` are the numbers of earlier steps that must have happened before.
    - `object_id` is its object on the platform, and `row_id` the mirror row if there is one. Without these it
      acts on what step `made_by` makes. With `id_in` that field of its data takes the id of what
      `made_by` makes.
    - `connection` is None when it was deleted, or leads to another account since.
    - `space` is the resource space or application that its object is in, or is to be made in; "" if unknown.
    - `is_wanted` means that it has yet to be requested. `tries` counts how often it was requested again.
    - `operation` is the one that it became, the last one if it was repeated. `words` say why it became none.
    - `actor` is who wants it: the person who asked for the job, or who asked for this step again. `token` is
      the one that they asked by, if they did: when its turn comes, the step may do no more than it.
    """

    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="steps")
    number = models.PositiveIntegerField()
    kind_slug = models.CharField(max_length=40)
    verb_name = models.CharField(max_length=30)
    connection = models.ForeignKey(Connection, on_delete=models.SET_NULL, null=True, related_name="steps")
    row_id = models.UUIDField(null=True)
    object_id = models.CharField(max_length=160, blank=True)
    object_name = models.CharField(max_length=NAME_MAX, blank=True)
    space = models.CharField(max_length=SPACE_MAX, blank=True, default="")
    data = JsonText(default=dict)
    waits_for = JsonText(default=list)
    made_by = models.PositiveIntegerField(null=True)
    id_in = models.CharField(max_length=40, blank=True)
    actor = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    token = models.ForeignKey(ApiToken, on_delete=models.PROTECT, null=True, related_name="+")
    is_wanted = models.BooleanField(default=True)
    tries = models.PositiveIntegerField(default=0)
    operation = models.OneToOneField(
        "operations.Operation", on_delete=models.PROTECT, null=True, related_name="step"
    )
    words = JsonText(null=True, default=None)

    team_path, connection_path, space_path = "job__team_id", "connection_id", "space"

    objects = StepQuerySet.as_manager()

    class Meta:
        ordering = ["number"]
        constraints = [models.UniqueConstraint(fields=["job", "number"], name="step_number_in_job")]

    def __str__(self):
        return f"{self.number}: {self.verb_name} {self.kind_slug} {self.object_name}"

    @property
    def name(self):
        """The object's name as the step was requested; the operation knows a newer one."""
        shown = self.operation if self.operation_id else self
        return name_or_id(shown.object_name or self.object_name, shown.object_id or self.object_id)

    @property
    def taken(self):
        """Ids of the objects of another kind that its verb takes: the devices that a policy is bound to."""
        found = [self.data[each.id_in] for each in self.verb.takes if each.id_in in self.data][:1]
        return [id for ids in found for id in (ids if isinstance(ids, list) else [ids])]

    @property
    def said(self):
        return from_json(self.words)
