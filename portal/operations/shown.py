"""What pages show about an operation besides its row: timeline, looks, and the buttons that a person gets.

Only reads. Changes are made in service, settling and deciding.
"""

import json
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.connections.models import Condition
from portal.kinds import pages
from portal.kinds.comparing import compare_all
from portal.operations.models import ENDED, REPEATABLE, RUNNING, UNANSWERED, Cause, Decision, State
from portal.operations.service import CONFLICT
from portal.operations.settling import STOPPED_BEFORE
from portal.platforms import advice
from portal.record.models import Body, Entry, Stage
from portal.teams.access import explain, may, visible_to
from portal.web import following
from portal.words import clock, from_json

# Seconds between two updates of a page: running operations change soon, those in doubt seldom.
RUNNING_SECONDS, DOUBT_SECONDS = 2, 15
# What people can do with an operation, by its name in the record.
ASKED = {
    "cancel": gettext_lazy("Cancel before it is sent"),
    "look_again": gettext_lazy("Check again"),
    "decide": gettext_lazy("Decide whether it happened"),
    "requeue": gettext_lazy("Try again"),
}


class Shown:
    """One operation as one person may see it. Each part is read when a template asks for it."""

    def __init__(self, operation, user):
        self.operation, self.user = operation, user
        self.is_mine = operation.actor_id == user.pk
        self.is_allowed = may(user, operation.verb.right, operation)
        self.seconds = seconds_to_next([operation])

    @cached_property
    def may_read(self):
        """Whether this person may read the bodies of requests and answers, which belong to the record."""
        own = self.is_mine and may(self.user, "read_own_record", self.operation)
        return own or may(self.user, "read_record", self.operation)

    @cached_property
    def hint(self):
        operation = self.operation
        text = advice(operation.platform, operation.platform_code, operation.platform_message)
        return text and _(text)

    @cached_property
    def entries(self):
        found = visible_to(self.user, Entry.objects.filter(operation=str(self.operation.pk)))
        return list(found.order_by("seq"))

    @cached_property
    def lines(self):
        """The record entries as [Line], oldest first."""
        denied = [entry.seq for entry in self.entries if entry.stage == Stage.DENIED]
        bodies = Body.objects.filter(seq__in=denied).values_list("seq", "text") if denied else ()
        asked = {seq: json.loads(text or "{}").get("asked", "") for seq, text in bodies}
        return [_line(entry, self.operation.verb, asked.get(entry.seq, "")) for entry in self.entries]

    @cached_property
    def attempts(self):
        return self.operation.http_attempts

    @cached_property
    def followers(self):
        return list(self.operation.followers.order_by("created_at"))

    @cached_property
    def looks(self):
        """The looks, newest first. Each has a `name` for its DOM id, which stays the same.

        Each compared row has `sides`, its values as columns; `headings` are their headings. If the fields
        were read before sending, those values are the first column.
        """
        looks = [
            {**look, "name": following.mark(look["at"]), "text": from_json(look.get("words")) or look["text"]}
            for look in self.operation.looks or []
        ]
        fields = self.operation.baseline if self.operation.verb.on_object else None
        names = {"sent": _("Sent"), "seen": _("On the platform")}
        if isinstance(fields, dict):
            names = {"before": _("Before"), **names}
        for look in looks:
            look["headings"] = list(names.values())
            look["candidates"] = [_with_sides(each, names, fields) for each in look["candidates"]]
        return looks[::-1]

    @cached_property
    def changed(self):
        """The fields that changed after the form was opened: [{field, sent, seen, same, sides}]."""
        operation = self.operation
        if operation.cause != Cause.CONFLICT or not isinstance(operation.expected, dict):
            return []
        rows = compare_all(operation.expected, operation.baseline or {})
        names = {"sent": _("When the form was opened"), "seen": _("Just before sending")}
        return [{**row, **_sides(row, names)} for row in rows if not row["same"]]

    @property
    def is_due(self):
        """Whether the worker's next look is due, or runs right now."""
        next_at = self.operation.next_look_at
        return next_at is not None and next_at <= timezone.now()

    @property
    def is_held(self):
        """Whether its object stays held after its end, because an attempt may still arrive."""
        return self.operation.state in ENDED and bool(self.operation.holds)

    @property
    def says_unsent(self):
        """Whether its message already says that nothing was sent."""
        said = self.operation.said
        return said is not None and said.is_from(CONFLICT, STOPPED_BEFORE)

    @cached_property
    def retry_text(self):
        """When the connection accepts calls again, if that is why nothing was sent; else ""."""
        operation = self.operation
        if operation.state != State.NOT_SENT or operation.cause not in (Cause.PAUSED, Cause.THROTTLED):
            return ""
        if operation.connection_id is None or self.followers:
            return ""
        condition = Condition.objects.now().filter(pk=operation.connection_id).first()
        return _retry_text(condition, operation.said) if condition else ""

    @cached_property
    def steps(self):
        """The timeline: requested, sent, ended, and what happened afterwards."""
        return steps(self.operation, self.doubted_at)

    @property
    def doubted_at(self):
        """When no clear answer came; None if it never was in doubt."""
        return next((entry.at for entry in self.entries if entry.outcome == State.IN_DOUBT), None)

    @cached_property
    def actions(self):
        return actions(self)

    @cached_property
    def mark(self):
        """A hash that changes whenever the page would show something else.

        A page that polls sends it. While it is the same, the answer is 204 and the page keeps its focus and
        open details.
        """
        operation = self.operation
        return following.mark(
            [operation.state, operation.attempt, operation.message, operation.object_id, self.may_read],
            [operation.next_look_at, operation.watch_until, bool(operation.sealed_secrets)],
            [look["at"] for look in operation.looks or []],
            [entry.seq for entry in self.entries],
            [(each.number, each.ended_at) for each in self.attempts],
            [(each.pk, each.state) for each in self.followers],
        )


