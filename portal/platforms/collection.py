"""Collection: one kind of object on one platform, read and changed through its client."""

import copy
from dataclasses import dataclass, field
from functools import wraps

from portal.errors import Unclear
from portal.platforms.answers import storable
from portal.platforms.client import segment
from portal.platforms.contract import _
from portal.platforms.retrying import Repeat

LIST_LIMIT = 1000
ID_MAX = 160


@dataclass(frozen=True)
class Listing:
    """`total` is what the platform counts, None when it does not; `complete` False when `items` were cut."""

    items: list = field(default_factory=list)
    total: int | None = None
    complete: bool = True


def timed(read):
    """A listing, of however many pages, ends by the deadline of a single call."""

    @wraps(read)
    def within_one_deadline(collection, **options):
        with collection.client.one_deadline():
            return read(collection, **options)

    return within_one_deadline


class Collection:
    """Stands as a class attribute on a Client; reading it there binds it to that client.

    `path` may hold {project_id} and other attributes of the client; `id` and `name` are the members that
    identify an object, `members` those of a create body, in the order of the document's example;
    `required` of them are sent even when empty; `updates` are the members of an update, all of them always
    sent. Platforms' quirks live in `encode`, `encode_update` and `decode` alone.
    """

    secret_fields = ()

    def __init__(self, path, *, id, name, members=(), required=(), updates=()):
        self._path, self._id, self._name = path, id, name
        self._members, self._required, self._updates = members, required, updates
        self.client = None

    def __set_name__(self, owner, attribute):
        self._attribute = attribute

    def __get__(self, client, owner=None):
        if client is None:
            return self
        bound = copy.copy(self)
        bound.client = client
        client.__dict__[self._attribute] = bound
        return bound

    def path(self, *ids):
        values = {name: segment(getattr(self.client, name)) for name in self.client.path_values}
        return "/".join([self._path.format_map(values), *map(segment, ids)])

    def list(self, *, limit=LIST_LIMIT, **filters):
        """Up to `limit` decoded objects as a Listing; `name` is exact, `search` a part. Raises on failure."""
        raise NotImplementedError

    def get(self, id, **hints):
        """The decoded object; raises Missing when the platform says that it does not exist."""
        answer = self.client.send(self.get_call(id, **hints))
        return self.decode_answer(answer, answer.data)

    def get_call(self, id, **hints):
        return self.client.call("GET", self.path(id))

    def create_call(self, data):
        return self.client.call("POST", self.path(), body=self.encode(data))

    def create(self, data):
        return self.created(self.client.send(self.create_call(data)), data)

    def created(self, answer, data):
        """The decoded new object; raises Unclear when the answer lacks what the document promises."""
        return self.decode_answer(answer, answer.data)

    def update_call(self, id, data):
        return self.client.call("PUT", self.path(id), body=self.encode_update(data), repeat=Repeat.SAME)

    def update(self, id, data):
        return self.updated(self.client.send(self.update_call(id, data)), data)

    def updated(self, answer, data):
        """The decoded object as it is now, None where the answer is documented to carry none.

        Raises Unclear when the answer lacks what the document promises.
        """
        return self.decode_answer(answer, answer.data)

    def delete_call(self, id):
        return self.client.call("DELETE", self.path(id), repeat=Repeat.SAME, removes=True)

    def delete(self, id):
        self.client.send(self.delete_call(id))

    def encode(self, data):
        """Form data in snake case -> body; empty optional members are left out."""
        body = {}
        for member in self._members:
            value = data.get(member)
            if value is None or (value in ("", [], {}) and member not in self._required):
                continue
            body[member] = value
        return body

    def encode_update(self, data):
        """Form data in snake case -> body; an empty text clears what was there."""
        return {name: "" if data.get(name) is None else data[name] for name in self._updates}

    def decode(self, raw):
        """The platform's own members plus `id` and `name`; raises ValueError when there is no id."""
        return {**raw, "id": text_id(raw.get(self._id)), "name": text_or_empty(raw.get(self._name))}

    def decode_answer(self, answer, raw):
        try:
            return self.decode(raw)
        except (ValueError, TypeError, AttributeError, KeyError) as error:
            raise unreadable(answer) from error

    def decode_items(self, answer, items):
        if not isinstance(items, list):
            raise unreadable(answer)
        return [self.decode_answer(answer, item) for item in items]


def unreadable(answer):
    return Unclear(_("The platform's answer lacks what its document promises."), **answer.details)


def text_id(value):
    """An id that can be kept: up to 160 characters, all of them storable."""
    if not isinstance(value, str) or not 0 < len(value) <= ID_MAX or storable(value) != value:
        raise ValueError("no id")
    return value


def text_or_empty(value):
    return storable(value) if isinstance(value, str) else ""


def whole_or_none(value):
    """A count that can be kept, else None; the sum over 1000 resource spaces fits a column too."""
    is_count = isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**53
    return value if is_count else None


def narrowed(items, name=None, search=None):
    """Platforms compare names loosely; we compare `name` exactly and look for `search` in names and ids."""
    if name is not None:
        return [item for item in items if item["name"] == name]
    if search:
        wanted = search.casefold()
        return [
            item for item in items if wanted in item["name"].casefold() or wanted in item["id"].casefold()
        ]
    return items
