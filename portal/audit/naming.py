"""Names beside the ids in an entry: as the mirror has them, else as the record last wrote them down.

So an entry reads well after everything that it mentions is gone.
"""

import uuid
from dataclasses import dataclass, field

from django.db.models import Q

from portal.audit.statements import Statement
from portal.kinds.registry import KINDS
from portal.record.models import Entry
from portal.teams.access import visible_to

IDS_MAX = 50


@dataclass(frozen=True)
class Names:
    """`row` is the key of the object's own row in the mirror, None if there is none that may be seen."""

    row: object = None
    names: dict = field(default_factory=dict)  # {(field, id): name}


def named(user, entry, object_id, refers, ids):
    """The Names for an entry about an object. `ids` are (field, id) of what it mentions, `refers` says of
    which kind each field's ids are."""
    ids = sorted(ids)[:IDS_MAX]
    wanted = {}
    for attribute, id in ids:
        wanted.setdefault(refers[attribute], set()).add(id)
    if object_id and entry.kind in KINDS:
        wanted.setdefault(entry.kind, set()).add(object_id)
    mirrored = _mirrored(user, entry.connection_id, wanted)
    names = {
        (attribute, id): mirrored[refers[attribute], id][1]
        for attribute, id in ids
        if mirrored.get((refers[attribute], id), (None, ""))[1]
    }
    if missing := [pair for pair in ids if pair not in names]:
        names |= _recorded(user, entry, refers, missing)
    row = mirrored.get((entry.kind, object_id))
    return Names(row[0] if row else None, names)


def _mirrored(user, connection_id, wanted):
    """{(kind, id): (key of the row, name)}, in one statement."""
    statement, each = Statement(), []
    for slug, ids in wanted.items():
        rows = KINDS[slug].model.objects.visible_to(user).filter(remote_id__in=ids).order_by()
        if connection_id:
            rows = rows.filter(connection_id=connection_id)
        if found := statement.select(rows.values("id", "remote_id", "name")):
            each.append(f"SELECT {statement.value(slug)}, m.* FROM ({found}) m")
    rows = statement.rows(" UNION ALL ".join(each)) if each else []
    return {(slug, id): (uuid.UUID(str(key)), name) for slug, key, id, name in rows}


def _recorded(user, entry, refers, missing):
    about = Q()
    for attribute, id in missing:
        about |= Q(kind=refers[attribute], object_id=id)
    rows = visible_to(user, Entry.objects.filter(about).exclude(object_name=""), "read_record")
    rows = rows.filter(connection_id=entry.connection_id).order_by("seq")
    latest = {
        (kind, id): name for kind, id, name in rows.values_list("kind", "object_id", "object_name")[:500]
    }
    return {
        (attribute, id): latest[refers[attribute], id]
        for attribute, id in missing
        if (refers[attribute], id) in latest
    }
