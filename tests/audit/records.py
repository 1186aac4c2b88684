"""Records to search in: random ones, and what an address must find in them, reckoned in the simplest way.

`expected` reads every entry and knows nothing of facets, indexes and pages.
"""

import random
import uuid
from datetime import UTC, datetime, timedelta

from portal.audit.moments import span
from portal.kinds.registry import KINDS
from portal.outside import folded
from portal.record import searching
from portal.record.models import Body, Entry
from portal.record.store import append
from portal.teams.models import Role

KIND_SLUGS = ("iotda/soft-buses", "iotda/policies", "enos/devices", "portal/connections")
VERBS = ("create", "update", "delete", "sync")
ENDS = ("done", "rejected", "in_doubt")
NAMES = ("LineA-Bus", "LineB-Bus", "设备甲", "deny_pub", "Zürich % _ \\ 100", "x")
START = datetime(2026, 3, 1, tzinfo=UTC)


def fill(plants, count, seed=1, clock_jumps=True):
    """Append `count` acts of the teams' people: operations, notes, denials."""
    chance, at, lines, late = random.Random(seed), START, [], []
    for number in range(count):
        at += timedelta(minutes=chance.choice([0, 1, 1, 7, 180]))
        if clock_jumps and chance.random() < 0.02:
            at -= timedelta(hours=chance.choice([1, 5]))
        lines += _act(chance, chance.choice(plants), number, at, late)
        if late and chance.random() < 0.5:
            lines.append({**late.pop(chance.randrange(len(late))), "at": at})
    lines += [{**each, "at": at} for each in late]
    for start in range(0, len(lines), 200):
        append(*lines[start : start + 200])


def _act(chance, plant, number, at, late):
    """The first step; what follows is put into `late`."""
    role = chance.choice([Role.OPERATOR, Role.MANAGER, Role.OWNER])
    person, connection = plant.people[role], chance.choice(list(plant.connections.values()))
    object = chance.randrange(12)
    about = {
        "at": at,
        "actor": person.email,
        "actor_id": str(person.pk),
        "team": plant.team.name,
        "team_id": str(plant.team.pk),
        "kind": chance.choice(KIND_SLUGS),
        "verb": chance.choice(VERBS),
        "connection": connection.name,
        "connection_id": str(connection.pk),
        "object_id": f"obj-{plant.team.name[:2]}-{object}" if chance.random() < 0.8 else "",
        "object_name": NAMES[(object + (number > 60)) % len(NAMES)],
        "ticket": f"CHG-{chance.randrange(5)}" if chance.random() < 0.3 else "",
        "reason": chance.choice(["", "", "night shift", "NIGHT Shift"]),
        "correlation": str(uuid.UUID(int=chance.randrange(40))),
    }
    kind = chance.random()
    if kind < 0.15:
        return [{**about, "stage": "denied", "outcome": "denied"}]
    if kind < 0.3:
        return [{**about, "stage": "outcome", "outcome": "done", "body": {"note": f"body of {number}"}}]
    operation = str(uuid.UUID(int=chance.getrandbits(128)))
    asked = {**about, "operation": operation, "stage": "intent", "outcome": "asked", "object_id": ""}
    body = {"answer": {"id": f"made-{number}"}}
    step = {**about, "operation": operation, "stage": "outcome", "outcome": chance.choice(ENDS), "body": body}
    step["platform_request_id"] = f"req-{chance.randrange(30)}"
    late.append(step)
    if chance.random() < 0.2:  # somebody else decides
        other = plant.people[Role.OWNER]
        by = {"actor": other.email, "actor_id": str(other.pk), "reason": "seen on the platform"}
        late.append({**step, **by, "outcome": "found"})
    if chance.random() < 0.2:
        late.append({**step, "stage": "note", "outcome": "shown"})
    return [asked]


class Oracle:
    """All stories of the record, as the design describes them."""

    def __init__(self):
        self.bodies = dict(Body.objects.values_list("seq", "text"))
        self.stories, mains = {}, {}
        for entry in Entry.objects.order_by("seq"):
            is_step = entry.operation and entry.stage in ("intent", "outcome")
            main = mains.get(entry.operation) if is_step else None
            if main:
                main["steps"].append(entry)
                main["outcome"] = entry.outcome
                if main["first"].actor_id == entry.actor_id:
                    continue
            story = {"first": entry, "steps": [entry], "outcome": entry.outcome}
            self.stories[entry.seq] = story
            if is_step and not main:
                mains[entry.operation] = story

    def expected(self, values, sees, zone=UTC):
        """Numbers of the stories that are found, newest first; `sees(entry)` says who may read what."""
        found = [
            number
            for number, story in self.stories.items()
            if sees(story["first"]) and all(self.fits(story, *each, sees, zone) for each in values.items())
        ]
        return sorted(found, reverse=True)

    def fits(self, story, name, value, sees, zone):
        first = story["first"]
        if name in ("verb", "kind"):
            return getattr(first, name) == value
        if name == "outcome":
            return story["outcome"] == value
        if name in ("actor", "team", "connection"):
            return value.lower() in (getattr(first, name).lower(), getattr(first, f"{name}_id"))
        if name in ("since", "until"):
            begins, ends = span(value, zone)
            return first.at >= begins if name == "since" else first.at < ends
        return any(sees(entry) and self.has(entry, name, value, sees) for entry in story["steps"])

    def has(self, entry, name, value, sees):
        if name == "ticket":
            return entry.ticket == value
        if name == "request":
            return value in (entry.platform_request_id, entry.correlation, entry.operation)
        if name == "object":
            return self.is_about(entry, value, sees)
        fields = {field.name: getattr(entry, field.name) for field in Entry._meta.fields}
        return searching.written(value) in searching.text(fields, self.bodies[entry.seq])

    def is_about(self, entry, value, sees):
        entries = [step for story in self.stories.values() for step in story["steps"] if sees(step)]
        if any(each.object_id == value for each in entries):
            return entry.object_id == value
        named = [each for each in entries if folded(value) in folded(each.object_name)]
        ids = {(each.kind, each.object_id) for each in named if each.object_id}
        nameless = {each.seq for each in named if not each.object_id}
        return (entry.kind, entry.object_id) in ids or entry.seq in nameless


assert set(KIND_SLUGS[:3]) <= set(KINDS)
