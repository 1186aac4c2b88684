"""Two teams with one of everything, and everybody who may come: for proofs that walk every address.

`town` is a Town. What a request does is undone after it, so thousands of requests share one town.
"""

import copy
import re
import uuid
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from http.cookies import SimpleCookie

import pytest
from allauth.mfa.models import Authenticator
from django.db import connection, transaction
from django.test import Client
from django.utils import timezone

from portal.connections.models import Connection
from portal.kinds.registry import KINDS
from portal.operations import together
from portal.operations.approval import Approval, ApprovalPlace
from portal.operations.change import Change
from portal.operations.job import Job, Purpose
from portal.operations.models import Operation, State
from portal.record.models import Entry
from portal.record.store import append
from portal.resources.bulk import Asked
from portal.teams import invitations
from portal.teams.models import ApiToken, Invitation, Membership, Role, User
from tests.examples import creating
from tests.support.passkeys import made_passkey
from tests.support.plant import Plant, make_plant
from tests.support.tokens import MANY, Program
from tests.support.tokens import make as make_token
from tests.test_doors import addresses

BUS = "iotda/soft-buses"
# Stands in each name of the other team, and nowhere else.
THEIRS = "Zanzibar"
NOBODY, NUMBER = "00000000-0000-4000-8000-000000000000", "999999"
PEOPLE = {
    "nobody": {},
    "stranger": {},
    **{str(role): {} for role in Role},
    "elsewhere": {},
    "admin": {"is_portal_admin": True},
    "reviewer": {"is_portal_auditor": True},
    **dict.fromkeys(["inside", "outside", "reads", "writes", "over"], {}),
}


@dataclass
class Side:
    """One team and what is in it. `rows`: {slug: mirror row}. `tokens` open its invitation."""

    plant: Plant
    rows: dict
    operation: Operation
    job: Job
    approval: Approval
    token: ApiToken
    invitation: Invitation
    tokens: list
    entry: Entry
    passkey: Authenticator

    def values(self, slug):
        """{part of an address: what stands there}"""
        member = self.plant.team.memberships.get(user=self.plant.people[Role.VIEWER])
        return {
            "operations/<uuid:id>": self.operation.pk,
            "jobs/<uuid:id>": self.job.pk,
            "approvals/<uuid:id>": self.approval.pk,
            "profile/tokens/<uuid:id>": self.token.pk,
            "<uuid:token>": self.token.pk,
            "connections/<uuid:id>": self.plant.connections["iotda"].pk,
            "teams/<uuid:id>": self.plant.team.pk,
            "people/<uuid:id>": self.plant.people[Role.VIEWER].pk,
            "<str:id>": self.rows[slug].pk if slug in self.rows else "",
            "<int:member>": member.pk,
            "<uuid:invitation>": self.invitation.pk,
            "<str:token>": self.tokens[0],
            "<str:uidb36>": self.plant.people[Role.VIEWER].pk.hex,
            "<str:key>": "made-up",
            "<int:seq>": self.entry.seq,
            "<int:pk>": self.passkey.pk,
        }

    @property
    def ids(self):
        """{name: id} of all that is in it, as texts."""
        found = {name: str(value) for name, value in self.values(BUS).items() if "key" not in name}
        found |= {f"{slug} row": str(row.pk) for slug, row in self.rows.items()}
        found |= {f"{name} connection": str(each.pk) for name, each in self.plant.connections.items()}
        found |= {f"{role} person": str(each.pk) for role, each in self.plant.people.items() if role in Role}
        found |= {f"{kept} key": kept_key(self, kept) for kept in ("operation", "job")}
        return found


def kept_key(side, name):
    return str(getattr(side, name).key)


MISSING = {
    **dict.fromkeys(["operations/<uuid:id>", "jobs/<uuid:id>", "connections/<uuid:id>"], NOBODY),
    **dict.fromkeys(["approvals/<uuid:id>", "profile/tokens/<uuid:id>", "<uuid:token>"], NOBODY),
    **dict.fromkeys(["teams/<uuid:id>", "people/<uuid:id>", "<str:id>", "<uuid:invitation>"], NOBODY),
    **dict.fromkeys(["<int:member>", "<int:seq>", "<int:pk>"], NUMBER),
    **{"<str:token>": "made-up", "<str:uidb36>": NOBODY.replace("-", ""), "<str:key>": "made-up"},
}


