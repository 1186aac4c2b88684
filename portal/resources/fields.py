"""Fields of the verbs' forms: a text, a picker for a value that exists on the platform, the connection."""

import json
from contextlib import suppress

from django import forms
from django.core.validators import MaxLengthValidator
from django.utils.html import format_html
from django.utils.translation import gettext as _

from portal.bounds import LINE_MAX
from portal.errors import PortalError
from portal.outside import isolated
from portal.platforms import answers

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


FORGOTTEN = object()


class SecretInput(forms.PasswordInput):
    """Shows nothing that was typed. A hidden input beside it says that something was."""

    was_typed = False

    def value_from_datadict(self, data, files, name):
        value = super().value_from_datadict(data, files, name)
        return FORGOTTEN if not value and data.get(f"{name}_typed") else value

    def render(self, name, value, attrs=None, renderer=None):
        html = super().render(name, value, attrs, renderer)
        if not self.was_typed:
            return html
        return format_html('{}<input type="hidden" name="{}_typed" value="on">', html, name)


class SecretField(TextField):
    """A secret that goes to the platform. A form that is drawn once more does not show it, and asks for it
    once more: sent without it, the platform would do something else than the person wanted."""

    widget = SecretInput(attrs={"autocomplete": "new-password", "spellcheck": "false"})
    problem = None

    def prepare(self, form, name):
        """Before the form is drawn."""
        if form.value_of(name) or form.value_of(f"{name}_typed"):
            self.widget.was_typed = True
            self.problem = _("What you entered here is not shown. Enter it again.")

    def clean(self, value):
        if value is FORGOTTEN:
            text = _("Enter it again: it is not shown. To leave it out, open a new form.")
            raise forms.ValidationError(text, code="forgotten")
        return super().clean(value)


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
        if name == form.kind.space and form.open_spaces is not None:
            choices = [choice for choice in choices if choice[0] in form.open_spaces]
            self.empty = None
        if self.searchable:
            choices = choices[:OPTIONS_MAX]
        if current and current not in {str(value) for value, _label in choices}:
            name = form.named(name, current)
            choices.insert(0, (current, f"{name} ({current})" if name else current))
        if self.chooses_first and not current and choices:
            form.initial[name] = choices[0][0]
        empty = [] if self.empty is None else [("", self.empty)]
        self.widget.choices = [*empty, *((value, isolated(label)) for value, label in choices)]
        if self.searchable:
            self.widget.attrs["size"] = 6

    problem = None  # why the options could not be read, for the template


class IdsField(TextField):
    """Ids, one in each line, or a JSON list; the cleaned value is a list without doubles.

    `options(client, form, text)` returns [(id, label)] of what can be added by a press; without it, ids are
    only typed. With `waits` they are read when somebody searches, not when the form is opened. Only the
    platform knows all ids, so any that keep the field's rule are valid.
    `reaches(client, form, ids)` returns a Said about what is behind the ids. It may cost many calls, so it is
    asked when the form is opened, previewed or refused, and when an id is added or somebody presses for it.
    """

    widget = forms.Textarea
    reach = None

    def __init__(self, *, options=None, waits=False, reaches=None, **kwargs):
        super().__init__(**kwargs)
        self.options, self.waits, self.choices, self.search = options, waits, (), ""
        self.reaches, self.is_unread = reaches, False  # whether nobody has searched yet
        self.widget.attrs["rows"] = 4

    def as_text(self, value):
        return "\n".join(map(str, value)) if isinstance(value, list) else super().as_text(value)

    def prepare_value(self, value):
        return super().prepare_value(self.as_text(value))

    def clean(self, value):
        ids = ids_in(super().clean(value))
        if self.required and not ids:
            raise forms.ValidationError(self.error_messages["required"], code="required")
        return ids

    def load(self, form, name):
        """Read what can be added."""
        self.search = str(form.value_of(f"{name}_search") or "")[:SEARCH_MAX]
        is_pressed = str(form.value_of("touch") or "").startswith(name)
        self.is_unread = self.waits and not self.search and not is_pressed
        if self.options is None or self.is_unread:
            return
        there = set(ids_in(self.as_text(form.value_of(name))))
        try:
            with form.reading() as client:
                found = list(self.options(client, form, self.search.strip()))
        except PortalError as error:
            self.problem = _("%(error)s Enter the ids yourself.") % {"error": error}
        else:
            self.choices = [(id, isolated(label)) for id, label in found[:OPTIONS_MAX] if id not in there]
        if self.reaches and there and form.value_of("touch") in (None, "", f"{name}:add", f"{name}:count"):
            self.reach = self._reach(form, ids_in(self.as_text(form.value_of(name))))

    def _reach(self, form, ids):
        try:
            with form.reading() as client:
                return self.reaches(client, form, ids)
        except PortalError as error:
            return error.message

    problem = None

    @property
    def choices_are_added(self):
        """For the template."""
        return self.options is not None

    @property
    def is_counted(self):
        """For the template."""
        return self.reaches is not None

    @staticmethod
    def added(text, id):
        """The text with one more id."""
        ids = ids_in(text)
        return "\n".join([*ids, id] if id and id not in ids else ids)


def ids_in(text):
    """The ids in a text. What looks like JSON and is none stays a line, which the field's rule refuses."""
    lines = evened(text or "").split("\n")
    if (text or "").lstrip().startswith("["):
        with suppress(ValueError, RecursionError):
            listed = answers.parse(text)
            if all(isinstance(each, str | int) and not isinstance(each, bool) for each in listed):
                lines = [str(each) for each in listed]
    return list(dict.fromkeys(line.strip() for line in lines if line.strip()))


class ConnectionField(forms.ChoiceField):
    """A choice of the connections that the form offers. The cleaned value is the Connection."""

    def offer(self, connections):
        self.by_id = {str(connection.pk): connection for connection in connections}
        self.choices = [(id, isolated(f"{each.name} ({each.host})")) for id, each in self.by_id.items()]

    def clean(self, value):
        return self.by_id[super().clean(value)]
