"""A team at work: people in every role, one connection per platform, all of them on the emulator.

What tests ask of the portal's service layer goes through here: `perform` is the only call of
portal.operations.service.perform, and the functions beside it are the only ones that look into a Kind.
"""

import uuid
from dataclasses import dataclass, field

import pytest
from django.test import Client
from django.utils import timezone

from portal.connections.models import Connection
from portal.kinds.models import Reading
from portal.kinds.registry import KINDS
from portal.operations import service
from portal.operations.change import Change
from portal.resources import asking
from portal.teams.models import Membership, Role, Team, User
from tests.examples import EXAMPLES
from tests.support.account import APP, IOTDA_INSTANCE, KEYS, ORG, PROJECT, ROMA_INSTANCE
from tests.support.example import Made

# Rights that operators lack, from the design's table of roles.
MANAGERS_RIGHTS = {"bind", "unbind", "edit_bound_policy", "disable", "replace", "delete", "reset_key"}


def perform(kind, verb, *, actor, connection, data, key, target=None, **options):
    """Ask for one change; the operation. `options` are those of a Change and of the service."""
    seen = {name: options.pop(name) for name in ("expected", "reason", "ticket") if name in options}
    verb = kind.verb(verb)
    data = dict.fromkeys(verb.fields) | data  # what a test leaves out is cleared, as in an emptied form
    change = Change(kind=kind, verb=verb, connection=connection, target=target, data=data, **seen)
    return service.perform(change, actor=actor, key=key, **options)


def collection_of(kind, connection):
    """The platform's own objects of a kind, past the portal's pages."""
    return kind.bound(connection.client()).collection


def read_past_the_portal(kind, row):
    """The object behind a mirror row as its platform shows it now."""
    return kind.bound(row.connection.client(), row).get()


def evidence_of(kind, verb):
    """How an unclear change of that verb is looked up."""
    return kind.verb(verb).evidence


def fields_of(kind, verb="update"):
    """Names of the fields that the verb edits."""
    return kind.verb(verb).fields


@dataclass
class Plant:
    team: Team
    people: dict
    connections: dict
    url: str
    _made: dict = field(default_factory=dict)

    def connection(self, kind):
        return self.connections[kind.platform]

    def move(self, kind, url):
        """Let the connection of this kind lead to another address, where nobody may be listening."""
        connection = self.connection(kind)
        connection.endpoint, connection.changed_at = url, timezone.now()
        connection.save()

    def data(self, slug, verb="create", variety="usual"):
        """An Example's data for the verb, with the ids of what has to be there before (Made)."""
        example = EXAMPLES[slug]
        return self._whole(example.creates[variety] if verb == "create" else example.data(verb))

    def theirs(self, slug, name="theirs"):
        """Data of an update of what `make` made that only gives it another name."""
        return self._whole(EXAMPLES[slug].by_somebody_else(name))

    def _whole(self, data):
        return {
            name: self._id_of(value.slug) if isinstance(value, Made) else value
            for name, value in data.items()
        }

    def prepare(self, slug):
        """Make what has to be there before objects of this kind, while nothing is counted or broken yet."""
        example = EXAMPLES[slug]
        for data in [*example.creates.values(), example.update or {}, *example.verbs.values()]:
            self._whole(data)

    def _id_of(self, slug):
        if slug not in self._made:
            self._made[slug] = self.made_in_the_console(slug)["id"]
        return self._made[slug]

    def perform(self, slug, verb="create", data=None, *, role=None, key=None, target=None, **options):
        """Without `data` that of the Example; an operator asks where operators may, else a manager."""
        kind = KINDS[slug]
        is_managers = kind.verb(verb).right in MANAGERS_RIGHTS
        role = role or (Role.MANAGER if is_managers else Role.OPERATOR)
        return perform(
            kind,
            verb,
            actor=User.objects.get(pk=self.people[role].pk),
            connection=self.connection(kind),
            data=self.data(slug, verb) if data is None else data,
            key=key or str(uuid.uuid4()),
            target=target,
            **options,
        )

    def make(self, slug, **changes):
        """The mirror row of an object that was just created on its platform."""
        return self.perform(slug, data={**self.data(slug), **changes}).target

    def ready(self, slug, verb):
        """The mirror row of a new object about which the verb changes something."""
        return self.readied(slug, verb, self.make(slug))

    def readied(self, slug, verb, row):
        if ready := EXAMPLES[slug].readied.get(verb):
            ready(self.collection(slug), row.remote_id)
        return row

    def collection(self, slug):
        """The platform's own objects, past the portal's pages."""
        return collection_of(KINDS[slug], self.connection(KINDS[slug]))

    def made_in_the_console(self, slug, data=None):
        """The object that somebody made who does not use the portal."""
        return self.collection(slug).create(self.data(slug) if data is None else data)

    def refresh(self, slug):
        """Bring the mirror of the kind in line; returns its Reading."""
        kind = KINDS[slug]
        asking.ask(kind, self.connection(kind))
        return Reading.objects.get(connection=self.connection(kind), kind=slug)

    def seen(self, slug, row, verb=""):
        """The object as its platform shows it now, with what the verb changes of it."""
        seen = read_past_the_portal(KINDS[slug], row)
        if reads := EXAMPLES[slug].reads.get(verb):
            seen |= reads(self.collection(slug), row.remote_id)
        return seen

    def shown(self, slug, row):
        """{field: value} of what its update edits, as the platform has it now."""
        return evidence_of(KINDS[slug], "update").shown(self.seen(slug, row))

    def browser(self, role=Role.OPERATOR, **options):
        """Django's test client, signed in."""
        browser = Browser(self, **options)
        browser.force_login(self.people[role])
        return browser


