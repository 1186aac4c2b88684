"""Listening to HTTP exchanges: who began to listen is told of each one that this thread makes meanwhile."""

import time
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlsplit

from portal.errors import NotSent, PlatformError, Unclear

SIGN_IN, READ, CHANGE = "sign_in", "read", "change"

_heard = ContextVar("heard", default=None)


@dataclass(frozen=True)
class Exchange:
    """One request and what came back. `path` is path and query; headers and bodies are not kept.

    - `purpose` is sign_in, read or change.
    - `result` is answered, refused (by the platform), not_sent, or unclear: nobody knows whether it arrived.
    """

    at: datetime
    purpose: str
    method: str
    path: str
    result: str
    http_status: int | None
    platform_code: str
    platform_request_id: str
    duration_ms: int

    def to_json(self):
        return {**vars(self), "at": self.at.isoformat()}


@contextmanager
def listening(heard):
    """Append an Exchange to the list `heard` for each that is made inside."""
    token = _heard.set(heard)
    try:
        yield heard
    finally:
        _heard.reset(token)


@contextmanager
def telling(prepared, purpose):
    """Tell of the exchange inside, in which `prepared` (a requests.PreparedRequest) is sent once.

    The block passes its result, an Answer or a network.Reply, to the function that it gets.
    """
    heard = _heard.get()
    if heard is None:
        yield lambda result: result
        return
    at, began, results = datetime.now(UTC), time.monotonic(), []

    def answered(result):
        results.append(result)
        return result

    try:
        yield answered
    except PlatformError as error:
        heard.append(_exchange(prepared, purpose, at, began, error, _word(error)))
        raise
    except BaseException:
        heard.append(_exchange(prepared, purpose, at, began, None, "unclear"))
        raise
    else:
        heard.append(_exchange(prepared, purpose, at, began, results[-1], "answered"))


def _word(error):
    if isinstance(error, Unclear):
        return "unclear"
    return "not_sent" if isinstance(error, NotSent) and error.status is None else "refused"


def _exchange(prepared, purpose, at, began, result, word):
    parts = urlsplit(prepared.url)
    return Exchange(
        at=at,
        purpose=purpose,
        method=prepared.method,
        path=f"{parts.path}?{parts.query}" if parts.query else parts.path,
        result=word,
        http_status=getattr(result, "status", None),
        platform_code=str(getattr(result, "code", ""))[:64],
        platform_request_id=str(getattr(result, "request_id", ""))[:128],
        duration_ms=round((time.monotonic() - began) * 1000),
    )
