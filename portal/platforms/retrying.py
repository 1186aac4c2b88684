"""What may be sent again, how often, and after how long a wait. This is decided here and nowhere else.

    result of a try                         READ           SAME                       NEVER
    Throttled: not executed                 wait, again    wait, again                wait, again
    Crowded: no thread is to wait           no             no                         no
    never connected (part address, tls)     once again     once again                 once again
    SignedOut: not executed                 once again, with a new token
    Unclear: it may have happened           again          again if `again` agrees    no
    Rejected, SignInFailed, other NotSent   no             no                         no
    too big to be read                      no             as Unclear                 no

A READ is sent up to 4 times, other calls up to 3 times. Waits are random and grow: the n-th is between 0 and
`base` * 2^(n-1) seconds (full jitter), `cap` at most. A Retry-After of the platform is waited for in full,
and the random wait comes on top. When the time of the call does not allow a wait and another try, the last
error is raised.

When a SAME call is sent again after an Unclear try, a refusal of the repeat does not say what the earlier try
did, so the Unclear is raised. One exception: "it does not exist" after a delete means that the delete worked.
"""

import enum
import random
import time
from collections.abc import Callable
from dataclasses import dataclass

from portal.errors import Crowded, Missing, NotSent, PlatformError, SignInFailed, Throttled, Unclear
from portal.platforms.answers import Answer
from portal.platforms.contract import _
from portal.platforms.gate import is_too_big, never_connected
from portal.words import Said, Sentence

READ_TRIES = 4
CHANGE_TRIES = 3

NO_TIME_LEFT = Sentence("retrying.no_time_left", _("There was no time left for it, so it was not sent."))


class Repeat(enum.Enum):
    """What happens on the platform when a call is sent twice."""

    READ = "read"  # nothing: it only reads
    SAME = "same"  # the same as when it is sent once: update, delete
    NEVER = "never"  # it may happen twice: create, sync


class SignedOut(SignInFailed):
    """The platform refused the token; a new token has not been tried yet and may help."""


@dataclass(frozen=True)
class Waits:
    """Seconds. `unconnected` is short: somebody may have typed a wrong address into a form and is waiting."""

    base: float = 0.2
    cap: float = 4.0
    unconnected: float = 0.3
    sleep: Callable = time.sleep
    clock: Callable = time.monotonic


class Tries:
    """Sends one call as often as the rules allow.

    All tries together take up to `seconds`; the last try begins while at least `room` seconds are left.

    `again(number, error)` is called before each repeat, with the number of the coming try (2, 3, ...) and the
    error of the try before. If it returns False, that error is raised. `seen(number, result)` is called after
    each try, with its Answer or PlatformError. An exception that `again` or `seen` raises ends the call and
    reaches the caller unchanged.
    """

    def __init__(self, repeat, *, seconds, room, waits, removes=False, again=None, seen=None):
        self._repeat, self._removes, self._waits = repeat, removes, waits
        self._again, self._seen = again, seen
        self._most = READ_TRIES if repeat is Repeat.READ else CHANGE_TRIES
        self._latest = waits.clock() + seconds - room
        self._number, self._unconnected = 0, 0
        # The result of the last try, and the last Unclear of a change. They are attributes, and not
        # variables of a function, because an error refers to the frames that it passed. A frame whose
        # variable refers to the error makes a cycle, which keeps megabytes of a broken answer in memory.
        self._answer = self._error = self._doubt = None

    def run(self, attempt):
        """What `attempt()` returns; raises what the last try raised."""
        try:
            self._try(attempt)
            while self._may_repeat() and self._number < self._most and self._waited() and self._agreed():
                self._try(attempt)
            return self._end()
        finally:
            self._answer = self._error = self._doubt = None

    def _try(self, attempt):
        self._number += 1
        self._answer = self._error = None
        try:
            self._answer = attempt()
        except PlatformError as error:
            self._error = error
        if self._seen:
            self._seen(self._number, self._error or self._answer)
        if isinstance(self._error, Unclear) and self._repeat is not Repeat.READ:
            self._doubt = self._error
        if never_connected(self._error):
            self._unconnected += 1

    def _may_repeat(self):
        if never_connected(self._error):
            return self._unconnected == 1 and self._error.duration_ms < 1000
        if self._repeat is Repeat.READ and is_too_big(self._error):
            return False
        if isinstance(self._error, Unclear):
            return self._repeat is Repeat.READ or (self._repeat is Repeat.SAME and self._again is not None)
        return isinstance(self._error, Throttled | SignedOut) and not isinstance(self._error, Crowded)

    def _waited(self):
        """Wait for the next try; False, without a wait, when there is no time for it."""
        wait = self._wait()
        if self._waits.clock() + wait > self._latest:
            return False
        self._waits.sleep(wait)
        return self._waits.clock() <= self._latest

    def _wait(self):
        jitter = random.uniform(0, min(self._waits.base * 2 ** (self._number - 1), self._waits.cap))  # noqa: S311 - so that not all wait equally long
        if isinstance(self._error, SignedOut):
            return 0
        if isinstance(self._error, Throttled):
            return (self._error.retry_after or 0) + jitter
        return min(jitter, self._waits.unconnected) if never_connected(self._error) else jitter

    def _agreed(self):
        """Whether `again` agrees to the next try and leaves time for it: it may look something up first."""
        if self._again is not None and not self._again(self._number + 1, self._error):
            return False
        if self._waits.clock() <= self._latest:
            return True
        if self._seen is not None:  # `again` may have noted that the try begins
            self._seen(self._number + 1, NotSent(NO_TIME_LEFT()))
        return False

    def _end(self):
        if self._error is None:
            return self._answer
        if self._doubt and self._removes and isinstance(self._error, Missing):
            return _answer_of(self._error)
        if self._doubt and self._error is not self._doubt:
            raise self._doubt from self._error
        raise self._error


def _answer_of(error):
    return Answer(
        status=error.status,
        code=error.code,
        message="" if isinstance(error.message, Said) else error.message,
        request_id=error.request_id,
        duration_ms=error.duration_ms,
        data=error.data,
    )
