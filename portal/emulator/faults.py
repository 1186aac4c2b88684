"""Misbehaviour on order: rules that pick requests, and what each fault does to them on the wire.

A fault is a function of (exchange, rule); `FAULTS` names them all. The exchange (server.py) offers
`execute`, `send`, `hold`, `drop`, `abort` and `raw`. To add a fault, write a function and name it there.
Those that let the emulated cloud do its work say "serve".
"""

import json
import random
import re
import threading
import time
from dataclasses import dataclass, field

from portal.emulator import neighbour, snapshot
from portal.emulator.knobs import knobs

HUGE_BYTES = 64 * 1024 * 1024
CHANGES = ("insert", "remove")


@dataclass
class Rule:
    """`times` None means for ever; `seconds` None means the fault's own default.

    `since` is when it was set, `changes` counts what `change_between_pages` did so far.
    """

    fault: str
    match: dict = field(default_factory=dict)
    times: int | None = None
    probability: float = 1.0
    seconds: float | None = None
    status: int = 503
    headers: dict = field(default_factory=dict)
    body: object = ""
    since: float = field(default_factory=time.monotonic, init=False)
    changes: int = field(default=0, init=False)

    def fits(self, method, path, query, body):
        wanted = self.match
        return (
            (not wanted.get("method") or wanted["method"].upper() == method)
            and (
                not wanted.get("path")
                or path.startswith(wanted["path"])
                or re.search(wanted["path"], path) is not None
            )
            and (not wanted.get("query") or wanted["query"] in query)
            and (not wanted.get("body_contains") or wanted["body_contains"].encode() in body)
        )

    def wait(self, default):
        return default if self.seconds is None else self.seconds

    def as_json(self):
        return {
            "match": self.match,
            "fault": self.fault,
            "times": self.times,
            "probability": self.probability,
            "seconds": self.seconds,
            "status": self.status,
            "headers": self.headers,
            "body": self.body,
        }


def _is_number(value, least=0.0, most=86_400.0):
    return isinstance(value, int | float) and not isinstance(value, bool) and least <= value <= most


def _is_texts(value):
    return isinstance(value, dict) and all(isinstance(text, str) for text in value.values())


RULE_CHECKS = {
    "fault": lambda value: value in FAULTS,
    "match": lambda value: _is_texts(value) and not set(value) - {"method", "path", "query", "body_contains"},
    "times": lambda value: value is None or (isinstance(value, int) and _is_number(value, 1, 10**9)),
    "probability": lambda value: _is_number(value, 0, 1),
    "seconds": lambda value: value is None or _is_number(value),
    "status": lambda value: isinstance(value, int) and _is_number(value, 200, 599),
    "headers": lambda value: (
        _is_texts(value)
        and all("\n" not in part and "\r" not in part for pair in value.items() for part in pair)
    ),
    "body": lambda value: True,
}


def read_rule(data):
    """Raises ValueError with what is wrong."""
    if not isinstance(data, dict) or "fault" not in data:
        raise ValueError("a rule is an object with a fault")
    for name, value in data.items():
        if name not in RULE_CHECKS:
            raise ValueError(f"a rule has no {name}: it has {', '.join(RULE_CHECKS)}")
        if not RULE_CHECKS[name](value):
            detail = f": there are {', '.join(FAULTS)}" if name == "fault" else ""
            raise ValueError(f"{name} cannot be {value!r}{detail}")
    rule = Rule(**data)
    try:
        re.compile(rule.match.get("path", ""))
    except re.error as error:
        raise ValueError(f"match.path is no pattern: {error}") from None
    if rule.fault == "change_between_pages" and rule.body not in ("", *CHANGES):
        raise ValueError(f"body of change_between_pages cannot be {rule.body!r}: {' or '.join(CHANGES)}")
    return rule


class Faults:
    """The rules in force, first fit first. `generation` changes when they do, and frees held requests."""

    def __init__(self):
        self._lock = threading.Lock()
        self.rules = []
        self.generation = 0
        self.late_commits = []

    def replace(self, rules):
        with self._lock:
            self.rules = rules
            self.generation += 1

    def reset(self):
        self.replace([])
        with self._lock:
            late, self.late_commits = self.late_commits, []
        for timer in late:
            timer.cancel()

    def pick(self, method, path, query, body):
        if not self.rules:
            return None
        with self._lock:
            for rule in self.rules:
                if rule.times == 0 or not rule.fits(method, path, query, body):
                    continue
                if rule.probability < 1 and random.random() >= rule.probability:
                    continue
                if rule.times is not None:
                    rule.times -= 1
                return rule
        return None

    def later(self, seconds, work):
        timer = threading.Timer(seconds, work)
        timer.daemon = True
        with self._lock:
            self.late_commits.append(timer)
        timer.start()


faults = Faults()


def latency(exchange, rule):
    """Wait (1 s), then serve."""
    exchange.hold(rule.wait(1))
    exchange.send(exchange.execute())


