"""Which objects go by a name: now, as the mirror has them, or at any time, as the record wrote it down.

So a renamed object is found by each of its names, and all of its history with it.
"""

from dataclasses import dataclass

from portal.audit.statements import Statement
from portal.audit.texts import Text
from portal.kinds import search
from portal.kinds.identity import or_unknown
from portal.kinds.registry import KINDS
from portal.outside import folded, shows_nothing
from portal.record import searching

OBJECTS_MAX = 200  # that go by one name
HITS_MAX = 2_000  # entries that the person may read and whose texts hold the name


@dataclass(frozen=True)
class Named:
    """`ids` are (kind, scope, id) of objects. `seqs` are entries that name an object which never got one."""

    ids: tuple
    seqs: tuple

    def places(self, statement):
        """(kind, scopes, id) of each object as places in a statement; no scopes where any may be its own."""
        for kind, scope, id in self.ids:
            scopes = sorted(or_unknown(scope)) if scope else ()
            yield statement.value(kind), ", ".join(map(statement.value, scopes)), statement.value(id)


def named(text, user):
    """The Named of a part of a name."""
    if shows_nothing(text):
        return Named((), ())
    statement = Statement()
    each = [*_mirrored(statement, text, user), *_recorded(statement, text, user)]
    found, seqs = {}, []
    for seq, kind, scope, id, name in statement.rows(" UNION ALL ".join(each)) if each else []:
        if name is not None and folded(text) not in folded(name):
            continue
        if id:
            found[kind, scope, id] = None
        else:
            seqs.append(seq)
    return Named(tuple(found)[:OBJECTS_MAX], tuple(seqs))


def _mirrored(statement, text, user):
    """Yield SELECTs of the rows of all mirrors that are found by the text."""
    for kind in KINDS.values():
        rows = search.matching(kind.model.objects.visible_to(user), text).order_by()
        if found := statement.select(rows.values("scope", "remote_id")[:OBJECTS_MAX]):
            slug = statement.value(kind.slug)
            yield f"SELECT 0 AS seq, {slug} AS kind, m.scope, m.remote_id, NULL AS name FROM ({found}) m"


def _recorded(statement, text, user):
    """Yield a SELECT of (seq, kind, scope, id, name) of the newest entries that hold the text, without
    repetitions."""
    wanted = searching.written(text)
    if len(wanted) < searching.SHORTEST:
        return
    hits = Text(wanted, user).seqs(statement, lambda column: "")
    yield (
        "SELECT max(e.seq), e.kind, e.object_scope, e.object_id, e.object_name"
        f" FROM (SELECT seq FROM ({hits}) h ORDER BY seq DESC LIMIT {HITS_MAX}) h"
        " JOIN record_entry e ON e.seq = h.seq"
        " WHERE e.object_name <> '' GROUP BY e.kind, e.object_scope, e.object_id, e.object_name,"
        " CASE WHEN e.object_id = '' THEN e.seq END"
    )
