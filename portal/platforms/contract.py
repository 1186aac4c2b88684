"""What a platform's documents say, as data: rules for fields, and what answers mean.

Forms, serializers and the emulator read the same rules, so each rule is written once. This file and the
contract folders need only the standard library. Texts are message ids for gettext; whoever shows them
translates them.
"""

import enum
import math
import re
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import cached_property
from itertools import islice

PROBLEMS_MAX = 100  # that anybody is told at once
KEY_MAX = 60  # characters of a member's name that a path shows


def _(text):
    """Marks a text for translators. It is translated where it is shown."""
    return text


@dataclass(frozen=True)
class Source:
    """The document that states a rule, and the date or version printed on it."""

    title: str
    updated: str


NOT_SAID = object()


@dataclass(frozen=True)
class Problem:
    """One broken rule: `path` is like `statement[0].effect`, `text` a message id with %(name)s places.

    `about` is the part that breaks it: a value, the name of a member, or the object that lacks one.
    """

    path: str
    code: str
    text: str
    params: dict = field(default_factory=dict)
    about: object = field(default=NOT_SAID, compare=False, repr=False)

    def __str__(self):
        return f"{self.path}: {self.text % self.params}"


@dataclass(frozen=True, kw_only=True)
class Field:
    """The rule of one field of a request body; `name` is its name on the wire.

    Lengths are in characters; `minimum` and `maximum` are allowed values; `pattern` must match the whole
    value. `floor` accepts any JSON number and rounds it down. `items` is the rule of each member of a list,
    `fields` are the rules of an object's members, `keys` and `values` those of a free map. `check(value,
    path)` yields further Problems. `rule` is the text that a form shows.
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
        """Yield each Problem of a value that is there; `body_problems` also judges fields that are absent."""
        for problem in self._problems(value, path or self.name):
            yield replace(problem, about=value) if problem.about is NOT_SAID else problem

    def _problems(self, value, path):
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
            text = (
                _("needs at least 1 character")
                if self.min_length == 1
                else _("needs at least %(limit)s characters, but has %(length)s")
            )
            yield Problem(path, "min_length", text, params)
        if self.max_length is not None and len(value) > self.max_length:
            params = {"limit": self.max_length, "length": len(value)}
            text = _("can have at most %(limit)s characters, but has %(length)s")
            yield Problem(path, "max_length", text, params)
        if self.pattern and value and not self._pattern.fullmatch(value):
            yield Problem(
                path, "characters", self.pattern_text or _("contains characters that are not allowed")
            )

    def _int_problems(self, value, path):
        if isinstance(value, (float, Decimal)) and not math.isfinite(value):
            yield Problem(path, "type", _("must be %(kind)s"), {"kind": KIND_NAMES[int]})
            return
        # Compared before rounding, because Decimal("1e999999999") as an int is too big for any memory.
        below = self.minimum is not None and value < self.minimum
        above = self.maximum is not None and value >= self.maximum + 1
        if below or above:
            params = {"minimum": self.minimum, "maximum": self.maximum}
            yield Problem(path, "range", _("must be from %(minimum)s to %(maximum)s"), params)

    def _bool_problems(self, value, path):
        return ()

    def _too_many(self, value, path):
        """The one Problem of a list or map that is too long; what is in it is not judged then."""
        if self.max_items is not None and len(value) > self.max_items:
            params = {"limit": self.max_items, "length": len(value)}
            text = _("can have at most %(limit)s entries, but has %(length)s")
            yield Problem(path, "max_items", text, params)

    def _list_problems(self, value, path):
        if too_many := list(self._too_many(value, path)):
            yield from too_many
            return
        if self.min_items is not None and len(value) < self.min_items:
            text = (
                _("needs at least 1 entry") if self.min_items == 1 else _("needs at least %(limit)s entries")
            )
            yield Problem(path, "min_items", text, {"limit": self.min_items})
        if self.items:
            for number, item in enumerate(value):
                yield from self.items.problems(item, f"{path}[{number}]")

    def _dict_problems(self, value, path):
        if too_many := list(self._too_many(value, path)):
            yield from too_many
            return
        yield from body_problems(self.fields, value, path)
        for key, member in value.items():
            place = f"{path}.{shortened(key)}"
            if self.keys:
                yield from self.keys.problems(key, place)
            if self.values:
                yield from self.values.problems(member, place)

    def clean(self, value):
        """The value as the platform stores it: where it rounds a number down, so does this."""
        return math.floor(value) if self.floor and self.kind is int else value


KIND_NAMES = {
    str: _("a text"),
    int: _("a whole number"),
    bool: _("true or false"),
    list: _("a list"),
    dict: _("an object"),
}


MORE = _("and more: only the first problems are listed here")


def shortened(key):
    """A member's name as a path shows it."""
    return key if len(key) <= KEY_MAX else f"{key[:KEY_MAX]}…"


def first(problems, path):
    """The first 100 of them, and one more that says so; the rest is never looked for."""
    problems = iter(problems)
    yield from islice(problems, PROBLEMS_MAX)
    if next(problems, None):
        yield Problem(path, "more", MORE)


def body_problems(fields, body, path=""):
    """Yield each Problem of a request body, in the order of `fields`."""
    for rule in fields:
        where = f"{path}.{rule.name}" if path else rule.name
        if rule.name not in body:
            if rule.required:
                yield Problem(where, "required", _("is mandatory"), about=body)
            continue
        yield from rule.problems(body[rule.name], where)


@dataclass(frozen=True)
class Cause:
    """Why a platform refuses the calls of an account, as one of its documents says it of a code.

    A contract's CAUSES are {code: Cause}, or {(code, words): Cause} where the document prints one code for
    several causes and tells them apart by these words. `name` is stored. `part` is the part of the connection
    that is to blame, `text` (a message id) says what to change. A refusal with `seconds` ends by itself after
    that time. `lacks_permission` means that the account lacks what this very call takes.
    """

    name: str
    part: str
    text: str
    seconds: int | None = None
    lacks_permission: bool = False


class Meaning(enum.Enum):
    """What an answer says about the change that was asked for."""

    DONE = "done"
    REJECTED = "rejected"
    THROTTLED = "throttled"  # not executed: ask later
    SIGNED_OUT = "signed_out"  # not executed: sign in again
    UNCLEAR = "unclear"


def meaning(table, status, code=""):
    """The Meaning of an answer by a platform's table {(status, code): Meaning}; code None is "any other".

    Without a row in the table, 2xx is done, 401 signed out, 429 throttled, 408 unclear, another 4xx
    rejected, and everything else (redirects, 1xx, 5xx) unclear.
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
