"""HttpAttempt: one HTTP exchange of the call that an operation makes.

Attempts are stored as JSON in the operation's row, so that each is written together with the state that it
belongs to: the first one with `sending`, before the socket opens; its answer with the final state.

The record has more: the bodies of entries list every HTTP exchange that a step took, also those that sign in
and that look what is there (`told`).
"""

from dataclasses import dataclass
from datetime import datetime
from functools import wraps
from urllib.parse import urlsplit

from portal.errors import PortalError, Unclear
from portal.platforms import exchanges
from portal.words import from_json, to_json


@dataclass
class HttpAttempt:
    """`ended_at` is None while no answer is known: the portal is waiting for it, or stopped while waiting.

    `is_unclear` means that what came back does not say whether the platform did it.
    """

    number: int
    at: datetime
    ended_at: datetime | None = None
    http_status: int | None = None
    platform_code: str = ""
    platform_request_id: str = ""
    duration_ms: int | None = None
    words: dict | None = None
    platform_message: str = ""
    is_unclear: bool = False

    @property
    def is_unanswered(self):
        """Whether the platform may still carry it out."""
        return self.ended_at is None or self.is_unclear

    @property
    def message(self):
        return str(from_json(self.words) or self.platform_message)

    def answered(self, at, result, scrub):
        """Add an Answer or a PlatformError. `scrub` removes secrets that the platform quotes in it."""
        self.ended_at, self.is_unclear = at, isinstance(result, Unclear)
        self.http_status, self.duration_ms = result.status, result.duration_ms
        self.platform_code = scrub(str(result.code))[:64]
        self.platform_request_id = scrub(str(result.request_id))[:128]
        if isinstance(result, PortalError):
            self.words = to_json(result.message)
            self.platform_message = "" if self.words else scrub(str(result))[:400]

    def to_json(self):
        return {
            **vars(self),
            "at": self.at.isoformat(),
            "ended_at": self.ended_at.isoformat() if self.ended_at else None,
        }

    @classmethod
    def from_json(cls, value):
        ended_at = value.get("ended_at")
        times = {"at": datetime.fromisoformat(value["at"])}
        times["ended_at"] = datetime.fromisoformat(ended_at) if ended_at else None
        return cls(**{**value, **times})


def completed(operation, answers):
    """The operation's HTTP attempts, with the answers known so far."""
    attempts = {each.number: each for each in operation.http_attempts}
    for number, (at, result) in answers.items():
        attempt = attempts.setdefault(number, HttpAttempt(number=number, at=at))
        attempt.answered(at, result, operation.scrubbed)
    return [attempts[number] for number in sorted(attempts)]


def hearing(function):
    """For a function whose first argument is the operation: the next entry about it tells of each HTTP
    exchange that the function makes."""

    @wraps(function)
    def heard(operation, *args, **options):
        with exchanges.listening(operation.heard):
            return function(operation, *args, **options)

    return heard


def told(operation):
    """The HTTP exchanges since the last entry about the operation, as `attempts` in the body of the next.

    They are told once, without secrets.
    """
    heard, operation.heard[:] = [operation.scrubbed(each.to_json()) for each in operation.heard], []
    return {"attempts": heard} if heard else {}


def unanswered(operation):
    """`attempts` for the entry about an operation whose process died: what is known to have been sent."""
    request = operation.request or {}
    parts = urlsplit(request.get("url", ""))
    path = f"{parts.path}?{parts.query}" if parts.query else parts.path
    kept = [
        {
            "at": each.at.isoformat(),
            "purpose": exchanges.CHANGE,
            "method": request.get("method", ""),
            "path": path,
            "result": "unclear" if each.is_unanswered else "answered",
            "http_status": each.http_status,
            "platform_code": each.platform_code,
            "platform_request_id": each.platform_request_id,
            "duration_ms": each.duration_ms,
        }
        for each in operation.http_attempts
    ]
    return {"attempts": kept} if kept else {}
