"""Parts of kinds and verbs, as data: what stands in lists and beside objects, and what verbs take."""

from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Column:
    """A column of a kind's list. `name`: model attribute. `style`: text, code, flag, stamp or status."""

    name: str
    label: str
    style: str = "text"


@dataclass(frozen=True)
class Check:
    """What an object's present state adds to a verb: `said` is told to the person, `right` is needed, too."""

    said: object = None
    right: str = ""


@dataclass(frozen=True, kw_only=True)
class Takes:
    """Objects of another kind that a verb takes: devices that a policy is bound to. The list of that kind
    offers the verb for the rows that are selected there.

    - `kind` is the slug of that kind, on the same platform, and `label` the text of the button in its list.
    - `id_in` is the field of the verb's data that takes their ids, in one call up to `most` of them; where
      `most` is 1 it takes one id, else a list. `more` is the rest of the data.
    - `shared` are columns in which both have the same value, if they have any: the verb reaches no further.
    - `reaches(client, ids, space)` returns a Said about what is behind them, for the page that asks first.
      `space` is the one that all are in, "" if that is not known.
    """

    kind: str
    label: str
    id_in: str
    most: int = 1
    more: dict = field(default_factory=dict, hash=False)
    shared: tuple = ()
    reaches: Callable | None = None

    def data(self, ids):
        """The verb's data for at most `most` ids."""
        return {**self.more, self.id_in: ids[0] if self.most == 1 else list(ids)}


@dataclass(frozen=True, kw_only=True)
class Related:
    """A list of what belongs to an object, such as the devices in a group, read from the platform when shown.

    - `read(bound, limit)` returns a Listing of decoded items: each has an "id", and maybe a "name".
    - `kind(item)` is the slug of the item's kind; "" if the portal has no page for it.
    - `permission` is what reading it takes on the platform, like that of a Verb.
    - `none` is what lists say of an object that has none of it, where that matters: a policy that is not
      bound has no effect. Refreshes count it then.
    - `adds` and `removes` name verbs of the object. `chosen(item)` is {field: text} with which the form of
      `removes` opens for one item.
    """

    name: str
    label: str
    read: Callable
    kind: Callable = lambda item: ""
    permission: str = ""
    none: str = ""
    adds: str = ""
    removes: str = ""
    chosen: Callable = lambda item: {}


@dataclass(frozen=True, kw_only=True)
class Inside:
    """What an object holds, and what becomes of that when the object is deleted.

    - `kind` is the slug of what is inside, `field` the member of it that holds the object's id. It is read by
      that member; with `scope`, a member of both, once for all objects of one scope: all groups of a space.
    - `listed` names a Related list instead: its `removes` takes each thing out.
    - `goes_along` means that the platform lets it go with the object. Else it has to go before.
    """

    kind: str = ""
    field: str = ""
    scope: str = ""
    listed: str = ""
    goes_along: bool = False


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What the page of an object shows beside it, read live with it: how many devices a product has.

    `read(bound)` returns {name: value}; `labels` are (name, label) of what is shown, in this order. If it
    cannot be read, the page says so and shows the object all the same. `permission` is that of a Verb.
    """

    label: str
    read: Callable
    labels: tuple
    permission: str = ""


@dataclass(frozen=True)
class Expression:
    """A search in the platform's own language: `about` says what it takes, `examples` are expressions."""

    about: str
    examples: tuple
