"""Example: what the tests know of one kind, so that every generic test can be made from it.

Each kind has one in tests/examples. It is typed by hand from the platform's documents, so it says what must
be true; nothing in it is read from portal.kinds or from the platform clients.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from portal.platforms.client import Repeat
from tests.support.account import PROJECT, ROMA_INSTANCE
from tests.support.oddities import Oddities

# What an answer must hold to be a good one: an object, nothing at all, or EnOS's envelope alone.
OBJECT, NOTHING, ENVELOPE = "object", "nothing", "envelope"
# Without a word of the document, sending a request twice does what its method promises.
BY_METHOD = {"GET": Repeat.READ, "PUT": Repeat.SAME, "DELETE": Repeat.SAME, "POST": Repeat.NEVER}
# How each platform refuses a request: status and body, with %s for its words.
REFUSALS = {
    "iotda": (400, '{"error_code": "IOTDA.000006", "error_msg": "%s", "request_id": "r-1"}'),
    "roma": (400, '{"error_code": "SCB.00000000", "error_msg": "%s", "request_id": "r-1"}'),
    "enos": (200, '{"code": 99400, "msg": "%s", "requestId": "r-1", "data": null}'),
}
ANY_ID = "AnyId"


@dataclass(frozen=True, kw_only=True)
class Call:
    """One request that the client of a kind sends, and a good answer to it.

    `path` is the document's: {project_id} and {instance_id} stand for ids of the account, {id} for that of
    the object. `query` is a part of the query string that tells apart the calls of one path. `good` is the
    JSON of a good answer, None where the answer is empty; `id` leads in it to the object's id, for example
    ("data", 0, "assetId"). `repeat` says what sending it twice does, where its method does not say that.
    `run(collection)` makes the call, where it does not take the usual arguments (every_call.as_usual).
    `resets` is the part of the query with which an update empties what its body lacks. Such a platform shows
    what is empty as null, and accepts no null.
    """

    method: str
    path: str
    query: str = ""
    good: object = None
    id: tuple = ()
    repeat: Repeat | None = None
    run: Callable | None = None
    resets: str = ""

    @property
    def pattern(self):
        """A regular expression for the path, as the emulator's faults take it."""
        path = self.path.format(project_id=PROJECT, instance_id=ROMA_INSTANCE, id=ANY_ID)
        return f"^{re.escape(path).replace(ANY_ID, '[^/]+')}$"

    @property
    def place(self):
        return self.method, self.pattern

    @property
    def match(self):
        """What picks this call among all requests, in the words of the emulator's faults."""
        picked = {"method": self.method, "path": self.pattern}
        return picked | {"query": self.query} if self.query else picked

    def is_made_by(self, request):
        """Is this the call of a request that the emulator received?"""
        return (
            request["method"] == self.method
            and re.search(self.pattern, request["path"]) is not None
            and self.query in request["query"]
        )

    @property
    def repeats(self):
        return self.repeat or BY_METHOD[self.method]

    @property
    def needs(self):
        """What the client needs of the answer."""
        if self.good is None:
            return NOTHING
        return OBJECT if self.id else ENVELOPE


def members(data):
    """(name, value) of each member of nested objects and lists."""
    if isinstance(data, dict):
        for name, value in data.items():
            yield name, value
            yield from members(value)
    elif isinstance(data, list):
        for value in data:
            yield from members(value)


def fill_in_each(page, values):
    """Type or choose each value in the control of its name, as a person does."""
    for name, value in values.items():
        control = page.locator(f"#form [name={name}]")
        if control.evaluate("control => control.localName") == "select":
            control.select_option(value)
        else:
            control.fill(value)


@dataclass(frozen=True)
class Made:
    """Stands in an Example's data for the id of an object of another kind, which has to be made first.

    Not needed for what the demo account holds already (account.py).
    """

    slug: str


