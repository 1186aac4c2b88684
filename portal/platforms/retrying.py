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

from portal.errors import Missing, NotSent, PlatformError, SignInFailed, Throttled, Unclear
from portal.platforms.answers import Answer
from portal.platforms.contract import _
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
        self._number, self._unconnected = 0, 0
        # What came of the last try, and the last Unclear of a change. They stand here and in no function's
        # variable: an error keeps the frames around it, and a frame that kept the error would hold both in
        # memory, with megabytes of a broken answer.
        self._answer = self._error = self._doubt = None

    def run(self, attempt):
        """What `attempt()` returns; raises what the last try raised."""
        tries = READ_TRIES if self._repeat is Repeat.READ else CHANGE_TRIES
        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_result(bool),
            wait=self._wait,
            stop=tenacity.stop_any(tenacity.stop_after_attempt(tries), self._is_late),
            sleep=self._waits.sleep,
            retry_error_callback=lambda state: None,  # what it ends with is raised by _end
        )
        try:
            retrying(self._try, attempt)
            return self._end()
        finally:
            self._answer = self._error = self._doubt = None

    def _try(self, attempt):
        """Whether to try again. What `again` and `seen` raise is raised: it is no try to judge."""
        self._number += 1
        if self._number > 1 and not self._agreed():
            return False
        self._answer = self._error = None
        try:
            self._answer = attempt()
        except PlatformError as error:
            self._error = error
        if self._seen:
            self._seen(self._number, self._error or self._answer)
        if isinstance(self._error, Unclear) and self._repeat is not Repeat.READ:
            self._doubt = self._error
        return self._may_repeat()

    def _agreed(self):
        if self._waits.clock() > self._latest:
            return False
        if self._again is not None and not self._again(self._number, self._error):
            return False
        if self._waits.clock() <= self._latest:
            return True
        if self._seen is not None:  # whoever agreed has noted a try that does not come
            self._seen(self._number, NotSent(_("There was no time left for it, so it was not sent.")))
        return False

    def _may_repeat(self):
        if never_connected(self._error):
            self._unconnected += 1
            return self._unconnected == 1 and self._error.duration_ms < 1000
        if isinstance(self._error, Unclear):
            return self._repeat is Repeat.READ or (self._repeat is Repeat.SAME and self._again is not None)
        return isinstance(self._error, Throttled | SignedOut)

    def _end(self):
        if self._error is None:
            return self._answer
        if self._doubt and self._removes and isinstance(self._error, Missing):
            return _answer_of(self._error)
        if self._doubt and self._error is not self._doubt:
            raise self._doubt from self._error
        raise self._error

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
