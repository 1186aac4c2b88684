"""`manage.py worker`: settles operations that did not end by themselves. Any number of it may run."""

import logging
import os
import signal
import socket
import threading
from datetime import timedelta

from django.core.management.base import BaseCommand
from django.db import close_old_connections, connection
from django.db.models.functions import Now

from portal.jobs.models import Heartbeat
from portal.operations import settling
from portal.operations.shown_once import drop_secrets
from portal.teams.recording import write_folded
from portal.web import databases

log = logging.getLogger(__name__)
TICK_SECONDS = 5
SETTLERS = 4
FORGET = timedelta(days=1)


class Command(BaseCommand):
    help = "Run background work until stopped."

    def add_arguments(self, parser):
        parser.add_argument("--once", action="store_true", help="one tick, then stop")
        parser.add_argument("--every", type=float, default=TICK_SECONDS, help="seconds between two ticks")

    def handle(self, *args, once, every, **options):
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        name = f"{socket.gethostname()}:{os.getpid()}"
        if once:
            tick(name)
            settle()
            return
        # A check waits for its platform, up to half a minute: it must not delay the tick or other checks.
        settlers = [
            threading.Thread(target=_forever, args=(stop, every, settle), name=f"settle-{number}")
            for number in range(SETTLERS)
        ]
        for settler in settlers:
            settler.start()
        _forever(stop, every, lambda: tick(name))
        for settler in settlers:
            settler.join()


def _forever(stop, every, work):
    """Only `stop` ends it: the database may be away for a while, or one operation may meet a bug."""
    while not stop.is_set():
        try:
            with databases.in_use():
                work()
                close_old_connections()
        except Exception:  # noqa: BLE001 - a repeated log is better than a worker that only looks alive
            log.exception("%s failed", threading.current_thread().name)
            connection.close()
        stop.wait(every)


def tick(name):
    Heartbeat.objects.update_or_create(worker=name, defaults={"at": Now()})
    Heartbeat.objects.filter(at__lt=Now() - FORGET).delete()
    if ended := settling.sweep():
        log.info("%s operations of dead processes ended", ended)
    drop_secrets()
    write_folded()


def settle():
    if looked := settling.settle_due():
        log.info("%s operations looked up", looked)
