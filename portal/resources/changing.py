"""Forms of verbs on an object that is there, and what differs when it changed since its form was opened."""

import json
from dataclasses import dataclass
from difflib import SequenceMatcher

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.kinds.settling import compare_all
from portal.platforms import answers
from portal.resources.editing import JsonField
from portal.resources.forms import INCOMPLETE, PlatformForm

REASON_MAX = 200
COMPARED_MAX = 2000  # lines; the time to compare grows with their square


class UpdateForm(PlatformForm):
    """Filled from the platform; `expected` holds what was shown, so that nothing is overwritten unseen.

    A subclass has the fields that its verb edits.
    """

    expected = forms.Field(
        label="",
        widget=forms.HiddenInput,
        error_messages={"required": INCOMPLETE},
    )

    @classmethod
    def initial_from(cls, verb, decoded):
        """Initial values from an object as the client decodes it."""
        shown = verb.settle.shown(decoded)
        filled = {name: value for name, value in without_nothing(shown).items() if value not in ({}, [])}
        return {**filled, "expected": json.dumps(shown)}

    @property
    def opened(self):
        """{field: value} as the form was opened; None until the form is valid."""
        return self.cleaned_data.get("expected")

    def clean_expected(self):
        try:
            expected = answers.parse(self.cleaned_data["expected"])
        except (ValueError, RecursionError):
            expected = None
        if not isinstance(expected, dict) or set(expected) != set(self.verb.edits):
            raise forms.ValidationError(INCOMPLETE, code="incomplete")
        return expected

    def clean(self):
        cleaned = super().clean()
        if not self.errors and not differing(self.wished, self.opened):
            raise forms.ValidationError(_("Nothing was changed, so nothing was sent."), code="unchanged")
        return cleaned

    @property
    def wished(self):
        """{field: value} as typed; what was left empty is None."""
        return {name: self.values.get(name) for name in self.verb.edits}

    def renew_expected(self, shown):
        """The next press of the button is meant for the object as it is in `shown`."""
        self.data = self.data.copy()
        self.data["expected"] = json.dumps(shown)


class DeleteForm(PlatformForm):
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        required=False,
        max_length=REASON_MAX,
        help_text=gettext_lazy("Stands in the record, for whoever asks later."),
        widget=forms.TextInput(attrs={"data-counter": REASON_MAX}),
    )


def without_nothing(value):
    """Without the members of objects that are null: EnOS lists what is not set, and takes no null back."""
    if isinstance(value, dict):
        return {name: without_nothing(member) for name, member in value.items() if member is not None}
    if isinstance(value, list):
        return [without_nothing(member) for member in value]
    return value


def differing(one, other):
    """The fields in which two versions differ; empty in different ways is the same."""
    return [row["field"] for row in compare_all(one, other) if not row["same"]]


@dataclass(frozen=True)
class Line:
    """One line of a value: `sign` is + where the version has it newly, - where it lost it, else a space."""

    sign: str
    text: str


@dataclass(frozen=True)
class Versions:
    """One field in three versions, each as Lines, the later two compared with the first.

    `opened` is None where it is not known what the form showed. `verdict` says who changed it, `overwrites`
    that sending it would take somebody else's change back.
    """

    label: str
    opened: list | None
    now: list
    mine: list
    verdict: str
    is_same: bool
    overwrites: bool


def versions(form, opened, now):
    """[Versions] of each field that the form edits: as opened, on the platform now, and as typed."""
    mine = {name: _typed(form, name) for name in form.verb.edits}
    theirs, yours = set(differing(opened or now, now)), set(differing(opened or now, mine))
    apart = set(differing(now, mine))
    found = []
    for name in form.verb.edits:
        base = _text((opened or now).get(name))
        found.append(
            Versions(
                label=form.fields[name].label,
                opened=None if opened is None else _lines(base, base),
                now=_lines(base, _text(now.get(name))),
                mine=_lines(base, _text(mine[name])),
                verdict=_verdict(name in theirs, name in yours, name in apart),
                is_same=name not in theirs | yours,
                overwrites=name in theirs and name in apart,
            )
        )
    return found


def _typed(form, name):
    if name in form.cleaned_data:
        return form.cleaned_data[name]
    return form.json_value(name) if isinstance(form.fields[name], JsonField) else form.value_of(name)


def _verdict(theirs, yours, apart):
    if theirs and not apart:
        return _("Changed on the platform, and you wish the same.")
    if theirs and yours:
        return _("Changed on the platform and by you.")
    if theirs:
        return _("Changed on the platform; yours would put the old value back.")
    return _("Changed by you.") if yours else _("The same in all.")


def _text(value):
    """A value as lines to compare: JSON with sorted names, nothing where it is empty."""
    value = without_nothing(value)
    if isinstance(value, str) or value in (None, {}, []):
        return value or ""
    return json.dumps(value, ensure_ascii=False, indent=2, sort_keys=True)


def _lines(base, text):
    """`text` as Lines, with those of `base` that it lacks between them."""
    old, new = base.splitlines(), text.splitlines()
    if len(old) + len(new) > COMPARED_MAX:
        return [Line(" ", line) for line in new]
    lines = []
    for tag, from_old, to_old, from_new, to_new in SequenceMatcher(None, old, new, False).get_opcodes():
        if tag == "equal":
            lines += [Line(" ", line) for line in new[from_new:to_new]]
            continue
        lines += [Line("-", line) for line in old[from_old:to_old]]
        lines += [Line("+", line) for line in new[from_new:to_new]]
    return lines
