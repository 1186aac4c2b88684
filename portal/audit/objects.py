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
from portal.record.models import Entry
from portal.teams.access import visible_to

OBJECTS_MAX = 200  # that go by one name
HITS_MAX = 2_000  # entries whose texts hold the name


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
    """The Named of a part of a name; None if the text is the id of an object in the record."""
    if shows_nothing(text):
        return Named((), ())
    if visible_to(user, Entry.objects.filter(object_id=text).exclude(object_id=""), "read_record").exists():
        return None
    found = dict.fromkeys(_mirrored(text, user))
    seqs = []
    for seq, kind, scope, id, name in _recorded(text, user):
        if folded(text) not in folded(name):
            continue
        if id:
            found[kind, scope, id] = None
        else:
            seqs.append(seq)
    return Named(tuple(found)[:OBJECTS_MAX], tuple(seqs))


def _mirrored(text, user):
    """(kind, scope, id) of the rows of all mirrors that are found by the text."""
    statement = Statement()
    each = []
    for kind in KINDS.values():
        rows = search.matching(kind.model.objects.visible_to(user), text).order_by()
        if found := statement.select(rows.values("scope", "remote_id")[:OBJECTS_MAX]):
            each.append(f"SELECT {statement.value(kind.slug)}, m.* FROM ({found}) m")
    return statement.rows(" UNION ALL ".join(each)) if each else []


def _recorded(text, user):
    """(seq, kind, scope, id, name) of the newest entries that hold the text, without repetitions."""
    wanted = searching.written(text)
    if len(wanted) < searching.SHORTEST:
        return []
    statement = Statement()
    hits = Text(wanted).seqs(statement, lambda column: "")
    columns = "seq", "kind", "object_scope", "object_id", "object_name"
    visible = statement.visible(user, Entry, *columns)
    hits = f"SELECT seq FROM ({hits}) h ORDER BY seq DESC LIMIT {HITS_MAX}"
    return statement.rows(
        f"SELECT max(e.seq), e.kind, e.object_scope, e.object_id, e.object_name"
        f" FROM ({hits}) h JOIN ({visible}) e ON e.seq = h.seq"
        " WHERE e.object_name <> '' GROUP BY e.kind, e.object_scope, e.object_id, e.object_name,"
        " CASE WHEN e.object_id = '' THEN e.seq END"
    )
