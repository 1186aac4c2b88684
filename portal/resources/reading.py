"""Reading platforms live and keeping the mirror true. A failed listing never reads as an empty one."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import IntegrityError
from django.utils import timezone
from django.utils.translation import gettext as _

from portal.connections.models import Connection
from portal.errors import Missing, NotVisible, PortalError
from portal.kinds import mirroring
from portal.kinds.models import Reading

LIST_LIMIT = 1000  # objects read for one page view; beyond it the page says that there are more
GONE_CHECKS = 10  # the newest rows missing from a listing, or back in it, looked up by id
LAG = timedelta(minutes=5)  # how long a listing may still show what is gone


@dataclass(frozen=True)
class Read:
    """What came of reading one kind on one connection: `problem` is None when the platform answered.

    `at` is when the mirror was last brought up to date, None if never; `total` what the platform counts,
    `items` the objects as the client decoded them.
    """

    connection: Connection
    at: datetime | None
    total: int | None
    is_complete: bool
    problem: PortalError | None = None
    items: tuple = ()


def read_list(kind, connection):
    """List the kind on the platform and upsert the mirror."""
    try:
        client = connection.client()
        collection = kind.collection_of(client)
        listing = collection.list(limit=LIST_LIMIT)
    except PortalError as error:
        last = Reading.objects.filter(connection=connection, kind=kind.slug).first()
        if not last:
            return Read(connection, None, None, False, error)
        return Read(connection, last.at, last.total, last.is_complete, error)
    try:
        at = _keep(kind, connection, collection, listing)
    except IntegrityError:
        if Connection.objects.filter(pk=connection.pk).exists():
            raise
        error = NotVisible(_("The connection was deleted meanwhile."))
        return Read(connection, None, None, False, error)
    return Read(connection, at, listing.total, listing.complete, items=tuple(listing.items))


def _keep(kind, connection, collection, listing):
    """Bring the mirror in line with a listing, and say when; raises IntegrityError without the connection."""
    known = mirroring.keep_all(kind, connection, listing.items, _Returned(kind, collection))
    if listing.complete:
        seen = {str(item["id"]) for item in listing.items}
        missing = [row for remote_id, row in known.items() if remote_id not in seen and not row.gone_at]
        _settle_missing(kind, collection, missing)
    now = timezone.now()
    values = {"at": now, "total": listing.total, "is_complete": listing.complete}
    rows = Reading.objects.filter(connection=connection, kind=kind.slug)
    if not rows.update(**values):
        Reading.objects.update_or_create(connection=connection, kind=kind.slug, defaults=values)
    return now


def _settle_missing(kind, collection, rows):
    """Rows that a whole listing does not show are gone; the newest of them are looked up first.

    What was just made may be missing from a listing for seconds. Should a page have been skipped while it
    was read, the next listing brings the row back.
    """
    rows = sorted(rows, key=lambda row: row.read_at, reverse=True)
    gone = rows[GONE_CHECKS:]
    for row in rows[:GONE_CHECKS]:
        try:
            collection.get(row.remote_id, **kind.hints(row))
        except Missing:
            gone.append(row)
        except PortalError:
            continue  # not known: it stays as it was last seen
    mirroring.mark_gone(kind, gone)


class _Returned:
    """Did an object that was gone come back? What was just deleted may stand in a listing for seconds."""

    def __init__(self, kind, collection):
        self.kind, self.collection, self.checks = kind, collection, 0

    def __call__(self, row):
        if self.checks == GONE_CHECKS or timezone.now() - row.gone_at > LAG:
            return True
        self.checks += 1
        try:
            self.collection.get(row.remote_id, **self.kind.hints(row))
        except PortalError:
            return False  # gone, or not known: it stays as it was last seen
        return True


def read_one(kind, row):
    """Read one object and upsert its row; returns (row, problem). A vanished object is marked gone."""
    _decoded, problem = read_object(kind, row)
    return row, problem


def read_object(kind, row):
    """The same, but returns (decoded, problem): the object as the client decodes it, None when it is gone."""
    try:
        collection = kind.collection_of(row.connection.client())
        decoded = collection.get(row.remote_id, **kind.hints(row))
    except Missing:
        mirroring.mark_gone(kind, [row])
        return None, None
    except PortalError as error:
        return None, error
    mirroring.refresh(row, decoded)
    return decoded, None
