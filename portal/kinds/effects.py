"""Evidence of a change of an object that was there already: its status, its fields, or that it is gone.

The classes have the methods that evidence.py describes, and three more. `seen(bound, data)` reads the object,
with all that its evidence needs. `shows(data, seen)` says whether the object, None if it is gone, shows what
was sent. `sides(data, baseline, seen)` is what the change changed: ({field: value} before, the same after);
None stands for what is not known. All are without secrets.
"""

from collections.abc import Callable
from dataclasses import dataclass

from django.utils.translation import gettext_noop as _

from portal.errors import Missing, Unclear
from portal.kinds.comparing import compare, compare_all, differing
from portal.kinds.evidence import FOUND, MISSED, UNDECIDED, Look, agrees
from portal.platforms.answers import storable_within
from portal.record.redaction import redact
from portal.words import Sentence

OBJECT_GONE = Sentence("look.object_gone", _("The object no longer exists."))
STATUS_FOUND = Sentence("look.status_found", _("The platform shows the requested status."))
STATUS_BEFORE = Sentence(
    "look.status_before",
    _("The status was already the same before, so it does not show whether the change happened."),
)
STATUS_UNKNOWN = Sentence("look.status_unknown", _("The platform shows no status."))
STATUS_MISSED = Sentence("look.status_missed", _("The status has not changed."))
FIELDS_FOUND = Sentence("look.fields_found", _("The object has every value that was sent."))
FIELDS_BEFORE = Sentence(
    "look.fields_before",
    _("The object had the values that were sent before, so they do not show whether the change happened."),
)
FIELDS_MISSED = Sentence("look.fields_missed", _("The object is as it was before."))
FIELDS_OTHER = Sentence(
    "look.fields_other",
    _("The object has neither its old values nor those that were sent: someone else changed it as well."),
)
BEFORE_STATUS = Sentence("before.status", _("Just before it was sent, its status was “%(status)s”."))
BEFORE_FIELDS = Sentence(
    "before.fields", _("The values just before it was sent are shown beside each field below.")
)
MEMBERS_FOUND = Sentence("look.members_done", _("The platform shows every id as requested."))
MEMBERS_BEFORE = Sentence(
    "look.members_before",
    _("It was already so for every id before this was sent, so this does not show whether it happened."),
)
MEMBERS_SOME = Sentence(
    "look.members_partly", _("The platform shows some of the ids as requested, but not all.")
)
MEMBERS_MISSED = Sentence("look.members_undone", _("The platform shows no change for any of the ids."))
MEMBERS_UNREAD = Sentence(
    "look.members_unread",
    _("The platform does not show for certain what is inside, so this does not show whether it happened."),
)
BEFORE_MEMBERS = Sentence(
    "before.members", _("Just before it was sent, it was already so for %(count)s of the ids.")
)
BEFORE_UNREAD = Sentence(
    "before.members_unread",
    _("Just before it was sent, the platform did not show for certain what was inside."),
)
BEFORE_THERE = Sentence("before.there", _("Just before it was sent, the object existed."))
BEFORE_GONE = Sentence("before.gone", _("Just before it was sent, the object no longer existed."))
GONE_FOUND = Sentence("look.gone_found", _("It no longer exists on the platform."))
GONE_MISSED = Sentence("look.gone_missed", _("It still exists on the platform."))


class OfObject:
    """What the evidence of a change of an object does where the object itself shows it."""

    def seen(self, bound, data):
        """The object, decoded. Raises Missing."""
        return bound.get()

    def shows_some(self, data, seen, baseline):
        """Whether the object shows a part of what was sent that it did not show before."""
        return False


def inside(bound, read):
    """What `read()` returns of what is inside an object. Raises Missing only if the object itself is gone."""
    try:
        return read()
    except Missing as error:
        bound.get()
        raise Unclear(MEMBERS_UNREAD()) from error


@dataclass(frozen=True)
class Status(OfObject):
    """For a verb that changes the status, like sync. A status in `reached` shows that it happened; without
    them, any status that is not in `left`."""

    reached: tuple = ()
    left: tuple = ()

    def _is_reached(self, status):
        if not isinstance(status, str) or not status:
            return False
        return status in self.reached if self.reached else status not in self.left

    def baseline(self, bound, data):
        return bound.get().get("status")

    def before(self, baseline):
        return BEFORE_STATUS(status=baseline), ()

    def shows(self, data, seen):
        return seen is not None and self._is_reached(seen.get("status"))

    def showed(self, data, baseline):
        """Whether the object showed just before what was sent: then it tells nothing that it still does."""
        return self._is_reached(baseline)

    def sides(self, data, baseline, seen):
        reached = self.reached[0] if self.reached else None
        return {"status": baseline}, {"status": seen.get("status") or reached}

    def look(self, bound, data, baseline):
        try:
            seen = bound.get()
        except Missing:
            return Look(UNDECIDED, OBJECT_GONE())
        candidate = {"object": seen, "compared": compare(dict.fromkeys(["status"], *self.reached[:1]), seen)}
        if not seen.get("status"):
            return Look(UNDECIDED, STATUS_UNKNOWN(), [candidate])
        if not self.shows(data, seen):
            return Look(MISSED, STATUS_MISSED(), [candidate])
        if self.showed(data, baseline):
            return Look(UNDECIDED, STATUS_BEFORE(), [candidate])
        return Look(FOUND, STATUS_FOUND(), [candidate])


def as_shown(decoded, fields):
    """{field: value} of a decoded object, as the platform shows them: even a name that is no text."""
    shown = {name: decoded.get(name) for name in fields}
    if "name" in shown and "shown_name" in decoded:
        shown["name"] = decoded["shown_name"]
    return shown


