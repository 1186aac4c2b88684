"""A team at work: people in every role, one connection per platform, all of them on the emulator."""

import uuid
from dataclasses import dataclass

import pytest
from django.test import Client

from portal.connections.models import Connection
from portal.kinds.registry import KINDS
from portal.operations.service import perform
from portal.teams.models import Membership, Role, Team, User

PROJECT = "0123456789abcdef0123456789abcdef"
KEYS = {"access_key": "DEMOAK0000000000EXMP", "secret_key": "DemoSK00000000000000000000000000000Exmpl"}
READER_KEYS = {
    "access_key": "DEMOREADAK0000000000",
    "secret_key": "DemoReadSK000000000000000000000000000Exmpl",
}
APP = {
    "app_key": "11111111-2222-4333-8444-555555555555",
    "app_secret": "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee",
}
ROMA_APP = "ef3845be-091a-4ab5-869a-9de0025e2165"
GROUP = "04ed32dc1b0025b52fe3c01a27c2b0a8"
STATEMENT = [
    {
        "effect": "ALLOW",
        "actions": ["iotda:devices:publish", "iotda:devices:subscribe"],
        "resources": ["topic:/v1/${devices.deviceId}/test/hello"],
    }
]

# What each create needs at least; "name" says which field names the object.
CREATES = {
    "iotda/device-groups": {"name": "pumps", "description": "all pumps"},
    "iotda/soft-buses": {"bus_name": "Bus_A", "group_id": GROUP},
    "iotda/policies": {"policy_name": "allow-hello", "statement": STATEMENT},
    "roma/device-groups": {"name": "line-1", "parent_id": "10001", "app_id": ROMA_APP},
    "enos/devices": {
        "product_key": "prodKey1",
        "device_key": "pump-0001",
        "device_name": {"defaultValue": "Pump 1", "i18nValue": {"zh_CN": "泵"}},
        "timezone": "+08:00",
        "device_attributes": {"serial": 111111},
    },
}
CREATE_CALLS = {
    "iotda/device-groups": ("POST", f"/v5/iot/{PROJECT}/device-group"),
    "iotda/soft-buses": ("POST", f"/v5/iot/{PROJECT}/harmony-soft-bus"),
    "iotda/policies": ("POST", f"/v5/iot/{PROJECT}/device-policies"),
    "roma/device-groups": ("POST", f"/v2/{PROJECT}/link/instances/demo-roma-instance/device-groups"),
    "enos/devices": ("POST", "/connect-service/v2.4/devices"),
}
# What an update says of the object that CREATES made: every field of its form.
UPDATES = {
    "iotda/device-groups": {"name": "pumps-2", "description": "the pumps of hall 2"},
    "iotda/policies": {"policy_name": "deny-hello", "statement": [STATEMENT[0] | {"effect": "DENY"}]},
    "roma/device-groups": {"name": "line-2", "description": "second line"},
    "enos/devices": {
        "device_name": {"defaultValue": "Pump 2", "i18nValue": {"zh_CN": "泵二"}},
        "timezone": "Europe/Berlin",
        "device_desc": "moved to hall 2",
        "device_attributes": {"serial": 222222},
        "device_tags": {"hall": "2"},
    },
}
DELETES = ("iotda/device-groups", "iotda/soft-buses", "iotda/policies", "roma/device-groups", "enos/devices")
# Method and the beginning of the path; EnOS says the rest in its query.
UPDATE_CALLS = {
    slug: ("PUT", f"{path}/") for slug, (_post, path) in CREATE_CALLS.items() if slug in UPDATES
} | {"enos/devices": ("POST", "/connect-service/v2.1/devices")}
DELETE_CALLS = {slug: ("DELETE", f"{CREATE_CALLS[slug][1]}/") for slug in DELETES} | {
    "enos/devices": ("POST", "/connect-service/v2.1/devices")
}
JSON_FIELDS = {"statement", "device_name", "device_attributes", "device_tags"}


@dataclass
class Plant:
    team: Team
    people: dict
    connections: dict
    url: str

    def connection(self, kind):
        return self.connections[kind.platform]

    def perform(self, slug, verb="create", data=None, *, role=None, key=None, target=None, **options):
        """Creates and updates take the data of the tables above, deletes none; a manager deletes."""
        kind = KINDS[slug]
        role = role or (Role.MANAGER if verb == "delete" else Role.OPERATOR)
        data = {"create": CREATES, "update": UPDATES}.get(verb, {}).get(slug, {}) if data is None else data
        return perform(
            kind,
            verb,
            actor=User.objects.get(pk=self.people[role].pk),
            connection=self.connection(kind),
            data=data,
            key=key or str(uuid.uuid4()),
            target=target,
            **options,
        )

    def make(self, slug, **changes):
        """The mirror row of an object that was just created on its platform."""
        return self.perform(slug, data={**CREATES[slug], **changes}).target

    def collection(self, slug):
        """The platform's own, past the portal's pages."""
        return KINDS[slug].collection_of(self.connection(KINDS[slug]).client())

    def seen(self, slug, row):
        """The object as its platform shows it now."""
        return self.collection(slug).get(row.remote_id, **KINDS[slug].hints(row))

    def browser(self, role=Role.OPERATOR, **options):
        """Django's test client, signed in."""
        client = Client(HTTP_HOST="localhost", **options)
        client.force_login(self.people[role])
        return client


def make_plant(url, name="Plant 3", credentials=None):
    team = Team.objects.create(name=name)
    people = {}
    for role in Role:
        people[role] = User.objects.create(email=f"{role}-{name.split()[0].lower()}@example.test")
        Membership.objects.create(team=team, user=people[role], role=role)
    huawei = {"sign_in": "keys", "project_id": PROJECT, "region": "cn-north-4"}
    specs = {
        "iotda": huawei | {"instance_id": "demo-iotda-instance", "edition": "standard"},
        "roma": huawei | {"instance_id": "demo-roma-instance"},
        "enos": {"sign_in": "app", "org_id": "o15000000000001"},
    }
    connections = {}
    for platform, values in specs.items():
        connection = Connection(team=team, name=platform, platform=platform, endpoint=url, **values)
        connection.set_credentials(APP if platform == "enos" else credentials or KEYS)
        connection.save()
        connections[platform] = connection
    return Plant(team, people, connections, url)


@pytest.fixture
def plant(db, emulator):
    """In a transaction that is rolled back."""
    return make_plant(emulator.url)


@pytest.fixture
def committed_plant(committed_db, emulator):
    """With real commits, for threads and other processes."""
    return make_plant(emulator.url)


def creates_received(emulator, slug):
    """The create calls of a kind that reached the emulator."""
    method, path = CREATE_CALLS[slug]
    found = [each for each in emulator.requests() if (each["method"], each["path"]) == (method, path)]
    return [each for each in found if slug != "enos/devices" or "action=create" in each["query"]]


def updates_received(emulator, slug):
    """The same for its update calls."""
    return _received(emulator, UPDATE_CALLS[slug], "action=update")


def deletes_received(emulator, slug):
    """The same for its delete calls."""
    return _received(emulator, DELETE_CALLS[slug], "action=delete")


def _received(emulator, call, action):
    method, path = call
    found = [
        each for each in emulator.requests() if each["method"] == method and each["path"].startswith(path)
    ]
    return [each for each in found if method != "POST" or action in each["query"]]
