"""`manage.py worker`: settles what did not end by itself. Any number may run, on any number of machines."""

import logging
import os
import signal
import socket
import threading
from datetime import timedelta

from django.core.management.base import BaseCommand
from django.db import DatabaseError, close_old_connections
from django.db.models.functions import Now

from portal.jobs.models import Heartbeat
from portal.operations import settling

log = logging.getLogger(__name__)
TICK_SECONDS = 5
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
        # Looks wait for platforms, for half a minute each: the tick may not wait for them.
        settler = threading.Thread(target=_forever, args=(stop, every, settle), name="settle")
        settler.start()
        _forever(stop, every, lambda: tick(name))
        settler.join()


def _forever(stop, every, work):
    while not stop.is_set():
        try:
            work()
        except DatabaseError:
            # The database may be away for a while; the next tick tries again.
            log.exception("%s failed", threading.current_thread().name)
        close_old_connections()
        stop.wait(every)


def tick(name):
    Heartbeat.objects.update_or_create(worker=name, defaults={"at": Now()})
    Heartbeat.objects.filter(at__lt=Now() - FORGET).delete()
    if ended := settling.sweep():
        log.info("%s operations of dead processes ended", ended)
    settling.drop_secrets()


def settle():
    if looked := settling.settle_due():
        log.info("%s operations looked up", looked)
