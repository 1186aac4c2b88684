"""The database connections of all threads of this process.

SQLite finds out whether a file can be written when a process opens it first, and all connections of the
process share what was found until the last of them is closed. So after "readonly database" all are closed:
idle ones at once, the others when their work is done. Else the process would stay read-only until a restart.
"""

import threading
import time
import weakref
from contextlib import contextmanager

from django.db import DEFAULT_DB_ALIAS, OperationalError, connections

TROUBLE_SECONDS = 15  # after the last such error; so long, no connection outlives its work
WAIT_SECONDS = 2  # for others to end their work, before a new connection is opened in that time

_state = threading.Condition()
_idle, _busy = weakref.WeakSet(), weakref.WeakSet()
_trouble_until = 0.0


@contextmanager
def in_use(wait=WAIT_SECONDS):
    """Put it round each piece of work that uses the database: a request, a round of a loop."""
    mine = connections[DEFAULT_DB_ALIAS]
    with _state:
        _idle.discard(mine)
        if _is_troubled(mine):
            mine.close()
            _state.wait_for(lambda: not any(each.connection for each in _busy), wait)
        _busy.add(mine)
    try:
        yield
    finally:
        with _state:
            if not mine.in_atomic_block and (mine.errors_occurred or _is_troubled(mine)):
                mine.close()
            _busy.discard(mine)
            _idle.add(mine)
            _state.notify_all()


def watch(connection, **_signal):
    """Receives connection_created."""
    if connection.vendor == "sqlite" and _notice not in connection.execute_wrappers:
        connection.execute_wrappers.insert(0, _notice)


def _notice(execute, sql, params, many, context):
    try:
        return execute(sql, params, many, context)
    except OperationalError as error:
        if "readonly database" in str(error):
            _close_idle()
        raise


def _close_idle():
    global _trouble_until
    with _state:
        _trouble_until = time.monotonic() + TROUBLE_SECONDS
        for each in list(_idle):
            each.inc_thread_sharing()  # its own thread waits for `_state` before it uses it again
            try:
                each.close()
            finally:
                each.dec_thread_sharing()


def _is_troubled(connection):
    return (
        connection.vendor == "sqlite" and time.monotonic() < _trouble_until and not connection.in_atomic_block
    )
