"""Form fields whose value is JSON, with an editor for people: a small form beside the JSON.

The page shows both sides. The text area with the JSON has the field's name. Hidden beside it stand
`<name>_was`, the JSON from when that side was drawn, and `<name>_drawn`, the value from which the editor's
inputs were drawn. So the server sees which side was changed and uses that one, and each row of the editor
keeps what it has no input for. A script can post the JSON alone and ignore the editor. This works without
JavaScript.
"""

import json
from dataclasses import dataclass, field

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from portal.kinds.comparing import NOTHING, is_same
from portal.platforms import answers
from portal.resources.fields import NOT_SHOWN, TextField, evened

DEPTH_MAX = 50  # nested objects and lists; deeper ones exceed Python's recursion limit somewhere
ROWS_MAX = 200  # of one editor: more is for the JSON side, and a page of thousands of inputs helps nobody


def parse(text, depth_max=DEPTH_MAX):
    """Parse JSON with exact integers. Raises ValueError if it is no JSON or cannot be sent unchanged.

    The latter are NaN, numbers that become infinite (1e999), duplicate keys, half a surrogate pair and very
    deep nesting.
    """
    value = answers.parse(text, depth_max)
    if "\\u" in text:
        try:
            json.dumps(value, ensure_ascii=False).encode()
        except UnicodeEncodeError as error:
            raise ValueError("a \\u escape is only half of a character") from error
    return value


def pretty(value):
    return "" if value in NOTHING else json.dumps(value, ensure_ascii=False, indent=2)


class JsonField(TextField):
    """JSON in a text area. `editor` is an Editor; its template is drawn beside the text area."""

    widget = forms.Textarea(attrs={"rows": 8, "spellcheck": "false", "class": "font-monospace"})

    def __init__(self, *, editor, **kwargs):
        super().__init__(**kwargs)
        self.editor = editor

    def as_text(self, value):
        return pretty(value)

    def is_untouched(self, posted):
        return super().is_untouched(posted if posted is None else evened(posted).strip())

    def clean(self, value):
        cleaned = super().clean(value)
        return self.opened if self.opened is not NOT_SHOWN and is_same(cleaned, self.opened) else cleaned

    def to_python(self, value):
        value = super().to_python(value)
        if not value.strip():
            return None
        try:
            return parse(value)
        except (ValueError, RecursionError) as error:
            raise ValidationError(
                _("This is not valid JSON: %(error)s"), params={"error": error}, code="json"
            ) from error

    def prepare_value(self, value):
        return super().prepare_value(value if isinstance(value, str) else pretty(value))


def kept(value):
    """A note about something that has no input."""
    return _now("Kept as it is: %(value)s") % {"value": json.dumps(value, ensure_ascii=False)}


NEW = object()


@dataclass
class Row:
    """One row of an editor. `was` is the member that it was drawn from, NEW for one that a person added.

    `texts` are the texts of its inputs by part, as shown or as posted; a part without an input is absent.
    `notes` say what has no input. `errors` and `names` of inputs are by part, too.
    """

    was: object = NEW
    texts: dict = field(default_factory=dict)
    label: str = ""
    key: str = ""
    type: str = ""
    required: bool = False
    other: str = ""
    notes: list = field(default_factory=list)
    errors: dict = field(default_factory=dict)
    names: dict = field(default_factory=dict)
    choices: list = field(default_factory=list)

    @property
    def lines(self):
        """{part} whose text has several lines, which a one-line input would lose."""
        return {
            part: True for part, text in self.texts.items() if isinstance(text, str) and "\n" in evened(text)
        }


class Editor:
    """The form side of a JsonField. Rows are made from a value, and a value is made from rows.

    A row whose inputs come back as a browser posts them untouched gives its member back as it was, whatever
    it holds. Subclasses implement `can_show`, `rows`, `shown` and `compose`.
    """

    template = ""
    grows = True  # whether a person can add rows and take them out
    asked = {}  # texts of a row that the add button makes, so that it counts though it is empty

    def can_show(self, value):
        """Whether the inputs can show a value. Else the page offers the JSON side alone."""
        raise NotImplementedError

    def rows(self, value):
        """[Row] as drawn for a value."""
        raise NotImplementedError

    def shown(self, row):
        """{part: text} as the inputs of a row show its member; of a NEW one as they start."""
        raise NotImplementedError

    def compose(self, rows, drawn):
        """The value that the rows mean. `drawn` is the value that they were drawn from.

        Raises ValidationError where rows contradict each other.
        """
        raise NotImplementedError

    def new_row(self, **texts):
        """An empty row below the others."""
        row = Row()
        row.texts = {**self.shown(row), **texts}
        return row

    def tidy(self, rows):
        """The rows as they are drawn once more after a button was pressed."""
        return rows

    def redrawn(self, rows, drawn):
        """The rows as the template takes them, for an editor that learns only then what there is to show."""
        return rows

    def extra(self, drawn):
        """Notes about what stays though no row stands for it."""
        return []

    def place(self, path, rows):
        """(words, Row, part) of the input that stands for a Problem's path inside the value; None without."""
        return

    def input_of(self, number, row, part):
        return f"{number}-{part}"

    def posted(self, name, data, drawn):
        """[Row] as posted: those that were drawn, with what was typed into them, and new ones."""
        rows = [] if _is_large(drawn) else self.rows(drawn)
        more = _count(data.get(f"{name}-count")) - len(rows) if self.grows else 0
        rows += [self.new_row() for _number in range(min(more, ROWS_MAX))]
        for number, row in enumerate(rows):
            for part, text in row.texts.items():
                input = f"{name}-{self.input_of(number, row, part)}"
                if isinstance(text, list):
                    row.texts[part] = data.getlist(input)
                elif input in data:
                    row.texts[part] = evened(data[input])
        return rows

    def touched(self, row):
        """Names of the parts of a row that somebody changed; none of a row without inputs."""
        shown = self.shown(row) if row.texts else {}
        return {part for part, text in row.texts.items() if text != _evened(shown[part])}


