"""What stories are looked up by in an index of entries: a request, a ticket, an object, a text (texts.py).

Each anchor is asked in two ways: `seqs`, a SELECT of the numbers of its entries, and `holds`, the condition
on one entry. `narrow(column)` are conditions on its number that the SELECT has to keep to.
"""

from dataclasses import dataclass

from portal.audit import objects
from portal.audit.texts import Text


def anchors(filters):
    """[anchor] of the filters that are set; those that mostly have few entries come first."""
    return [KINDS[name].of(text, filters) for name in KINDS if (text := filters.anchored.get(name))]


@dataclass(frozen=True)
class Ticket:
    value: str
    window = None

    @classmethod
    def of(cls, value, filters):
        return cls(value)

    def seqs(self, statement, narrow):
        # SQLite takes an index of some rows only if the query says the same of them.
        place = statement.value(self.value)
        return f"SELECT seq FROM record_entry WHERE ticket = {place} AND NOT (ticket = ''){narrow('seq')}"

    def holds(self, statement, entry):
        return f"{entry}.ticket = {statement.value(self.value)}"


@dataclass(frozen=True)
class Request:
    """A platform's request id, a correlation id or the id of an operation."""

    value: str
    window = None

    @classmethod
    def of(cls, value, filters):
        return cls(value)

    def seqs(self, statement, narrow):
        place, lower = statement.value(self.value), statement.value(self.value.lower())
        start = "SELECT seq FROM record_entry WHERE"
        return (
            f"{start} platform_request_id = {place} AND NOT (platform_request_id = ''){narrow('seq')}"
            f" UNION {start} correlation = {lower}{narrow('seq')}"
            f" UNION {start} operation = {lower}{narrow('seq')}"
        )

    def holds(self, statement, entry):
        place, lower = statement.value(self.value), statement.value(self.value.lower())
        named = f"{lower} IN ({entry}.correlation, {entry}.operation)"
        return f"({entry}.platform_request_id = {place} OR {named})"


@dataclass(frozen=True)
class Object:
    """An object by its id, or all objects that have, or once had, the text in their name."""

    value: str
    named: object  # objects.Named; None if the text is an id
    window = None

    @classmethod
    def of(cls, value, filters):
        return cls(value, objects.named(value, filters.user))

    def seqs(self, statement, narrow):
        start = "SELECT seq FROM record_entry WHERE"
        if self.named is None:
            place = statement.value(self.value)
            return f"{start} object_id = {place} AND NOT (object_id = ''){narrow('seq')}"
        each = [f"{start} {condition}{narrow('seq')}" for condition in self._conditions(statement)]
        return " UNION ALL ".join(each)

    def holds(self, statement, entry):
        if self.named is None:
            return f"{entry}.object_id = {statement.value(self.value)}"
        return f"({' OR '.join(self._conditions(statement, f'{entry}.'))})"

    def _conditions(self, statement, entry=""):
        """On the entries of each object, and on those that name one which never got an id."""
        yield f"{entry}seq IN ({statement.ids(self.named.seqs)})"
        for kind, scopes, id in self.named.places(statement):
            within = f" AND {entry}object_scope IN ({scopes})" if scopes else ""
            yield f"({entry}kind = {kind} AND {entry}object_id = {id}{within})"


KINDS = {"request": Request, "ticket": Ticket, "object": Object, "q": Text}
