"""Evidence: how to find out afterwards whether a change happened whose answer was lost.

The portal then looks on the platform. Each class here is one way to look for what a create made; effects.py
has those for changes of an object that was there already:

- `baseline(bound, data)` reads the platform just before the change is sent. The operation stores the result.
- `look(bound, data, baseline)` reads the platform while the operation is in doubt. It returns a Look.
- `before(baseline)` describes a stored baseline to the person who decides, as (Said, ids).

`bound` is a registry.Bound: the collection and the object that the change is about. Nothing here writes.

The look for a create also gets `touched()`: what the portal itself has changed or deleted since. Names
change, so an object that no longer has the name is recognised by what it was before that. It is asked after
the platform was read, so that no change falls between the two.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from django.utils.translation import gettext_noop as _

from portal.errors import Missing, NotSent, Unclear
from portal.kinds.comparing import compare
from portal.kinds.identity import is_within
from portal.kinds.registry import ANOTHER_OBJECT
from portal.platforms.collection import Listing
from portal.platforms.gate import TOO_LATE, is_too_big
from portal.record.redaction import redact
from portal.words import Said, Sentence

# Verdicts of a look. `missed` comes from a lookup by id or name. `unseen` only means that a listing does not
# show the object, which proves less: objects may move between pages while the listing is read.
FOUND, MISSED, UNSEEN, UNDECIDED = "found", "missed", "unseen", "undecided"

CANDIDATES_MAX = 20
# What a baseline may cost. A create does not fail because its platform has many objects; it is sent, and if
# its answer is lost, a person decides.
BASELINE_SECONDS = 10
# Of a list that cannot be searched by name: the newest ones. Before a create it is one page.
ROWS_BEFORE, ROWS = 50, 500
NEWEST = 10  # ids that a baseline keeps of them

ID_MISSED = Sentence("look.id_missed", _("The platform does not have the id that was sent."))
ID_BEFORE = Sentence("look.id_before", _("The id that was sent exists, but it existed before this was sent."))
ID_FOUND = Sentence("look.id_found", _("The id that was sent exists, with every value that was sent."))
ID_OTHER = Sentence(
    "look.id_other",
    _("The id that was sent exists, but with other values: someone else may have made it."),
)
NAME_UNSEEN = Sentence(
    "look.name_unseen",
    _("The platform lists no new object with that name, but a list alone is no proof."),
)
NAME_MISSED = Sentence("look.name_missed", _("The platform shows no new object with that name."))
NAME_SEVERAL = Sentence("look.name_several", _("Several new objects have that name."))
NAME_SHARED = Sentence(
    "look.name_shared",
    _("A new object has that name, but the platform does not promise that names are unique."),
)
NAME_OTHER = Sentence("look.name_other", _("A new object has that name, but with other values."))
NAME_ONLY = Sentence(
    "look.name_only",
    _("A new object has that name, but nothing else was sent that could tell who made it."),
)
NAME_FOUND = Sentence(
    "look.name_found", _("Exactly one new object has that name and every value that was sent.")
)
NAME_CUT = Sentence(
    "look.name_cut",
    _("An object has that name, but not all objects could be listed before this was sent: it may be older."),
)
NAMED_SINCE = Sentence(
    "look.named_since",
    _("An object has that name, but the portal itself gave it this name after this was sent."),
)
TOUCHED_FOUND = Sentence(
    "look.touched_found",
    _("A new object had every value that was sent, until the portal itself changed it."),
)
TOUCHED_OTHER = Sentence(
    "look.touched_other",
    _("A new object fitted what was sent, until the portal itself changed it. It may be this one."),
)
DELETED_FOUND = Sentence(
    "look.deleted_found", _("A new object had every value that was sent. It has been deleted since.")
)
DELETED_OTHER = Sentence(
    "look.deleted_other",
    _("A new object fitted what was sent and has been deleted since. It may be this one."),
)
BEFORE_NO_ID = Sentence(
    "before.no_id", _("Just before it was sent, the platform had no object with this id.")
)
BEFORE_ID = Sentence(
    "before.id", _("Just before it was sent, the platform already had an object with this id.")
)
BEFORE_NO_NAME = Sentence(
    "before.no_name", _("Just before it was sent, no object on the platform had this name.")
)
BEFORE_NAMES = Sentence("before.names", _("These objects already had this name just before it was sent:"))
BEFORE_CUT = Sentence(
    "before.cut",
    _("Just before it was sent, not all objects could be listed. Those that were seen with this name:"),
)
BEFORE_UNKNOWN = Sentence(
    "before.unknown",
    _("Just before it was sent, not all objects could be listed. None was seen with this name."),
)


@dataclass(frozen=True)
class Look:
    """The result of one look.

    - `verdict` is found, missed, unseen or undecided.
    - `said` is the message about it: a Said, or a platform's own text.
    - `candidates` are the objects it found: [{"object": decoded, "compared": [rows of comparing.compare],
      "is_gone": whether it was there, but is no longer}].
    - `is_whole` means that what it does not show is not there.
    """

    verdict: str
    said: Said | str
    candidates: list = field(default_factory=list)
    is_whole: bool = True

    @property
    def object(self):
        """The object that was found; None after a delete."""
        return self.candidates[0]["object"] if self.verdict == FOUND and self.candidates else None

    @property
    def is_gone(self):
        """Whether the object that was found no longer exists."""
        return bool(self.object) and self.candidates[0].get("is_gone", False)


@dataclass(frozen=True)
class Touched:
    """An object that the portal itself has changed or deleted since a create was requested.

    - `before` are its values as the first of these operations found them, without secrets.
    - `known` are the values by which it is identified, as the mirror has them.
    - `hints` help the platform to find it, in its `scope` (registry.Bound).
    """

    id: str
    before: dict
    known: dict = field(default_factory=dict)
    hints: dict = field(default_factory=dict)
    scope: str = ""

    @property
    def was(self):
        return {**self.known, **self.before}


def _candidate(sent, seen, touched=None, *, is_gone=False):
    """`seen` with what was sent beside it; if the portal has changed the object since, as it was before."""
    if touched is None:
        return {"object": seen, "compared": compare(sent, seen)}
    was = redact({**seen, **touched.was})  # operations keep what they saw without secrets
    shown = {"name": "", **touched.was, "id": touched.id} if is_gone else seen
    return {"object": shown, "compared": compare(redact(sent), was), "is_gone": is_gone}


def _no_longer_called(bound, data, touched):
    """The candidate for an object that no longer has the name or id that was sent."""
    try:
        seen = {**touched.known, **bound.read(touched.id, touched.scope, **touched.hints)}
    except Missing:
        return _candidate(data, {}, touched, is_gone=True)
    return _candidate(data, seen, touched)


def _space(evidence, bound, data):
    """{field: value} of the space in which a create makes its object: as sent, else the default one."""
    space = {name: data[name] for name in evidence.scope if data.get(name)}
    if evidence.scope and not space and evidence.default_scope:
        space = evidence.default_scope(bound.collection.client)
    return space


def _is_in(touched, space):
    return all(touched.was.get(name, value) == value for name, value in space.items())


def agrees(candidate):
    return all(row["same"] is not False for row in candidate["compared"])


@dataclass(frozen=True)
class OwnId:
    """For a create whose id the portal chose: get the object by that id and compare it.

    - `ids` are the fields that hold the id.
    - `scope`: the fields that name the space in which it is unique, if it is so only there. `default_scope`
      is that of Name.
    - `get(collection, data, **space)` returns the decoded object or raises Missing.
    """

    get: Callable
    ids: tuple
    scope: tuple = ()
    default_scope: Callable | None = None

    @property
    def identifying(self):
        return self.ids + self.scope

    def baseline(self, bound, data):
        """Whether the id is already used."""
        try:
            self._get(bound, data, _space(self, bound, data))
        except Missing:
            return False
        return True

    def _get(self, bound, data, space):
        """The object with the id in this space. Raises Missing, and Unclear when another one is shown."""
        with bound.naming("get"):
            seen = self.get(bound.collection, data, **space)
        scope_of = bound.collection.scope_of
        if not is_within(scope_of(space), scope_of(seen)):
            raise Unclear(ANOTHER_OBJECT())
        return seen

    def before(self, baseline):
        return (BEFORE_ID() if baseline else BEFORE_NO_ID()), ()

    def look(self, bound, data, baseline, touched=tuple):
        space = _space(self, bound, data)
        try:
            seen = self._get(bound, data, space)
        except Missing:
            seen = None
        fitting = [each for each in touched() if self.fits(each, data) and _is_in(each, space)]
        if seen is None:
            found = [_no_longer_called(bound, data, each) for each in fitting]
            return self._called_otherwise(found, baseline) if found else Look(MISSED, ID_MISSED())
        same = next((each for each in fitting if each.id == seen["id"]), None)
        candidate = _candidate(data, seen, same)
        if baseline:
            return Look(UNDECIDED, ID_BEFORE(), [candidate])
        if agrees(candidate):
            return Look(FOUND, TOUCHED_FOUND() if same else ID_FOUND(), [candidate])
        return Look(UNDECIDED, ID_OTHER(), [candidate])

    def fits(self, touched, data):
        """Whether an object had the id, before the portal changed or deleted it."""
        return all(touched.was.get(name) == data.get(name) for name in self.ids)

    def _called_otherwise(self, found, baseline):
        """The portal has since deleted what had the id, or given it another one."""
        is_gone, is_ours = found[0]["is_gone"], not baseline and len(found) == 1 and agrees(found[0])
        if is_gone:
            return Look(FOUND, DELETED_FOUND(), found) if is_ours else Look(UNDECIDED, DELETED_OTHER(), found)
        return Look(FOUND, TOUCHED_FOUND(), found) if is_ours else Look(UNDECIDED, TOUCHED_OTHER(), found)


@dataclass(frozen=True)
class Name:
    """For a create whose id the platform chooses: look for the name.

    - `unique`: the platform's documents say that names are unique in their space.
    - `scope`: the fields that name the space. `default_scope(client)` returns their values if none were sent.
    - `searched`: the platform itself can search by name, so that finding nothing is a proof.

    A name alone never proves who created the object. The verdict is `found` only if the name is unique and
    was not used before, more than the name was sent, and all of that agrees.

    Where there is no search, only the newest objects are read before a create. That does not show whether
    an older one has the name. But it parts the new from the old, where a list is newest first: what stands
    before the first of those objects later was not there, and what stands behind it was.
    """

    field: str
    scope: tuple = ()
    default_scope: Callable | None = None
    unique: bool = True
    searched: bool = True

    @property
    def identifying(self):
        return self.scope

    def _listing(self, bound, data, space, rows):
        """A Listing that holds all objects with the name, if it is complete."""
        if self.searched:
            return bound.list(name=data.get(self.field, ""), **space)
        return bound.list(limit=rows, **space)

    def _named(self, listing, data):
        return [item for item in listing.items if item["name"] == data.get(self.field, "")]

    def baseline(self, bound, data):
        """Ids of the objects that already have the name. If more may have it, {"ids", "is_whole": False};
        then `newest` are the ids of the newest objects, where the order of the list tells them."""
        try:
            with bound.collection.client.one_deadline(time.monotonic() + BASELINE_SECONDS):
                listing = self._listing(bound, data, _space(self, bound, data), ROWS_BEFORE)
        except (Unclear, NotSent) as error:
            if not _is_too_much(error):
                raise
            listing = Listing(complete=False)
        ids = [item["id"] for item in self._named(listing, data)]
        if listing.complete:
            return ids
        newest = [item["id"] for item in listing.items[:NEWEST]] if self._is_in_order(bound) else []
        return {"ids": ids, "is_whole": False, **({"newest": newest} if newest else {})}

    def _is_in_order(self, bound):
        return bound.collection.newest_first and not self.searched

    def before(self, baseline):
        ids, is_whole = _ids_before(baseline)
        if is_whole:
            return (BEFORE_NAMES(), ids) if ids else (BEFORE_NO_NAME(), ())
        return (BEFORE_CUT(), ids) if ids else (BEFORE_UNKNOWN(), ())

    def look(self, bound, data, baseline, touched=tuple):
        space = _space(self, bound, data)
        listing = self._listing(bound, data, space, ROWS)
        items, is_whole = self._named(listing, data), listing.complete
        before, was_whole = _ids_before(baseline)
        new, old = _parted(listing, baseline)
        before = {*before, *old}
        changed = {each.id: each for each in touched() if each.id not in before}
        found, listed = [], {item["id"] for item in items}
        for item in [item for item in items if item["id"] not in before][:CANDIDATES_MAX]:
            try:
                seen = {**item, **bound.read(item["id"])}
                found.append(_candidate(data, seen, changed.get(item["id"])))
            except Missing:
                is_whole = False  # the list still shows a deleted object, so it may also lack a new one
                listed.remove(item["id"])
        for each in changed.values():
            fits = self.fits(each, data) and _is_in(each, space)
            if fits and each.id not in listed and len(found) < CANDIDATES_MAX:
                found.append(_no_longer_called(bound, data, each))
        if not found:
            proves = self.searched and is_whole
            return Look(MISSED, NAME_MISSED()) if proves else Look(UNSEEN, NAME_UNSEEN())
        is_new = was_whole or found[0]["object"]["id"] in new
        verdict, said = self._judged(found, data, changed, is_new)
        return Look(verdict, said, found, is_whole=self.searched and is_whole)

    def fits(self, touched, data):
        """Whether an object had the name, before the portal changed or deleted it."""
        return touched.was.get(self.field, touched.was.get("name")) == data.get(self.field)

    def _judged(self, found, data, changed, is_new):
        """(verdict, what is said about it). `is_new`: a single candidate was surely not there before."""
        if len(found) > 1:
            return UNDECIDED, NAME_SEVERAL()
        (candidate,) = found
        since = changed.get(candidate["object"]["id"])
        if since and not self.fits(since, data):
            return UNDECIDED, NAMED_SINCE()
        ignored = {self.field, *self.scope}
        fits = agrees(candidate)
        tells = any(row["same"] for row in candidate["compared"] if row["field"] not in ignored)
        if since:
            is_gone, proves = candidate["is_gone"], self.unique and is_new and fits and tells
            if is_gone:
                return (FOUND, DELETED_FOUND()) if proves else (UNDECIDED, DELETED_OTHER())
            return (FOUND, TOUCHED_FOUND()) if proves else (UNDECIDED, TOUCHED_OTHER())
        if not self.unique:
            return UNDECIDED, NAME_SHARED()
        if not is_new:
            return UNDECIDED, NAME_CUT()
        if not fits:
            return UNDECIDED, NAME_OTHER()
        return (FOUND, NAME_FOUND()) if tells else (UNDECIDED, NAME_ONLY())


def _ids_before(baseline):
    """(ids, whether these are all) of a stored baseline of Name."""
    if isinstance(baseline, dict):
        return tuple(baseline["ids"]), False
    return tuple(baseline or ()), baseline is not None


def _parted(listing, baseline):
    """(ids of the listed objects that were not there before, ids of those that were), by their order.

    Both are empty where the newest objects of a baseline are not known, or none of them is listed any more.
    """
    newest = baseline.get("newest", ()) if isinstance(baseline, dict) else ()
    ids = [item["id"] for item in listing.items]
    first = next((place for place, id in enumerate(ids) if id in newest), None)
    return (set(), set()) if first is None else (set(ids[:first]), set(ids[first:]))


def _is_too_much(error):
    """Whether a list could not be read because of its size: it was answered, but does not fit the bounds."""
    if is_too_big(error) or (isinstance(error.message, Said) and error.message.is_from(TOO_LATE)):
        return True
    return isinstance(error, Unclear) and error.status is not None and error.status < 300