@dataclass
class Town:
    """`own` is the team that the roles are in; "elsewhere" is the owner of `other`."""

    own: Side
    other: Side
    browsers: dict = field(default_factory=dict)
    cookies: dict = field(default_factory=dict)

    def enter(self, who, user, **options):
        browser = Client(HTTP_HOST="localhost", **options)
        if user:
            browser.force_login(user)
        self.browsers[who], self.cookies[who] = browser, copy.deepcopy(browser.cookies)

    def enter_by_token(self, who):
        """A program: `reads` changes nothing, `writes` does what operators do, and `over` has expired."""
        rights = {"reads": ()}.get(who, MANY)
        token, text = make_token(self.own.plant, Role.OPERATOR, rights, name=who)
        if who == "over":
            ApiToken.objects.filter(pk=token.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
        self.browsers[who], self.cookies[who] = Program(text), SimpleCookie()

    def ask(self, who, method, path, data=None, **options):
        """The answer to one request of a person, whose browser is as after signing in."""
        browser = self.browsers[who]
        browser.cookies = copy.deepcopy(self.cookies[who])
        return getattr(browser, method.lower())(path, data or {}, **options)

    def rest(self):
        """Nothing is under way in the own team any more, and its owner has no second factor."""
        Operation.objects.filter(pk=self.own.operation.pk).update(state=State.DONE)
        Job.objects.filter(pk=self.own.job.pk).update(state="done", due_at=None)
        Approval.objects.filter(pk=self.own.approval.pk).update(state="withdrawn")
        Authenticator.objects.filter(pk=self.own.passkey.pk).delete()

    def path(self, address, which="own"):
        """The address with what is in the own team, in the "other", or nowhere ("missing")."""
        slug = next((slug for slug in KINDS if slug in address), BUS)
        values = MISSING if which == "missing" else getattr(self, which).values(slug)
        for part, value in values.items():
            place, _slash, name = part.rpartition("/")
            if not place or address.startswith((place, f"api/v1/{place}")):
                address = address.replace(name or part, str(value))
        assert "<" not in address, f"say what {address} stands for"
        return "/" + address


@contextmanager
def undone():
    """What is written inside is rolled back; the portal takes it for the transaction of a test."""
    block = transaction.atomic()
    block._from_testcase = True
    with block:
        yield
        transaction.set_rollback(True)


class Writes:
    """`tables`: those that statements inside the block wrote to."""

    PATTERN = re.compile(r'\s*(?:INSERT(?: OR \w+)? INTO|UPDATE|DELETE FROM|REPLACE INTO)\s+"?(\w+)"?', re.I)

    def __enter__(self):
        self.tables = set()
        self._wrapper = connection.execute_wrapper(self._see)
        self._wrapper.__enter__()
        return self

    def __exit__(self, *about):
        return self._wrapper.__exit__(*about)

    def _see(self, execute, sql, params, many, context):
        if found := self.PATTERN.match(sql):
            self.tables.add(found[1].lower())
        return execute(sql, params, many, context)


def every_address(slugs=None):
    """Every address of the portal, with each kind and each of its verbs in place; of these kinds only."""
    for address in sorted(set(addresses())):
        kinds = {slug for slug in KINDS if f"/{slug}/" in address}
        if "<kind:kind>" not in address:
            if slugs is None or not kinds or kinds & set(slugs):
                yield address
            continue
        for slug in KINDS if slugs is None else slugs:
            yield from _of_kind(KINDS[slug], address.replace("<kind:kind>", slug))


def _of_kind(kind, address):
    if "bulk/" in address:
        for asked in Asked.all(kind):
            if bool(asked.takes) is ("<slug:other>" in address):
                yield asked.address[1:]
    elif "<slug:verb>" in address:
        yield from (address.replace("<slug:verb>", verb.name) for verb in kind.object_verbs)
    elif "<slug:name>" in address:
        yield from (address.replace("<slug:name>", each.name) for each in kind.related)
    else:
        yield address


def _side(plant, rows):
    owner, tokens = User.objects.get(pk=plant.people[Role.OWNER].pk), []
    bus, kind = rows[BUS], KINDS[BUS]
    connection = plant.connection(kind)
    operation = Operation.objects.create(
        team=plant.team,
        actor=owner,
        platform="iotda",
        kind_slug=BUS,
        verb_name="create",
        connection=connection,
        connection_name=connection.name,
        object_name=bus.name,
        key=str(uuid.uuid4()),
        data={"bus_name": bus.name},
        state=State.NEEDS_HUMAN,
    )
    change = Change(kind=kind, verb=kind.verb("delete"), connection=connection, target=bus)
    job = together.request([change], actor=owner, key=str(uuid.uuid4()), purpose=Purpose.EACH, name=bus.name)
    approval = _approval(plant, bus, connection)
    invitation = invitations.invite(
        plant.team,
        actor=owner,
        email=f"invited-to-{plant.team.name.split()[0].lower()}@example.test",
        role="viewer",
        link=lambda token: tokens.append(token) or token,
    )
    about = {"stage": "outcome", "outcome": "done", "actor": owner.email, "actor_id": str(owner.pk)}
    thing = {"verb": "create", "kind": BUS, "object_id": bus.remote_id, "object_name": bus.name}
    place = {"team_id": str(plant.team.pk), "team": plant.team.name, "connection_id": str(connection.pk)}
    (entry,) = append({**about, **thing, **place, "connection": connection.name})
    data = {"name": f"key of {plant.team.name}", "credential": made_passkey(plant.team.pk.bytes)}
    (passkey,) = Authenticator.objects.bulk_create([Authenticator(user=owner, type="webauthn", data=data)])
    token, _text = make_token(plant, Role.OWNER, name=f"token of {plant.team.name}")
    return Side(plant, rows, operation, job, approval, token, invitation, tokens, entry, passkey)


def _approval(plant, bus, connection):
    """Of a change that an operator asked for."""
    change = {"kind": BUS, "verb": "sync", "object_id": bus.remote_id, "object_name": bus.name}
    change |= {"object_scope": "", "data": {}, "request": {"method": "POST", "url": "", "body": ""}}
    made = Approval.objects.create(
        team=plant.team,
        key=str(uuid.uuid4()),
        actor=plant.people[Role.OPERATOR],
        connection=connection,
        connection_name=connection.name,
        platform="iotda",
        kind_slug=BUS,
        verb_name="sync",
        object_id=bus.remote_id,
        object_name=bus.name,
        changes=[{**change, "connection": str(connection.pk), "account": "", "seen": {}, "then": []}],
        expires_at=timezone.now() + timedelta(days=1),
    )
    ApprovalPlace.objects.create(approval=made, connection=connection)
    return made


def _narrowed(town, who, user):
    """Make the person an operator of the own team, everywhere in it or on one connection."""
    platforms = {"inside": ("iotda", "roma", "enos"), "outside": ("enos",)}[who]
    ids = [str(town.own.plant.connections[each].pk) for each in platforms]
    places = [{"connection": id, "space": ""} for id in ids]
    Membership.objects.create(team=town.own.plant.team, user=user, role=Role.OPERATOR, places=places)


def _other(url):
    """A team elsewhere: nothing of it is asked of a platform, so its objects are rows alone."""
    plant = make_plant(url, name=f"{THEIRS} works")
    for each in plant.connections.values():
        Connection.objects.filter(pk=each.pk).update(name=f"{THEIRS} {each.name}")
        each.refresh_from_db()
    rows = {}
    for slug, kind in KINDS.items():
        row = kind.model(connection=plant.connection(kind), remote_id=f"{THEIRS}-{kind.model.__name__}")
        row.take({"name": f"{THEIRS} {kind.model.__name__}"})
        row.save()
        rows[slug] = row
    return _side(plant, rows)


@pytest.fixture
def town(plant, emulator, settings):
    settings.FRESH_SECONDS = 3600  # opening a list refreshes nothing
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    rows = {slug: plant.make(slug) for slug in creating()}
    for slug, kind in KINDS.items():
        plant.refresh(slug)
        rows.setdefault(slug, kind.model.objects.filter(connection=plant.connection(kind)).first())
    made = Town(_side(plant, rows), _other(emulator.url))
    for who, flags in PEOPLE.items():
        if who in ("reads", "writes", "over"):
            made.enter_by_token(who)
            continue
        if who in Role:
            user = plant.people[Role(who)]
        elif who == "elsewhere":
            user = made.other.plant.people[Role.OWNER]
        else:
            user = User.objects.create(email=f"{who}@example.test", **flags) if who != "nobody" else None
        if who in ("inside", "outside"):
            _narrowed(made, who, user)
        made.enter(who, user)
    return made
