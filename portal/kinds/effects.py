"""Evidence of a change of an object that was there already: its status, its fields, or that it is gone.

The classes have the methods that evidence.py describes, and `shows(data, seen)`: whether the object, None if
it is gone, shows what was sent. Both are without secrets.
"""

from dataclasses import dataclass

from django.utils.translation import gettext_noop as _

from portal.errors import Missing
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
BEFORE_THERE = Sentence("before.there", _("Just before it was sent, the object existed."))
BEFORE_GONE = Sentence("before.gone", _("Just before it was sent, the object no longer existed."))
GONE_FOUND = Sentence("look.gone_found", _("It no longer exists on the platform."))
GONE_MISSED = Sentence("look.gone_missed", _("It still exists on the platform."))


@dataclass(frozen=True)
class Status:
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
class Fields:
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
class Gone:
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

    def look(self, bound, data, baseline):
        try:
            seen = bound.get()
        except Missing:
            return Look(FOUND, GONE_FOUND())
        return Look(MISSED, GONE_MISSED(), [{"object": seen, "compared": []}])
