"""Leases: who works on an operation says so every few seconds, on the database's clock.

Whoever is silent for LEASE is taken for dead (settling.sweep). One thread per process beats for all
operations that run in it, so that a slow platform never looks like a dead portal.
"""

import logging
import threading
import time
from contextlib import contextmanager
from datetime import timedelta

from django.conf import settings
from django.db import connection
from django.db.models.functions import Now

from portal.operations.models import RUNNING, Operation

log = logging.getLogger(__name__)
LEASE = timedelta(seconds=settings.LEASE_SECONDS)
# Every step has a deadline of its own; what runs for longer than all of them together hangs and is let go.
LONGEST_SECONDS = 600

_held = {}  # operation id -> (attempt, time.monotonic() at its start)
_lock = threading.Lock()
_thread = None


@contextmanager
def beating(operation):
    """Renew the operation's lease for as long as the block runs."""
    with _lock:
        _held[operation.pk] = (operation.attempt, time.monotonic())
        _start()
    try:
        yield
    finally:
        with _lock:
            _held.pop(operation.pk, None)


def _start():
    global _thread
    if _thread is None or not _thread.is_alive():
        _thread = threading.Thread(target=_beat, name="leases", daemon=True)
        _thread.start()


def _beat():
    """Ends when nothing is held any more; the next operation starts a new one."""
    global _thread
    while True:
        time.sleep(settings.BEAT_SECONDS)
        with _lock:
            if not _held:
                _thread = None
                return
            held = dict(_held)
        for work in (lambda held=held: renew(held), connection.close):
            try:
                work()
            except Exception:  # noqa: BLE001 - a heartbeat that stops would let living operations look dead
                log.exception("leases could not be renewed")


def renew(held):
    """Move the lease of each {operation id: (attempt, start)} on, unless it hangs or was taken over."""
    for pk, (attempt, start) in held.items():
        if time.monotonic() - start < LONGEST_SECONDS:
            rows = Operation.objects.filter(pk=pk, attempt=attempt, state__in=RUNNING)
            rows.update(lease_until=Now() + LEASE)