def seconds_to_next(operations):
    """Seconds until a page with these operations asks again; None if none of them changes by itself."""
    states = {each.state for each in operations}
    if states & set(RUNNING):
        return RUNNING_SECONDS
    return DOUBT_SECONDS if State.IN_DOUBT in states else None


def list_mark(operations, counts):
    """Like Shown.mark, for a list."""
    rows = [(each.pk, each.state, each.cause, each.object_name) for each in operations]
    return following.mark(rows, sorted(counts.items()))


def _with_sides(candidate, names, fields):
    rows = candidate["compared"]
    if "before" in names:
        rows = [{**row, "before": fields.get(row["field"])} for row in rows]
    return {**candidate, "compared": [{**row, **_sides(row, names)} for row in rows]}


def _sides(row, names):
    """{"sides": [{label, value, is_nothing}], "is_structure": whether a value is too large for a column}."""
    values = [(label, row[name]) for name, label in names.items()]
    sides = [{"label": label, "value": value, "is_nothing": value in (None, "")} for label, value in values]
    return {"sides": sides, "is_structure": any(isinstance(value, dict | list) for _label, value in values)}


def _retry_text(condition, said):
    """When it can be tried again; "" if its message already names that time."""
    if condition.paused_at and condition.is_probed:
        return _("The portal is testing whether the platform works again.")
    if condition.paused_at and condition.try_at is None:
        return ""  # its message says what has to be done first
    until = condition.try_at if condition.paused_at else _latest(condition.wait_until, condition.next_turn_at)
    if until is None or until <= condition.now:
        return _("The connection accepts calls again. You can try now.")
    if said and clock(until) in {clock(each) for each in said.params.values() if isinstance(each, datetime)}:
        return ""
    return _("The connection accepts calls again from %(time)s.") % {"time": clock(until)}


def _latest(*moments):
    return max(filter(None, moments), default=None)


@dataclass
class Line:
    """One record entry. Its outcome is a badge; `text` says what was requested or found, `why` a reason."""

    entry: Entry
    text: str = ""
    why: str = ""


def _line(entry, verb, asked):
    if entry.stage == Stage.INTENT:
        return Line(entry, verb.label)
    if entry.stage == Stage.DENIED:
        return Line(entry, ASKED.get(asked, asked or verb.label), entry.text)
    return Line(entry, entry.text if entry.stage == Stage.NOTE else "")


@dataclass
class Step:
    """One point of the timeline; `tone` is the colour of its icon."""

    icon: str
    tone: str
    label: str
    at: object = None
    text: str = ""


def steps(operation, doubted_at):
    line = [Step("clock", "secondary", _("Requested"), operation.created_at, operation.actor.email)]
    if approval := operation.approval:
        line = [
            Step("clock", "secondary", _("Asked for approval"), approval.created_at, approval.actor.email),
            Step("circle-check", "green", _("Approved"), approval.decided_at, approval.decided_by.email),
            *line,
        ]
    line.append(_sent(operation))
    if operation.is_running:
        return [*line, Step("circle-dashed", "secondary", _("Not finished yet"))]
    return [*line, _ended(operation, doubted_at), *_afterwards(operation)]


def _sent(operation):
    if operation.sent_at:
        waits = operation.state == State.SENDING
        text = _("Waiting for the answer.") if waits else ""
        return Step("send", "blue" if waits else "secondary", _("Sent"), operation.sent_at, text)
    if operation.is_running:
        text = _("It can still be cancelled.")
        return Step("hourglass", "blue", _("Not sent yet"), None, text)
    return Step("send-off", "secondary", _("Never sent"), None)


