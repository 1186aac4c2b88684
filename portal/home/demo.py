"""The teams, people and connections of the demo; the credentials are those in the emulator's README.

The services create everything, so the record shows where it came from.
"""

from portal.connections import service as connections
from portal.connections.clients import is_loopback
from portal.connections.models import Connection
from portal.teams import service as teams
from portal.teams.demo_passwords import PASSWORD
from portal.teams.models import Membership, Role, Team, User

PLANT, HARBOUR = "Plant 3", "Harbour"

# (e-mail, role), as the sign-in page lists them.
SIGN_INS = [
    ("owner@example.test", "Owner of Plant 3"),
    ("manager@example.test", "Manager in Plant 3"),
    ("operator@example.test", "Operator in Plant 3"),
    ("viewer@example.test", "Viewer in Plant 3"),
    ("auditor@example.test", "Auditor in Plant 3"),
    ("other-owner@example.test", "Owner of Harbour"),
    ("admin@example.test", "Portal administrator, in no team"),
    ("reviewer@example.test", "Portal auditor"),
]
NAMES = {
    "owner@example.test": "Olga Owner",
    "manager@example.test": "Mario Manager",
    "operator@example.test": "Oscar Operator",
    "viewer@example.test": "Vera Viewer",
    "auditor@example.test": "Aino Auditor",
    "other-owner@example.test": "Hana Harbour",
    "admin@example.test": "Adam Administrator",
    "reviewer@example.test": "Rita Reviewer",
}
OWNERS = {PLANT: "owner@example.test", HARBOUR: "other-owner@example.test"}
MEMBERS = {
    "manager@example.test": Role.MANAGER,
    "operator@example.test": Role.OPERATOR,
    "viewer@example.test": Role.VIEWER,
    "auditor@example.test": Role.AUDITOR,
}
PORTAL_ROLES = {
    "admin@example.test": {"is_portal_admin": True},
    "reviewer@example.test": {"is_portal_auditor": True},
}

IOTDA = {
    "platform": "iotda",
    "region": "cn-north-4",
    "project_id": "0123456789abcdef0123456789abcdef",
    "instance_id": "demo-iotda-instance",
    "edition": "standard",
}
ROMA = {
    "platform": "roma",
    "region": "cn-north-4",
    "project_id": "0123456789abcdef0123456789abcdef",
    "instance_id": "demo-roma-instance",
}
ENOS = {"platform": "enos", "org_id": "o15000000000001", "sign_in": "app"}
KEYS = {"access_key": "DEMOAK0000000000EXMP", "secret_key": "DemoSK00000000000000000000000000000Exmpl"}
USER = {"domain": "demo-account", "user": "demo-user", "password": "Demo-pass-1"}
APP = {
    "app_key": "11111111-2222-4333-8444-555555555555",
    "app_secret": "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee",
}
OTHER_APP = {
    "app_key": "22222222-3333-4444-8555-666666666666",
    "app_secret": "bbbbbbbb-cccc-4ddd-8eee-ffffffffffff",
}

# team -> [(name, values, credentials)]
CONNECTIONS = {
    PLANT: [
        ("IoTDA (emulator)", {**IOTDA, "sign_in": "keys"}, KEYS),
        ("ROMA (emulator)", {**ROMA, "sign_in": "keys"}, KEYS),
        ("EnOS (emulator)", ENOS, APP),
    ],
    HARBOUR: [
        ("Harbour IoTDA (emulator)", {**IOTDA, "sign_in": "password"}, USER),
        ("Harbour ROMA (emulator)", {**ROMA, "sign_in": "password"}, USER),
        ("Harbour EnOS (emulator)", ENOS, OTHER_APP),
    ],
}


def seed(emulator_url):
    """Create what is missing and point the demo's connections at this address; keep what people changed."""
    people = {email: _person(email) for email, _label in SIGN_INS}
    for name, owner in OWNERS.items():
        team = Team.objects.filter(name=name).first()
        if team is None:
            team = teams.create_team(actor=None, name=name, owner=people[owner], via="command")
            if name == PLANT:
                _add_members(team, people)
        for connection in CONNECTIONS[name]:
            _connection(team, emulator_url.rstrip("/"), *connection)


def _person(email):
    person = User.objects.filter(email=email).first()
    return person or User.objects.create_user(
        email, PASSWORD, name=NAMES[email], **PORTAL_ROLES.get(email, {})
    )


def _add_members(team, people):
    for email, role in MEMBERS.items():
        if not Membership.objects.filter(team=team, user=people[email]).exists():
            teams.add_member(team, actor=None, person=people[email], role=role, via="command")


def _connection(team, endpoint, name, values, credentials):
    found = Connection.objects.filter(team=team, name=name).first()
    given = {"values": {"endpoint": endpoint, **values}, "credentials": credentials}
    if found is None:
        given["values"]["name"] = name
        connections.create(actor=None, team=team, via="command", **given)
    elif found.endpoint != endpoint and is_loopback(found.endpoint):
        # The emulator on another port is still the same account, with the same data.
        connections.change(found, actor=None, via="command", same_account=True, **given)
