"""Kind and Verb: what the portal can manage, as data. Each cloud's app registers its kinds at start."""

from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import import_module
from pkgutil import iter_modules

from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from portal.errors import Unclear
from portal.kinds.contradictions import contradictions
from portal.kinds.identity import is_within
from portal.kinds.parts import Expression, Facts, Inside
from portal.kinds.permissions import naming
from portal.kinds.validating import snake
from portal.teams.places import SPACE_MAX
from portal.words import Sentence

KINDS = {}
ANOTHER_OBJECT = Sentence(
    "verb.another_object",
    gettext_noop("The platform answered with a different object than the requested one."),
)


@dataclass(frozen=True)
class Bound:
    """A kind's collection in one account, and the object that a verb acts on.

    `remote_id` is "" for a create. `hints` help the platform to find the object: IoTDA finds some ids only if
    the request names their resource space. `scope` is what its id is unique within (Mirror.scope).
    `permissions` are those of the kind.
    """

    collection: object
    remote_id: str = ""
    hints: dict = field(default_factory=dict)
    scope: str = ""
    permissions: dict = field(default_factory=dict)

    def naming(self, method):
        """For a read by that method of the collection: a refusal names the permission that it takes."""
        return naming(self.permissions.get(method, ""))

    def get(self):
        """The object, decoded. Raises Missing, and Unclear when the platform shows another one."""
        return self.read(self.remote_id, self.scope, **self.hints)

    def read(self, id, scope="", **hints):
        """The object with this id, in this scope if that is known. Raises the same."""
        with self.naming("get"):
            decoded = self.collection.get(id, **hints)
        if not self.is_it(decoded, id, scope):
            raise Unclear(ANOTHER_OBJECT())
        return decoded

    def list(self, **options):
        """A Listing of the kind's objects, as Collection.list returns it."""
        with self.naming("list"):
            return self.collection.list(**options)

    def is_it(self, decoded, id, scope):
        """Whether the platform showed the object with this id in this scope, as far as that is known."""
        return decoded["id"] == id and is_within(scope, self.collection.scope_of(decoded))


@dataclass(frozen=True, kw_only=True)
class Verb:
    """Something that can be done with objects of a kind: create, update, delete, sync.

    - `right` is the right in teams.access that it needs. `permission` is what the platform asks the account
      for, as its document names it; "" if no document does.
    - `call(bound, data)` builds the request, a platforms.client.Call. `finish(bound, answer, data)` returns
      the object in the answer, decoded; None if the answer contains none.
    - `check(bound)` reads what the object's present state adds: a Check. The form tells it; where that may be
      a right, `check_again` asks again just before sending.
    - `reaches(bound)` says how much else the verb changes with the object, read for its form alone: a Said.
    - `why_not(row)` is why objects like this one do not take the verb, a Said; None where they do. Buttons
      and the form say it; the platform decides.
    - `evidence` finds out whether it happened if the answer is lost (kinds/evidence.py).
    - `form` is a form class; None for a plain button. `fields` are the fields of an existing object that it
      edits: the form is filled with them, and if one changes after the form was opened, that is a conflict.
    - `targets` is the field of its data that lists many targets, if it has one. `endings(bound, answer,
      data)` returns what became of each of them, as platforms.endings.Ending.
    - `takes` are kinds whose objects it takes (Takes).
    - `on_object` is False for create, which has no object yet. `removes` means that it deletes the object.
    - `submit` is the text of the form's button if it differs from `label`. `about` explains the consequences.
    - `done` is the success message; it has a %(name)s.
    """

    name: str
    label: str
    done: str
    right: str
    call: Callable
    evidence: object
    permission: str = ""
    finish: Callable = lambda bound, answer, data: None
    check: Callable | None = None
    check_again: bool = False
    reaches: Callable | None = None
    why_not: Callable = lambda row: None
    form: type | None = None
    fields: tuple = ()
    targets: str = ""
    endings: Callable = lambda bound, answer, data: ()
    takes: tuple = ()
    on_object: bool = True
    removes: bool = False
    icon: str = "player-play"
    confirm: str = ""
    submit: str = ""
    about: str = ""
    object_name: Callable = lambda data, target: str(target or "")

    @property
    def is_alone(self):
        """Whether it acts on an object and asks for nothing, so that it can be asked of many at once."""
        return self.on_object and not (self.form and self.form.platform_fields())


