"""`manage.py worker`: the ticker that ends what dead processes left behind. Any number may run."""

import logging
import os
import signal
import socket
import threading
from datetime import timedelta

from django.core.management.base import BaseCommand
from django.db import DatabaseError, close_old_connections
from django.utils import timezone

from portal.jobs.models import Heartbeat
from portal.operations import settling

log = logging.getLogger(__name__)
TICK_SECONDS = 5
FORGET = timedelta(days=1)


class Command(BaseCommand):
    help = "Run background work until stopped."

    def add_arguments(self, parser):
        parser.add_argument("--once", action="store_true", help="one tick, then stop")

    def handle(self, *args, once, **options):
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        name = f"{socket.gethostname()}:{os.getpid()}"
        while not stop.is_set():
            try:
                tick(name)
            except DatabaseError:
                # The database may be away for a while; the next tick tries again.
                log.exception("tick failed")
            if once:
                return
            close_old_connections()
            stop.wait(TICK_SECONDS)


def tick(name):
    Heartbeat.objects.update_or_create(worker=name, defaults={"at": timezone.now()})
    Heartbeat.objects.filter(at__lt=timezone.now() - FORGET).delete()
    if ended := settling.sweep():
        log.info("%s operations of dead processes ended", ended)
    settling.drop_secrets()
