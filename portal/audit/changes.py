"""What an act changed, read from the bodies of its entries: each field, before and after, in words.

Bodies of different ages say it in different ways; all of them are read here, and nowhere else.
"""

from dataclasses import dataclass

from django.core.exceptions import FieldDoesNotExist
from django.utils.translation import gettext as _

from portal.kinds.comparing import NOTHING, is_identical
from portal.kinds.registry import KINDS
from portal.kinds.telling import Line, Table

UNKNOWN = object()  # a side that the record does not tell


@dataclass(frozen=True)
class Value:
    """One side. `lines` and `table` tell JSON in words; `words` is what a value means, `name` whose id it is.

    `is_known` is False where the record does not say.
    """

    value: object = None
    is_known: bool = True
    lines: tuple = ()
    table: Table | None = None
    words: str = ""
    name: str = ""

    @property
    def is_empty(self):
        return self.value in NOTHING

    @property
    def is_structure(self):
        return isinstance(self.value, dict | list)


@dataclass(frozen=True)
class Change:
    field: str
    label: str
    before: Value
    after: Value


def sides(bodies):
    """(before, after) of the bodies of an act's steps, oldest first: dicts, or None for what is not told."""
    before = after = None
    for body in bodies:
        if "before" in body or "after" in body:
            before, after = body.get("before"), body.get("after")
    if before is None and after is None:
        before, after = _older(bodies)
    pair = [side if isinstance(side, dict | None) else {"value": side} for side in (before, after)]
    return pair[0], pair[1]


def _older(bodies):
    """The same of what earlier versions of the portal wrote."""
    for body in bodies:
        if isinstance(found := body.get("changed"), dict):
            pairs = {name: pair for name, pair in found.items() if isinstance(pair, dict)}
            return tuple({name: pair.get(side) for name, pair in pairs.items()} for side in ("was", "now"))
        if isinstance(found := body.get("changes"), list):
            rows = [row for row in found if isinstance(row, dict) and "field" in row]
            return tuple({row["field"]: row.get(side) for row in rows} for side in ("before", "after"))
    data = next((body["data"] for body in bodies if isinstance(body.get("data"), dict)), None)
    return None, data


def changes(slug, before, after, names=None, is_create=False):
    """[Change] of the fields that differ. `names` is {(field, id): name} of what values refer to."""
    kind, found = KINDS.get(slug), []
    for field in dict.fromkeys([*(before or {}), *(after or {})]):
        was = {} if is_create and before is None else before
        one, other = _side(was, field), _side(after if after is not None else {}, field)
        if one is not UNKNOWN and (is_identical(one, other) or (one in NOTHING and other in NOTHING)):
            continue
        told = [_value(kind, field, each, names or {}) for each in (one, other)]
        found.append(Change(field, _label(kind, field), *told))
    return found


def _side(values, field):
    return UNKNOWN if values is None else values.get(field)


def referred(slug, *sides):
    """{field: slug of a kind} and {(field, id)} of the values that are ids of other objects."""
    kind = KINDS.get(slug)
    refers = kind.refers if kind else {}
    ids = {
        (field, value)
        for side in sides
        for field, value in (side or {}).items()
        if field in refers and isinstance(value, str) and value
    }
    return refers, ids


def _label(kind, field):
    if kind:
        try:
            return str(kind.model._meta.get_field(field).verbose_name)
        except FieldDoesNotExist:
            pass
    return {"role": _("role"), "name": _("name"), "value": _("value")}.get(field, field)


def _value(kind, field, value, names):
    if value is UNKNOWN:
        return Value(is_known=False)
    told = kind.shown[field](value) if kind and value and field in kind.shown else None
    if isinstance(told, Table):
        return Value(value, table=told)
    lines = tuple(told or ()) or _plain_lines(value)
    meaning = kind.meaning(field, value) if kind and isinstance(value, str) else ""
    name = names.get((field, value), "") if isinstance(value, str) else ""
    return Value(value, lines=lines, words=str(meaning), name=name)


def _plain_lines(value):
    """A list of texts reads as lines."""
    if isinstance(value, list) and value and all(isinstance(each, str) for each in value):
        return tuple(Line("", (each,)) for each in value)
    return ()
