"""What may be sent again, how often and after which wait. Decided here and nowhere else.

    what became of a try                    READ           SAME                       NEVER
    Throttled: not executed                 wait, again    wait, again                wait, again
    never connected (part address, tls)     once again     once again                 once again
    SignedOut: not executed                 once again, with a new token
    Unclear: it may have happened           again          again if `again` agrees    no
    Rejected, SignInFailed, other NotSent   no             no                         no

READ is sent up to 4 times, others up to 3. Waits are random (full jitter), longer each time; Retry-After is
waited for in full. What would not fit into the time that a call has is not tried: the last error is raised.

After an Unclear try of a SAME call that is sent again, "not there" means that the delete worked, and another
refusal says nothing of the earlier try: then the Unclear is raised.
"""

import enum
import time
from collections.abc import Callable
from dataclasses import dataclass

import tenacity

from portal.errors import Missing, PlatformError, SignInFailed, Throttled, Unclear
from portal.platforms.answers import Answer
from portal.platforms.gate import never_connected

READ_TRIES = 4
CHANGE_TRIES = 3


class Repeat(enum.Enum):
    """What happens on the platform when a call is sent twice."""

    READ = "read"  # nothing: it only reads
    SAME = "same"  # the same as when it is sent once: update, delete
    NEVER = "never"  # it may happen twice: create, sync


class SignedOut(SignInFailed):
    """The token was refused and a new one may help; it has not been tried yet."""


@dataclass(frozen=True)
class Waits:
    """Seconds. `unconnected` is short, for a person waits before a form that names a wrong address."""

    base: float = 0.2
    cap: float = 4.0
    unconnected: float = 0.3
    sleep: Callable = time.sleep
    clock: Callable = time.monotonic


class Tries:
    """Sends one call as often as the rules allow, within `seconds` of which `room` are left for the last try.

    `again(number, error)` is asked before each repeat, with the number of the try to come (2, 3, ...) and the
    error of the one before; False ends it with that error. `seen(number, result)` hears of each try, with its
    Answer or PlatformError. What the two raise goes through.
    """

    def __init__(self, repeat, *, seconds, room, waits, removes=False, again=None, seen=None):
        self._repeat, self._removes, self._waits = repeat, removes, waits
        self._again, self._seen = again, seen
        self._latest = waits.clock() + seconds - room
        self._jitter = tenacity.wait_random_exponential(multiplier=waits.base, max=waits.cap)
        self._number, self._unconnected, self._is_over = 0, 0, False
        self._error = None  # of the last try
        self._doubt = None  # the last Unclear of a change

    def run(self, attempt):
        """What `attempt()` returns; raises what the last try raised."""
        tries = READ_TRIES if self._repeat is Repeat.READ else CHANGE_TRIES
        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception(self._may_repeat),
            wait=self._wait,
            stop=tenacity.stop_any(tenacity.stop_after_attempt(tries), self._is_late),
            sleep=self._waits.sleep,
            reraise=True,
        )
        try:
            return retrying(self._try, attempt)
        except PlatformError as error:
            if self._doubt and error is self._error and error is not self._doubt:
                raise self._doubt from error
            raise

    def _try(self, attempt):
        self._number += 1
        if self._number > 1:
            self._ask()
        try:
            result = attempt()
        except PlatformError as error:
            self._error = error
            self._tell(error)
            if self._doubt and self._removes and isinstance(error, Missing):
                return _answer_of(error)
            if isinstance(error, Unclear) and self._repeat is not Repeat.READ:
                self._doubt = error
            raise
        self._tell(result)
        return result

    def _ask(self):
        last = self._error
        agreed = self._again is None or self._again(self._number, last)
        if not agreed or self._waits.clock() > self._latest:
            self._is_over = True
            raise last

    def _tell(self, result):
        if self._seen:
            self._seen(self._number, result)

    def _may_repeat(self, error):
        # Only what a try raised is judged: `again` and `seen` may raise PlatformErrors too.
        if error is not self._error or self._is_over:
            return False
        if never_connected(error):
            self._unconnected += 1
            return self._unconnected == 1 and error.duration_ms < 1000
        if isinstance(error, Unclear):
            return self._repeat is Repeat.READ or (self._repeat is Repeat.SAME and self._again is not None)
        return isinstance(error, Throttled | SignedOut)

    def _wait(self, state):
        error, jitter = self._error, self._jitter(state)
        if isinstance(error, SignedOut):
            return 0
        if isinstance(error, Throttled):
            return (error.retry_after or 0) + jitter
        return min(jitter, self._waits.unconnected) if never_connected(error) else jitter

    def _is_late(self, state):
        return self._waits.clock() + state.upcoming_sleep > self._latest


def _answer_of(error):
    return Answer(
        status=error.status,
        code=error.code,
        message=error.message,
        request_id=error.request_id,
        duration_ms=error.duration_ms,
        data=error.data,
    )
