"""What stands before an account: each exchange passes the gate, so that it can be held back or counted.

The gate here lets everything through. One that many processes share is handed in, as token stores are.
"""

import time
from contextlib import contextmanager
from dataclasses import dataclass, replace

from portal.errors import NotSent, Unclear
from portal.platforms.contract import _


class Gate:
    """One for each client; `passage` is called by many threads at once."""

    @contextmanager
    def passage(self, end):
        """Stands around every exchange of one account, those of signing in too.

        `end` is the time.monotonic() moment until which it may wait. Raises Paused or Throttled, then nothing
        was sent. A PlatformError raised inside is what became of the exchange; it passes through.
        """
        yield


@dataclass(frozen=True)
class Route:
    """The way to an account for one call: a network.Transport behind a Gate.

    Every exchange is over at `end` (time.monotonic()); none is begun that has fewer than `room` seconds left
    for its answer, because a change whose answer is not waited for is in doubt.
    """

    transport: object
    gate: Gate
    end: float
    room: float

    def prepare(self, *request):
        return self.transport.prepare(*request)

    def within(self, seconds):
        """The same way with an earlier end."""
        return replace(self, end=min(self.end, time.monotonic() + seconds))

    def exchange(self, prepared, judge):
        """What `judge` makes of the Reply; the PlatformErrors it raises are raised inside the gate."""
        latest = self.end - self.room
        with self.gate.passage(latest):
            if time.monotonic() > latest:
                raise NotSent(_("It took too long to get this far, so nothing was sent. Try again."))
            return judge(self.transport.exchange(prepared, self.end))


def never_connected(error):
    """Whether not even a connection came about: a wrong address, a closed port, no agreement on TLS."""
    return type(error) is NotSent and error.part in ("address", "tls")


def counts_as_failure(error):
    """Whether a PlatformError says that the platform is unwell; a 4xx says that it is well and disagrees."""
    if isinstance(error, Unclear):
        return error.status is None or error.status >= 500
    return never_connected(error)
