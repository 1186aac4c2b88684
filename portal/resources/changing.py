"""Forms that change or delete an existing object, and the comparison shown when the object has changed since
the form was opened."""

import json
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import islice

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.kinds.comparing import differing, is_same
from portal.kinds.effects import as_shown
from portal.kinds.validating import sentence
from portal.operations.forms import ReasonField, TicketField
from portal.platforms import answers
from portal.resources.editing import JsonField
from portal.resources.forms import INCOMPLETE, PlatformForm

ALTERED = gettext_lazy(
    "This holds characters that the portal cannot send as they are. They are shown as \ufffd."
    " Replace or remove them."
)
NOT_SHOWN_BUT_NEEDED = gettext_lazy("The platform wants this with every change, but shows none. Enter it.")
ANOTHER_PLACE = gettext_lazy(
    "There is an object with the same id elsewhere, and the list now shows that one. Nothing was sent."
    " Refresh the list and open the object again."
)
KEPT_MAX = 10  # sentences about old values that break a rule of today
COMPARED_MAX = 2000  # lines; comparing takes time that grows with their square
SHOWN_MAX = 1000  # lines of one version that is not compared
LINE_LENGTH_MAX = 5000  # characters


class UpdateForm(PlatformForm):
    """A form that is filled with the object's current values, and sends only what the person changed.

    The hidden field `expected` carries these values as the platform shows them. So what was not changed keeps
    its value exactly, and a later change by someone else is noticed and not overwritten. A subclass declares
    the fields that its verb edits, as TextFields.
    """

    expected = forms.Field(
        label="",
        widget=forms.HiddenInput,
        error_messages={"required": INCOMPLETE},
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.opened = self._opened()
        for name in self.verb.fields if self.opened else ():
            self.fields[name].opened = self.opened[name]

    @classmethod
    def initial_from(cls, verb, decoded):
        """The form's initial values from a decoded object."""
        return initial_values(cls, as_shown(decoded, verb.fields))

    def _opened(self):
        """{field: value} when the form was opened; None if the form does not say so."""
        text = self.value_of("expected")
        try:
            expected = answers.parse(text) if isinstance(text, str) else None
        except (ValueError, RecursionError):
            return None
        if not isinstance(expected, dict) or set(expected) != set(self.verb.fields):
            return None
        return self._storable(expected)

    def _storable(self, shown):
        """The values as they can be stored and shown: U+FFFD stands for NUL and halves of characters."""
        opened = answers.storable_within(shown)
        self.altered = {name for name in opened if opened[name] != shown[name]}
        return opened

    def draw(self, only=None):
        super().draw(only)
        for name in self.verb.fields if self.opened else ():
            if self.fields[name].is_untouched(self.value_of(name)):
                self.fields[name].kept = self._broken_today(name)

    def _broken_today(self, name):
        """Sentences for the rules that a value breaks which is kept."""
        problems = islice(self.problems({name: self.opened[name]}), KEPT_MAX)
        return [sentence(name, problem, self._place(name, problem)[0]) for _name, problem in problems]

    def clean_expected(self):
        if self.opened is None:
            raise forms.ValidationError(INCOMPLETE, code="incomplete")
        return self.opened

    def clean(self):
        cleaned = super().clean()
        if self.opened is not None and self.changed:
            for name, value in self.wished.items():
                if name in self.altered and "\ufffd" in json.dumps(value, ensure_ascii=False):
                    self.add_error(name, ALTERED)
                elif value is None and name in self.kind.declared.resent and name not in self.changed:
                    self.add_error(name, NOT_SHOWN_BUT_NEEDED)
        if not self.errors and not self.changed:
            raise forms.ValidationError(_("Nothing was changed, so nothing was sent."), code="unchanged")
        return cleaned

    @property
    def judged(self):
        return self.changed, self.opened

    @property
    def changed(self):
        """{field: value} of the fields that the person changed; None for one that was emptied."""
        opened = self.opened or {}
        values = {name: self.cleaned_data[name] for name in self.verb.fields if name in self.cleaned_data}
        return {
            name: None if value == "" else value
            for name, value in values.items()
            if name not in opened or not is_same(value, opened[name])
        }

    @property
    def wished(self):
        """{field: value} to send: what was changed, and what the platform wants to be told again."""
        return self.kind.declared.to_update(self.changed, self.opened)

    def open_again(self, shown):
        """Make `shown` the values that the next submit expects: the person has now seen them.

        A field that the person did not change follows the platform.
        """
        untouched = [name for name in self.verb.fields if self.fields[name].is_untouched(self.data.get(name))]
        self.data, now = self.data.copy(), initial_values(type(self), shown)
        self.data["expected"] = now["expected"]
        for name in untouched:
            self.data[name] = now[name]
            self._sides.pop(name, None)
        self.opened = self._storable(shown)
        for name in self.verb.fields:
            self.fields[name].opened = self.opened[name]


def initial_values(form_class, shown):
    """The initial values of a form of an existing object that has the values `shown`."""
    storable = answers.storable_within(shown)
    texts = {name: form_class.base_fields[name].as_text(value) for name, value in storable.items()}
    return {**texts, "expected": json.dumps(shown)}


class DeleteForm(PlatformForm):
    """`where` is the place of the object that the form shows, if its id does not say all: somebody may make
    an object of the same id in another resource space, and that one must not be deleted instead."""

    where = forms.CharField(required=False, widget=forms.HiddenInput)
    reason = ReasonField()
    ticket = TicketField()

    def __init__(self, *args, initial=None, **kwargs):
        super().__init__(*args, initial=initial, **kwargs)
        self._place = json.dumps(self.kind.hints(self.target), sort_keys=True) if self.target else ""
        self.initial["where"] = self._place

    def clean_where(self):
        where = self.cleaned_data["where"]
        if where and where != self._place:
            raise forms.ValidationError(ANOTHER_PLACE, code="another_place")
        return where


@dataclass(frozen=True)
class Line:
    """One line of a value: `sign` is + if this version added it, - if it removed it, else a space."""

    sign: str
    text: str


@dataclass(frozen=True)
class Versions:
    """One field in three versions, each as a list of Lines: `now` and `wished` are compared with `opened`.

    `opened` is None if it is unknown what the form showed. `verdict` says who changed the field.
    `overwrites` means that sending the form would undo someone else's change.
    """

    label: str
    opened: list | None
    now: list
    wished: list
    verdict: str
    is_same: bool
    overwrites: bool


def versions(form, opened, now):
    """[Versions] of the fields that the form edits: as opened, as on the platform now, and as wished.

    A field that the person did not change is wished as it is now.
    """
    base = opened or now
    wished = {name: _typed(form, name) for name in form.verb.fields}
    by_others = set(differing(base, now))
    by_person = {name for name in form.verb.fields if not is_same(base.get(name), wished[name])}
    found = []
    for name in form.verb.fields:
        value = wished[name] if name in by_person else now.get(name)
        before, is_other = _text(base.get(name)), bool(differing({name: value}, now))
        found.append(
            Versions(
                label=form.fields[name].label,
                opened=None if opened is None else _lines(before, before),
                now=_lines(before, _text(now.get(name))),
                wished=_lines(before, _text(value)),
                verdict=_verdict(name in by_others, name in by_person, is_other),
                is_same=name not in by_others | by_person,
                overwrites=name in by_others and is_other,
            )
        )
    return found


def _typed(form, name):
    if name in form.cleaned_data:
        return form.cleaned_data[name]
    return form.json_value(name) if isinstance(form.fields[name], JsonField) else form.value_of(name)


def _verdict(by_others, by_person, differ):
    if by_others and not by_person:
        return _("Changed on the platform, and not by you: it stays as it is there.")
    if by_others and not differ:
        return _("Changed on the platform to the same value as yours.")
    if by_others:
        return _("Changed on the platform and by you.")
    return _("Changed by you.") if by_person else _("Not changed.")


def _text(value):
    """A value as text to compare line by line: JSON with sorted names; "" for an empty value."""
    if isinstance(value, str) or value in (None, {}, []):
        return value or ""
    return json.dumps(value, ensure_ascii=False, indent=2, sort_keys=True)


def _cut(line):
    return line if len(line) <= LINE_LENGTH_MAX else f"{line[:LINE_LENGTH_MAX]}…"


def _lines(base, text):
    """`text` as Lines, including the lines of `base` that were removed."""
    old, new = ([_cut(line) for line in version.splitlines()] for version in (base, text))
    if len(old) + len(new) > COMPARED_MAX:
        more = [Line(" ", "…")] if len(new) > SHOWN_MAX else []
        return [Line(" ", line) for line in new[:SHOWN_MAX]] + more
    lines = []
    for tag, from_old, to_old, from_new, to_new in SequenceMatcher(None, old, new, False).get_opcodes():
        if tag == "equal":
            lines += [Line(" ", line) for line in new[from_new:to_new]]
            continue
        lines += [Line("-", line) for line in old[from_old:to_old]]
        lines += [Line("+", line) for line in new[from_new:to_new]]
    return lines
