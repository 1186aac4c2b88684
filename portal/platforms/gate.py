"""The gate before an account: every exchange passes it, so it can hold calls back or count them.

The gate in this file lets everything through. The portal hands in one that all its processes share.
"""

import time
from contextlib import contextmanager
from dataclasses import dataclass, replace

from portal.errors import NotSent, Unclear
from portal.platforms.contract import _
from portal.platforms.exchanges import READ, telling
from portal.platforms.network import TOO_BIG
from portal.words import Said, Sentence

TOO_LATE = Sentence("gate.too_late", _("It took too long to get this far, so nothing was sent. Try again."))


class Gate:
    """One for each client; many threads use it at once."""

    @contextmanager
    def passage(self, end, family=""):
        """Wraps every exchange with one account, also those that sign in.

        `family` names what is asked for; a platform's "later" holds for exchanges of the same family. It may
        wait until `end`, a time.monotonic() moment. It may raise Paused or Throttled; then nothing was
        sent. A PlatformError that is raised inside is the result of the exchange; it goes on to the caller.
        """
        yield


@dataclass(frozen=True)
class Route:
    """The way to an account for one call: a network.Transport behind a Gate.

    Every exchange is over at `end` (time.monotonic()). None begins when fewer than `room` seconds are left
    for its answer: a change whose answer nobody waits for would be in doubt. `family`: see Gate.passage;
    `purpose`: see exchanges.Exchange.
    """

    transport: object
    gate: Gate
    end: float
    room: float
    family: str = ""
    purpose: str = READ

    def prepare(self, *request):
        return self.transport.prepare(*request)

    def within(self, seconds):
        """The same way, but it ends after `seconds` at the latest."""
        return replace(self, end=min(self.end, time.monotonic() + seconds))

    def of(self, family, purpose=READ):
        """The same way, for exchanges of that family."""
        return replace(self, family=family, purpose=purpose)

    def exchange(self, prepared, judge, body_cap=None):
        """What `judge` makes of the Reply. It runs inside the gate, so the gate sees the errors it raises."""
        latest = self.end - self.room
        with self.gate.passage(latest, self.family):
            if time.monotonic() > latest:
                raise NotSent(TOO_LATE())
            with telling(prepared, self.purpose) as told:
                return told(judge(self.transport.exchange(prepared, self.end, body_cap)))


def never_connected(error):
    """Whether there was no connection at all: a wrong address, a closed port, a failed TLS handshake."""
    return type(error) is NotSent and error.part in ("address", "tls")


def is_too_big(error):
    """Whether the platform answered, but with more than the portal reads: then it will do so again."""
    said = getattr(error, "message", None)
    return isinstance(said, Said) and said.is_from(TOO_BIG)


def counts_as_failure(error):
    """Whether a PlatformError means that the platform is unwell; a 4xx means that it works and disagrees.

    An exchange that was cut short, for example because a form waits only a little for its choices, says
    nothing.
    """
    if error.is_cut or is_too_big(error):
        return False
    if isinstance(error, Unclear):
        return error.status is None or error.status >= 500
    return never_connected(error)
