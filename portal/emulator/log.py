"""The log of requests, newest last. It is kept in memory and forgets the oldest ones."""

import base64
import re
import threading
import time
from collections import deque

KEPT = 20_000
KEPT_BYTES = 64 * 1024 * 1024

# Headers that hold nothing but a credential.
_WHOLLY = {
    "x-auth-token",
    "x-security-token",
    "apim-accesstoken",
    "apim-signature",
    "cookie",
    "proxy-authorization",
}
_SIGNATURE = re.compile(r"(Signature=)\S+")
_PASSWORD = re.compile(rb'("password"\s*:\s*)"(?:[^"\\]|\\.)*"')
MASK = "***"


class Entry:
    """One request. `status` is None until it is answered; `fault` names the fault that was played on it."""

    __slots__ = ("body", "fault", "headers", "method", "number", "path", "query", "status", "time")

    def __init__(self, number, method, path, query, headers, body):
        self.number = number
        self.time = time.time()
        self.method = method
        self.path = path
        self.query = query
        self.headers = headers
        self.body = body
        self.status = None
        self.fault = ""

    def as_json(self):
        body = _PASSWORD.sub(rb'\1"***"', self.body) if self.path == "/v3/auth/tokens" else self.body
        return {
            "number": self.number,
            "time": self.time,
            "method": self.method,
            "path": self.path,
            "query": self.query,
            "headers": {name: masked(name, value) for name, value in self.headers},
            "body": body.decode("utf-8", "replace"),
            "body_base64": base64.b64encode(body).decode(),
            "status": self.status,
            "fault": self.fault,
        }


def masked(name, value):
    if name.lower() in _WHOLLY:
        return MASK
    if name.lower() == "authorization":
        return _SIGNATURE.sub(rf"\1{MASK}", value) if "Signature=" in value else MASK
    return value


class Log:
    def __init__(self):
        self._lock = threading.Lock()
        self.clear()

    def clear(self):
        """Forget all requests. The next one has number 1."""
        with self._lock:
            self._entries = deque()
            self._bytes = 0
            self.count = 0

    def add(self, method, path, query, headers, body):
        with self._lock:
            self.count += 1
            entry = Entry(self.count, method, path, query, headers, body)
            self._entries.append(entry)
            self._bytes += len(body)
            while len(self._entries) > KEPT or self._bytes > KEPT_BYTES:
                self._bytes -= len(self._entries.popleft().body)
        return entry

    def since(self, number):
        with self._lock:
            return [entry for entry in self._entries if entry.number > number]


log = Log()
