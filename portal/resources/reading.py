"""Reads platforms live and updates the mirror. A failed listing is never shown as an empty one."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import IntegrityError
from django.utils import timezone

from portal.connections.models import Connection
from portal.connections.tokens import DELETED
from portal.errors import Missing, NotVisible, PortalError
from portal.kinds import mirroring
from portal.kinds.models import Reading

LIST_LIMIT = 1000  # objects read for one page view; if there are more, the page says so
GONE_CHECKS = 10  # of rows that disappeared from a listing or came back, how many are looked up by id
LAG = timedelta(minutes=5)  # how long a listing may still show a deleted object


@dataclass(frozen=True)
class Read:
    """The result of listing one kind on one connection.

    - `problem` is None if the platform answered.
    - `at` is when the mirror was last updated; None if never.
    - `total` is the platform's count; None if it gave none.
    - `count` is how many objects were read.
    - `rows` are the rows of the mirror, gone ones too; None if the platform could not be read.
    """

    connection: Connection
    at: datetime | None
    total: int | None
    is_complete: bool
    problem: PortalError | None = None
    count: int = 0
    rows: tuple | None = None

    @property
    def more(self):
        """How many objects the platform counts, if that is more than were read; else None."""
        return self.total if self.total is not None and self.total > self.count else None


def read_list(kind, connection):
    """List the kind on the platform and update the mirror."""
    try:
        client = connection.client()
        collection = kind.bound(client).collection
        listing = collection.list(limit=LIST_LIMIT)
    except PortalError as error:
        last = Reading.objects.filter(connection=connection, kind=kind.slug).first()
        if not last:
            return Read(connection, None, None, False, error)
        return Read(connection, last.at, last.total, last.is_complete, error)
    try:
        at, rows = _keep(kind, connection, collection, listing)
    except IntegrityError:
        if Connection.objects.filter(pk=connection.pk).exists():
            raise
        error = NotVisible(DELETED())
        return Read(connection, None, None, False, error)
    return Read(connection, at, listing.total, listing.complete, count=len(listing.items), rows=rows)


def _keep(kind, connection, collection, listing):
    """Update the mirror from a listing; returns when, and its rows.

    Raises IntegrityError if the connection was deleted.
    """
    known = mirroring.keep_all(kind, connection, listing.items, _Returned(kind, collection))
    if listing.complete:
        seen = {str(item["id"]) for item in listing.items}
        missing = [row for remote_id, row in known.items() if remote_id not in seen and not row.gone_at]
        _mark_missing(kind, collection, missing)
    now = timezone.now()
    values = {"at": now, "total": listing.total, "is_complete": listing.complete}
    rows = Reading.objects.filter(connection=connection, kind=kind.slug)
    if not rows.update(**values):
        Reading.objects.update_or_create(connection=connection, kind=kind.slug, defaults=values)
    return now, tuple(known.values())


def _mark_missing(kind, collection, rows):
    """Mark rows as gone that a complete listing does not show. The newest are first looked up by id.

    A new object may be missing from a listing for some seconds. If the listing skipped a page, the next one
    brings the row back.
    """
    rows = sorted(rows, key=lambda row: row.read_at, reverse=True)
    gone = rows[GONE_CHECKS:]
    for row in rows[:GONE_CHECKS]:
        try:
            kind.bound(collection.client, row).get()
        except Missing:
            gone.append(row)
        except PortalError:
            continue  # unknown: the row stays as it is
    mirroring.mark_gone(kind, gone)


class _Returned:
    """Decides whether an object is back that was gone: listings may show a deleted one for some seconds."""

    def __init__(self, kind, collection):
        self.kind, self.collection, self.checks = kind, collection, 0

    def __call__(self, row):
        if self.checks == GONE_CHECKS or timezone.now() - row.gone_at > LAG:
            return True
        self.checks += 1
        try:
            self.kind.bound(self.collection.client, row).get()
        except PortalError:
            return False  # gone or unknown: the row stays as it is
        return True


def read_one(kind, row):
    """Read one object and update its row, as `read_object` does; returns (row, problem)."""
    _decoded, problem = read_object(kind, row)
    return row, problem


def read_object(kind, row):
    """Read one object and update its row, or mark it gone. Returns (decoded, problem).

    Both are None if the object is gone. `problem` is the error if the platform could not be read.
    """
    try:
        decoded = kind.bound(row.connection.client(), row).get()
    except Missing:
        mirroring.mark_gone(kind, [row])
        return None, None
    except PortalError as error:
        return None, error
    mirroring.refresh(row, decoded)
    return decoded, None
