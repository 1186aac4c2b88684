"""What stories are looked up by in an index of entries: a request, a ticket, an object, a text (texts.py).

Each anchor is asked in two ways: `seqs`, a SELECT of the numbers of its entries that the person may read, and
`holds`, the condition on one entry. `narrow(column)` are conditions on its number that the SELECT has to keep
to.
"""

from dataclasses import dataclass

from portal.audit import objects
from portal.audit.texts import Text
from portal.record.models import Entry


def anchors(filters):
    """[anchor] of the filters that are set; those that mostly have few entries come first."""
    return [KINDS[name].of(text, filters) for name in KINDS if (text := filters.anchored.get(name))]


@dataclass(frozen=True)
class Ticket:
    value: str
    user: object
    window = None

    @classmethod
    def of(cls, value, filters):
        return cls(value, filters.user)

    def seqs(self, statement, narrow):
        # SQLite takes an index of some rows only if the query says the same of them.
        place, start = statement.value(self.value), _start(statement, self.user, "ticket")
        return f"{start} ticket = {place} AND NOT (ticket = ''){narrow('seq')}"

    def holds(self, statement, entry):
        return f"{entry}.ticket = {statement.value(self.value)}"


@dataclass(frozen=True)
class Request:
    """A platform's request id, a correlation id or the id of an operation."""

    value: str
    user: object
    window = None

    @classmethod
    def of(cls, value, filters):
        return cls(value, filters.user)

    def seqs(self, statement, narrow):
        place, lower = statement.value(self.value), statement.value(self.value.lower())
        start = _start(statement, self.user, "platform_request_id", "correlation", "operation")
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
    user: object
    named: object  # objects.Named; None if the text is an id
    window = None

    @classmethod
    def of(cls, value, filters):
        named = None if filters.survey.is_id else objects.named(value, filters.user)
        return cls(value, filters.user, named)

    def seqs(self, statement, narrow):
        start = _start(statement, self.user, "kind", "object_scope", "object_id")
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


def _start(statement, user, *columns):
    return f"SELECT seq FROM ({statement.visible(user, Entry, 'seq', *columns)}) v WHERE"


KINDS = {"request": Request, "ticket": Ticket, "object": Object, "q": Text}
