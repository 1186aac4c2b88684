"""What a browser posts of a page's form: a small model of HTML's rules, checked against Chromium.

`read(html)` gives the Form with id "form". A person types, chooses and ticks in its controls; `posted()` is
what the browser then sends. Rules: HTML Living Standard, "Constructing the entry list", the value
sanitization of each type of input, and "Preprocessing the input stream".
"""

import re
from dataclasses import dataclass, field, replace
from html.parser import HTMLParser
from urllib.parse import urlencode

NO_CONTROLS = ("submit", "button", "reset", "image")
ONE_LINE = ("text", "search", "tel", "password", "url", "email")
BLANKS = "\t\n\f\r "


@dataclass(frozen=True)
class Option:
    value: str
    is_chosen: bool = False
    is_disabled: bool = False


@dataclass
class Control:
    """`kind` is an input's type, "textarea" or "select". `text` is what it holds, also for boxes."""

    kind: str
    name: str
    text: str = ""
    is_ticked: bool = True
    is_disabled: bool = False
    options: list = field(default_factory=list)
    is_list: bool = False
    is_multiple: bool = False
    label: str = ""

    @property
    def texts(self):
        """What it adds to the form's data."""
        if self.is_disabled or not self.name:
            return []
        if self.kind == "select":
            return [each.value for each in self.options if each.is_chosen and not each.is_disabled]
        return [self.text] if self.is_ticked else []

    @property
    def is_typed(self):
        return self.kind in ONE_LINE or self.kind == "textarea"

    @property
    def is_box(self):
        return self.kind in ("checkbox", "radio")

    def type(self, text):
        self.text = text if self.kind == "textarea" else _one_line(text)

    def choose(self, value):
        assert value in [each.value for each in self.options], f"{self.name} does not offer {value!r}"
        self.options = [replace(each, is_chosen=each.value == value) for each in self.options]

    def tick(self):
        self.is_ticked = not self.is_ticked

    def settle(self):
        """A drop-down always has one choice: the last that is marked, else the first that can be chosen."""
        if self.kind != "select" or self.is_multiple:
            return
        chosen = [number for number, each in enumerate(self.options) if each.is_chosen]
        if not chosen and not self.is_list:
            chosen = [number for number, each in enumerate(self.options) if not each.is_disabled][:1]
        self.options = [
            replace(each, is_chosen=number in chosen[-1:]) for number, each in enumerate(self.options)
        ]


@dataclass(frozen=True)
class Button:
    name: str
    value: str
    id: str = ""


class Form:
    def __init__(self):
        self.controls, self.buttons = [], []

    def __iter__(self):
        return iter(self.controls)

    def named(self, name):
        """The only control of this name."""
        (found,) = [each for each in self.controls if each.name == name]
        return found

    def value(self, name):
        return self.named(name).text

    def names(self):
        return [each.name for each in self.controls]

    def swapped(self, other, part):
        """The form after a script has put the controls of `other` that are `part` in place of its own."""
        form, come = Form(), [each for each in other if part(each.name)]
        form.buttons = self.buttons
        places = [place for place, each in enumerate(self.controls) if part(each.name)]
        rest = [each for each in self.controls if not part(each.name)]
        at = places[0] if places else len(rest)
        form.controls = [*rest[:at], *come, *rest[at:]]
        return form

    def pairs(self, press=None):
        """[(name, value)] as a script sees them (FormData), in the order of the page."""
        pressed = [(press.name, press.value)] if press else []
        return [(each.name, text) for each in self.controls for text in each.texts] + pressed

    def posted(self, press=None):
        """The same as a plain form is sent: each line end is CR LF."""
        return [tuple(re.sub("\r\n|\r|\n", "\r\n", part) for part in pair) for pair in self.pairs(press)]

    def body(self, press=None, *, script=False):
        """The request body, application/x-www-form-urlencoded."""
        return urlencode(self.pairs(press) if script else self.posted(press))


def read(html, id="form"):
    """The form with this id; None if the page has none."""
    reader = _Reader(id)
    reader.feed(re.sub("\r\n?", "\n", html).replace("\0", "\ufffd"))
    reader.close()
    if not reader.was_there:
        return None
    for control in reader.form:
        control.settle()
    return reader.form


def _one_line(text):
    return text.replace("\r", "").replace("\n", "")


class _Reader(HTMLParser):
    def __init__(self, id):
        super().__init__()
        self.form, self._id = Form(), id
        self.was_there = self._inside = False
        self._fieldsets = []
        self._area = self._select = self._option = None

    def handle_starttag(self, tag, attributes):
        given = {name: "" if value is None else value for name, value in reversed(attributes)}
        if tag == "form" and not self._inside:
            self._inside = given.get("id") == self._id
            self.was_there |= self._inside
        elif tag == "fieldset":
            self._fieldsets.append("disabled" in given)
        elif self._inside and tag in ("input", "textarea", "select", "option", "button"):
            getattr(self, f"_{tag}_starts")(given)

    def _disabled(self, given):
        return "disabled" in given or any(self._fieldsets)

    def _input_starts(self, given):
        kind = given.get("type", "text").lower()
        if kind in NO_CONTROLS:
            return
        text = given.get("value", "on" if kind in ("checkbox", "radio") else "")
        if kind in ONE_LINE:
            text = _one_line(text)
        if kind in ("url", "email"):
            text = text.strip(BLANKS)
        self.form.controls.append(
            Control(
                kind=kind,
                name=given.get("name", ""),
                text=text,
                is_ticked=kind not in ("checkbox", "radio") or "checked" in given,
                is_disabled=self._disabled(given),
                label=given.get("aria-label", ""),
            )
        )

    def _textarea_starts(self, given):
        self._area = Control("textarea", given.get("name", ""), is_disabled=self._disabled(given))
        self.form.controls.append(self._area)

    def _select_starts(self, given):
        multiple, size = "multiple" in given, given.get("size", "")
        self._select = Control(
            kind="select",
            name=given.get("name", ""),
            is_disabled=self._disabled(given),
            is_multiple=multiple,
            is_list=multiple or (size.isdecimal() and int(size) > 1),
        )
        self.form.controls.append(self._select)

    def _option_starts(self, given):
        self._option_ends()
        if self._select:
            self._option = (given, [])

    def _option_ends(self):
        if self._option and self._select:
            given, words = self._option
            text = " ".join("".join(words).split())
            self._select.options.append(
                Option(given.get("value", text), "selected" in given, "disabled" in given)
            )
        self._option = None

    def _button_starts(self, given):
        if given.get("type", "submit") == "submit" and not self._disabled(given):
            self.form.buttons.append(
                Button(given.get("name", ""), given.get("value", ""), given.get("id", ""))
            )

    def handle_endtag(self, tag):
        if tag == "form":
            self._inside = False
        elif tag == "fieldset" and self._fieldsets:
            self._fieldsets.pop()
        elif tag == "textarea" and self._area:
            # A reference such as &#13; gives a CR, but the value of a text area has LF alone.
            self._area.text = re.sub("\r\n?", "\n", self._area.text.removeprefix("\n"))
            self._area = None
        elif tag == "option":
            self._option_ends()
        elif tag == "select":
            self._option_ends()
            self._select = None

    def handle_data(self, data):
        if self._area:
            self._area.text += data
        elif self._option:
            self._option[1].append(data)
