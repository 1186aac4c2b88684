"""What the pages show of an operation besides its row: the line of its life, and what a person may do to it.

Only reads. What is decided or changed stands in service, settling and deciding.
"""

import hashlib
from dataclasses import dataclass
from functools import cached_property

from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from portal.kinds.settling import compare_all
from portal.operations.models import REPEATABLE, RUNNING, Cause, Decision, State
from portal.platforms import advice
from portal.record.models import Entry
from portal.teams.access import explain, history_scope, may

UNANSWERED = (State.IN_DOUBT, State.NEEDS_HUMAN)
# How long a page waits before it asks again: what runs moves soon, what is in doubt seldom.
RUNNING_SECONDS, DOUBT_SECONDS = 2, 15


class Shown:
    """One operation for one person; each part is read when a template asks for it."""

    def __init__(self, operation, user):
        self.operation, self.user = operation, user
        self.is_mine = operation.actor_id == user.pk
        self.is_allowed = may(user, operation.verb.right, operation.team_id)
        self.seconds = seconds_to_next([operation])

    @cached_property
    def may_read(self):
        """Requests and answers are part of the record; a viewer sees its one line."""
        own = self.is_mine and may(self.user, "read_own_record", self.operation.team_id)
        return own or may(self.user, "read_record", self.operation.team_id)

    @cached_property
    def hint(self):
        text = advice(self.operation.platform, self.operation.platform_code)
        return text and _(text)

    @cached_property
    def entries(self):
        found = Entry.objects.filter(history_scope(self.user), operation=str(self.operation.pk))
        return list(found.order_by("seq"))

    @cached_property
    def attempts(self):
        return list(self.operation.http_attempts.all())

    @cached_property
    def followers(self):
        return list(self.operation.followers.order_by("created_at"))

    @cached_property
    def looks(self):
        """Newest first; each with a `name` that stays its own.

        Where the object's fields were seen before the change was sent, each compared row has `before`.
        """
        looks = [{**look, "name": _letters(look["at"])} for look in self.operation.looks or []]
        fields = self.operation.baseline
        if isinstance(fields, dict):
            for look in looks:
                look["has_before"] = True
                look["candidates"] = [_with_before(candidate, fields) for candidate in look["candidates"]]
        return looks[::-1]

    @cached_property
    def changed(self):
        """Where the object was no longer as the form showed it: [{field, sent, seen, same}]."""
        operation = self.operation
        if operation.cause != Cause.CONFLICT or not isinstance(operation.expected, dict):
            return []
        rows = compare_all(operation.expected, operation.baseline or {})
        return [row for row in rows if not row["same"]]

    @property
    def is_due(self):
        """The worker's next look has come, or is on its way."""
        next_at = self.operation.next_look_at
        return next_at is not None and next_at <= timezone.now()

    @cached_property
    def steps(self):
        """Asked, sent, ended, and what came afterwards, in the order of time."""
        return steps(self.operation, self.doubted_at)

    @property
    def doubted_at(self):
        """When no clear answer came; None when it never was in doubt."""
        return next((entry.at for entry in self.entries if entry.outcome == State.IN_DOUBT), None)

    @cached_property
    def actions(self):
        return actions(self.operation, self.user, self.is_allowed)

    @cached_property
    def mark(self):
        """Changes whenever the page would say something else.

        While it stays, a page that asks again is told so, and keeps what is open or focused in it.
        """
        operation = self.operation
        return _letters(
            [operation.state, operation.attempt, operation.message, operation.object_id, self.may_read],
            [operation.next_look_at, operation.watch_until, bool(operation.sealed_secrets)],
            [look["at"] for look in operation.looks or []],
            [entry.seq for entry in self.entries],
            [(each.number, each.ended_at) for each in self.attempts],
            [(each.pk, each.state) for each in self.followers],
        )


def seconds_to_next(operations):
    """Seconds until a page of these operations asks again; None when nothing on it moves by itself."""
    states = {each.state for each in operations}
    if states & set(RUNNING):
        return RUNNING_SECONDS
    return DOUBT_SECONDS if State.IN_DOUBT in states else None


def list_mark(operations, counts):
    """As Shown.mark, for a list."""
    rows = [(each.pk, each.state, each.cause, each.object_name) for each in operations]
    return _letters(rows, sorted(counts.items()))


def _with_before(candidate, fields):
    rows = [{**row, "before": fields.get(row["field"])} for row in candidate["compared"]]
    return {**candidate, "compared": rows}


def _letters(*parts):
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]


