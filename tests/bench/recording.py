"""Fills the record as five teams would in a year: through store.append, with whole lines, in order.

Every thousand lines are made from their number alone. So a record can be filled further, one of 1,000 entries
is the beginning of one of 5,000,000, and what pages look for in it (`NEEDLE`, `RARE`) is in each once.
"""

import os
import random
import time
import uuid
from collections import deque
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
from django.conf import settings
from django.core.management import call_command
from django.db import connection, connections
from django.db.models import Max

from portal.connections.models import Connection
from portal.record.models import Entry
from portal.record.store import append, line
from portal.teams.models import Membership, Role, Team, User
from tests.support.databases import VARIABLE, PostgreSQL, SQLite, point

CHUNK = 1000  # lines that are made together
START, BETWEEN = datetime(2025, 3, 1, 6, tzinfo=UTC), timedelta(seconds=6)
END = START + timedelta(days=365)
TEAMS = ("Plant 1", "Plant 2", "Plant 3", "Harbour", "上海工厂")
NAMES = ("Mei Lin", "Jonas", "Aylin", "王伟", "Olga", "Samir", "Chiara", "Noor")
KINDS = {
    "iotda": ("iotda/soft-buses", "iotda/device-groups", "iotda/policies", "iotda/spaces"),
    "roma": ("roma/device-groups", "roma/applications"),
    "enos": ("enos/devices", "enos/products"),
}
ALL_KINDS = [kind for kinds in KINDS.values() for kind in kinds]
VERBS, WEIGHTS = ("update", "create", "delete", "sync", "enable", "bind"), (50, 20, 8, 10, 7, 5)
OUTCOMES, ODDS = ("done", "rejected", "partly", "in_doubt"), (92, 5, 1, 2)
THINGS = ("Pump", "Valve", "总线", "Line", "传感器", "Gate")
# Two of the first acts: the only one on its object and of its ticket; and the only one of somebody on a kind,
# and on an object that everybody else changes all the time.
NEEDLE, NEEDLE_NAME, NEEDLE_TICKET = "obj-needle-4711", "独一无二的总线 Needle-Bus", "CHG-NEEDLE"
RARE, COMMON, COMMON_NAME = "enos/devices", "obj-common", "Line A"


@dataclass(frozen=True)
class Scene:
    """Who may have done it. `teams` are [(team, [person], {platform: connection})]; `rare` did RARE once."""

    teams: list
    auditor: User  # of the portal: reads everything
    local: User  # auditor of the first team

    @property
    def rare(self):
        return self.teams[0][1][0]


def scene():
    """Made once in a database."""
    teams = []
    for number, name in enumerate(TEAMS):
        team, _made = Team.objects.get_or_create(name=name)
        people = [_person(f"person-{number}-{each}@example.test", who) for each, who in enumerate(NAMES)]
        for each in people:
            Membership.objects.get_or_create(team=team, user=each, defaults={"role": Role.OPERATOR})
        teams.append((team, people, {platform: _connection(team, platform) for platform in KINDS}))
    local = _person("local-auditor@example.test", "Local Auditor")
    Membership.objects.get_or_create(team=teams[0][0], user=local, defaults={"role": Role.AUDITOR})
    return Scene(teams, _person("auditor@example.test", "Auditor", is_portal_auditor=True), local)


def _person(email, name, **flags):
    if found := User.objects.filter(email=email).first():
        return found
    return User.objects.bulk_create([User(email=email, name=name, **flags)])[0]


def _connection(team, platform):
    values = {"platform": platform, "endpoint": "http://127.0.0.1:9"}
    return Connection.objects.get_or_create(team=team, name=f"{team.name} {platform}", defaults=values)[0]


def engine():
    """Where records are kept: in the directory PORTAL_BENCH_KEEP, else for this run alone."""
    kept = os.environ.get("PORTAL_BENCH_KEEP")
    if connection.vendor == "sqlite":
        directory = Path(kept or settings.DATA_DIR)
        directory.mkdir(parents=True, exist_ok=True)
        return SQLite(directory), lambda name: (directory / f"{name}.sqlite3").exists()
    server = os.environ[VARIABLE]
    made = PostgreSQL(server, prefix="portal_bench_")

    def is_there(name):
        with closing(psycopg.connect(server)) as db:
            query = "SELECT 1 FROM pg_database WHERE datname = %s"
            return bool(kept and db.execute(query, [made.prefix + name]).fetchone())

    return made, is_there


def records(sizes, told=print):
    """{size: Database}, one for each, smallest first; a larger one goes on where the smaller one ends."""
    databases, is_there = engine()
    settings.RECORD_KEYS = settings.CHECKPOINT_KEYS = ["of a benchmark"]
    found, smaller = {}, None
    for size in sorted(sizes):
        name = f"record_{size}"
        if is_there(name):
            database = databases.database(name)
        else:
            connections.close_all()
            database = databases.create(name, template=smaller)
        point(database)
        call_command("migrate", verbosity=0)
        if Entry.objects.filter(at__lt=END).count() < size:
            written, seconds = fill(size, told)
            told(f"{written:,} entries in {seconds:.0f} s, {written / seconds:.0f} a second")
        found[size], smaller = database, name
    return found


