"""Editors for the JSON fields of an EnOS device: names in several languages, tags and attributes."""

import json
import re

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from portal.kinds.comparing import NOTHING
from portal.kinds.telling import Table
from portal.platforms.enos.contract import devices as contract
from portal.platforms.enos.contract import models
from portal.resources.editing import NEW, Editor, Row, kept, parse
from portal.resources.fields import evened

LOCALE_LABELS = {"zh_CN": _("Chinese"), "en_US": _("English"), "ja_JP": _("Japanese"), "es_ES": _("Spanish")}
DEFAULT, NAMES = "defaultValue", "i18nValue"
OTHER = "kept"  # what a list posts for a value that is none of its choices


class NameEditor(Editor):
    """Shows a StringI18n as a default name and a name for each language. A plain text is the default name."""

    template = "enos/_name_editor.html"
    grows = False

    def can_show(self, value):
        return value in NOTHING or isinstance(value, dict | str)

    def rows(self, value):
        value = {DEFAULT: value} if isinstance(value, str) else value or {}
        names = value.get(NAMES)
        rows = [self._row(DEFAULT, _("Default name"), value)]
        if names is None or isinstance(names, dict):
            others = [each for each in names or {} if each not in contract.LOCALES]
            rows += [
                self._row(each, LOCALE_LABELS.get(each, each), names or {})
                for each in (*contract.LOCALES, *others)
            ]
        odd = {
            key: each for key, each in value.items() if key != DEFAULT and (key != NAMES or len(rows) == 1)
        }
        rows[0].notes += [kept(odd)] if odd else []
        return rows

    def _row(self, key, label, members):
        row = Row(was=members.get(key, NEW), key=key, label=label)
        if row.was is NEW or row.was is None or isinstance(row.was, str):
            row.texts = self.shown(row)
        else:
            row.notes.append(kept(row.was))
        return row

    def shown(self, row):
        return {"text": row.was if isinstance(row.was, str) else ""}

    def input_of(self, number, row, part):
        if number == 0:
            return "default"
        return row.key if row.key in contract.LOCALES else f"other-{number}"

    def compose(self, rows, drawn):
        typed = {row.key: row.texts["text"] for row in rows if self.touched(row)}
        if not typed:
            return drawn
        value = {DEFAULT: drawn} if isinstance(drawn, str) and drawn else dict(drawn or {})
        if DEFAULT in typed:
            value[DEFAULT] = typed.pop(DEFAULT)
        if typed:
            names = {**(value.get(NAMES) or {}), **typed}
            value[NAMES] = {key: name for key, name in names.items() if name != "" or key not in typed}
        is_empty = all(each in NOTHING for each in value.values())
        return None if is_empty else value

    def place(self, path, rows):
        key = path.removeprefix(f".{NAMES}").removeprefix(".") or DEFAULT
        row = next((row for row in rows if row.key == key), rows[0])
        return row.label if row.key == key else _now("Language %(name)s") % {"name": key}, row, "text"


class TagsEditor(Editor):
    """Shows a map of texts as pairs of key and value, with an empty pair at the end."""

    template = "enos/_tags_editor.html"

    def can_show(self, value):
        return value in NOTHING or isinstance(value, dict)

    def rows(self, value):
        return [*map(self._row, (value or {}).items()), self.new_row()]

    def _row(self, pair):
        key, value = pair
        row = Row(was=pair, key=key)
        if isinstance(value, str):
            row.texts = self.shown(row)
        else:
            row.notes.append(kept(value))
        return row

    def shown(self, row):
        key, value = ("", "") if row.was is NEW else row.was
        return {"key": key, "value": value}

    def tidy(self, rows):
        return [*(row for row in rows if row.was is not NEW or self.touched(row)), self.new_row()]

    def compose(self, rows, drawn):
        tags, twice = {}, []
        for row in rows:
            touched = self.touched(row)
            if touched and not any(row.texts.values()) or not touched and row.was is NEW:
                continue
            before = self.shown(row)
            key, value = (row.texts[part] if part in touched else before[part] for part in ("key", "value"))
            if key in tags:
                text = _now("The key %(key)s stands here twice. Change or remove one of the two.") % {
                    "key": key
                }
                row.errors["key"] = [text]
                twice.append(text)
            tags[key] = value
        if twice:
            raise ValidationError(twice, code="twice")
        return tags or None

    def place(self, path, rows):
        key = path.removeprefix(".")
        for number, row in enumerate(rows, start=1):
            if row.texts.get("key", row.key) == key and (row.was is not NEW or self.touched(row)):
                words = (
                    _now("Tag %(key)s") % {"key": key} if key else _now("Tag %(number)s") % {"number": number}
                )
                return words, row, "key" if not key else "value"
        return None