@dataclass(frozen=True)
class Fields(OfObject):
    """For an update of `fields`, which have the form's names: compare those that were sent.

    If the object has all values that were sent, the update happened. If these fields have their old values,
    it has not happened yet. Anything else means that someone else changed the object as well.
    """

    fields: tuple

    def shown(self, decoded):
        """{field: value} of a decoded object. Forms are filled with it, and it is compared later."""
        return storable_within(as_shown(decoded, self.fields))

    def baseline(self, bound, data):
        return self.shown(bound.get())

    def before(self, baseline):
        return BEFORE_FIELDS(), ()

    def shows(self, data, seen):
        return seen is not None and not differing(self._sent(data), self.shown(seen))

    def showed(self, data, baseline):
        # The baseline is stored without secrets, so take them out of the other side, too.
        return not differing(redact(self._sent(data)), baseline or {})

    def sides(self, data, baseline, seen):
        sent = self._sent(data)
        return {name: (baseline or {}).get(name) for name in sent}, sent

    def _sent(self, data):
        return {name: data[name] for name in self.fields if name in data}

    def look(self, bound, data, baseline):
        try:
            seen = bound.get()
        except Missing:
            return Look(UNDECIDED, OBJECT_GONE())
        sent = self._sent(data)
        before = {name: (baseline or {}).get(name) for name in sent}
        candidate = {"object": seen, "compared": compare_all(sent, self.shown(seen))}
        if agrees(candidate) and self.showed(data, baseline):
            return Look(UNDECIDED, FIELDS_BEFORE(), [candidate])
        if agrees(candidate):
            return Look(FOUND, FIELDS_FOUND(), [candidate])
        if not differing(before, redact(self.shown(seen))):
            return Look(MISSED, FIELDS_MISSED(), [candidate])
        return Look(UNDECIDED, FIELDS_OTHER(), [candidate])


@dataclass(frozen=True)
class Gone(OfObject):
    """For a delete: either the object is gone or it still exists."""

    def baseline(self, bound, data):
        """The object as it is: it may be what a create without an answer made. False if it is gone: then the
        platform's answer to the delete says so, too."""
        try:
            return storable_within(bound.get())
        except Missing:
            return False

    def before(self, baseline):
        return (BEFORE_GONE() if baseline is False else BEFORE_THERE()), ()

    def shows(self, data, seen):
        return seen is None

    def showed(self, data, baseline):
        return baseline is False

    def sides(self, data, baseline, seen):
        return baseline or None, None

    def look(self, bound, data, baseline):
        try:
            seen = bound.get()
        except Missing:
            return Look(FOUND, GONE_FOUND())
        return Look(MISSED, GONE_MISSED(), [{"object": seen, "compared": []}])


@dataclass(frozen=True)
class Members(OfObject):
    """For a verb that puts things into an object, or takes them out: bind, unbind, add to a group.

    `read(bound, data)` returns (ids of the members, whether these are all). `field` is the field of the data
    with the ids that were sent, a list or a single one. `inside` says where they are when it has happened.
    """

    read: Callable
    field: str
    inside: bool = True

    def _sent(self, data):
        sent = data.get(self.field) or []
        return [str(each) for each in (sent if isinstance(sent, list) else [sent])]

    def _fitting(self, data, members):
        """Those of the ids that are where they should be."""
        return [id for id in self._sent(data) if (id in members) == self.inside]

    def baseline(self, bound, data):
        """The ids for which it is so already; None if the platform does not show that for certain."""
        members, is_whole = inside(bound, lambda: self.read(bound, data))
        return self._fitting(data, members) if is_whole else None

    def seen(self, bound, data):
        """The object, with those of the ids that are members. Raises Missing, and Unclear if they cannot be
        known."""
        members, is_whole = inside(bound, lambda: self.read(bound, data))
        if not is_whole:
            raise Unclear(MEMBERS_UNREAD())
        return {**bound.get(), "members": [id for id in self._sent(data) if id in members]}

    def before(self, baseline):
        if baseline is None:
            return BEFORE_UNREAD(), ()
        return BEFORE_MEMBERS(count=len(baseline)), tuple(baseline)

    def shows(self, data, seen):
        return seen is not None and seen.get("members") is not None and self._is_so(data, seen["members"])

    def showed(self, data, baseline):
        return baseline is None or set(baseline) >= set(self._sent(data))

    def sides(self, data, baseline, seen):
        sent = self._sent(data)
        already = None if baseline is None else [id for id in sent if (id in baseline) == self.inside]
        return {self.field: already}, {self.field: sent if self.inside else []}

    def shows_some(self, data, seen, baseline):
        if seen is None or seen.get("members") is None:
            return False
        return not set(self._fitting(data, seen["members"])) <= set(baseline or ())

    def _is_so(self, data, members):
        return len(self._fitting(data, members)) == len(self._sent(data))

    def look(self, bound, data, baseline):
        try:
            seen = bound.get()
            members, is_whole = inside(bound, lambda: self.read(bound, data))
        except Missing:
            return Look(UNDECIDED, OBJECT_GONE())
        fitting = self._fitting(data, members)
        rows = [
            {"field": id, "sent": self.inside, "seen": (id in members), "same": id in fitting}
            for id in self._sent(data)
        ]
        candidates = [{"object": seen, "compared": rows}]
        if not is_whole or baseline is None:
            return Look(UNDECIDED, MEMBERS_UNREAD(), candidates)
        if self.showed(data, baseline):
            return Look(UNDECIDED, MEMBERS_BEFORE(), candidates)
        if self._is_so(data, members):
            return Look(FOUND, MEMBERS_FOUND(), candidates)
        if set(fitting) <= set(baseline):
            return Look(MISSED, MEMBERS_MISSED(), candidates)
        return Look(UNDECIDED, MEMBERS_SOME(), candidates)
