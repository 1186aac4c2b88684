"""What a Change reaches, as things for teams.access: where its object is, where that is to be, what it names.

A person whose membership covers a part of a connection needs the right for all of it. For others the
connection says everything, and nothing is looked up.
"""

from dataclasses import replace

from django.utils.translation import gettext_noop as _

from portal.errors import Conflict, Missing
from portal.kinds import mirroring
from portal.kinds.identity import the_one
from portal.kinds.registry import KINDS, Batch
from portal.teams.access import Spot, open_spaces
from portal.words import Sentence

MOVED = Sentence(
    "operation.moved",
    _("The platform shows this object in another place than the portal knew. Nothing was sent."),
)


def things(change, actor, *, is_read=True):
    """What the right to request the Change is asked for. What was only posted may lack a space."""
    connection = change.connection
    if open_spaces(actor, connection) is None:
        return [change.target or connection]
    if isinstance(change.verb, Batch):
        parts = change.data.get(change.verb.targets) if is_read else ()
        spaces = [change.kind.space_of(part) for part in parts]
        return [connection, *(Spot(connection, space) for space in spaces)]
    asked = change.kind.space_of(change.data)
    found = [change.target or (Spot(connection, change.space) if is_read or change.space else connection)]
    if asked:
        found.append(Spot(connection, asked))
    return [*found, *_named(change)] if is_read else found


def following(then, change, actor):
    """What is to follow the Change, as a Change; for a narrowed membership with the object that it names."""
    wanted = then.of(change)
    if then.target_id and open_spaces(actor, change.connection) is not None:
        row = the_one(mirroring.rows_of(then.kind, change.connection, [then.target_id]), "")
        return replace(wanted, target=row, made_in="")
    return wanted


def require_where_it_was(change, actor):
    """Raise Conflict if the platform has the object outside the spaces of a person who sees only some: it was
    made anew elsewhere, or the mirror is old. Raises PlatformError if it cannot be read."""
    spaces = open_spaces(actor, change.connection)
    if change.target is None or spaces is None:
        return
    try:
        shown = change.kind.space_of(change.bound.get())
    except Missing:
        return  # the change itself meets that
    if shown and shown not in spaces:
        raise Conflict(MOVED())


def _named(change):
    """The Spots of the other objects whose ids its data holds, as the mirror knows them."""
    for slug, ids in _ids(change):
        kind = KINDS[slug]
        if kind.model.space_path == "remote_id":
            yield from (Spot(change.connection, id) for id in ids)
            continue
        rows = {}
        for row in mirroring.rows_of(kind, change.connection, ids):
            rows.setdefault(row.remote_id, []).append(row)
        for id in ids:
            row = the_one(rows.get(id, ()), change.space)
            yield Spot(change.connection, row.space_id if row else "")


def _ids(change):
    """Yield (slug, ids) of what the data names of kinds that the portal has."""
    kind, data = change.kind, change.data
    for name, slug in kind.refers.items():
        id = data.get(name)
        if name != kind.space and isinstance(id, str) and id and not kind.meaning(name, id):
            yield slug, [id]
    for each in change.verb.takes:
        if each.id_in in data and each.more.items() <= data.items():
            ids = data[each.id_in]
            yield each.kind, [ids] if isinstance(ids, str) else list(ids)
            return
