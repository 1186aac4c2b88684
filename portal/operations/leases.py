"""Leases: a process that works on an operation renews its lease every few seconds, on the database's clock.

A process that renews nothing for LEASE counts as dead, and settling.sweep ends its operations. One thread per
process renews the leases of all its operations, so that a slow platform never looks like a dead portal.
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
# Each step has its own deadline. An operation that runs longer than all of them together hangs: its lease is
# no longer renewed.
LONGEST_SECONDS = 600

_unwritten = []  # functions that end what this process cannot send, when the database allows it
_held = {}  # operation id -> (attempt, time.monotonic() at its start)
_lock = threading.Lock()
_thread = None


def until():
    """When a lease that starts now ends, by the database's clock."""
    return Now() + LEASE


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


def once_possible(write):
    """Call a function again and again until it raises nothing."""
    with _lock:
        _unwritten.append(write)
        _start()


def _write_the_unwritten():
    for write in list(_unwritten):
        try:
            write()
        except Exception:  # noqa: BLE001 - it is tried again, and must not hold up the others
            log.exception("the end of an operation could not be written")
        else:
            _unwritten.remove(write)


def _start():
    global _thread
    if _thread is None or not _thread.is_alive():
        _thread = threading.Thread(target=_beat, name="leases", daemon=True)
        _thread.start()


def _beat():
    """Renew all leases, again and again. Ends when none is held; the next operation starts a new thread."""
    global _thread
    while True:
        time.sleep(settings.BEAT_SECONDS)
        with _lock:
            if not _held and not _unwritten:
                _thread = None
                return
            held = dict(_held)
        for work in (lambda held=held: renew(held), _write_the_unwritten, connection.close):
            try:
                work()
            except Exception:  # noqa: BLE001 - if this thread stopped, running operations would look dead
                log.exception("leases could not be renewed")


def renew(held):
    """Extend the lease of each {operation id: (attempt, start)}, unless it hangs or was taken over."""
    for pk, (attempt, start) in held.items():
        if time.monotonic() - start < LONGEST_SECONDS:
            rows = Operation.objects.filter(pk=pk, attempt=attempt, state__in=RUNNING)
            rows.update(lease_until=until())
