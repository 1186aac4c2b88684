"""Tokens and where they are kept: the portal's store is its database, MemoryTokenStore serves one process."""

import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True)
class Token:
    """`expires_at` in epoch seconds of this machine's clock."""

    value: str = field(repr=False)
    expires_at: float


class TokenStore(Protocol):
    def get(self, name: str) -> Token | None: ...

    def renew(self, name: str, fetch: Callable[[], Token], stale: str | None, end: float = math.inf) -> Token:
        """Call `fetch` in one process at a time; a value other than `stale` stored meanwhile will do."""
        ...


class MemoryTokenStore:
    def __init__(self, now=time.time):
        self._now = now
        self._lock = threading.Lock()
        self._tokens = {}

    def get(self, name):
        return self._tokens.get(name)

    def renew(self, name, fetch, stale, end=math.inf):
        with self._lock:
            current = self._tokens.get(name)
            if current and current.value != stale and current.expires_at > self._now():
                return current
            self._tokens[name] = fetch()
            return self._tokens[name]
