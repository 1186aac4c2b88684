"""How an unclear call is recognised afterwards: what is looked up, and what a find proves.

Each strategy has `baseline(client, data, target)`, run just before sending and kept with the intent, and
`look(client, data, target, baseline)`, run while the operation is in doubt. Both only read.
"""

from dataclasses import dataclass, field

from django.utils.translation import gettext as _

from portal.errors import Missing
from portal.platforms.answers import storable_within
from portal.record.redaction import redact

# unseen: not in a listing, which is no snapshot and proves nothing
FOUND, MISSED, UNSEEN, UNDECIDED = "found", "missed", "unseen", "undecided"


@dataclass(frozen=True)
class Look:
    """What one look showed: `verdict` (found, missed, unseen, undecided) and `candidates` with `compared`."""

    verdict: str
    text: str
    candidates: list = field(default_factory=list)

    @property
    def object(self):
        """The object that was found; None after a delete."""
        return self.candidates[0]["object"] if self.verdict == FOUND and self.candidates else None


def compare(sent, seen):
    """[{field, sent, seen, same}] for each value that was sent; empty ones were not sent.

    Numbers and their texts are equal (ROMA ids), and a field that the platform does not hand out is None.
    """
    rows = []
    for name, value in sent.items():
        if value in (None, "", {}, []) or name in ("require_secret", "connection"):
            continue
        if name not in seen:
            rows.append({"field": name, "sent": value, "seen": None, "same": None})
            continue
        rows.append({"field": name, "sent": value, "seen": seen[name], "same": _same(value, seen[name])})
    return rows


def compare_all(wished, seen):
    """The same for each value of an update, where an empty one is a wish as well: to clear the field."""
    return [
        {"field": name, "sent": value, "seen": seen.get(name), "same": _alike(value, seen.get(name))}
        for name, value in wished.items()
    ]


def _same(sent, seen):
    """Of a map that was created, what was not sent does not count: the platform may have filled it in."""
    if isinstance(sent, dict) and isinstance(seen, dict):
        return all(_same(value, seen.get(key)) for key, value in sent.items() if value not in NOTHING)
    if isinstance(sent, list) and isinstance(seen, list):
        return len(sent) == len(seen) and all(map(_same, sent, seen))
    return _equal(sent, seen)


def _alike(one, other):
    """Equal in both directions, or both of them nothing."""
    if one in NOTHING or other in NOTHING:
        return one in NOTHING and other in NOTHING
    if isinstance(one, dict) and isinstance(other, dict):
        return all(_alike(one.get(key), other.get(key)) for key in {**one, **other})
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_alike, one, other))
    return _equal(one, other)


NOTHING = (None, "", {}, [])


def _equal(one, other):
    """Numbers and their texts are equal (ROMA ids), and 20 is 20.0; true and 1 are not."""
    if isinstance(one, bool) != isinstance(other, bool):
        return False
    return one == other or str(one) == str(other)


def _candidate(sent, seen):
    return {"object": seen, "compared": compare(sent, seen)}


def _agrees(candidate):
    return all(row["same"] is not False for row in candidate["compared"])


@dataclass(frozen=True)
class OwnId:
    """We chose the id ourselves: get the object under it and compare. `get(client, data)` raises Missing."""

    get: object

    def baseline(self, client, data, target):
        """Was the id taken before?"""
        try:
            self.get(client, data)
        except Missing:
            return False
        return True

    def look(self, client, data, target, baseline):
        try:
            seen = self.get(client, data)
        except Missing:
            return Look(MISSED, _("The platform does not have the id that was sent."))
        candidate = _candidate(data, seen)
        if baseline:
            text = _("The id that was sent exists, but it did before this was sent.")
            return Look(UNDECIDED, text, [candidate])
        if _agrees(candidate):
            return Look(FOUND, _("The id that was sent exists with everything that was sent."), [candidate])
        text = _("The id that was sent exists, but with other values: someone else may have made it.")
        return Look(UNDECIDED, text, [candidate])