def _ended(operation, doubted_at):
    if operation.state == State.DONE:
        return Step("check", "green", _("Done"), operation.ended_at)
    if operation.state == State.PARTLY:
        return Step("circle-dot", "orange", _("Partly done"), operation.ended_at)
    if operation.state == State.REJECTED and not operation.sent_at:
        return Step("circle-off", "orange", _("Ended without a change"), operation.ended_at)
    if operation.state == State.REJECTED:
        return Step("x", "red", _("Rejected"), operation.ended_at)
    if operation.state == State.CANCELLED:
        return Step("ban", "secondary", _("Cancelled"), operation.ended_at)
    if operation.state == State.NOT_SENT:
        cause = operation.get_cause_display()
        return Step("circle-off", "orange", _("Ended without a change"), operation.ended_at, cause)
    return Step("question-mark", "yellow", _("No clear answer came"), doubted_at)


def _afterwards(operation):
    looked_at = parse_datetime(operation.looks[-1]["at"]) if operation.looks else None
    if operation.state == State.IN_DOUBT:
        return [Step("search", "blue", _("Not resolved yet"), None, _("The portal keeps checking."))]
    if operation.state == State.NEEDS_HUMAN:
        return [Step("user-exclamation", "purple", _("Needs a human"), looked_at, _("A team owner decides."))]
    line = []
    if operation.decision:
        label = _("Decided: %(decision)s") % {"decision": Decision(operation.decision).label}
        by = operation.decided_by.email if operation.decided_by else ""
        line.append(Step("user-exclamation", "purple", label, operation.decided_at, by))
    elif operation.state == State.FOUND:
        line.append(Step("checks", "green", _("Found on the platform"), looked_at))
    elif operation.state == State.ABSENT:
        line.append(Step("circle-off", "secondary", _("Not found in any check"), looked_at))
    if operation.is_watched:
        line.append(Step("eye", "blue", _("Watched until"), operation.watch_until))
    return line


@dataclass
class Actions:
    """The buttons for one person in the operation's current state. A `why_no_...` is "" if it is possible.

    `repeat` is the operation that repeats this one. `is_asked_first` means that "Try again" sends nothing but
    opens the form at `form_url`, as for a delete. `is_filled` means that this form opens with the old input.
    """

    cancel: bool
    look: bool
    decide: bool
    why_no_decision: str
    requeue: bool
    why_no_requeue: str
    repeat: object
    form_url: str
    is_filled: bool
    is_asked_first: bool


def actions(shown):
    operation, state, is_allowed = shown.operation, shown.operation.state, shown.is_allowed
    asks = state == State.NEEDS_HUMAN
    why_no_decision = explain(shown.user, "settle", operation) if asks else ""
    over = is_allowed and state in REPEATABLE
    repeat = shown.followers[-1] if over and shown.followers else None
    is_open = over and repeat is None
    why_no_requeue = why_not_again(operation, shown.may_read) if is_open else ""
    if is_allowed and state in UNANSWERED:
        why_no_requeue = _("You can't retry until this is resolved; a retry could create a duplicate.")
    # A delete is confirmed on a page that says what is deleted; one press is not enough.
    is_asked_first = operation.verb.removes
    return Actions(
        cancel=is_allowed and state == State.INTENT,
        look=is_allowed and state in UNANSWERED,
        decide=asks and not why_no_decision,
        why_no_decision=why_no_decision,
        requeue=is_open and not why_no_requeue and not is_asked_first,
        why_no_requeue=why_no_requeue,
        repeat=repeat,
        form_url=form_url(operation, shown.may_read) if is_open else "",
        is_filled=shown.may_read and bool(operation.data),
        is_asked_first=is_asked_first,
    )


def why_not_again(operation, may_read):
    """Why the same cannot be requested again unchanged; "" if it can."""
    if operation.cause == Cause.CONFLICT:
        return _("The object changed after the form was opened. Open the form to see its current values.")
    if operation.connection_id is None:
        return _("You can't retry this: its connection was deleted.")
    if operation.verb.on_object and (operation.target is None or operation.target.gone_at):
        return _("You can't retry this: the object no longer exists.")
    if not operation.can_requeue:
        return _(
            "You can't retry this unchanged: it contained a secret, which the portal deletes at the end."
        )
    if not may_read:
        return _("Only the person who requested it and readers of the whole audit log can retry it.")
    return ""


def form_url(operation, may_read):
    """The address of its form, filled in if the person may read the input; "" if there is no form."""
    verb = operation.verb
    if verb.form is None or operation.connection_id is None or not (operation.data or verb.removes):
        return ""
    if not verb.on_object:
        address = pages.create(operation.kind)
    else:
        target = operation.target
        if target is None or target.gone_at:
            return ""
        address = pages.verb(operation.kind, target, verb)
    return f"{address}?from={operation.pk}" if may_read else address