class Browser(Client):
    """Django's test client; `plant` is where its person works."""

    def __init__(self, plant, **options):
        super().__init__(HTTP_HOST="localhost", **options)
        self.plant = plant


def make_plant(url, name="Plant 3", credentials=None):
    team = Team.objects.create(name=name)
    people = {}
    for role in Role:
        people[role] = User(email=f"{role}-{name.split()[0].lower()}@example.test")
        User.objects.bulk_create([people[role]])  # the record tells of no accounts that a test only needs
        Membership.objects.create(team=team, user=people[role], role=role)
    huawei = {"sign_in": "keys", "project_id": PROJECT, "region": "cn-north-4"}
    specs = {
        "iotda": huawei | {"instance_id": IOTDA_INSTANCE, "edition": "standard"},
        "roma": huawei | {"instance_id": ROMA_INSTANCE},
        "enos": {"sign_in": "app", "org_id": ORG},
    }
    connections = {}
    for platform, values in specs.items():
        connection = Connection(team=team, name=platform, platform=platform, endpoint=url, **values)
        connection.set_credentials(APP if platform == "enos" else credentials or KEYS)
        connection.save()
        connections[platform] = connection
    return Plant(team, people, connections, url)


def demo_plant():
    """The team "Plant 3" of a seeded demo, whose people and connections are there already."""
    team = Team.objects.get(name="Plant 3")
    people = {each.role: each.user for each in team.memberships.select_related("user")}
    connections = {each.platform: each for each in team.connections.all()}
    return Plant(team, people, connections, connections["iotda"].endpoint)


@pytest.fixture
def plant(request, db, emulator):
    """In a transaction that is rolled back."""
    return _prepared(make_plant(emulator.url), request, emulator)


@pytest.fixture
def committed_plant(request, committed_db, emulator):
    """With real commits, for threads and other processes."""
    return _prepared(make_plant(emulator.url), request, emulator)


def _prepared(plant, request, emulator):
    """For the kind that a generic test is about."""
    parameters = request.node.callspec.params if hasattr(request.node, "callspec") else {}
    if example := EXAMPLES.get(parameters.get("slug")):
        if example.limits:
            emulator.settings({"limits": dict(example.limits)})
        plant.prepare(example.slug)
    return plant


def received(emulator, slug, verb, since=0):
    """The verb's own calls that reached the emulator after its request number `since`."""
    call = EXAMPLES[slug].calls[verb]
    return [each for each in emulator.requests(since) if call.is_made_by(each)]


def creates_received(emulator, slug):
    return received(emulator, slug, "create")


def updates_received(emulator, slug):
    return received(emulator, slug, "update")


def deletes_received(emulator, slug):
    return received(emulator, slug, "delete")


def ids(emulator, slug):
    """Ids of all objects of the kind that the platform has."""
    return set(map(str, emulator.state()[slug]["ids"]))


def mirrored(slug):
    """Ids of those that the portal shows as present."""
    return set(KINDS[slug].model.objects.present().values_list("remote_id", flat=True))
