"""`manage.py refresh`: bring the mirror in line now, and say what the platforms have."""

import time
import uuid

from django.core.management.base import BaseCommand, CommandError

from portal.connections.models import Connection
from portal.kinds.models import Reading
from portal.kinds.registry import KINDS
from portal.resources import asking, refreshing

WAIT_SECONDS = 1  # while another process works on the same refresh


class Command(BaseCommand):
    help = "Refresh the mirror of all connections and kinds, or of those named, and wait for the end."

    def add_arguments(self, parser):
        parser.add_argument(
            "--connection", metavar="ID", help="only this connection; /connections/ shows ids"
        )
        parser.add_argument(
            "--kind", metavar="KIND", choices=sorted(KINDS), help="only this, as iotda/policies"
        )

    def handle(self, *args, connection, kind, **options):
        """Raises CommandError when a platform could not be read; the others are refreshed all the same."""
        failed = 0
        for each in _connections(connection):
            for slug, one in KINDS.items():
                if one.platform == each.platform and kind in (None, slug):
                    failed += not self._refresh(each, one)
        if failed:
            raise CommandError(f"{failed} could not be refreshed.")

    def _refresh(self, connection, kind):
        """Returns whether the platform could be read to the end."""
        rows = Reading.objects.filter(connection=connection, kind=kind.slug)
        failed_before = rows.values_list("failed_at", flat=True).first()
        asking.mark_asked(kind, connection)
        while True:
            refreshing.run(connection.pk, kind.slug)
            reading = rows.first()
            if reading is None or reading.asked_at is None or reading.failed_at != failed_before:
                break
            if reading.is_running:
                time.sleep(WAIT_SECONDS)
        self.stdout.write(f"{connection.name} {kind.slug}: {_outcome(reading)}")
        return reading is not None and not reading.failures


def _outcome(reading):
    if reading is None:
        return "the connection was deleted"
    if reading.failures:
        return str(reading.problem)
    if reading.is_complete:
        return f"{reading.count}, all that the platform has"
    total = "does not say how many it has" if reading.total is None else f"counts {reading.total}"
    return f"{reading.count} read; the platform {total}"


def _connections(id):
    if id is None:
        return Connection.objects.select_related("team").order_by("team__name", "name")
    try:
        found = Connection.objects.filter(pk=uuid.UUID(id))
    except ValueError:
        raise CommandError(f"{id!r} is no id of a connection.") from None
    if not found:
        raise CommandError(f"There is no connection {id}.")
    return found
