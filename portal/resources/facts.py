"""What a page shows of one object: each value with its label, in words where the kind knows them."""

from dataclasses import dataclass

from portal.kinds.telling import Table
from portal.resources.names import Names, Reference
from portal.resources.shown import shown_values


@dataclass(frozen=True)
class Fact:
    """`value` as the platform has it. `refers` is what it refers to, `words` what it means.

    `lines` and `table` tell a value that is JSON, at most one of them.
    """

    field: object
    value: object
    refers: Reference | None = None
    words: str = ""
    lines: tuple = ()
    table: Table | None = None

    @property
    def label(self):
        return self.field.verbose_name


def facts_of(user, kind, row):
    """The Facts of an object that this person may see. Its id is not among them, even if it is a column."""
    names = Names(kind, [row], kind.refers.keys(), [row.connection])
    return [
        _fact(kind, row, field, value, names)
        for field, value in shown_values(user, kind, row).items()
        if field.name != kind.own_id or value not in ("", row.remote_id)
    ]


def _fact(kind, row, field, value, names):
    words = kind.meaning(field.name, value)
    refers = names.of(row, field.name) if field.name in kind.refers and not words else None
    told = kind.shown[field.name](value) if value and field.name in kind.shown else None
    if isinstance(told, Table):
        return Fact(field, value, table=told)
    return Fact(field, value, refers=refers, words=words, lines=tuple(told or ()))