def fill(size, told=lambda text: None):
    """Fill the record up to `size` entries; returns (entries written, seconds)."""
    there = Entry.objects.filter(at__lt=END).aggregate(at=Max("at"))["at"]
    first = 0 if there is None else (round((there - START) / BETWEEN) + 1) // CHUNK
    people, began = scene(), time.perf_counter()
    with _not_durable():
        for number in range(first, size // CHUNK):
            append(*lines(people, number))
            if not (number + 1) % 100:
                told(f"{number + 1:,}000 entries, {time.perf_counter() - began:.0f} s")
    _settle()
    return (size // CHUNK - first) * CHUNK, time.perf_counter() - began


@contextmanager
def _not_durable():
    """A power cut may take what is filled in."""
    off, on = "SET synchronous_commit = off", "SET synchronous_commit = on"
    if connection.vendor == "sqlite":
        off, on = "PRAGMA synchronous = OFF", "PRAGMA synchronous = FULL"
    with connection.cursor() as cursor:
        cursor.execute(off)
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute(on)


def _settle():
    """What PostgreSQL does by itself after a while: statistics, and its index in order."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("VACUUM ANALYZE")
        else:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def lines(people, number):
    """The Lines of the thousand with this number, ready to be appended."""
    at = START + number * CHUNK * BETWEEN
    return [line(**each, at=at + n * BETWEEN) for n, each in enumerate(given(people, number))]


def given(people, number):
    """The same, as callers give it."""
    dice = random.Random(number)
    made, late = [] if number else list(_singular(people, dice)), deque()
    while len(made) < CHUNK:
        first, *others = _act(people, dice)
        made.append(first)
        late.extend(others)
        if late and dice.random() < 0.9:  # others act while a platform is slow to answer
            made.append(late.popleft())
    return made[:CHUNK]


def _act(people, dice):
    """The lines of one thing that somebody did."""
    team, members, connections = dice.choice(people.teams)
    who, about = dice.choice(members), dice.random()
    said = _who(dice, team, who)
    if about < 0.1:
        account = {"kind": "people", "verb": "sign_in", "object_id": str(who.pk), "object_name": who.email}
        said = {**said, **account, "team_id": "", "team": "", "stage": "outcome", "outcome": "done"}
        return [said | {"body": {"address": f"192.0.2.{dice.randrange(255)}"}}]
    kind = ALL_KINDS[(members.index(who) + dice.randrange(3)) % len(ALL_KINDS)]  # that is what they work with
    is_common = dice.random() < 0.02 and who != people.rare
    thing = dice.randrange(200_000)
    name = f"{THINGS[thing % len(THINGS)]} {thing}-{dice.choice('ABC')}"
    id, name = (COMMON, COMMON_NAME) if is_common else (f"obj-{thing:08}", name)
    said |= _what(connections, kind, dice.choices(VERBS, WEIGHTS)[0], id, name)
    if dice.random() < 0.3:
        said["ticket"] = f"CHG-{dice.randrange(50_000):06}"
    if about < 0.18:
        return [said | {"stage": "denied", "outcome": "denied", "body": {"right": said["verb"]}}]
    return _operation(dice, said)


def _who(dice, team, who):
    return {
        **{"actor_id": str(who.pk), "actor": who.email, "team_id": str(team.pk), "team": team.name},
        "correlation": _id(dice),
    }


def _what(connections, kind, verb, id, name):
    place = connections[kind.partition("/")[0]]
    return {
        **{"platform": place.platform, "connection_id": str(place.pk), "connection": place.name},
        **{"kind": kind, "verb": verb, "object_id": id, "object_name": name},
    }


def _operation(dice, said):
    """Its intent and its outcome, with bodies of about 400 bytes."""
    said = said | {"operation": _id(dice)}
    limit, path = dice.randrange(500), f"/v5/iot/project/things/{said['object_id']}"
    wished = {"name": said["object_name"], "description": "Line of the second hall", "limit": limit}
    wished |= {"tags": {"hall": f"H{limit % 9}", "shift": "night"}, "is_enabled": True}
    before = wished | {"limit": dice.randrange(500), "description": "生产线的设备"}
    asked = {"before": before, "data": wished, "request": {"method": "PUT", "path": path}}
    outcome = dice.choices(OUTCOMES, ODDS)[0]
    answer = {"status": 200 if outcome == "done" else 409, "duration_ms": limit, "request_id": _id(dice)}
    ended = {"answer": wished | {"id": said["object_id"], "status": "online"}, "attempts": [answer]}
    told = {"http_status": answer["status"], "platform_request_id": answer["request_id"]}
    return [
        said | {"stage": "intent", "outcome": "asked", "reason": "Planned work", "body": asked},
        said | told | {"stage": "outcome", "outcome": outcome, "duration_ms": limit, "body": ended},
    ]


def _singular(people, dice):
    team, _members, connections = people.teams[0]
    said = _who(dice, team, people.rare)
    needle = _what(connections, "iotda/soft-buses", "create", NEEDLE, NEEDLE_NAME) | {"ticket": NEEDLE_TICKET}
    for what in (needle, _what(connections, RARE, "delete", COMMON, COMMON_NAME)):
        yield from _operation(dice, said | what)


def _id(dice):
    return str(uuid.UUID(int=dice.getrandbits(128), version=4))
