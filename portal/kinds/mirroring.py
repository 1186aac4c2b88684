"""Writes what a platform showed of one object into the mirror. resources/batches.py writes lists."""

from django.utils import timezone

from portal import statements
from portal.kinds.identity import the_one
from portal.kinds.models import Reading
from portal.kinds.registry import KINDS


def keep(kind, connection, decoded, scope=""):
    """Create or update the mirror row of one object that the platform just showed, in one statement.

    `scope` is the object's, should the answer not show it. An answer that lacks what people set leaves the
    row in question until the object itself is read.

    Returns a row with the new values. If the row existed already, its `pk` is not the one in the database.
    """
    shown = kind.model.values_from(decoded)
    now = timezone.now()
    values = {**shown, **proved(now)}
    unshown = sorted(kind.judged - shown.keys())
    if unshown:
        values["unsure_at"] = now
    scope = _scope_of(kind, connection, decoded, scope)
    row = kind.model(
        connection=connection, remote_id=str(decoded["id"]), scope=scope, unshown=unshown or None
    )
    changing = row.take(values)
    if unshown:
        changing.remove("unshown")  # a row that is there may have been shown whole
    else:
        changing.append("unshown")
    if not {"name", *row.searched} <= set(values):
        # An answer that shows less than the row holds says less than what it is searched by, too.
        changing.remove("search_text")
    statements.insert(row, unique=("connection_id", "scope", "remote_id"), changing=tuple(changing))
    return row


def rows_of(kind, connection, ids):
    """The mirror rows with these ids, in whatever scope."""
    return kind.model.objects.filter(connection=connection, remote_id__in=ids)


def _scope_of(kind, connection, decoded, scope):
    """The scope in which the mirror has, or is to have, an object; a row of an unknown scope moves there."""
    if not kind.within:
        return ""
    scope = kind.scope_of(decoded) or scope
    row = the_one(rows_of(kind, connection, [decoded["id"]]), scope)
    if row and scope:
        move(row, scope)
    return row.scope if row else scope


def move(row, scope):
    """Write the scope of a row that was kept before it was known."""
    if row.scope != scope:
        type(row).objects.filter(pk=row.pk, scope="").update(scope=scope)
        row.scope = scope


def place(kind, row, decoded):
    """Give the row of an object that was looked at the scope that the look showed.

    If the mirror has the object in that scope already, the row was a double: it goes, and `row` is that one.
    """
    scope = kind.scope_of(decoded)
    if row.scope or not scope:
        return
    other = rows_of(kind, row.connection_id, [row.remote_id]).filter(scope=scope).first()
    if other is None:
        move(row, scope)
        return
    type(row).objects.filter(pk=row.pk, scope="").delete()
    row.pk = other.pk
    row.refresh_from_db()


def refresh(row, decoded, asked, **more):
    """Update a row from the object as the platform showed it when it was `asked`; `more` are other columns.

    Returns False, and takes the row as the database has it, if more was known by then.
    """
    names = row.take({**row.values_from(decoded), **proved(asked)})
    values = {name: getattr(row, name) for name in names} | more
    if type(row).objects.filter(pk=row.pk, known_at__lte=asked).update(**values):
        vars(row).update(more)
        return True
    row.refresh_from_db()
    return False


def mark_gone(kind, rows):
    """Mark rows as gone, in one statement: the platform no longer shows their objects."""
    now = timezone.now()
    values = {"gone_at": now, "known_at": now, "unsure_at": None}
    for row in rows:
        vars(row).update(values)
    if rows:
        kind.model.objects.filter(pk__in=[row.pk for row in rows]).update(**values)


def mark_unsure(row):
    """The object was changed and not shown since: a refresh looks at it."""
    now = timezone.now()
    type(row).objects.filter(pk=row.pk).update(known_at=now, unsure_at=now)


def forget(connection):
    """Delete what the connection has shown, and how fresh that was: it leads to another account now.

    A refresh that is going on ends with it.
    """
    Reading.objects.filter(connection=connection).delete()
    for kind in KINDS.values():
        if kind.platform == connection.platform:
            kind.model.objects.filter(connection=connection).delete()


def proved(asked):
    """The columns of a row whose object was there when the platform was asked."""
    return {"read_at": asked, "known_at": asked, "gone_at": None, "unsure_at": None}
