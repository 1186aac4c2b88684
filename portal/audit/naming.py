"""Names beside the ids in an entry: as the mirror has them, else as the record last wrote them down.

So an entry reads well after everything that it mentions is gone.
"""

import uuid
from dataclasses import dataclass, field

from portal.audit.statements import Statement
from portal.kinds.registry import KINDS
from portal.record.models import Entry

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
    mirrored, recorded = _read(user, entry.connection_id, wanted, {(refers[name], id) for name, id in ids})
    names = {}
    for attribute, id in ids:
        place = refers[attribute], id
        if name := mirrored.get(place, (None, ""))[1] or recorded.get(place):
            names[attribute, id] = name
    row = mirrored.get((entry.kind, object_id))
    return Names(row[0] if row else None, names)


def _read(user, connection_id, wanted, mentioned):
    """({(kind, id): (key of its row, name)} as the mirror has it, {(kind, id): name} as the record last wrote
    it), in one statement. `wanted` is {kind: ids}, `mentioned` are (kind, id)."""
    statement = Statement()
    each = [*_mirrored(statement, user, connection_id, wanted)]
    each += _recorded(statement, user, connection_id, mentioned)
    mirrored, recorded = {}, {}
    for slug, key, id, name in statement.rows(" UNION ALL ".join(each)) if each else []:
        if key is None:
            recorded[slug, id] = name
        else:
            mirrored[slug, id] = uuid.UUID(str(key)), name
    return mirrored, recorded


def _mirrored(statement, user, connection_id, wanted):
    for slug, ids in wanted.items():
        rows = KINDS[slug].model.objects.visible_to(user).filter(remote_id__in=ids).order_by()
        if connection_id:
            rows = rows.filter(connection_id=connection_id)
        if found := statement.select(rows.values("id", "remote_id", "name")):
            yield f"SELECT {statement.value(slug)} AS kind, m.* FROM ({found}) m"


def _recorded(statement, user, connection_id, mentioned):
    columns = "seq", "kind", "connection_id", "object_id", "object_name"
    for kind, id in sorted(mentioned):
        about = f"kind = {statement.value(kind)} AND object_id = {statement.value(id)}"
        about += f" AND connection_id = {statement.value(connection_id)} AND object_name <> ''"
        newest = f"SELECT object_name FROM ({statement.visible(user, Entry, *columns)}) e WHERE {about}"
        newest += " ORDER BY seq DESC LIMIT 1"
        yield f"SELECT {statement.value(kind)} AS kind, NULL, {statement.value(id)}, ({newest})"
