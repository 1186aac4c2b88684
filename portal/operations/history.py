"""What the portal itself has done with objects of a kind, by the order of the record.

An object that a create made keeps its id but not its name: a colleague may have changed or deleted it while
the create was in doubt. Clocks of two machines may differ; the numbers of the record's entries do not.
"""

from itertools import islice

from django.db.models import Min
from django.utils.translation import gettext_noop as _

from portal.connections.models import Connection
from portal.errors import Unclear
from portal.kinds.evidence import Touched
from portal.kinds.identity import is_within, or_unknown, the_one
from portal.operations.models import HAPPENED, Operation
from portal.record.models import Entry, Stage
from portal.words import Sentence

BATCH = 500  # operations in memory
MOST = 10_000  # operations that are looked through; beyond that, nothing is concluded
TOO_MANY = Sentence(
    "look.too_many_changes",
    _("The portal changed too many objects since this was requested, so it cannot tell what became of it."),
)
NEVER_FITTED = {"name": ""}


def asked(operation):
    """The number of the entry with which an operation began."""
    first = Entry.objects.filter(operation=str(operation.pk)).aggregate(Min("seq"))["seq__min"]
    return first or 0


def touched_since(operation, data):
    """[Touched] of the objects in the account that others changed or deleted since this create began.

    Objects that never fitted `data`, what was sent, are there without their values. Raises Unclear if there
    are more than MOST changes: one of those that were not looked at may have touched the object.
    """
    fits = operation.verb.evidence.fits
    entries = Entry.objects.filter(
        stage=Stage.INTENT,
        kind=operation.kind_slug,
        connection_id__in=[str(each) for each in _connections(operation)],
        seq__gt=asked(operation),
    )
    found = entries.exclude(object_id="").order_by("seq").values_list("operation", flat=True)
    if found[MOST : MOST + 1]:
        raise Unclear(TOO_MANY())
    pks, first, keys = found.iterator(BATCH), {}, _first_keys(operation, entries)
    while batch := list(islice(pks, BATCH)):
        seen = {}
        for each in _with_baseline(batch):
            seen.setdefault(_object(each), each)
        rows = _rows(operation, {id for _scope, id in seen})
        for of in seen.keys() - first.keys():
            scope, id = of
            touched = _touched(operation, seen[of], the_one(rows.get(id, ()), scope), keys.get(of, {}))
            first[of] = touched if fits(touched, data) else Touched(id, NEVER_FITTED, scope=scope)
    return list(first.values())


def _first_keys(operation, entries):
    """{object: what identified it before the portal first changed that}, where a verb changes it."""
    names = {*operation.verb.evidence.identifying}
    verbs = [each.name for each in operation.kind.verbs if names & {*getattr(each.evidence, "fields", ())}]
    found = entries.filter(verb__in=verbs).order_by("seq").values_list("operation", flat=True)
    pks, keys = found.iterator(BATCH) if verbs else iter(()), {}
    while batch := list(islice(pks, BATCH)):
        for each in _with_baseline(batch):
            was = {name: each.baseline[name] for name in names if name in each.baseline}
            keys[_object(each)] = {**was, **keys.get(_object(each), {})}
    return keys


def _object(operation):
    return operation.object_scope, operation.object_id


def _with_baseline(pks):
    """The operations in the given order, without those that ended before they saw their object."""
    found = {str(each.pk): each for each in _seeing(pks)}
    return [found[pk] for pk in pks if pk in found]


def _touched(operation, other, row, keys):
    baseline = other.baseline
    # Of what older versions deleted, only the name is known.
    before = baseline if isinstance(baseline, dict) else {"name": other.object_name}
    kind, scope = operation.kind, other.object_scope
    if row is None:
        hints = kind.hints(kind.model(**kind.model.values_from({"name": "", **before})))
        return Touched(other.object_id, before, keys, hints, scope)
    names = operation.verb.evidence.identifying
    known = {name: getattr(row, name) for name in names if getattr(row, name, None)} | keys
    return Touched(other.object_id, before, known, kind.hints(row), scope)


def _rows(operation, ids):
    """{id: mirror rows}, through whichever connection to the account."""
    found = {}
    for row in operation.kind.model.objects.filter(
        connection_id__in=_connections(operation), remote_id__in=ids
    ):
        found.setdefault(row.remote_id, []).append(row)
    return found


def older(operation, objects):
    """Those of the identities whose objects the portal had seen and changed before this create began."""
    entries = Entry.objects.filter(
        stage=Stage.INTENT,
        kind=operation.kind_slug,
        connection_id__in=[str(each) for each in _connections(operation)],
        seq__lt=asked(operation),
    )
    last = {}
    for scope, id in objects:
        mine = entries.filter(object_id=id)
        if scope:
            mine = mine.filter(object_scope__in=or_unknown(scope))
        newest = list(mine.order_by("-seq").values_list("operation", flat=True)[:BATCH])
        # What was recorded before scopes were tells them by the operation alone.
        known = {str(each.pk): each for each in _seeing(newest) if is_within(scope, each.object_scope)}
        if pk := next((pk for pk in newest if pk in known), None):
            last[scope, id] = known[pk]
    # An id may be used again after its object was deleted.
    return {of for of, each in last.items() if not (each.verb.removes and each.state in HAPPENED)}


def _seeing(pks):
    """Those of the operations that got as far as seeing their object."""
    return Operation.objects.filter(pk__in=list(pks)).exclude(baseline=None).defer("looks", "answer")


def _connections(operation):
    return Connection.objects.of_account(operation.connection)
