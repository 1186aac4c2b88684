"""`manage.py worker`: runs tasks, and settles operations that did not end by themselves. Many may run."""

import logging
import os
import signal
import socket
import threading
from datetime import timedelta

from django.core.management.base import BaseCommand
from django.db import close_old_connections, connection
from django.db.models.functions import Now

from portal.connections import installation
from portal.jobs import running, schedule
from portal.jobs.models import Heartbeat
from portal.operations import settling
from portal.operations.shown_once import drop_secrets
from portal.record import correlation
from portal.teams.account_events import end_sessions
from portal.teams.recording import write_folded
from portal.web import databases
from portal.web.stopping import stopping

log = logging.getLogger(__name__)
TICK_SECONDS = 5
SETTLERS = 4
TASK_THREADS = 4
FORGET = timedelta(days=1)


class Command(BaseCommand):
    help = "Run background work until stopped."

    def add_arguments(self, parser):
        parser.add_argument("--once", action="store_true", help="one tick and all that is queued, then stop")
        parser.add_argument("--every", type=float, default=TICK_SECONDS, help="seconds between two ticks")
        parser.add_argument("--threads", type=int, default=TASK_THREADS, help="tasks that run side by side")

    def handle(self, *args, once, every, threads, **options):
        installation.start()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stopping.set())
        name = f"{socket.gethostname()}:{os.getpid()}"
        if once:
            tick(name)
            settle()
            running.run_queued()
            return
        # A check waits for its platform, up to half a minute: it must not delay the tick or other checks.
        others = [
            threading.Thread(target=_forever, args=(every, settle), name=f"settle-{number}")
            for number in range(SETTLERS)
        ]
        others.append(threading.Thread(target=running.serve, args=(threads,), name="tasks"))
        for thread in others:
            thread.start()
        _forever(every, lambda: tick(name))
        for thread in others:
            thread.join()


def _forever(every, work):
    """Only `stopping` ends it: the database may be away for a while, or one operation may meet a bug."""
    while not stopping.is_set():
        try:
            with databases.in_use(), correlation.begin():
                work()
                close_old_connections()
        except Exception:  # noqa: BLE001 - a repeated log is better than a worker that only looks alive
            log.exception("%s failed", threading.current_thread().name)
            connection.close()
        stopping.wait(every)


def tick(name):
    Heartbeat.objects.update_or_create(worker=name, defaults={"at": Now()})
    Heartbeat.objects.filter(at__lt=Now() - FORGET).delete()
    if ended := settling.sweep():
        log.info("%s operations of dead processes ended", ended)
    drop_secrets()
    write_folded()
    end_sessions()
    schedule.run_due()
    running.queue_deferred()


def settle():
    if looked := settling.settle_due():
        log.info("%s operations looked up", looked)
