"""What a resource file declares: everything that the emulator must know about one kind of object.

A file `<cloud>/<resource>.py` holds the calls of one resource and ends with `RESOURCE = Resource(...)`.
`catalogue.py` finds it there: no list names the resources.
"""

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field

from django.http import Http404


@dataclass(frozen=True, kw_only=True, eq=False)
class Cloud:
    """What a cloud's package declares as `CLOUD` in its `__init__.py`.

    `prefix` comes before the URLs of all its resources. `not_found()` makes the Refused for an unknown
    address; without it the gateway of Huawei Cloud answers.
    """

    prefix: str = ""
    not_found: Callable | None = None


@dataclass(frozen=True, kw_only=True)
class Neighbour:
    """How `change_between_pages` copies or removes an object while a client reads the list.

    `member` names the id in an item of the list, `column` the same id in `table`. `renewed(row)` returns
    the values in which a copy must differ from its original: {"bus_id": "new id", "bus_name": "new name"}.
    """

    table: type
    member: str
    column: str
    renewed: Callable


@dataclass(frozen=True)
class Objects:
    """What `GET /_emulator/state` tells about some rows: how many, and the id and name of each.

    `scope` is the attribute that an id is unique within ("space.app_id"), "" if it is in the whole account.
    """

    rows: object
    id: str
    name: str
    scope: str = ""

    def as_json(self):
        pairs = list(self.rows.order_by("pk").values_list(self.id, self.name))
        return {
            "count": len(pairs),
            "ids": [id for id, _name in pairs],
            "names": [name for _id, name in pairs],
        }


@dataclass(frozen=True, kw_only=True, eq=False)
class Resource:
    """One kind of object of one cloud. Only `slug` and `urls` are mandatory.

    slug       its name, like `iotda/soft-buses`
    urls       {URL as Django's path() takes it, after the cloud's prefix: view}
    tables     its models; each model of the emulator belongs to exactly one resource
    seed       creates its part of the demo account; rows that its foreign keys point to are there already
    listing    the function (chosen by `by` or `actions`) that answers its list; `stale_listing` plays on it
    neighbour  how `change_between_pages` changes the same list
    state      {name: Objects} in `GET /_emulator/state`
    limits     {name: number}, its quotas; `knobs.limit(name)` reads what is in force
    settings   {name: Setting}; `knobs.<name>` reads what is in force
    forget     clears what the resource keeps in memory; called when the emulator is reset
    fill       {option of `manage.py emulator_fill`: function(count) that makes so many new objects}
    """

    slug: str
    urls: dict
    tables: tuple = ()
    seed: Callable | None = None
    listing: Callable | None = None
    neighbour: Neighbour | None = None
    state: dict = field(default_factory=dict)
    limits: dict = field(default_factory=dict)
    settings: dict = field(default_factory=dict)
    forget: Callable | None = None
    fill: dict = field(default_factory=dict)


def by(**views):
    """A view that chooses another one by HTTP method: `by(GET=list_buses, POST=create_bus)`."""

    def view(request, **ids):
        chosen = views.get(request.method)
        if chosen is None:
            raise Http404
        return chosen(request, **ids)

    view.choose = lambda method, query: views.get(method)
    return view


def new_name(text, most=64):
    """A name that nobody has yet and that a search for `text` still finds: `item-5-1a2b3c4d`."""
    return f"{text[: most - 9]}-{uuid.uuid4().hex[:8]}"
