"""What the pages show of an operation besides its row: the line of its life, and what a person may do to it.

Only reads. What is decided or changed stands in service, settling and deciding.
"""

import json
from dataclasses import dataclass
from functools import cached_property

from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.connections.condition import clock
from portal.connections.models import Condition
from portal.kinds.settling import compare_all
from portal.operations.models import REPEATABLE, RUNNING, UNANSWERED, Cause, Decision, State
from portal.platforms import advice
from portal.record.models import Body, Entry, Stage
from portal.teams.access import explain, history_scope, may
from portal.web import following

# How long a page waits before it asks again: what runs moves soon, what is in doubt seldom.
RUNNING_SECONDS, DOUBT_SECONDS = 2, 15
# What people ask of an operation itself, as the record names it.
ASKED = {
    "cancel": gettext_lazy("Cancel before it is sent"),
    "look_again": gettext_lazy("Look again"),
    "decide": gettext_lazy("Decide what became of it"),
    "requeue": gettext_lazy("Try again"),
}


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
    def lines(self):
        """The record in words: [Line], oldest first."""
        denied = [entry.seq for entry in self.entries if entry.stage == Stage.DENIED]
        bodies = Body.objects.filter(seq__in=denied).values_list("seq", "text") if denied else ()
        asked = {seq: json.loads(text).get("asked", "") for seq, text in bodies}
        return [_line(entry, self.operation.verb, asked.get(entry.seq, "")) for entry in self.entries]

    @cached_property
    def attempts(self):
        return list(self.operation.http_attempts.all())

    @cached_property
    def followers(self):
        return list(self.operation.followers.order_by("created_at"))

    @cached_property
    def looks(self):
        """Newest first; each with a `name` that stays its own.

        Each compared row has `sides`, its values as columns; `headings` are the words above them. Where the
        object's fields were seen before the change was sent, the first side is that.
        """
        looks = [{**look, "name": following.mark(look["at"])} for look in self.operation.looks or []]
        fields = self.operation.baseline
        names = {"sent": _("Sent"), "seen": _("On the platform")}
        if isinstance(fields, dict):
            names = {"before": _("Before"), **names}
        for look in looks:
            look["headings"] = list(names.values())
            look["candidates"] = [_with_sides(each, names, fields) for each in look["candidates"]]
        return looks[::-1]

    @cached_property
    def changed(self):
        """Where the object was no longer as the form showed it: [{field, sent, seen, same, sides}]."""
        operation = self.operation
        if operation.cause != Cause.CONFLICT or not isinstance(operation.expected, dict):
            return []
        rows = compare_all(operation.expected, operation.baseline or {})
        names = {"sent": _("When the form was opened"), "seen": _("Just before sending")}
        return [{**row, **_sides(row, names)} for row in rows if not row["same"]]

    @property
    def is_due(self):
        """The worker's next look has come, or is on its way."""
        next_at = self.operation.next_look_at
        return next_at is not None and next_at <= timezone.now()

    @property
    def says_unsent(self):
        """The message has the words already."""
        return _("Nothing was sent.") in self.operation.message

    @cached_property
    def retry_text(self):
        """When the connection lets calls through again, where that kept this from being sent; else ""."""
        operation = self.operation
        if operation.state != State.NOT_SENT or operation.cause not in (Cause.PAUSED, Cause.THROTTLED):
            return ""
        if operation.connection_id is None or self.followers:
            return ""
        condition = Condition.objects.now().filter(pk=operation.connection_id).first()
        return _retry_text(condition, operation.message) if condition else ""

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
        return actions(self)

    @cached_property
    def mark(self):
        """Changes whenever the page would say something else.

        While it stays, a page that asks again is told so, and keeps what is open or focused in it.
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
    """Seconds until a page of these operations asks again; None when nothing on it moves by itself."""
    states = {each.state for each in operations}
    if states & set(RUNNING):
        return RUNNING_SECONDS
    return DOUBT_SECONDS if State.IN_DOUBT in states else None


def list_mark(operations, counts):
    """As Shown.mark, for a list."""
    rows = [(each.pk, each.state, each.cause, each.object_name) for each in operations]
    return following.mark(rows, sorted(counts.items()))


def _with_sides(candidate, names, fields):
    rows = candidate["compared"]
    if "before" in names:
        rows = [{**row, "before": fields.get(row["field"])} for row in rows]
    return {**candidate, "compared": [{**row, **_sides(row, names)} for row in rows]}


def _sides(row, names):
    """{"sides": [{label, value, is_nothing}], "is_structure": they take more room than a column has}."""
    values = [(label, row[name]) for name, label in names.items()]
    sides = [{"label": label, "value": value, "is_nothing": value in (None, "")} for label, value in values]
    return {"sides": sides, "is_structure": any(isinstance(value, dict | list) for _label, value in values)}


def _retry_text(condition, message):
    """Never a time that `message` names already."""
    if condition.paused_at and condition.is_probed:
        return _("One call finds out just now whether the platform works again.")
    until = condition.try_at if condition.paused_at else _latest(condition.wait_until, condition.next_turn_at)
    if until is None or until <= condition.now:
        return _("The connection lets calls through again: it can be tried now.")
    text = _("The connection lets calls through again from %(time)s.") % {"time": clock(until)}
    return "" if clock(until) in message else text


def _latest(*moments):
    return max(filter(None, moments), default=None)


@dataclass
class Line:
    """One entry of the record: its outcome is a badge, `text` says what was asked or seen, `why` what for."""

    entry: Entry
    text: str = ""
    why: str = ""


def _line(entry, verb, asked):
    if entry.stage == Stage.INTENT:
        return Line(entry, verb.label)
    if entry.stage == Stage.DENIED:
        return Line(entry, ASKED.get(asked, asked or verb.label), entry.summary)
    return Line(entry, entry.summary if entry.stage == Stage.NOTE else "")


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
    if operation.state == State.REJECTED and not operation.sent_at:
        return Step("circle-off", "orange", _("Ended without a change"), operation.ended_at)
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
    """What fits the operation's state and the person's rights; a `why_no_...` is "" where it may be.

    `repeat` is the operation that asked for the same again. `is_asked_first`: a press sends nothing, the form
    at `form_url` asks; `is_filled`: that form opens with what was asked for.
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
    why_no_decision = explain(shown.user, "settle", operation.team_id) if asks else ""
    over = is_allowed and state in REPEATABLE
    repeat = shown.followers[-1] if over and shown.followers else None
    is_open = over and repeat is None
    why_no_requeue = why_not_again(operation, shown.may_read) if is_open else ""
    if is_allowed and state in UNANSWERED:
        why_no_requeue = _("Before it is settled it cannot be asked for again: it might happen twice.")
    # Deleting is asked for on a page that says what goes; one press is not enough.
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
    """Why the same cannot be asked for again as it is; "" when it can."""
    if operation.cause == Cause.CONFLICT:
        return _("The object is no longer as the form showed it: open the form to see it as it is now.")
    if operation.connection_id is None:
        return _("It cannot be tried again: its connection was deleted.")
    if operation.verb.on_object and (operation.target is None or operation.target.gone_at):
        return _("It cannot be tried again: the object it was about is gone.")
    if not operation.can_requeue:
        return _(
            "It cannot be tried again as it is: it held a secret, and the portal keeps none after the end."
        )
    if not may_read:
        return _("Only who asked for it, or may read the whole record, can try it again as it is.")
    return ""


def form_url(operation, may_read):
    """The form it came from, with what was asked for where that may be read; "" where there is none."""
    verb = operation.verb
    if verb.form is None or operation.connection_id is None or not (operation.data or verb.removes):
        return ""
    if not verb.on_object:
        address = reverse("resources:create", args=[operation.kind])
    else:
        target = operation.target
        if target is None or target.gone_at:
            return ""
        address = reverse("resources:act", args=[operation.kind, target.pk, verb.name])
    return f"{address}?from={operation.pk}" if may_read else address