@dataclass(frozen=True, kw_only=True)
class Batch(Verb):
    """Several creates in one call. Each becomes an operation of its own, with the verb "create": it is looked
    up, claimed and ended by itself (operations/many.py).

    `targets` is the field of its data that lists the data of each create, at most `most`. `results(bound,
    answer, data)` returns what the answer says of each, in this order: the new object, decoded, or a
    PlatformError. `started(datas)` is {field: text} with which its form opens for those creates.
    """

    results: Callable
    most: int
    started: Callable


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A kind of resource on one platform.

    - `slug` is its path in the portal: `iotda/soft-buses`.
    - `collection` is the name of the client's collection, and of its file in portal/platforms/<platform>/.
    - `filters` are model attributes by which lists can be filtered.
    - `parent` is the model attribute with the id of the object of the same kind that an object is in, if they
      form a tree; its mirror has an index for that (models.listed). `resources/trees.py` shows them.
    - `following` are statuses that change by themselves, like "Synchronizing". Pages with such a row update
      automatically.
    - `related` are lists of what belongs to an object.
    - `permissions` are what reading takes on the platform: {method of the collection: permission}. Those that
      no document names are left out.
    - `batch` creates several at once (Batch), where the platform can.
    - `hints(row)` returns what the platform needs to find one object (Bound.hints).
    - `facts` are what its page shows beside an object (Facts).
    - `expression` is how the platform itself can be searched, where it takes expressions (Expression).
    - `inside` is what an object holds when it is to be deleted, besides all whose `space` it is (`held`).
    - `quota` is how many of them an account may have by the documents; some accounts are allowed more.
    - `within` is the slug of the kind whose objects its ids are unique within, where they are not unique in
      the account: the client's collection says by which member (Collection.scope).

    What attributes of the model mean, so that pages need not show them as they are:

    - `refers`: {attribute: slug of the kind whose remote_id it holds}, such as {"app_id": "iotda/spaces"}.
    - `space` is the one of them that says inside what the object was made and stays: a resource space. What
      an id refers to is looked for there, because ids of products may exist in several spaces.
    - `own_id` is the platform's name for the remote_id, if the model has that as a column, too.
    - `words`: {attribute: {value: what it means}}, such as the parent "0" of a group at the top.
    - `shown`: {attribute: function of its value}, which tells JSON in words (kinds/telling.py).
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
    parent: str = ""
    verbs: tuple = ()
    following: tuple = ()
    related: tuple = ()
    permissions: dict = field(default_factory=dict, hash=False)
    hints: Callable = field(default=lambda row: {})
    facts: Facts | None = None
    inside: tuple = ()
    quota: int | None = None
    within: str = ""
    refers: dict = field(default_factory=dict, hash=False)
    space: str = ""
    own_id: str = ""
    words: dict = field(default_factory=dict, hash=False)
    shown: dict = field(default_factory=dict, hash=False)
    expression: Expression | None = None
    batch: Batch | None = None

    def __str__(self):
        return str(self.label)

    def verb(self, name):
        """The verb with that name. Raises KeyError."""
        for verb in self.verbs:
            if verb.name == name:
                return verb
        raise KeyError(name)

    @property
    def creates(self):
        return any(verb.name == "create" for verb in self.verbs)

    @property
    def deletes(self):
        return any(verb.removes for verb in self.verbs)

    @property
    def held(self):
        """What an object holds: `inside`, and what other kinds say by their `space` that they make in it."""
        housed = [
            Inside(kind=kind.slug, field=kind.space)
            for kind in KINDS.values()
            if kind.space and kind.refers[kind.space] == self.slug and kind.deletes
        ]
        return (*self.inside, *housed)

    def related_list(self, name):
        """The Related with that name; None if there is none."""
        return next((each for each in self.related if each.name == name), None)

    @property
    def counted(self):
        """The Related list whose length lists tell about; None if there is none."""
        return next((each for each in self.related if each.none), None)

    @property
    def object_verbs(self):
        return [verb for verb in self.verbs if verb.on_object]

    @property
    def declared(self):
        """The kind's collection without a client: what it sends can be asked, but nothing be called."""
        return import_module(f"portal.platforms.{self.platform}.{self.collection}").COLLECTION

    def scope_of(self, values):
        """What the id of a decoded object, or of one that a form describes, is unique within; else ""."""
        return self.declared.scope_of(values)

    def space_of(self, values):
        """The id of the space that a decoded object is in, or that a form asks for; "" if it is not known."""
        path = self.model.space_path
        value = values.get("id" if path == "remote_id" else path)
        return value if isinstance(value, str) and len(value) <= SPACE_MAX else ""

    def identity(self, decoded):
        """(scope, id) of a decoded object, as Mirror.identity."""
        return self.declared.identity(decoded)

    @property
    def ids_return(self):
        """Whether people choose its ids, so that a new object can have the id of one that was deleted."""
        return self.creates and self.declared.id_member in getattr(self.verb("create").evidence, "ids", ())

    def asked_id(self, data):
        """The id that a create with this data asks for; "" if the platform chooses it."""
        return str(data.get(self.declared.id_member) or "") if self.ids_return else ""

    @property
    def judged(self):
        """The columns that people set by its forms: if one changes, somebody changed it."""
        collection = self.declared
        columns = {field.name for field in self.model.platform_fields()}
        wished = columns & {*collection.members, *collection.updates}
        return wished if self.typed_name in wished else wished | {"name"}

    @property
    def typed_name(self):
        """The field of its forms that holds the name."""
        return snake(self.declared.name_member)

    @property
    def id_label(self):
        """What the platform calls the id of its objects."""
        return self.model._meta.get_field(self.own_id).verbose_name if self.own_id else _("id")

    def meaning(self, attribute, value):
        """What a value means (`words`); "" if nobody said."""
        return self.words[attribute].get(value, "") if attribute in self.words else ""

    def bound(self, client, row=None):
        """The kind's collection in the client's account, and the object of `row` if there is one."""
        collection = getattr(client, self.collection)
        about = {"remote_id": row.remote_id, "hints": self.hints(row), "scope": row.scope} if row else {}
        return Bound(collection, permissions=self.permissions, **about)


