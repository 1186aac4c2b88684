"""What a platform's documents say, as data: field rules and the meaning of answers.

Standard library only: forms, serializers and the emulator read the same rules, so each is written once.
Texts are message ids for gettext; whoever shows them translates them.
"""

import enum
import math
import re
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property


def _(text):
    """Mark a text for the translators; translated where it is shown."""
    return text


@dataclass(frozen=True)
class Source:
    """The document a rule was read in, and the date printed on it."""

    title: str
    updated: str


@dataclass(frozen=True)
class Problem:
    """One broken rule: `path` like `statement[0].effect`, `text` a message id with %(name)s places."""

    path: str
    code: str
    text: str
    params: dict = field(default_factory=dict)

    def __str__(self):
        return f"{self.path}: {self.text % self.params}"


@dataclass(frozen=True, kw_only=True)
class Field:
    """One field of a request body, under its name on the wire.

    Lengths count characters, `minimum`/`maximum` are inclusive, `pattern` must match the whole value.
    `floor` takes any JSON number and rounds it down. `items` rules each member of a list, `fields` the
    members of an object, `keys`/`values` those of a free map. `check` adds what data cannot say.
    """

    name: str
    kind: type
    required: bool = False
    min_length: int | None = None
    max_length: int | None = None
    pattern: str | None = None
    pattern_text: str = ""
    minimum: int | None = None
    maximum: int | None = None
    floor: bool = False
    choices: tuple = ()
    default: object = None
    min_items: int | None = None
    max_items: int | None = None
    items: "Field | None" = None
    fields: tuple = ()
    keys: "Field | None" = None
    values: "Field | None" = None
    check: object = None
    rule: str = ""
    source: Source | None = None

    @cached_property
    def _pattern(self):
        return re.compile(self.pattern)

    def problems(self, value, path=""):
        """Yield each Problem of `value` (already present; absence is judged by `body_problems`)."""
        path = path or self.name
        if not self._is_kind(value):
            yield Problem(path, "type", _("must be %(kind)s"), {"kind": KIND_NAMES[self.kind]})
            return
        yield from getattr(self, f"_{self.kind.__name__}_problems")(value, path)
        if self.choices and value not in self.choices:
            allowed = ", ".join(map(str, self.choices))
            yield Problem(path, "choice", _("must be one of %(allowed)s"), {"allowed": allowed})
        if self.check:
            yield from self.check(value, path)

    def _is_kind(self, value):
        if self.kind is int:
            number = (int, float, Decimal) if self.floor else int
            return isinstance(value, number) and not isinstance(value, bool)
        return isinstance(value, self.kind)

    def _str_problems(self, value, path):
        if "\0" in value or any("\ud800" <= char <= "\udfff" for char in value):
            yield Problem(path, "characters", _("contains a character that cannot be stored"))
        if self.min_length is not None and len(value) < self.min_length:
            params = {"limit": self.min_length, "length": len(value)}
            yield Problem(
                path, "min_length", _("needs at least %(limit)s characters, this has %(length)s"), params
            )
        if self.max_length is not None and len(value) > self.max_length:
            params = {"limit": self.max_length, "length": len(value)}
            yield Problem(path, "max_length", _("may have %(limit)s characters, this has %(length)s"), params)
        if self.pattern and value and not self._pattern.fullmatch(value):
            yield Problem(
                path, "characters", self.pattern_text or _("contains characters that are not allowed")
            )

    def _int_problems(self, value, path):
        if isinstance(value, (float, Decimal)) and not math.isfinite(value):
            yield Problem(path, "type", _("must be %(kind)s"), {"kind": KIND_NAMES[int]})
            return
        # Compared before rounding: the whole number of Decimal("1e999999999") fits into no memory.
        below = self.minimum is not None and value < self.minimum
        above = self.maximum is not None and value >= self.maximum + 1
        if below or above:
            params = {"minimum": self.minimum, "maximum": self.maximum}
            yield Problem(path, "range", _("must be from %(minimum)s to %(maximum)s"), params)

    def _bool_problems(self, value, path):
        return ()

    def _list_problems(self, value, path):
        if self.min_items is not None and len(value) < self.min_items:
            yield Problem(path, "min_items", _("needs %(limit)s or more entries"), {"limit": self.min_items})
        if self.max_items is not None and len(value) > self.max_items:
            params = {"limit": self.max_items, "length": len(value)}
            yield Problem(path, "max_items", _("may have %(limit)s entries, this has %(length)s"), params)
        if self.items:
            for number, item in enumerate(value):
                yield from self.items.problems(item, f"{path}[{number}]")

    def _dict_problems(self, value, path):
        yield from body_problems(self.fields, value, path)
        if self.max_items is not None and len(value) > self.max_items:
            params = {"limit": self.max_items, "length": len(value)}
            yield Problem(path, "max_items", _("may have %(limit)s entries, this has %(length)s"), params)
        for key, member in value.items():
            if self.keys:
                yield from self.keys.problems(key, f"{path}.{key}")
            if self.values:
                yield from self.values.problems(member, f"{path}.{key}")

    def clean(self, value):
        """`value` as the platform stores it: numbers that it rounds down are rounded down."""
        return math.floor(value) if self.floor and self.kind is int else value


KIND_NAMES = {
    str: _("a text"),
    int: _("a whole number"),
    bool: _("true or false"),
    list: _("a list"),
    dict: _("an object"),
}


def body_problems(fields, body, path=""):
    """Yield every Problem of a whole request body, missing mandatory fields first."""
    for rule in fields:
        where = f"{path}.{rule.name}" if path else rule.name
        if rule.name not in body:
            if rule.required:
                yield Problem(where, "required", _("is mandatory"))
            continue
        yield from rule.problems(body[rule.name], where)


class Meaning(enum.Enum):
    """What an answer says about the change that was asked for."""

    DONE = "done"
    REJECTED = "rejected"
    THROTTLED = "throttled"  # not executed: ask later
    SIGNED_OUT = "signed_out"  # not executed: sign in again
    UNCLEAR = "unclear"


def meaning(table, status, code=""):
    """Look (status, code) up in a platform's answer table; None as code means "any other code".

    What no table names: 2xx is done, 401 signed out, 429 throttled, 408 unclear, other 4xx a refusal,
    everything else (redirects, 1xx, 5xx) unclear.
    """
    for key in ((status, str(code)), (status, None)):
        if key in table:
            return table[key]
    if 200 <= status < 300:
        return Meaning.DONE
    if 400 <= status < 500:
        return {401: Meaning.SIGNED_OUT, 408: Meaning.UNCLEAR, 429: Meaning.THROTTLED}.get(
            status, Meaning.REJECTED
        )
    return Meaning.UNCLEAR
