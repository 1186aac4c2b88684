"""Kind and Verb: what can be managed, as data; each cloud's app registers its kinds when Django starts."""

from collections.abc import Callable
from dataclasses import dataclass, field

KINDS = {}


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column of a kind's list: a model attribute. `style`: text, code, flag, stamp or status."""

    name: str
    label: str
    style: str = "text"


@dataclass(frozen=True, kw_only=True)
class Verb:
    """What can be asked of a kind.

    `right` is the right in teams.access. `call(client, data, target)` builds the request, `finish(client,
    answer, data, target)` reads the object from its answer (None: the answer carries none). `settle` looks
    an unclear call up afterwards (kinds/settling.py). `form` is a form class, None for a plain button;
    `submit` its button's text, where that is not `label`, and `about` says what the verb entails.
    `on_object` is False for create, which has no object yet. `removes`: once it happened, the object is gone.
    """

    name: str
    label: str
    done: str
    right: str
    call: Callable
    settle: object
    finish: Callable = lambda client, answer, data, target: None
    form: type | None = None
    on_object: bool = True
    removes: bool = False
    icon: str = "player-play"
    confirm: str = ""
    submit: str = ""
    about: str = ""
    object_name: Callable = lambda data, target: str(target or "")

    @property
    def edits(self):
        """Fields that it changes on an object: its form shows them, and conflicts are looked for in them."""
        return getattr(self.settle, "fields", ())


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A kind of resource on one platform.

    `slug` is its path (`iotda/soft-buses`), `collection` the client's attribute that reads it, `filters`
    the model attributes that a list can be narrowed by, `following` statuses that are still changing.
    """

    slug: str
    platform: str
    label: str
    plural: str
    icon: str
    model: type
    collection: str
    columns: tuple
    about: str = ""
    filters: tuple = ()
    verbs: tuple = ()
    following: tuple = ()
    hints: Callable = field(default=lambda row: {})

    def __str__(self):
        return str(self.label)

    def verb(self, name):
        """The verb of that name; raises KeyError."""
        return next((verb for verb in self.verbs if verb.name == name), None) or _unknown(name)

    @property
    def creates(self):
        return any(verb.name == "create" for verb in self.verbs)

    @property
    def object_verbs(self):
        return [verb for verb in self.verbs if verb.on_object]

    def collection_of(self, client):
        return getattr(client, self.collection)


def _unknown(name):
    raise KeyError(name)


def register(kind):
    KINDS[kind.slug] = kind
    return kind


class KindConverter:
    """URL converter: `iotda/soft-buses` in a path is a Kind in a view; anything else is a 404."""

    regex = r"[a-z]+/[a-z-]+"

    def to_python(self, value):
        if value not in KINDS:
            raise ValueError(value)
        return KINDS[value]

    def to_url(self, kind):
        return kind.slug