class AttributesEditor(Editor):
    """Shows one input for each attribute of the product's model. The form reads the `model` and sets it.

    What is not in the model has no input and stays. When the form comes back the model is not read: each
    input brings the type of its attribute along.
    """

    template = "enos/_attributes_editor.html"
    grows = False

    def __init__(self, model=None):
        self.model = model or {}

    def can_show(self, value):
        return value in NOTHING or isinstance(value, dict)

    def rows(self, value):
        return [self._row(value, name, attribute) for name, attribute in self.model.items()]

    def _row(self, value, identifier, attribute):
        name = attribute.get("name")
        label = name.get("defaultValue") if isinstance(name, dict) else None
        row = Row(was=(value or {}).get(identifier, NEW), key=identifier, label=label or identifier)
        row.type = attribute.get("dataType") or ""
        row.required = attribute.get("isRequired", False)
        row.texts = self.shown(row)
        return row

    def shown(self, row):
        value = None if row.was is NEW else row.was
        if row.type.upper() == "BOOL" and value is not None and not isinstance(value, bool):
            return {"text": OTHER}
        return {"text": _as_text(value)}

    def input_of(self, number, row, part):
        return row.key

    def posted(self, name, data, drawn):
        rows, prefix = [], f"{name}-"
        for key in data:
            if key.startswith(prefix):
                identifier = key.removeprefix(prefix)
                attribute = {"dataType": data.get(f"{name}_type-{identifier}", "")}
                rows.append(self._row(drawn, identifier, attribute))
                rows[-1].texts["text"] = evened(data[key])
        return rows

    def redrawn(self, rows, drawn):
        posted = {row.key: row for row in rows}
        drawn_rows = self.rows(drawn)
        for row in drawn_rows:
            if row.key in posted:
                row.texts, row.errors = posted[row.key].texts, posted[row.key].errors
            row.other = _as_text(row.was) if self.shown(row)["text"] == OTHER else ""
        return drawn_rows

    def extra(self, drawn):
        """Attributes that the model does not have, or does not have any more."""
        odd = {key: value for key, value in (drawn or {}).items() if key not in self.model}
        return [kept({key: value}) for key, value in odd.items()] if self.model else []

    def compose(self, rows, drawn):
        touched = [row for row in rows if self.touched(row)]
        if not touched:
            return drawn
        values = dict(drawn or {})
        for row in touched:
            if row.texts["text"] == "":
                values.pop(row.key, None)
            else:
                values[row.key] = typed(row.texts["text"], row.type, row.was)
        return values or None

    def place(self, path, rows):
        key = path.removeprefix(".")
        row = next((row for row in rows if row.key == key), None)
        return (row.label, row, "text") if row else (_now("Attribute %(name)s") % {"name": key}, None, "")


def _as_text(value):
    if value is None or isinstance(value, str):
        return value or ""
    return json.dumps(value, ensure_ascii=False)


def typed(text, data_type, was):
    """The text as a value: of the type that was there, where the model allows it, else of the model's type.

    A text that can be neither stays a text, for the rules to name.
    """
    fits, _kind = models.attribute_type(data_type)
    for value in (*_like(text, was), *_of_type(text, data_type)):
        if fits(value):
            return value
    return text


def _like(text, was):
    """The text as a value of the type of `was`, if it can be one."""
    if isinstance(was, str):
        yield text
    elif was is not NEW and was is not None:
        value = _json(text)
        is_number = isinstance(was, int | float) and not isinstance(was, bool)
        kinds = (int, float) if is_number else (type(was),)
        if isinstance(value, kinds) and isinstance(value, bool) == isinstance(was, bool):
            yield value


def _of_type(text, data_type):
    name = data_type.upper()
    if name in ("STRING", "DATE"):
        yield text
    elif name == "ENUM":
        # A model's choices are texts or numbers. No document says which; "01" can only be a text.
        yield int(text) if re.fullmatch(r"0|-?[1-9][0-9]{0,17}", text) else text
    else:
        value = _json(text)
        yield text if value is None else value


def _json(text):
    try:
        return parse(text)
    except (ValueError, RecursionError):
        return None


def told_names(value):
    """A StringI18n as a table: a row for each language."""
    if isinstance(value, str):
        value = {DEFAULT: value}
    names = value.get(NAMES) if isinstance(value, dict) else None
    if not isinstance(value, dict) or not isinstance(names, dict | None):
        return None
    first = [(_now("Default"), value[DEFAULT])] if DEFAULT in value else []
    languages = [(_language(code), name) for code, name in (names or {}).items()]
    others = [(key, each) for key, each in value.items() if key not in (DEFAULT, NAMES)]
    return Table((_("Language"), _("Name")), (*first, *languages, *others))


def _language(code):
    return f"{LOCALE_LABELS[code]} ({code})" if code in LOCALE_LABELS else code
