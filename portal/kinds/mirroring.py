"""Writing what a platform showed into the mirror. The only place that does."""

from django.utils import timezone

CHUNK = 500  # rows per statement


def keep(kind, connection, decoded):
    """Create or update the mirror row of one object that the platform just showed, in one statement.

    Returns a row with its values; its primary key is not that of the database when the row was there before.
    """
    values = {**kind.model.values_from(decoded), "read_at": timezone.now(), "gone_at": None}
    row = kind.model(connection=connection, remote_id=str(decoded["id"]), **values)
    kind.model.objects.bulk_create(
        [row], update_conflicts=True, unique_fields=["connection", "remote_id"], update_fields=list(values)
    )
    return row


def refresh(row, decoded):
    """Bring a row in line with the object the platform just showed."""
    values = {**row.values_from(decoded), "read_at": timezone.now(), "gone_at": None}
    for name, value in values.items():
        setattr(row, name, value)
    type(row).objects.filter(pk=row.pk).update(**values)


def keep_all(kind, connection, items, returned=lambda row: True):
    """Bring the mirror in line with a listing: writes only rows that are new or differ.

    A listing may show less of an object than a single read, so fields it leaves out stay as they are.
    `returned(row)` is asked before a row that was gone counts as present again.
    """
    model, now = kind.model, timezone.now()
    known = {row.remote_id: row for row in model.objects.filter(connection=connection)}
    new, changed, names = [], [], set()
    for item in items:
        values = model.values_from(item)
        row = known.get(str(item["id"]))
        if row is None:
            new.append(model(connection=connection, remote_id=str(item["id"]), read_at=now, **values))
        elif row.gone_at and not returned(row):
            continue
        elif row.gone_at or any(getattr(row, name) != value for name, value in values.items()):
            for name, value in {**values, "read_at": now, "gone_at": None}.items():
                setattr(row, name, value)
            changed.append(row)
            names |= {*values, "read_at", "gone_at"}
    if new:
        # Another request may have inserted the same object a moment ago.
        model.objects.bulk_create(new, batch_size=CHUNK, ignore_conflicts=True)
    if changed:
        model.objects.bulk_update(changed, sorted(names), batch_size=CHUNK)
    return known


def mark_gone(kind, rows):
    """The platform no longer shows these rows; one statement for all of them."""
    now = timezone.now()
    for row in rows:
        row.gone_at = now
    if rows:
        kind.model.objects.filter(pk__in=[row.pk for row in rows]).update(gone_at=now)
