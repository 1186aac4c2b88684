"""Collection: one kind of object on one platform, read and changed through the platform's client."""

import copy
import json
import re
from dataclasses import dataclass, field
from functools import wraps
from hashlib import sha256

from portal.errors import Unclear
from portal.outside import folded
from portal.platforms.answers import storable
from portal.platforms.client import segment
from portal.platforms.contract import _
from portal.platforms.retrying import Repeat
from portal.words import Sentence

LIST_LIMIT = 1000
ID_MAX, SCOPE_MAX = 160, 64
EXACT = re.compile(r"0|-?[1-9][0-9]{0,99}")

ID_TOO_LONG = Sentence(
    "platform.id_too_long",
    _("The platform shows an id of more than %(count)s characters, which the portal cannot keep."),
)
INCOMPLETE = Sentence(
    "platform.incomplete_answer", _("The platform's answer lacks what its document promises.")
)


@dataclass(frozen=True)
class Listing:
    """`total` is the platform's own count, None without one.

    `complete` means that the platform says that `items` are all there are. Otherwise what is not among them
    may still exist: call nothing gone, and say of nothing that there is none.
    """

    items: list = field(default_factory=list)
    total: int | None = None
    complete: bool = True


def timed(read):
    """Gives a listing the time of a single call, however many pages it reads."""

    @wraps(read)
    def within_one_deadline(collection, *ids, **options):
        with collection.client.one_deadline():
            return read(collection, *ids, **options)

    return within_one_deadline


class Collection:
    """Each resource file of a platform ends with `COLLECTION = SoftBuses("/v5/iot/...", ...)`.

    `client.soft_buses` is the COLLECTION of soft_buses.py, bound to that client (see Client.__getattr__).

    `path` may hold {project_id} and other attributes of the client. `id` and `name` are the members that
    identify an object. `members` are the fields of a create, in the order of the document's example;
    `required` members are sent even when they are empty. `updates` are the fields that an update takes;
    `resent` are those of them that it must carry even if they do not change. `scope` is the member that an id
    is unique within, "" where ids are unique in the whole account: it is a part of what identifies an object.
    What is odd about a platform belongs in `encode`, `encode_update` and `decode`, and nowhere else.
    """

    secret_fields = ()
    pages_shift = False  # whether an object that is deleted moves others to a page that was read already
    finds_names = False  # whether list(name=...) asks the platform to search, and does not read everything
    newest_first = False  # whether a new object stands before all that were there

    def __init__(self, path, *, id, name, scope="", members=(), required=(), updates=(), resent=()):
        self._path, self._id, self._name, self.scope = path, id, name, scope
        self.members, self._required, self.updates, self.resent = members, required, updates, resent
        self.client = None

    @property
    def id_member(self):
        """The platform's own word for the member that holds the id."""
        return self._id

    @property
    def name_member(self):
        """The platform's own word for the member that holds the name."""
        return self._name

    def scope_of(self, values):
        """The scope of a decoded object, or of one that a form describes: up to SCOPE_MAX characters.

        "" if ids need none, or if it is not known: the platform did not show it, or is to choose it.
        """
        value = values.get(self.scope) if self.scope else None
        if value in (None, ""):
            return ""
        text = storable(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))
        return text if len(text) <= SCOPE_MAX else sha256(text.encode()).hexdigest()

    def identity(self, decoded):
        """(scope, id): equal for two decoded objects of an account that are the same one."""
        return self.scope_of(decoded), decoded["id"]

    def bound_to(self, client):
        """The same collection, which sends its calls through `client`."""
        bound = copy.copy(self)
        bound.client = client
        return bound

    def path(self, *ids):
        values = {name: segment(getattr(self.client, name)) for name in self.client.path_values}
        return "/".join([self._path.format_map(values), *map(segment, ids)])

    def list(self, *, limit=LIST_LIMIT, **filters):
        """A Listing of up to `limit` decoded objects; raises when it cannot be read.

        The filter `name` must match exactly; `search` is a part of the name or the id. Where the platform
        itself searches (`finds_names`), `calls` bounds how many pages are read of what it finds.
        """
        raise NotImplementedError

    def walk(self, place=None, **filters):
        """Yield all objects as one paging.Page after another, each with a deadline of its own.

        With the `place` of a page it goes on after that page, in any process. Raises when a page cannot be
        read; a new walk from the place before tries that page again. An object may come more than once:
        whoever calls the walk whole has found as many different ones as its `total`, where there is one.
        """
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

    def to_update(self, changed, shown):
        """{field: value} of the smallest update after which exactly `changed` differs from `shown`.

        `shown` are the object's values as the platform shows them; what is sent again is sent just like that.
        """
        return {**{name: shown.get(name) for name in self.resent}, **changed}

    def update_call(self, id, data):
        return self.client.call("PUT", self.path(id), body=self.encode_update(data), repeat=Repeat.SAME)

    def update(self, id, data):
        return self.updated(self.client.send(self.update_call(id, data)), data)

    def updated(self, answer, data):
        """The decoded object after the update; None where the document says that the answer carries none.

        Raises Unclear when the answer lacks what the document promises.
        """
        return self.decode_answer(answer, answer.data)

    def delete_call(self, id, **hints):
        return self.client.call("DELETE", self.path(id), repeat=Repeat.SAME, removes=True)

    def delete(self, id, **hints):
        self.client.send(self.delete_call(id, **hints))

    def encode(self, data):
        """The body of a create, from form data in snake case; empty optional members are left out."""
        body = {}
        for member in self.members:
            value = data.get(member)
            if value is None or (value in ("", [], {}) and member not in self._required):
                continue
            body[member] = value
        return body

    def encode_update(self, data):
        """The body of an update, from form data in snake case.

        A field that `data` lacks is not sent, so it stays as it is. None and "" clear a field: both are
        sent as "".
        """
        return {name: "" if data[name] is None else data[name] for name in self.updates if name in data}

    def answers_secret(self, verb, data):
        """Whether the answer to this verb with this data holds a secret that nobody knows before.

        Of secrets that were sent, `data` may hold the fingerprints.
        """
        return False

    def decode(self, raw):
        """The platform's own members plus `id` and `name`; raises ValueError when there is no id."""
        return named(raw, text_id(raw.get(self._id)), raw.get(self._name))

    def decode_answer(self, answer, raw):
        try:
            return self.decode(raw)
        except TooLong as error:
            raise Unclear(ID_TOO_LONG(count=ID_MAX), **answer.details) from error
        except (ValueError, TypeError, AttributeError, KeyError) as error:
            raise unreadable(answer) from error

    def items_in(self, answer, holder, member, count=None):
        """The decoded objects of a list. null is an empty list only if the platform counts none.

        Raises Unclear when there is no list, or when one of its items is no object.
        """
        items = holder.get(member)
        if items is None and member in holder and whole_or_none(count) == 0:
            return []
        if not isinstance(items, list):
            raise unreadable(answer)
        return [self.decode_answer(answer, item) for item in items]


