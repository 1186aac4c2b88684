"""PlatformForm: the form of one verb. It validates by the platform's own rules; the service acts."""

import json
import re
import time
import uuid
from contextlib import contextmanager

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.connections.models import Connection
from portal.errors import PlatformError, PortalError
from portal.resources.editing import JsonField, parse, pretty, settle_sides

OPTIONS = 50  # choices that a picker shows at once
# For all that one form reads live: what a person presses then has its own 30 s, and proxies hang up after 60.
READ_SECONDS = 10


def rereading(name):
    """htmx attributes of a field on whose value the choices of others depend: draw the form again."""
    return {
        "hx-post": "",
        "hx-trigger": "change",
        "hx-target": "#form",
        "hx-swap": "outerHTML",
        "hx-vals": json.dumps({"touch": name}),
    }


def snake(wire_name):
    """`deviceKey` on the wire is `device_key` in forms and models."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", wire_name).lower()


class Picker(forms.CharField):
    """A choice that is read live from the platform, searched as one types.

    `options(client, form, text)` returns [(value, label)]. Only the platform knows every value, so any
    text that keeps the field's rule is accepted; when the platform does not answer, one types the id.
    """

    widget = forms.Select

    def __init__(self, *, options, searchable=True, empty=None, rereads=False, **kwargs):
        super().__init__(**kwargs)
        self.options, self.searchable, self.empty, self.rereads = options, searchable, empty, rereads
        self.problem = None
        self.search = ""

    def load(self, form, name):
        """Fill the choices; the current value is always among them."""
        self.search = str(form.value_of(f"{name}_search") or "")
        current = str(form.value_of(name) or "")
        try:
            with form.reading() as client:
                choices = list(self.options(client, form, self.search.strip()))
        except PortalError as error:
            self.problem = _("%(error)s Enter the value yourself.") % {"error": error}
            self.widget = forms.TextInput()
            return
        if self.searchable:
            choices = choices[:OPTIONS]
        if current and current not in {str(value) for value, _label in choices}:
            choices.insert(0, (current, current))
        empty = [] if self.empty is None else [("", self.empty)]
        self.widget.choices = [*empty, *choices]
        if self.searchable:
            self.widget.attrs["size"] = 6


class ConnectionField(forms.ModelChoiceField):
    def label_from_instance(self, connection):
        return f"{connection.name} ({connection.host})"


OWN_FIELDS = ("connection", "operation_key", "expected", "reason")  # the portal's, not the platform's
INCOMPLETE = gettext_lazy("The form was incomplete, so nothing was sent. Press the button again.")


class PlatformForm(forms.Form):
    """Base of all verbs' forms.

    `contract` is the tuple of contract.Field rules of the request body; each rule applies to the form field
    of the same name in snake case and gives it its rule text and source.
    """

    contract = ()
    do_not_call_in_templates = True  # a template may ask whether a verb has a form

    connection = ConnectionField(label=gettext_lazy("Connection"), queryset=Connection.objects.none())
    operation_key = forms.CharField(
        label="",
        max_length=64,
        widget=forms.HiddenInput,
        error_messages={"required": INCOMPLETE, "max_length": INCOMPLETE},
    )

    def __init__(self, data=None, *, kind, verb, connections, target=None, initial=None, only=None):
        """`only` names the one field that will be taken from the drawn form: the others are not read live."""
        self.kind, self.verb, self.target, self.only = kind, verb, target, only
        self.connections = list(connections)
        self.side_errors = {}
        self._read_until, self._unanswered = time.monotonic() + READ_SECONDS, None
        data = self._settled(data) if data is not None else None
        initial = {"operation_key": str(uuid.uuid4()), **(initial or {})}
        super().__init__(data, initial=initial, use_required_attribute=False)
        self._set_connection(connections)
        for rule in self.contract:
            field = self.fields.get(snake(rule.name))
            if field:
                field.rule, field.source = rule.rule, rule.source
                if rule.max_length:
                    field.widget.attrs["data-counter"] = rule.max_length
        for name, field in self.fields.items():
            if isinstance(field, Picker) and self.needs(name):
                field.load(self, name)
            if name == "connection" or getattr(field, "rereads", False):
                field.widget.attrs |= rereading(name)
        self.prepare()

    def needs(self, name):
        return (
            self.only not in self.fields
            or self.only == name
            or self.only == "connection"
            or getattr(self.fields[self.only], "rereads", False)
        )

    def prepare(self):
        """For subclasses: what depends on the values given so far."""

    def _settled(self, data):
        data = data.copy()
        for name, field in self.base_fields.items():
            if isinstance(field, JsonField):
                error = settle_sides(name, field.editor, data)
                if error:
                    self.side_errors[name] = error
        return data

    def _set_connection(self, queryset):
        field = self.fields["connection"]
        field.queryset = queryset
        field.empty_label = None
        chosen = str(self.value_of("connection") or "")
        by_id = {str(connection.pk): connection for connection in self.connections}
        self.connection = by_id.get(chosen) or next(iter(self.connections), None)
        if self.connection:
            self.initial["connection"] = self.connection.pk
        if len(self.connections) == 1:
            field.widget = forms.HiddenInput()

    def value_of(self, name):
        """What stands in a field now, posted or initial, before validation."""
        return self.data.get(name) if self.is_bound else self.initial.get(name)

    @classmethod
    def initial_from(cls, verb, decoded):
        """Initial values of a verb on an object, from the object as the platform shows it now."""
        return {}

    @property
    def client(self):
        return self.connection.client()

    @contextmanager
    def reading(self):
        """The client, for what a form shows live. All of it shares one deadline.

        After a PlatformError to which the platform gave no answer it is not asked again; that same error is
        raised instead.
        """
        try:
            client = self.client
            with client.one_deadline(self._read_until):
                yield client
        except PlatformError as error:
            if self._unanswered:
                raise self._unanswered from error
            if error.status is None:
                self._unanswered, self._read_until = error, time.monotonic()
            raise

    @property
    def read_fields(self):
        """Bound fields that are drawn, without those the page places itself."""
        return [field for field in self.visible_fields() if field.name != "connection"]

    def json_value(self, name):
        """The JSON of a field as a value, None while it does not parse."""
        value = self.value_of(name)
        if not isinstance(value, str):
            return value
        try:
            return parse(value) if value.strip() else None
        except (ValueError, RecursionError):
            return None

    def sides(self, name):
        """(value that the editor shows, JSON text that both sides of the field were made from)."""
        value = self.value_of(name)
        text = value if isinstance(value, str) else pretty(value)
        if not self.value_of(f"{name}_side"):
            return self.json_value(name), text
        return self.json_value(f"{name}_side"), self.value_of(f"{name}_was") or ""

    def clean(self):
        cleaned = super().clean()
        for name, error in self.side_errors.items():
            self.add_error(name, error)
        for rule in self.contract:
            name = snake(rule.name)
            value = cleaned.get(name)
            if name not in cleaned or value is None or value == "":
                continue
            for problem in rule.problems(self.wire_value(name, value), name):
                self.add_error(name, sentence(name, problem))
        return cleaned

    def wire_value(self, name, value):
        """What will go out for a field; subclasses turn texts into numbers and the like."""
        return value

    @property
    def values(self):
        """The cleaned data as the service and the client take it."""
        return {
            name: value
            for name, value in self.cleaned_data.items()
            if name not in OWN_FIELDS and value not in (None, "")
        }

    @property
    def opened(self):
        """What the form showed of the object when it was opened; None where it showed none of it."""
        return None

    @property
    def reason(self):
        return self.cleaned_data.get("reason", "")

    def renew_key(self):
        """After an ending in which nothing happened: the next press of the button is a new operation."""
        self.data = self.data.copy()
        self.data["operation_key"] = str(uuid.uuid4())


def sentence(name, problem):
    """A contract Problem as a sentence in the person's language; inner places are named."""
    params = {key: _(value) if isinstance(value, str) else value for key, value in problem.params.items()}
    text = _(problem.text) % params
    if problem.path == name:
        return f"{text[:1].upper()}{text[1:]}."
    # People count from one: statement[0].resources[2] is "statement 1, resources 3".
    place = re.sub(r"\[(\d+)\]", lambda match: f" {int(match[1]) + 1}", problem.path).replace(".", ", ")
    return f"{place}: {text}."


def touched_initial(form_class, post):
    """Initial values for drawing a form again without judging it: a picker was searched, a row was added."""
    data = post.copy()
    field_name, _colon, action = post.get("touch", "").partition(":")
    field = form_class.base_fields.get(field_name)
    for name, each in form_class.base_fields.items():
        if isinstance(each, JsonField):
            settle_sides(name, each.editor, data)
    if isinstance(field, JsonField) and action:
        action, _colon, argument = action.partition(":")
        try:
            value = parse(data.get(field_name) or "null")
        except (ValueError, RecursionError):
            value = None
        data[field_name] = pretty(field.editor.apply(value, action, argument))
    return data.dict()