@dataclass(frozen=True, kw_only=True)
class Example:
    """One kind. `slug` and `calls` are always needed; the rest says what the kind can do. Data is in snake
    case, as forms hand it over.

    On the wire:
    `calls`       {name: Call}: "list", "get", each verb by its name, and what else the client can ask.
    `reads_before_create`  how many reads tell what is there already, just before a create is sent.

    `wire`        {field: member} of requests, where the platform has another name for a field.

    What can be done to an object:
    `create`      data of a new object.
    `named_by`    the field of `create` that names it; tests change it where two objects must differ.
    `shown_as`    the name that pages show for it, where that is not the value of `named_by`.
    `varieties`   {word: data} of other creates, such as one with the least that the platform asks for.
    `update`      data of a change of that object: another value for each field that the verb edits.
    `renamed`     function of a name: {field: value} of an update that gives the object this name, where
                  that is not the field in `named_by`.
    `verbs`       {name: data} of the verbs besides create, update and delete.
    `may`         {name: "operator", "manager" or "owner"} for these: the least role, from the design's table.
    `effects`     {name: function} for these: does an object, as the client decodes it, show the effect?
    `reads`       {name: function of (collection, id)} for those whose effect the object itself does not show:
                  further members for `effects` to look at.
    `readied`     {name: function of (collection, id)} for those that would change nothing about a new object:
                  does to it, past the portal, what the verb undoes.

    `limits`      {name: number} of the emulator's limits, where a platform allows fewer objects than a test
                  may need.

    What the platform does not promise:
    `unprovable`  {(verb, has it happened?): why}: after a lost answer only a person can say whether it has.
                  For example, names are not documented as unique, or no list can be searched by name.

    Secrets:
    `secrets`     names of members that are sent and whose values no page and no record may hold.
    `shown_once`  names of members of an answer that the platform never shows again; the same holds for them.
                  With any of these, `varieties` has "secrets": data that holds them and asks for them.

    How people type it in a browser:
    `by_hand`     {control: text}, where typing the values of `create` would not do.
    `type_in`     function of (page, by_hand), for forms with editors of their own.
    `by_keyboard` for such forms {control, or a text on it: keys}, in the order of the page.
    `in_json`     for such forms {field: part of a text} that its JSON shows a moment after typing.
    `broken`      {control: text} that breaks a rule of the document.

    How it may look on its platform:
    `oddities`    what tests of odd objects cannot take from the contract (oddities.py); most kinds need none.
    """

    slug: str
    calls: Mapping
    create: dict | None = None
    reads_before_create: int = 1
    named_by: str = ""
    shown_as: str = ""
    varieties: Mapping = field(default_factory=dict)
    update: dict | None = None
    renamed: Callable | None = None
    verbs: Mapping = field(default_factory=dict)
    may: Mapping = field(default_factory=dict)
    effects: Mapping = field(default_factory=dict)
    reads: Mapping = field(default_factory=dict)
    readied: Mapping = field(default_factory=dict)
    wire: Mapping = field(default_factory=dict)
    limits: Mapping = field(default_factory=dict)
    unprovable: Mapping = field(default_factory=dict)
    secrets: tuple = ()
    shown_once: tuple = ()
    by_hand: Mapping = field(default_factory=dict)
    type_in: Callable = fill_in_each
    by_keyboard: Mapping = field(default_factory=dict)
    in_json: Mapping = field(default_factory=dict)
    broken: Mapping = field(default_factory=dict)
    oddities: Oddities = Oddities()

    def __str__(self):
        return self.slug

    @property
    def platform(self):
        return self.slug.partition("/")[0]

    @property
    def collection(self):
        """The attribute of the platform's client that makes its calls."""
        return self.slug.partition("/")[2].replace("-", "_")

    @property
    def changes(self):
        """Names of the verbs that this Example has data for."""
        standard = {"create": self.create, "update": self.update, "delete": self.calls.get("delete")}
        return [*(verb for verb, there in standard.items() if there is not None), *self.verbs]

    def data(self, verb):
        return {"create": self.create, "update": self.update, "delete": {}, **self.verbs}[verb]

    @property
    def creates(self):
        """{word: data} of every create: "usual" and the varieties."""
        return {} if self.create is None else {"usual": self.create, **self.varieties}

    @property
    def name(self):
        """The name that pages show for what `create` makes."""
        return self.shown_as or self.create[self.named_by]

    def rename(self, to):
        """{field: value} of an update that gives the object another name."""
        return self.renamed(to) if self.renamed else {self.named_by: to}

    def by_somebody_else(self, name):
        """Data of an update of what `create` made that only gives it another name."""
        kept = {each: self.create[each] for each in self.update if each in self.create}
        return {**kept, **self.rename(name)}

    def on_the_wire(self, data):
        return {self.wire.get(name, name): value for name, value in data.items()}

    @property
    def json_fields(self):
        """Fields that a form without script takes as JSON text."""
        values = [pair for data in [*self.creates.values(), self.update or {}] for pair in data.items()]
        return sorted({name for name, value in values if isinstance(value, dict | list)})

    def shows(self, verb, data, seen):
        """Does the object, as the client decodes it, show the effect of the update or of another verb?"""
        if verb == "update":
            return all(seen[name] == value for name, value in data.items())
        return self.effects[verb](seen)

    def secret_values(self, data):
        """The secrets in what is sent."""
        return [value for name, value in members(data) if name in self.secrets]

    def refusal(self, verb, words="not like this"):
        """A fault that refuses this verb's call."""
        status, body = REFUSALS[self.platform]
        answer = json.loads(body % words)
        return {"match": self.calls[verb].match, "fault": "answer", "status": status, "body": answer}
