"""How many requests of one web process may wait for platforms at the same time.

A platform that answers after 18 s would else hold every thread of the process within a few views, and no
other page and no probe would get through. Whoever finds no place within WAIT_SECONDS is told so; nothing was
sent. Those who hold a place and those who wait for one are ALL together at most. The worker has no such
limits: nobody waits for its threads.
"""

import threading
import time
from collections import Counter
from contextlib import contextmanager
from contextvars import ContextVar

from django.utils.translation import gettext_noop as _

from portal.errors import Crowded
from portal.words import Sentence

# Of the 8 threads in deploy/gunicorn.conf.py two are always left for pages and probes.
CONNECTION, TEAM, ALL = 3, 4, 6
WAIT_SECONDS = 2

BUSY = Sentence(
    "budget.busy",
    _("This platform answers slowly, and %(count)s requests wait for it already. Try again in a moment."),
)

_is_request = ContextVar("is_request", default=False)
_held = ContextVar("held", default=frozenset())  # ids of the connections that this request has a place for
_taken = Counter()
_waiting = set()  # requests that wait for a place
_changed = threading.Condition()


class Requests:
    """Middleware: what is called inside of a request is limited."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        token = _is_request.set(True)
        try:
            return self.get_response(request)
        finally:
            _is_request.reset(token)


@contextmanager
def place(connection_id, team_id, end):
    """Hold a place for one exchange; raises Crowded when there is none before `end` (time.monotonic()).

    Inside of it, an exchange with the same connection takes no other one.
    """
    if not _is_request.get() or connection_id in _held.get():
        yield
        return
    limits = {("connection", connection_id): CONNECTION, ("team", team_id): TEAM, "all": ALL}
    left = min(WAIT_SECONDS, end - time.monotonic())
    with _changed:
        if not _is_free(limits) and not _wait_for(limits, left):
            raise Crowded(BUSY(count=_taken["connection", connection_id]), retry_after=WAIT_SECONDS)
        _taken.update(limits.keys())
    token = _held.set(_held.get() | {connection_id})
    try:
        yield
    finally:
        _held.reset(token)
        with _changed:
            for key in limits:
                _taken[key] -= 1
                if not _taken[key]:
                    del _taken[key]
            _changed.notify_all()


def _is_free(limits):
    return all(_taken[key] < most for key, most in limits.items())


def _wait_for(limits, seconds):
    """Whether a place became free in time; False at once if too many threads wait or hold a place already."""
    if _taken["all"] + len(_waiting) >= ALL:
        return False
    me = object()
    _waiting.add(me)
    try:
        return _changed.wait_for(lambda: _is_free(limits), seconds)
    finally:
        _waiting.remove(me)
