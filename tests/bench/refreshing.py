"""One refresh from its beginning to its end, measured in a process of its own: prints one JSON object.

    python -m tests.bench.refreshing CONNECTION KIND

It works on the database of PORTAL_DATABASE_URL. `platform` are the seconds that its calls take, `database`
those of its statements; `peak_mb` is the most memory that the process had, `start_mb` what it had before.
"""

import json
import os
import resource
import sys
import time

import django

MEGABYTE = 1024


class Clock:
    """Adds up the seconds of the calls that it wraps."""

    def __init__(self):
        self.seconds = 0.0

    def __call__(self, work, *args, **options):
        began = time.perf_counter()
        try:
            return work(*args, **options)
        finally:
            self.seconds += time.perf_counter() - began


def main(connection_id, slug):
    os.environ["DJANGO_SETTINGS_MODULE"] = "portal.settings"
    django.setup()
    from django.db import connection

    from portal.connections.models import Connection
    from portal.kinds.models import Reading
    from portal.kinds.registry import KINDS
    from portal.platforms.client import Client
    from portal.resources import asking, refreshing

    statements, calls, send = Clock(), Clock(), Client.send
    Client.send = lambda *args, **options: calls(send, *args, **options)
    refreshing.BURST = 10**9  # what is measured is the work, not the pauses
    connection_row = Connection.objects.get(pk=connection_id)
    asking.mark_asked(KINDS[slug], connection_row)
    start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began, cpu = time.perf_counter(), time.process_time()
    with connection.execute_wrapper(statements):
        while refreshing.run(connection_id, slug):
            pass
    reading = Reading.objects.get(connection=connection_id, kind=slug)
    print(
        json.dumps(
            {
                "wall": time.perf_counter() - began,
                "cpu": time.process_time() - cpu,
                "platform": calls.seconds,
                "database": statements.seconds,
                "rows": reading.count,
                "is_whole": reading.is_complete,
                "start_mb": start / MEGABYTE,
                "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / MEGABYTE,
            }
        )
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
