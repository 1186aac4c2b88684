"""Asks for refreshes: when a list is opened, when somebody presses the button, after a change."""

from datetime import timedelta

from django.conf import settings
from django.db import IntegrityError
from django.utils import timezone

from portal.connections.models import Connection
from portal.kinds.models import Reading
from portal.kinds.registry import KINDS
from portal.resources.refreshing import UNTAKEN
from portal.resources.tasks import refresh

URGENT = 50  # before what the schedule asks for: somebody waits


def opened(kind, connections):
    """One Reading per connection, in their order. Asks for a refresh of those that are too old."""
    found = readings(kind, connections)
    fresh = timezone.now() - timedelta(seconds=settings.FRESH_SECONDS)
    asked = [each for each in found if _is_stale(each, fresh)]
    for each in asked:
        ask(kind, each.connection)
    return readings(kind, connections) if asked else found


def readings(kind, connections):
    """One Reading per connection, in their order. Asks for nothing."""
    known = {
        each.connection_id: each
        for each in Reading.objects.filter(connection__in=connections, kind=kind.slug)
    }
    found = [known.get(each.pk) or Reading(connection=each, kind=kind.slug) for each in connections]
    for reading, connection in zip(found, connections, strict=True):
        reading.connection = connection
    return found


def _is_stale(reading, fresh):
    if reading.is_running or reading.asked_at is not None:
        return False  # what was asked for and no worker has begun is the schedule's business
    latest = max(filter(None, (reading.at, reading.failed_at)), default=None)
    return latest is None or latest <= fresh


def ask(kind, connection):
    """Ask for a refresh; it begins as soon as a worker has time.

    If the queue is away, the workers' schedule finds the row.
    """
    mark_asked(kind, connection)
    refresh.using(priority=URGENT).enqueue(str(connection.pk), kind.slug)


def mark_asked(kind, connection):
    """Write down that a refresh is wanted: of what is stale, or of what an operation touched."""
    values = {"asked_at": timezone.now(), "due_at": timezone.now() + UNTAKEN}
    if Reading.objects.filter(connection=connection, kind=kind.slug).update(**values):
        return
    try:
        Reading.objects.update_or_create(connection=connection, kind=kind.slug, defaults=values)
    except IntegrityError:
        if Connection.objects.filter(pk=connection.pk).exists():
            raise  # otherwise it was deleted meanwhile, and nothing is wanted of it


def make_missing():
    """Make a Reading, due at once, for each connection and kind that has none."""
    if not settings.REFRESH_SECONDS:
        return
    known = set(Reading.objects.values_list("connection_id", "kind"))
    wanted = [
        Reading(connection=connection, kind=kind.slug, due_at=timezone.now())
        for connection in Connection.objects.all()
        for kind in KINDS.values()
        if kind.platform == connection.platform and (connection.pk, kind.slug) not in known
    ]
    Reading.objects.bulk_create(wanted, ignore_conflicts=True)
