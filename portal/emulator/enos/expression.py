"""The search expressions of EnOS, for example `deviceKey in ("a", "b") and deviceName like "%pump%"`.

Texts are in single or double quotes; `and` binds more tightly than `or`.
Source: EnOS API FAQs and "Search Device".
"""

import re
from dataclasses import dataclass

from django.db.models import Q

LENGTH_MAX = 20_000
DEPTH_MAX = 40

FIELDS = {"modelId", "productKey", "deviceKey", "assetId", "productType", "firmwareVersion", "status"}
NAMES = {"deviceName", "productName"}
MAPS = {"deviceAttributes", "deviceTags", "productTags"}
PLAIN = re.compile("[A-Za-z0-9 _-]+")  # looks in JSON as it is

TOKEN = re.compile(
    r"""\s*(?:(?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|(?P<number>-?[0-9]+(?:\.[0-9]+)?)(?![\w.])"""
    r"""|(?P<word>[A-Za-z_][\w./-]*)|(?P<sign>!=|=|\(|\)|,))""",
    re.ASCII,
)


class NotUnderstood(Exception):
    """The expression breaks the grammar; the text says where."""


@dataclass
class Comparison:
    """One condition. `operator` is =, !=, in, like, exists or not exists; values are compared as texts.

    Like `All` and `Any`, it can judge an item itself (`fits`), or turn into a database query (`as_query`).
    """

    field: str
    operator: str
    values: list

    def fits(self, item):
        found = _texts(item, self.field)
        if self.operator == "exists":
            return bool(found)
        if self.operator == "not exists":
            return not found
        if self.operator == "like":
            return any(_like(text, self.values[0]) for text in found)
        if self.operator == "!=":
            return self.values[0] not in found
        return any(text in self.values for text in found)

    def as_query(self, columns):
        column = columns.get(self.field)
        if column is not None and self.operator == "like":
            # The database finds the rows that may fit; which of them do is judged here.
            part = max(PLAIN.findall(self.values[0]), key=len, default="")
            return Q(**{f"{column}__icontains": part}) if part else Q(), self
        if column is None or self.operator not in ("=", "!=", "in"):
            return Q(), self
        query = Q(**{f"{column}__in": self.values})
        return (~query if self.operator == "!=" else query), None


@dataclass
class All:
    parts: list

    def fits(self, item):
        return all(part.fits(item) for part in self.parts)

    def as_query(self, columns):
        """(query, rest): the database answers the query; `rest` (or None) must be judged row by row."""
        query, left = Q(), []
        for part in self.parts:
            done, rest = part.as_query(columns)
            query &= done
            if rest is not None:
                left.append(rest)
        return query, All(left) if left else None


@dataclass
class Any:
    parts: list

    def fits(self, item):
        return any(part.fits(item) for part in self.parts)

    def as_query(self, columns):
        return Q(), self


def _texts(item, field):
    """The values of an item that `field` names, as texts: a name has one in each language."""
    head, _dot, tail = field.partition(".")
    if head in NAMES:
        name = item.get(head) or {}
        other = name.get("i18nValue", {})
        if tail in ("default", "defaultValue"):
            return [name["defaultValue"]]
        if tail:
            tail = {"zh": "zh_CN", "en": "en_US"}.get(tail, tail)
            return [other.get(tail, name["defaultValue"])]
        return [name["defaultValue"], *(other[locale] for locale in ("zh_CN", "en_US") if locale in other)]
    if head in MAPS:
        values = item.get(head) or {}
        return [_text(values[tail])] if tail in values and values[tail] is not None else []
    value = item.get(field)
    if field == "status":
        value = {"disabled": "disable"}.get(value, value)
    return [] if value is None else [_text(value)]


def _text(value):
    return str(value).lower() if isinstance(value, bool) else str(value)


def _like(text, pattern):
    """`%` stands for any text; a pattern without `%` is found anywhere (convention). Case is ignored."""
    text = text.lower()
    first, *between, last = pattern.lower().split("%") if "%" in pattern else ("", pattern.lower(), "")
    if not text.startswith(first) or not text.endswith(last):
        return False
    position, end = len(first), len(text) - len(last)
    for part in between:
        found = text.find(part, position, end)
        if found < 0:
            return False
        position = found + len(part)
    return position <= end


def parse(expression):
    """The expression as a tree of All, Any and Comparison. Raises NotUnderstood."""
    if not isinstance(expression, str):
        raise NotUnderstood("is not a text")
    if len(expression) > LENGTH_MAX:
        raise NotUnderstood("is too long")
    if not expression.strip():
        return All([])
    reader = _Reader(_tokens(expression))
    tree = reader.either(0)
    reader.expect_end()
    return tree


def _tokens(expression):
    tokens, position = [], 0
    expression = expression.rstrip()
    while position < len(expression):
        match = TOKEN.match(expression, position)
        if not match:
            raise NotUnderstood(f"cannot be read at character {position + 1}")
        tokens.append((match.lastgroup, match[match.lastgroup]))
        position = match.end()
    return tokens


class _Reader:
    """A recursive descent parser: `either` reads `or`, `both` reads `and`, `single` one condition."""

    def __init__(self, tokens):
        self.tokens = tokens
        self.position = 0

    def peek(self, *words):
        """True when the next token is one of these signs or words. Upper case counts as lower case."""
        if self.position >= len(self.tokens):
            return False
        kind, text = self.tokens[self.position]
        return kind in ("word", "sign") and text.lower() in words

    def take(self, *words):
        if self.peek(*words):
            self.position += 1
            return True
        return False

    def need(self, *words):
        if not self.take(*words):
            raise NotUnderstood(f"lacks {' or '.join(words)}")

    def expect_end(self):
        if self.position < len(self.tokens):
            raise NotUnderstood(f"has something left over: {self.tokens[self.position][1]}")

    def either(self, depth):
        if depth > DEPTH_MAX:
            raise NotUnderstood("is nested too deeply")
        parts = [self.both(depth)]
        while self.take("or"):
            parts.append(self.both(depth))
        return parts[0] if len(parts) == 1 else Any(parts)

    def both(self, depth):
        parts = [self.single(depth)]
        while self.take("and"):
            parts.append(self.single(depth))
        return parts[0] if len(parts) == 1 else All(parts)

    def single(self, depth):
        if self.take("("):
            tree = self.either(depth + 1)
            self.need(")")
            return tree
        negated = self.take("not")
        if negated or self.peek("exists"):
            self.need("exists")
            self.need("(")
            field = self.field()
            self.need(")")
            return Comparison(field, "not exists" if negated else "exists", [])
        field = self.field()
        for operator in ("=", "!=", "like"):
            if self.take(operator):
                return Comparison(field, operator, [self.value()])
        self.need("in")
        self.need("(")
        values = [self.value()]
        while self.take(","):
            values.append(self.value())
        self.need(")")
        return Comparison(field, "in", values)

    def next(self, *kinds):
        if self.position >= len(self.tokens) or self.tokens[self.position][0] not in kinds:
            raise NotUnderstood(f"lacks a {' or '.join(kinds)}")
        self.position += 1
        return self.tokens[self.position - 1][1]

    def field(self):
        name = self.next("word")
        head, _dot, tail = name.partition(".")
        if name not in FIELDS and head not in NAMES and not (head in MAPS and tail):
            raise NotUnderstood(f"names no field: {name}")
        return name

    def value(self):
        text = self.next("text", "number", "word")
        return re.sub(r"\\(.)", r"\1", text[1:-1], flags=re.DOTALL) if text[0] in "\"'" else text