def register(kind):
    """Add a kind to KINDS. Raises ValueError if its slug is taken or its parts contradict each other."""
    if kind.slug in KINDS:
        raise ValueError(f"two kinds are named {kind.slug}")
    if problems := list(contradictions(kind)):
        raise ValueError(f"{kind.slug}: " + "; ".join(problems))
    KINDS[kind.slug] = kind
    return kind


def load(package):
    """Import every file of a cloud's app, so that a new kind registers itself.

    Raises ValueError if one of them refers to a kind that is then still missing.
    """
    for module in iter_modules(import_module(package).__path__):
        if not module.ispkg:
            import_module(f"{package}.{module.name}")
    for kind in KINDS.values():
        if missing := set(kind.refers.values()) - KINDS.keys():
            raise ValueError(f"{kind.slug}: it refers to {sorted(missing)}, which are no kinds")
        if kind.space and KINDS[kind.refers[kind.space]].model.space_path != "remote_id":
            raise ValueError(f"{kind.slug}: its space is one whose mirror does not say that it is a space")


class KindConverter:
    """URL converter: turns `iotda/soft-buses` in a path into its Kind. An unknown kind is a 404."""

    regex = r"[a-z]+/[a-z-]+"

    def to_python(self, value):
        if value not in KINDS:
            raise ValueError(value)
        return KINDS[value]

    def to_url(self, kind):
        return kind.slug