def timeout_before_commit(exchange, rule):
    """Never serve: hold the connection (60 s), then close it."""
    exchange.hold(rule.wait(60))
    exchange.drop()


def timeout_after_commit(exchange, rule):
    """Serve, keep the answer back, hold the connection (60 s), then close it."""
    exchange.execute()
    exchange.hold(rule.wait(60))
    exchange.drop()


def reset(exchange, rule):
    """Break the connection (TCP RST) before serving."""
    exchange.abort()


def reset_mid_body(exchange, rule):
    """Serve, send half of the answer, break the connection. Of an answer without a body, half of its head."""
    data = exchange.bytes_of(exchange.execute())
    head, gap, body = data.partition(b"\r\n\r\n")
    exchange.raw(head + gap + body[: len(body) // 2] if body else head[: len(head) // 2])
    exchange.abort()


def answer(exchange, rule):
    """Do not serve; answer what the rule says. A body that is not text is sent as JSON."""
    body = rule.body if isinstance(rule.body, str) else json.dumps(rule.body, ensure_ascii=False)
    exchange.answer(rule.status, {"Content-Type": "application/json", **rule.headers}, body.encode())


def answer_after_commit(exchange, rule):
    """Serve, then answer what the rule says instead: 500 though it was done."""
    exchange.execute()
    answer(exchange, rule)


def html_502(exchange, rule):
    """Do not serve; answer as a proxy in the way would."""
    page = b"<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"
    exchange.answer(502, {"Content-Type": "text/html"}, page)


def invalid_json(exchange, rule):
    """Serve, then answer with the right status (204: 200) and a body that is no JSON."""
    exchange.answer(
        _bodied(exchange.execute()), {"Content-Type": "application/json"}, b'{"this is cut off": '
    )


def _bodied(response):
    """The status of an answer that gets a body: 204 can have none."""
    return 200 if response.status_code == 204 else response.status_code


def empty_200(exchange, rule):
    """Serve, then answer 200 with nothing in it."""
    exchange.execute()
    exchange.answer(200, {"Content-Type": "application/json"}, b"")


def drip(exchange, rule):
    """Serve, then send the answer in small pieces over some time (30 s)."""
    data = exchange.bytes_of(exchange.execute())
    pieces = max(1, min(len(data), 200))
    size = -(-len(data) // pieces)
    for start in range(0, len(data), size):
        exchange.raw(data[start : start + size])
        if not exchange.hold(rule.wait(30) / pieces):
            break


def huge_body(exchange, rule):
    """Serve, then answer 64 MB."""
    status = _bodied(exchange.execute())
    exchange.answer(status, {"Content-Type": "application/json"}, b'"' + b"x" * HUGE_BYTES + b'"')


def redirect(exchange, rule):
    """Do not serve; point somewhere else."""
    location = rule.headers.get("Location", "/_emulator/requests")
    exchange.answer(307, {"Location": location}, b"")


def late_commit(exchange, rule):
    """Close the connection at once, serve later (5 s, divided by --speed)."""
    faults.later(rule.wait(5) / knobs.speed, exchange.execute_alone)
    exchange.drop()


def stale_listing(exchange, rule):
    """Serve a listing from the data as they were when the rule was set; other calls see the truth.

    With `seconds` (divided by --speed) it has caught up after that time, else never.
    """
    waited = time.monotonic() - rule.since
    has_caught_up = rule.seconds is not None and waited >= rule.seconds / knobs.speed
    if has_caught_up or not _is_listing(exchange.method, exchange.path, exchange.query):
        exchange.send(exchange.execute())
        return
    with snapshot.reading():
        response = exchange.execute()
    exchange.send(response)


LISTINGS = re.compile(
    r"/(apps|products|devices|device-group|harmony-soft-bus|device-policies|device-groups)$"
)


def _is_listing(method, path, query):
    if path.startswith("/connect-service/"):
        return "action=search" in query.split("&")
    return method == "GET" and LISTINGS.search(path) is not None


def change_between_pages(exchange, rule):
    """Serve; before a page that others follow leaves, someone inserts or removes an object.

    In turn, the insertion first: who pages by offset then meets the last object of this page again. After
    the removal of one that this page shows, it misses one. With `body` "insert" or "remove": always that.
    """
    response = exchange.execute()
    which = neighbour.list_of(exchange.method, exchange.path, exchange.query)
    rows = neighbour.shown(which, response) if which and response.status_code == 200 else []
    if rows:
        turn = rule.body or CHANGES[rule.changes % 2]
        (neighbour.insert if turn == "insert" else neighbour.remove)(which, rows)
        rule.changes += 1
    exchange.send(response)


FAULTS = {
    function.__name__: function
    for function in (
        latency,
        timeout_before_commit,
        timeout_after_commit,
        reset,
        reset_mid_body,
        answer,
        html_502,
        invalid_json,
        empty_200,
        drip,
        huge_body,
        redirect,
        late_commit,
        answer_after_commit,
        stale_listing,
        change_between_pages,
    )
}