@dataclass
class Step:
    """One point in an operation's life; `tone` is the colour of its icon."""

    icon: str
    tone: str
    label: str
    at: object = None
    text: str = ""


def steps(operation, doubted_at):
    line = [Step("clock", "secondary", _("Asked"), operation.created_at, operation.actor.email)]
    line.append(_sent(operation))
    if operation.is_running:
        return [*line, Step("circle-dashed", "secondary", _("Not ended yet"))]
    return [*line, _ended(operation, doubted_at), *_afterwards(operation)]


def _sent(operation):
    if operation.sent_at:
        waits = operation.state == State.SENDING
        text = _("Waits for the answer.") if waits else ""
        return Step("send", "blue" if waits else "secondary", _("Sent"), operation.sent_at, text)
    if operation.is_running:
        text = _("It can still be cancelled.")
        return Step("hourglass", "blue", _("Not sent yet"), None, text)
    return Step("send-off", "secondary", _("Never sent"), None)


def _ended(operation, doubted_at):
    if operation.state == State.DONE:
        return Step("check", "green", _("Done"), operation.ended_at)
    if operation.state == State.REJECTED:
        return Step("x", "red", _("Refused"), operation.ended_at)
    if operation.state == State.CANCELLED:
        return Step("ban", "secondary", _("Cancelled"), operation.ended_at)
    if operation.state == State.NOT_SENT:
        cause = operation.get_cause_display()
        return Step("circle-off", "orange", _("Ended without a change"), operation.ended_at, cause)
    return Step("question-mark", "yellow", _("No clear answer came"), doubted_at)


def _afterwards(operation):
    looked_at = parse_datetime(operation.looks[-1]["at"]) if operation.looks else None
    if operation.state == State.IN_DOUBT:
        return [Step("search", "blue", _("Not settled yet"), None, _("The portal looks what became of it."))]
    if operation.state == State.NEEDS_HUMAN:
        return [Step("user-exclamation", "purple", _("Needs a human"), looked_at, _("An owner decides."))]
    line = []
    if operation.decision:
        label = _("Decided: %(decision)s") % {"decision": Decision(operation.decision).label}
        by = operation.decided_by.email if operation.decided_by else ""
        line.append(Step("user-exclamation", "purple", label, operation.decided_at, by))
    elif operation.state == State.FOUND:
        line.append(Step("checks", "green", _("Found on the platform"), looked_at))
    elif operation.state == State.ABSENT:
        line.append(Step("circle-off", "secondary", _("Not there in any look"), looked_at))
    if operation.is_watched:
        line.append(Step("eye", "blue", _("Watched until"), operation.watch_until))
    return line


@dataclass
class Actions:
    """What fits the operation's state and the person's rights; a `why_no_...` is "" where it may be."""

    cancel: bool
    look: bool
    decide: bool
    why_no_decision: str
    requeue: bool
    why_no_requeue: str
    form_url: str


def actions(operation, user, is_allowed):
    state = operation.state
    asks = state == State.NEEDS_HUMAN
    why_no_decision = explain(user, "settle", operation.team_id) if asks else ""
    over = is_allowed and state in REPEATABLE
    why_no_requeue = why_not_again(operation) if over else ""
    return Actions(
        cancel=is_allowed and state == State.INTENT,
        look=is_allowed and state in UNANSWERED,
        decide=asks and not why_no_decision,
        why_no_decision=why_no_decision,
        requeue=over and not why_no_requeue,
        why_no_requeue=why_no_requeue,
        form_url=form_url(operation) if is_allowed and state in (*REPEATABLE, *UNANSWERED) else "",
    )


def why_not_again(operation):
    """Why the same cannot be asked for again as it is; "" when it can."""
    if operation.cause == Cause.CONFLICT:
        return _("The object is no longer as the form showed it: open the form to see it as it is now.")
    if operation.can_requeue:
        return ""
    if operation.connection_id is None:
        return _("It cannot be tried again: its connection was deleted.")
    if operation.verb.on_object and (operation.target is None or operation.target.gone_at):
        return _("It cannot be tried again: the object it was about is gone.")
    return _("It cannot be tried again as it is: it held a secret, and the portal keeps none after the end.")


def form_url(operation):
    """The form it came from, filled with what was asked for; "" where there is none any more."""
    verb = operation.verb
    if verb.form is None or not operation.data or operation.connection_id is None:
        return ""
    if not verb.on_object:
        address = reverse("resources:create", args=[operation.kind])
    else:
        target = operation.target
        if target is None or target.gone_at:
            return ""
        address = reverse("resources:act", args=[operation.kind, target.pk, verb.name])
    return f"{address}?from={operation.pk}"
