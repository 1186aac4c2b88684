"""PlatformForm: the form of one verb. It validates by the platform's rules and makes a Change."""

import time
import uuid
from contextlib import contextmanager

from django import forms
from django.utils.translation import gettext_lazy

from portal.errors import PlatformError
from portal.kinds import validating
from portal.kinds.validating import sentence, snake
from portal.operations.change import WHY_FIELDS, Change
from portal.resources.editing import JsonField, opened_sides, parse, reconcile
from portal.resources.fields import (
    ConnectionField,
    IdsField,
    Picker,
    SecretField,
    TextField,
    rereading,
)
from portal.resources.names import named

# Seconds for everything that drawing one form reads. Proxies close a request after 60; sending may take 30.
READ_SECONDS = 10
# The portal's, not the platform's.
OWN_FIELDS = ("connection", "operation_key", "expected", "where", *WHY_FIELDS)
DENIED_MAX = 256  # characters of a field that a denial records
OTHER_SPACE = gettext_lazy("Your membership does not cover this space. Choose one that is offered.")
INCOMPLETE = gettext_lazy("The form was incomplete, so nothing was sent. Press the button again.")


class PlatformForm(forms.Form):
    """Base of all verbs' forms.

    `contract` is the tuple of contract.Field rules of the request body. Each rule applies to the form field
    with the same name in snake case. The page shows the rule's text and source below the field.

    `together` are rules of the same form for fields that ask for what is to follow: create a policy, then
    bind it. `then` makes it of them.

    Validation reads nothing from the platform. `draw()` reads the pickers' options: call it before rendering.
    """

    contract = together = ()
    asked_when = {}  # {field: function of the form}: whether another choice needs it
    opened = None  # {field: value} of the object when the form was opened; None if it shows no such values
    read_seconds = None  # for what a page reads live, where that is not READ_SECONDS
    do_not_call_in_templates = True  # so that `{% if verb.form %}` does not make a form

    connection = ConnectionField(label=gettext_lazy("Connection"))
    operation_key = forms.CharField(
        label="",
        max_length=64,
        widget=forms.HiddenInput,
        error_messages={"required": INCOMPLETE, "max_length": INCOMPLETE},
    )

    def __init__(self, data=None, *, kind, verb, connections, target=None, initial=None):
        self.kind, self.verb, self.target = kind, verb, target
        self.connections = list(connections)
        self._sides = {}
        data = self._reconciled(data) if data is not None else None
        initial = {"operation_key": str(uuid.uuid4()), **(initial or {})}
        super().__init__(data, initial=initial, use_required_attribute=False)
        self.fields["connection"].offer(self.connections)
        chosen = str(self.value_of("connection") or "")
        first = next(iter(self.connections), None)
        self.connection = next((each for each in self.connections if str(each.pk) == chosen), first)
        if self.connection:
            self.initial["connection"] = self.connection.pk

    @classmethod
    def platform_fields(cls):
        """Names of the fields whose values go to the platform."""
        others = {*OWN_FIELDS, *cls.together_fields()}
        return [name for name in cls.base_fields if name not in others]

    @classmethod
    def together_fields(cls):
        """Names of the fields that ask for what is to follow."""
        return [rule.name for rule in cls.together]

    @classmethod
    def initial_from(cls, verb, decoded):
        """The form's initial values from the object as the platform shows it now, decoded."""
        return {}

    # Drawing

    @property
    def open_spaces(self):
        """Ids of the spaces in which a new object may be; None if in all of them, or if it is not asked."""
        is_asked = self.connection is not None and self.kind.space in self.fields
        return self.connection.open_spaces if is_asked else None

    def _choose_open_space(self):
        """What is offered depends on the space, so nothing is read of one that the person does not see."""
        name, spaces = self.kind.space, self.open_spaces
        if spaces is None or self.value_of(name) in spaces:
            return
        if self.is_bound:
            self.data = self.data.copy()
        (self.data if self.is_bound else self.initial)[name] = min(spaces, default="")

    def draw(self, only=None):
        """Read the pickers' options and prepare the widgets.

        `only` is the name of the one field that the page takes from the drawn form; other pickers are then
        not read.
        """
        self._only = only
        self._choose_open_space()
        self._read_until, self._unanswered = time.monotonic() + (self.read_seconds or READ_SECONDS), None
        self._shared = {}
        if len(self.connections) == 1:
            self.fields["connection"].widget = forms.HiddenInput()
        for rule in (*self.contract, *self.together):
            field = self.fields.get(snake(rule.name))
            if field:
                field.rule, field.source = rule.rule, rule.source
                if rule.max_length:
                    field.widget.attrs["data-counter"] = rule.max_length
        for name, field in self.fields.items():
            if isinstance(field, Picker | IdsField) and self.is_drawn(name):
                field.load(self, name)
            if isinstance(field, SecretField):
                field.prepare(self, name)
            if isinstance(field, TextField):
                field.fit(str(self.value_of(name) or ""))
            if name == "connection" or getattr(field, "rereads", False):
                field.widget.attrs |= rereading(name)

    def is_drawn(self, name):
        """Whether the page takes this field: it takes all, or one on which no other field depends."""
        if not self.is_asked(name):
            return False
        if self._only not in self.fields or self._only in (name, "connection"):
            return True
        return getattr(self.fields[self._only], "rereads", False)

    def is_asked(self, name):
        """Whether the page shows this field: what was chosen needs it, or it holds what a person must see."""
        needed = self.asked_when.get(name)
        return needed is None or needed(self) or bool(self.value_of(name)) or name in self.errors

    @contextmanager
    def reading(self):
        """Yield the client to read options with. All reads of one form share a deadline.

        If one read got no answer, the next ones raise the same error at once.
        """
        try:
            client = self.connection.client()
            with client.one_deadline(self._read_until):
                yield client
        except PlatformError as error:
            if self._unanswered:
                raise self._unanswered from error
            if error.status is None:
                self._unanswered, self._read_until = error, time.monotonic()
            raise

    def shared(self, what, read):
        """What several fields need of the platform: `read()` once for each drawing of the form."""
        if what not in self._shared:
            self._shared[what] = read()
        return self._shared[what]

    @property
    def read_fields(self):
        """The visible bound fields that are asked for, except those that have their own place."""
        others = {"connection", *WHY_FIELDS, *self.together_fields()}
        fields = [field for field in self.visible_fields() if field.name not in others]
        return [field for field in fields if self.is_asked(field.name)]

    @property
    def next_fields(self):
        """The bound fields that ask for what is to follow."""
        return [self[name] for name in self.together_fields()]

    def named(self, name, value):
        """What the mirror calls the object that a field's value is the id of; "" if it does not know."""
        return named(self.kind, name, self.connection, value) if self.connection else ""

    # Values

    def value_of(self, name):
        """A field's current value, posted or initial, before validation."""
        return self.data.get(name) if self.is_bound else self.initial.get(name)

    def json_value(self, name):
        """The JSON of a field as a value; None if it does not parse."""
        value = self.value_of(name)
        if not isinstance(value, str):
            return value
        try:
            return parse(value) if value.strip() else None
        except (ValueError, RecursionError):
            return None

    def sides(self, name):
        """editing.Sides of a JSON field, for its template."""
        if name not in self._sides:
            field = self.fields[name]
            self._sides[name] = self.initial.get(f"{name}_sides") or opened_sides(
                field.editor, field.prepare_value(self.value_of(name)) or ""
            )
        return self._sides[name]

    def _reconciled(self, data):
        data = data.copy()
        for name, field in self.base_fields.items():
            if isinstance(field, JsonField):
                self._sides[name] = reconcile(name, field.editor, data)
        return data

    def clean(self):
        cleaned = super().clean()
        for name, sides in self._sides.items():
            if sides.error:
                self.add_error(name, sides.error)
        for name, problem in self.problems(*self.judged):
            self.add_problem(name, problem)
        spaces, name = self.open_spaces, self.kind.space
        if spaces is not None and name not in self.errors and cleaned.get(name) not in spaces:
            self.add_error(name, OTHER_SPACE)
        return cleaned

    def problems(self, data, before=None):
        """Yield (field, Problem) for each rule that the data breaks; see validating.problems."""
        return validating.problems((*self.contract, *self.together), data, before=before)

    @property
    def judged(self):
        """({field: value} that the contract's rules apply to, {field: value} of the object as it was)."""
        return self.cleaned_data, None

    def add_problem(self, name, problem):
        """Show a Problem at its field and, in an editor, at its input; name the input in words."""
        words, row, part = self._place(name, problem)
        if row is not None:
            row.errors.setdefault(part, []).append(sentence(problem.path, problem))
        self.add_error(name, sentence(name, problem, words))

    def _place(self, name, problem):
        """(words, Row, part) of a Problem's place inside a field; None where there is none."""
        field = self.fields[name]
        if not isinstance(field, JsonField) or problem.path == name:
            return None, None, ""
        rows = self.sides(name).rows
        place = None if rows is None else field.editor.place(problem.path.removeprefix(name), rows)
        return place or (None, None, "")

    @property
    def wished(self):
        """{field: value} as typed, without empty fields."""
        values = {name: self.cleaned_data.get(name) for name in self.platform_fields()}
        return {name: value for name, value in values.items() if value not in (None, "")}

    @property
    def change(self):
        """What the person wants, as a Change. Only for a valid form."""
        return Change(
            kind=self.kind,
            verb=self.verb,
            connection=self.cleaned_data["connection"],
            target=self.target,
            data=self.wished,
            expected=self.opened,
            then=tuple(self.then),
            **{name: self.cleaned_data.get(name, "") for name in WHY_FIELDS},
        )

    @property
    def then(self):
        """What is to follow, as Thens. Only for a valid form."""
        return ()

    def renew_key(self):
        """Make the next submit a new operation. Call it if nothing happened."""
        self.data = self.data.copy()
        self.data["operation_key"] = str(uuid.uuid4())


