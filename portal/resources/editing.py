"""Fields that are JSON to the platform and a small form to people.

Both stand on the page. The text area holds the JSON under the field's name, `<name>_was` what it held when
the page was made. Whichever side was changed counts; without editor inputs the JSON alone counts, so a
script needs to know nothing of the editor. No state lives in the browser, and it works without JavaScript.
"""

import json

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from portal.platforms import answers

DEPTH_MAX = 50  # nested objects and lists; what is deeper outgrows Python's stack somewhere on its way


def parse(text):
    """JSON with exact integers; raises ValueError for what is no JSON or cannot be sent on as it stands.

    That is NaN and numbers that only look finite (1e999), a key given twice, half of a surrogate pair and
    endless nesting.
    """
    value = answers.parse(text, DEPTH_MAX)
    if "\\u" in text:
        try:
            json.dumps(value, ensure_ascii=False).encode()
        except UnicodeEncodeError as error:
            raise ValueError("a \\u escape is half of a character") from error
    return value


def pretty(value):
    return "" if value in (None, "") else json.dumps(value, ensure_ascii=False, indent=2)


class JsonField(forms.CharField):
    """JSON in a text area. `editor` is an Editor; its template is drawn above the text area."""

    widget = forms.Textarea(attrs={"rows": 8, "spellcheck": "false", "class": "font-monospace"})

    def __init__(self, *, editor, **kwargs):
        super().__init__(strip=False, **kwargs)
        self.editor = editor

    def to_python(self, value):
        value = super().to_python(value)
        if not value.strip():
            return None
        try:
            return parse(value)
        except (ValueError, RecursionError) as error:
            raise ValidationError(
                _("This is not JSON: %(error)s"), params={"error": error}, code="json"
            ) from error

    def prepare_value(self, value):
        return value if isinstance(value, str) else pretty(value)


class Editor:
    """The form side of a JsonField.

    Subclasses say which rows a value shows (`rows`), which inputs those rows become (`inputs`), how posted
    inputs become a value (`compose`; `was` is the value the page was made from) and what the editor's
    buttons do (`apply`).
    """

    template = ""

    def present(self, name, data):
        """Was the editor part of the posted form?"""
        return f"{name}_editor" in data

    def rows(self, value):
        raise NotImplementedError

    def inputs(self, name, value):
        """{input name: [texts]} as a browser would post the untouched editor."""
        raise NotImplementedError

    def compose(self, name, data, was):
        raise NotImplementedError

    def apply(self, value, action, argument):
        """The value after a button was pressed: `action` add or remove, `argument` a row number as text."""
        return value

    def untouched(self, name, value):
        """What `compose` makes of the editor when nothing in it was changed."""
        data = QueryDict(mutable=True)
        for key, texts in self.inputs(name, value).items():
            data.setlist(key, texts)
        return self.compose(name, data, value)


def row_count(name, data, most):
    """How many rows the posted editor has; 0 for nonsense. Short, because int() refuses endless digits."""
    count = data.get(f"{name}-count", "0")
    return min(int(count), most) if count.isdecimal() and len(count) < 10 else 0


BOTH_CHANGED = _("The form and the JSON were both changed and differ. Undo one of the two.")


def settle_sides(name, editor, data):
    """Bring both sides of one field in line in posted `data` (a mutable QueryDict).

    Returns an error text when both were changed to different things; then both stay as they are, and
    `<name>_side` holds what the editor says, for drawing it again.
    """
    data.pop(f"{name}_side", None)
    if not editor.present(name, data):
        data[f"{name}_was"] = data.get(name, "")
        return None
    text, was = _lines(data.get(name, "")), _lines(data.get(f"{name}_was", ""))
    composed = editor.compose(name, data, _parsed(was))
    editor_changed = composed != editor.untouched(name, _parsed(was))
    if text != was and editor_changed and _parsed(text) != composed:
        data[f"{name}_side"] = pretty(composed)
        return BOTH_CHANGED
    if text == was and editor_changed:
        data[name] = data[f"{name}_was"] = pretty(composed)
    else:
        data[f"{name}_was"] = text
    return None


def _lines(text):
    """Browsers send line ends as CRLF."""
    return text.replace("\r\n", "\n").strip()


def _parsed(text):
    try:
        return parse(text)
    except (ValueError, RecursionError):
        return None
