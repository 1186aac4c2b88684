"""Writes what a platform showed of one object into the mirror. resources/batches.py writes lists."""

from django.utils import timezone

from portal import statements
from portal.kinds.models import Reading
from portal.kinds.registry import KINDS


def keep(kind, connection, decoded):
    """Create or update the mirror row of one object that the platform just showed, in one statement.

    An answer that lacks what people set leaves the row in question until the object itself is read.

    Returns a row with the new values. If the row existed already, its `pk` is not the one in the database.
    """
    shown = kind.model.values_from(decoded)
    now = timezone.now()
    values = {**shown, **proved(now)}
    unshown = sorted(kind.judged - shown.keys())
    if unshown:
        values["unsure_at"] = now
    row = kind.model(connection=connection, remote_id=str(decoded["id"]), unshown=unshown or None)
    changing = row.take(values)
    if unshown:
        changing.remove("unshown")  # a row that is there may have been shown whole
    else:
        changing.append("unshown")
    if not {"name", *row.searched} <= set(values):
        # An answer that shows less than the row holds says less than what it is searched by, too.
        changing.remove("search_text")
    statements.insert(row, unique=("connection_id", "remote_id"), changing=tuple(changing))
    return row


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
