"""Template filters for text from outside. Whatever a person or a platform wrote goes through one of them:

- `{{ name|guest }}` in HTML;
- `{{ name|isolated }}` in plain text: <title>, <option>, attributes;
- `{{ error|sentence }}` where the text may be a sentence of the portal with such texts in it;
- `{{ value|json_shown }}` for JSON.

tests/test_guests.py draws every page with odd texts and finds where one was forgotten.
"""

import json
import re
import unicodedata

from django.utils.html import conditional_escape, escape
from django.utils.safestring import SafeString, mark_safe

from portal import outside

# Printable ASCII has one direction and shows itself.
HARMLESS = re.compile("[ -~\t\n]*")
JSON_TEXT = re.compile(r'"(?:[^"\\]|\\.)*"')


def guest(value):
    """The text isolated from what stands around it, with marks in place of characters that are not seen."""
    return _shown("" if value is None else value, _marked)


def sentence(value):
    """Like `guest`, but what the sentence has isolated (words.Said) stays a part of it."""
    return _shown("" if value is None else value, _with_isolated_parts)


def isolated(value):
    return outside.isolated("" if value is None else value)


def named(name, id):
    """{{ name|named:id|guest }}: the id where the name shows nothing."""
    return outside.name_or_id(name, id)


def json_pretty(value):
    """Indented JSON with exact numbers and unescaped letters; text that is not JSON is returned as it is."""
    if isinstance(value, str):
        try:
            value = json.loads(value, parse_float=_Literal)
        except (ValueError, RecursionError):
            return value
    try:
        return _unquoted(json.dumps(value, ensure_ascii=False, indent=2, default=str))
    except RecursionError:
        return str(value)


class _Literal(str):
    """A number with a fraction, shown as it was written: 1.10 must not become 1.1."""

    def __new__(cls, text):
        return super().__new__(cls, f"\ue000{text}\ue001")


def _unquoted(text):
    return text.replace('"\ue000', "").replace('\ue001"', "")


def json_shown(value):
    """Indented JSON as HTML: unseen characters as JSON writes them (\\u202e), texts isolated."""
    text = json_pretty(value)
    return guest(text) if isinstance(value, str) and text == value else json_text(text)


def json_text(text):
    """Like `json_shown`, for a text that is JSON already: its lines stay as they are."""
    text = "".join(_escapes(piece) if mark else piece for piece, mark in outside.parts(text))
    # The quotes are escaped last: the texts are found by them.
    return mark_safe(JSON_TEXT.sub(_isolated_text, str(escape(text)).replace("&quot;", '"')))  # noqa: S308 - its parts are escaped


def _isolated_text(found):
    text = found[0].replace('"', "&quot;")
    return f"<bdi>{text}</bdi>" if outside.RIGHT_TO_LEFT.search(text) else text


def _escapes(character):
    """The JSON escape of a character, two of them beyond U+FFFF."""
    units = character.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2))


def _shown(value, inside):
    if isinstance(value, SafeString):
        return value  # HTML already
    text = str(value)
    if HARMLESS.fullmatch(text):
        return escape(text)
    return mark_safe(f"<bdi>{inside(text)}</bdi>")  # noqa: S308 - its parts are escaped


def _marked(text):
    return "".join(
        _mark(piece, mark) if mark else conditional_escape(piece) for piece, mark in outside.parts(text)
    )


def _mark(character, label):
    name = unicodedata.name(character, "")
    title = f' title="{name}"' if name else ""
    return f'<span class="unseen"{title}>{label}</span>'


def _with_isolated_parts(text):
    pieces = outside.ISOLATED.split(text)  # every second one was isolated
    return "".join(
        f"<bdi>{_marked(piece)}</bdi>" if number % 2 else _marked(piece)
        for number, piece in enumerate(pieces)
    )


FILTERS = (guest, sentence, isolated, named, json_pretty, json_shown, json_text)
