"""Fields of the verbs' forms: a text, a picker for a value that exists on the platform, the connection."""

import json

from django import forms
from django.core.validators import MaxLengthValidator
from django.utils.translation import gettext as _

from portal.bounds import LINE_MAX
from portal.errors import PortalError
from portal.outside import isolated

OPTIONS_MAX = 50  # choices that a searchable picker shows at once
SEARCH_MAX = 200  # characters


def rereading(name):
    """htmx attributes for a field on which the choices of other fields depend: a change redraws the form."""
    return {
        "hx-post": "",
        "hx-trigger": "change",
        "hx-target": "#form",
        "hx-swap": "outerHTML",
        "hx-vals": json.dumps({"touch": name}),
    }


NOT_SHOWN = object()


class Exact(str):
    """A text that a program sent: unlike a browser's, its line ends are its own."""


def evened(text):
    """The text with LF at the end of each line: browsers post CRLF, script posts LF, platforms show any."""
    return text if isinstance(text, Exact) else text.replace("\r\n", "\n").replace("\r", "\n")


class TextField(forms.CharField):
    """A text that goes to the platform, with the blanks at its ends.

    In a form of an existing object `opened` is the value that the form shows. What comes back as a browser
    posts the shown text is that value again, of whatever type, and no rule judges it.
    """

    opened = NOT_SHOWN
    kept = ()  # sentences: rules of today that the shown value breaks

    def __init__(self, **kwargs):
        super().__init__(strip=False, **kwargs)

    def as_text(self, value):
        """A platform's value as the text in the input."""
        if value is None or isinstance(value, str):
            return value or ""
        return json.dumps(value, ensure_ascii=False)

    def is_untouched(self, posted):
        """Whether nobody changed what the form showed. A field that was not posted was not changed."""
        if self.opened is NOT_SHOWN:
            return False
        shown = self.as_text(self.opened)
        return posted is None or evened(posted) == (shown if isinstance(posted, Exact) else evened(shown))

    def clean(self, value):
        return self.opened if self.is_untouched(value) else super().clean(evened(value or ""))

    def prepare_value(self, value):
        return evened(value) if isinstance(value, str) else value

    def fit(self, text):
        """Give a text of several lines a place to stand: browsers drop line breaks in a one-line input."""
        if "\n" in evened(text) and isinstance(self.widget, forms.TextInput):
            self.widget = forms.Textarea(attrs={"rows": 2, **self.widget.attrs})


class Picker(TextField):
    """A choice whose options are read from the platform when the form is drawn, and searched while typing.

    `options(client, form, text)` returns [(value, label)]. Only the platform knows all values, so any text
    that keeps the field's rule is valid. If the platform cannot be read, the person types the value.
    `rereads` means that other fields depend on this one; `chooses_first` preselects the first option.
    """

    widget = forms.Select

    def __init__(self, *, options, searchable=True, empty=None, rereads=False, chooses_first=False, **kwargs):
        # Ids are short; where the platform bounds none, this does.
        super().__init__(validators=[MaxLengthValidator(LINE_MAX)], **kwargs)
        self.options, self.searchable, self.empty = options, searchable, empty
        self.rereads, self.chooses_first = rereads, chooses_first
        self.search = ""

    def load(self, form, name):
        """Read the options. The current value is always one of them."""
        self.search = str(form.value_of(f"{name}_search") or "")[:SEARCH_MAX]
        current = evened(str(form.value_of(name) or ""))
        if not self.is_untouched(current):
            current = current[: LINE_MAX + 1]
        try:
            with form.reading() as client:
                choices = list(self.options(client, form, self.search.strip()))
        except PortalError as error:
            self.problem = _("%(error)s Enter the value yourself.") % {"error": error}
            self.widget = forms.TextInput(attrs=self.widget.attrs)
            return
        if self.searchable:
            choices = choices[:OPTIONS_MAX]
        if current and current not in {str(value) for value, _label in choices}:
            choices.insert(0, (current, current))
        if self.chooses_first and not current and choices:
            form.initial[name] = choices[0][0]
        empty = [] if self.empty is None else [("", self.empty)]
        self.widget.choices = [*empty, *((value, isolated(label)) for value, label in choices)]
        if self.searchable:
            self.widget.attrs["size"] = 6

    problem = None  # why the options could not be read, for the template


class ConnectionField(forms.ChoiceField):
    """A choice of the connections that the form offers. The cleaned value is the Connection."""

    def offer(self, connections):
        self.by_id = {str(connection.pk): connection for connection in connections}
        self.choices = [(id, isolated(f"{each.name} ({each.host})")) for id, each in self.by_id.items()]

    def clean(self, value):
        return self.by_id[super().clean(value)]