def unreadable(answer):
    return Unclear(INCOMPLETE(), **answer.details)


class TooLong(ValueError):
    """An id of more than ID_MAX characters."""


def text_id(value):
    """The id as text, when it can be stored: 1 to 160 storable characters. Raises ValueError otherwise.

    A whole number is exact, so it is an id as well; a float may have lost digits.
    """
    value = _number_as_text(value)
    if not isinstance(value, str) or not value or storable(value) != value:
        raise ValueError("no id")
    if len(value) > ID_MAX:
        raise TooLong
    return value


def named(raw, id, name):
    """The platform's own members plus the texts `id` and `name`.

    Where the platform's own member is called `name` and is no text, `shown_name` keeps what was shown: an
    update may have to send it again.
    """
    decoded = {key: member for key, member in raw.items() if key != "shown_name"}
    decoded |= {"id": id, "name": text_or_empty(name)}
    return decoded if raw.get("name", name) == decoded["name"] else {**decoded, "shown_name": raw.get("name")}


def text_or_empty(value):
    value = _number_as_text(value)
    return storable(value) if isinstance(value, str) else ""


def _number_as_text(value):
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def whole(value):
    """A whole number, which may also be written as a text of its exact digits, like "10001".

    Raises ValueError for anything else, such as a float that has lost digits, "007" or " 7".
    """
    if isinstance(value, str) and EXACT.fullmatch(value):
        return int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValueError("not a whole number")
    return value


def whole_or_none(value):
    """A count that can be stored, else None. A sum over 1000 resource spaces fits a column too."""
    try:
        count = whole(value)
    except ValueError:
        return None
    return count if 0 <= count < 2**53 else None


def narrowed(items, name=None, search=None):
    """Items whose name is exactly `name`, or whose name or id holds `search`.

    Platforms compare names loosely, so their answers are compared again here.
    """
    if name is not None:
        return [item for item in items if item["name"] == name]
    if search:
        wanted = folded(search)
        return [item for item in items if wanted in folded(item["name"]) or wanted in folded(item["id"])]
    return items