def touched_initial(form_class, post):
    """Initial values to redraw a posted form without validating it, after a search or "Add statement"."""
    data = post.copy()
    field_name, _colon, action = post.get("touch", "").partition(":")
    action, _colon, argument = action.partition(":")
    sides = {}
    for name, field in form_class.base_fields.items():
        if isinstance(field, JsonField):
            pressed = (action, argument) if name == field_name else ()
            sides[f"{name}_sides"] = reconcile(name, field.editor, data, *pressed)
        if isinstance(field, IdsField) and name == field_name and action == "add":
            data[name] = field.added(data.get(name), data.get(f"{name}_pick", ""))
    return data.dict() | sides


def unread(kind, verb, connections, target, posted):
    """What is asked for, before anything is validated or parsed: a denial records its short plain texts.

    `posted` are the values as they came.
    """
    fields = verb.form.base_fields if verb.form else {}
    chosen = next((each for each in connections if str(each.pk) == posted.get("connection")), connections[0])
    plain = {
        name: posted[name]
        for name in (verb.form.platform_fields() if verb.form else ())
        if isinstance(posted.get(name), str)
        and not isinstance(fields[name], JsonField)
        and len(posted[name]) <= DENIED_MAX
    }
    why = {
        name: text[:DENIED_MAX].strip() for name in WHY_FIELDS if isinstance(text := posted.get(name), str)
    }
    return Change(kind=kind, verb=verb, connection=chosen, target=target, data=plain, **why)