@dataclass(frozen=True)
class Name:
    """Look for the name. `unique` says that the platform documents it as unique in its space.

    `scope` are the fields that name the space, `default_scope(client)` their values where none were sent.
    `searched` says that the platform itself searches by name, so that a miss means something.

    A name match alone never claims authorship: it counts as found only when the name is documented as
    unique, was not there before, and everything else that was sent agrees and is more than the name.
    """

    collection: str
    field: str
    scope: tuple = ()
    default_scope: object = None
    unique: bool = True
    searched: bool = True

    def _listing(self, client, data):
        filters = {name: data[name] for name in self.scope if data.get(name)}
        if self.scope and not filters and self.default_scope:
            filters = self.default_scope(client)
        return getattr(client, self.collection).list(name=data.get(self.field, ""), **filters)

    def baseline(self, client, data, target):
        """Ids that have the name already."""
        return [item["id"] for item in self._listing(client, data).items]

    def look(self, client, data, target, baseline):
        listing, collection = self._listing(client, data), getattr(client, self.collection)
        new = [item for item in listing.items if item["id"] not in set(baseline or [])][:20]
        found, is_stale = [], False
        for item in new:
            try:
                found.append(_candidate(data, {**item, **collection.get(item["id"])}))
            except Missing:
                is_stale = True  # the list shows what is not there (any more)
        if not found and (is_stale or not (self.searched and listing.complete)):
            return Look(UNSEEN, _("The platform lists nothing new of that name, but a list proves nothing."))
        if not found:
            return Look(MISSED, _("The platform shows nothing new of that name."))
        if len(found) > 1:
            return Look(UNDECIDED, _("Several new objects have that name."), found)
        if not self.unique:
            text = _("Something new has that name, but the platform does not promise that names are unique.")
            return Look(UNDECIDED, text, found)
        if not _agrees(found[0]):
            return Look(UNDECIDED, _("Something new has that name, but with other values."), found)
        ignored = {self.field, *self.scope}
        if not any(row["same"] for row in found[0]["compared"] if row["field"] not in ignored):
            text = _("Something new has that name, and nothing else was sent that could tell who made it.")
            return Look(UNDECIDED, text, found)
        return Look(FOUND, _("Exactly one new object has that name and everything that was sent."), found)


@dataclass(frozen=True)
class Status:
    """The object's status tells: one of `reached` means that the call arrived."""

    collection: str
    reached: tuple

    def baseline(self, client, data, target):
        return getattr(client, self.collection).get(target.remote_id).get("status")

    def look(self, client, data, target, baseline):
        try:
            seen = getattr(client, self.collection).get(target.remote_id)
        except Missing:
            return Look(UNDECIDED, _("The object does not exist any more."))
        candidate = {"object": seen, "compared": compare({"status": self.reached[0]}, seen)}
        if seen.get("status") in self.reached and baseline not in self.reached:
            return Look(FOUND, _("The platform shows the status that was asked for."), [candidate])
        if seen.get("status") in self.reached:
            text = _("The status was the same before, so it cannot tell whether the call arrived.")
            return Look(UNDECIDED, text, [candidate])
        return Look(MISSED, _("The status has not changed."), [candidate])


@dataclass(frozen=True)
class Fields:
    """An update: the object's `fields` tell, as the form named them and as the client decodes them.

    `hints(target)` helps the platform to find the object. Where the object has what was sent, it happened;
    where it still has what it had before, it did not (yet); anything else was somebody else's change, too.
    """

    collection: str
    fields: tuple
    hints: object = lambda target: {}

    def shown(self, decoded):
        """{field: value} of an object, to fill a form from and to compare with later."""
        return storable_within({name: decoded.get(name) for name in self.fields})

    def _get(self, client, target):
        return getattr(client, self.collection).get(target.remote_id, **self.hints(target))

    def baseline(self, client, data, target):
        return self.shown(self._get(client, target))

    def look(self, client, data, target, baseline):
        try:
            seen = self._get(client, target)
        except Missing:
            return Look(UNDECIDED, _("The object does not exist any more."))
        wished = {name: data.get(name) for name in self.fields}
        candidate = {"object": seen, "compared": compare_all(wished, seen)}
        if _agrees(candidate):
            return Look(FOUND, _("The object has everything that was sent."), [candidate])
        # The baseline is kept without secrets.
        if all(row["same"] for row in compare_all(baseline or {}, redact(self.shown(seen)))):
            return Look(MISSED, _("The object is as it was before."), [candidate])
        text = _("The object has neither what it had before nor what was sent: someone else changed it, too.")
        return Look(UNDECIDED, text, [candidate])


@dataclass(frozen=True)
class Gone:
    """A delete: the object is gone, or it is still there."""

    collection: str
    hints: object = lambda target: {}

    def baseline(self, client, data, target):
        """Raises Missing where there is nothing to delete any more."""
        getattr(client, self.collection).get(target.remote_id, **self.hints(target))
        return True

    def look(self, client, data, target, baseline):
        try:
            seen = getattr(client, self.collection).get(target.remote_id, **self.hints(target))
        except Missing:
            return Look(FOUND, _("The platform does not have it any more."))
        return Look(MISSED, _("The platform still has it."), [{"object": seen, "compared": []}])
