"""Writes what a platform showed into the mirror. No other file does."""

from django.utils import timezone

from portal import statements

CHUNK = 500  # rows per statement


def keep(kind, connection, decoded):
    """Create or update the mirror row of one object that the platform just showed, in one statement.

    Returns a row with the new values. If the row existed already, its `pk` is not the one in the database.
    """
    values = {**kind.model.values_from(decoded), "read_at": timezone.now(), "gone_at": None}
    row = kind.model(connection=connection, remote_id=str(decoded["id"]))
    changing = row.take(values)
    if not {"name", *row.searched} <= set(values):
        # An answer that shows less than the row holds says less than what it is searched by, too.
        changing.remove("search_text")
    statements.insert(row, unique=("connection_id", "remote_id"), changing=tuple(changing))
    return row


def refresh(row, decoded):
    """Update a row from the object that the platform just showed."""
    values = {**row.values_from(decoded), "read_at": timezone.now(), "gone_at": None}
    names = row.take(values)
    type(row).objects.filter(pk=row.pk).update(**{name: getattr(row, name) for name in names})


def keep_all(kind, connection, items, returned=lambda row: True):
    """Update the mirror from a listing. Writes only rows that are new or differ.

    A listing may show fewer fields than a single read; fields that are absent keep their value. For each row
    that was marked gone, `returned(row)` decides whether it is present again. Returns {remote id: row},
    the whole mirror of the kind on the connection.
    """
    model, now = kind.model, timezone.now()
    known = {row.remote_id: row for row in model.objects.filter(connection=connection)}
    new, changed, names = [], [], set()
    for item in items:
        values = model.values_from(item)
        row = known.get(str(item["id"]))
        if row is None:
            row = model(connection=connection, remote_id=str(item["id"]), read_at=now)
            row.take(values)
            new.append(row)
            known[row.remote_id] = row
        elif row.gone_at and not returned(row):
            continue
        elif row.gone_at or any(getattr(row, name) != value for name, value in values.items()):
            names |= {*row.take({**values, "read_at": now, "gone_at": None})}
            changed.append(row)
    if new:
        # Another web request may have inserted the same object a moment ago.
        model.objects.bulk_create(new, batch_size=CHUNK, ignore_conflicts=True)
    if changed:
        model.objects.bulk_update(changed, sorted(names), batch_size=CHUNK)
    return known


def mark_gone(kind, rows):
    """Mark rows as gone, in one statement: the platform no longer shows their objects."""
    now = timezone.now()
    for row in rows:
        row.gone_at = now
    if rows:
        kind.model.objects.filter(pk__in=[row.pk for row in rows]).update(gone_at=now)