def _evened(shown):
    return evened(shown) if isinstance(shown, str) else shown


def _is_large(value):
    """Whether a value has more entries than an editor draws; no rows are made of it only to find that out."""
    return isinstance(value, list | dict) and len(value) > ROWS_MAX


def _count(text):
    """A posted count; 0 if it is no short number: int() refuses endless digits."""
    return int(text) if text and text.isascii() and text.isdecimal() and len(text) < 10 else 0


@dataclass
class Sides:
    """Both sides of a JsonField, to be drawn. `rows` is None where the editor cannot show the value."""

    text: str
    was: str
    rows: list | None
    drawn: object
    error: object = None
    is_broken: bool = False


BOTH_CHANGED = _("You changed both the form and the JSON, and they differ. Undo one of the changes.")


def opened_sides(editor, text):
    """Sides of a field that was not posted, from its JSON."""
    known, value = _parsed(text)
    if not known:
        return Sides(text, text, None, None, is_broken=True)
    rows = editor.rows(value) if editor.can_show(value) and not _is_large(value) else None
    return Sides(text, text, None if rows is None or len(rows) > ROWS_MAX else rows, value)


def reconcile(name, editor, data, action="", argument=""):
    """Sides of a posted field. Where only the editor was changed, the JSON in `data` (mutable) follows it.

    If both sides were changed and differ, both stay, with an error. `action` is a pressed button of the
    editor: add, or remove with the row's number.
    """
    text = evened(data.get(name, ""))
    was = evened(data.get(f"{name}_was", ""))
    known, drawn = _parsed(data.get(f"{name}_drawn", was))
    if f"{name}_editor" not in data or not known or not editor.can_show(drawn):
        return opened_sides(editor, text)
    rows, json_changed = editor.posted(name, data, drawn), text.strip() != was.strip()
    if action == "add" and json_changed and _is(was, _composed(editor, rows, drawn)[0]):
        # Nothing was typed into the inputs, so a row is added to the JSON.
        by_json = opened_sides(editor, text)
        if by_json.rows is not None:
            rows, drawn, was, json_changed = by_json.rows, by_json.drawn, text, False
    drawn, rows = _acted(editor, drawn, rows, action, argument)
    composed, error = _composed(editor, rows, drawn)
    if error:
        return Sides(text, was, rows, drawn, error)
    editor_changed = not is_same(composed, _parsed(was)[1])
    if json_changed and editor_changed and not _is(text, composed):
        return Sides(text, was, rows, drawn, BOTH_CHANGED)
    if editor_changed:
        data[name] = text = pretty(composed)
    if json_changed:
        return opened_sides(editor, text)
    return Sides(text, text, rows, drawn)


def _composed(editor, rows, drawn):
    """(value, None), or (None, the error that keeps the rows from being one)."""
    try:
        return editor.compose(rows, drawn), None
    except ValidationError as error:
        return None, error


def _acted(editor, drawn, rows, action, argument):
    """(drawn, rows) after a button was pressed."""
    if not editor.grows:
        return drawn, rows
    if action == "add":
        return drawn, editor.tidy([*rows, editor.new_row(**editor.asked)])
    if action == "remove" and argument.isdecimal() and _count(argument) < len(rows):
        number = _count(argument)
        if rows[number].was is not NEW:
            drawn = _without(drawn, number)
        return drawn, editor.tidy(rows[:number] + rows[number + 1 :])
    return drawn, rows


def _without(value, number):
    """A list or map without the member of that number."""
    if isinstance(value, dict):
        return {key: member for at, (key, member) in enumerate(value.items()) if at != number}
    return [member for at, member in enumerate(value) if at != number]


def _is(text, value):
    """Whether a text is the JSON of a value."""
    known, parsed = _parsed(text)
    return known and is_same(parsed, value)


def _parsed(text):
    """(whether the text is JSON, its value); no text is no value."""
    try:
        return True, parse(text) if text.strip() else None
    except (ValueError, RecursionError):
        return False, None
