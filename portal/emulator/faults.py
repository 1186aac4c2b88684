"""Faults: rules that pick requests, and what each fault does to a picked request on the wire.

A fault is a function of (exchange, rule). To add one, write the function and name it in `FAULTS`. The
exchange (server.py) offers `execute`, `send`, `hold`, `drop`, `abort` and `raw`. In the docstrings "serve"
means that the emulated cloud does its work.
"""

import json
import random
import re
import threading
import time
from dataclasses import dataclass, field

from portal.emulator import catalogue, neighbour, snapshot
from portal.emulator.knobs import knobs

HUGE_BYTES = 64 * 1024 * 1024
CHANGES = ("insert", "remove")


@dataclass
class Rule:
    """`times` None means for ever, `seconds` None means the fault's own default.

    `since` is when the rule was set, `changes` counts what `change_between_pages` has done so far.
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
    """The Rule that `data`, parsed JSON, describes. Raises ValueError with what is wrong."""
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
    """The rules in force; the first that fits is played. `generation` changes when they do.

    A request that is held ends as soon as `generation` changes.
    """

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
    """Do not serve. Hold the connection (60 s), then close it."""
    exchange.hold(rule.wait(60))
    exchange.drop()


def timeout_after_commit(exchange, rule):
    """Serve, but do not answer. Hold the connection (60 s), then close it."""
    exchange.execute()
    exchange.hold(rule.wait(60))
    exchange.drop()


def reset(exchange, rule):
    """Break the connection (TCP RST) before serving."""
    exchange.abort()


def reset_mid_body(exchange, rule):
    """Serve, send half of the body (or half of the head, without a body), then break the connection."""
    data = exchange.bytes_of(exchange.execute())
    head, gap, body = data.partition(b"\r\n\r\n")
    exchange.raw(head + gap + body[: len(body) // 2] if body else head[: len(head) // 2])
    exchange.abort()


def answer(exchange, rule):
    """Do not serve. Answer what the rule says; a body that is no str is sent as JSON."""
    body = rule.body if isinstance(rule.body, str) else json.dumps(rule.body, ensure_ascii=False)
    exchange.answer(rule.status, {"Content-Type": "application/json", **rule.headers}, body.encode())


def answer_after_commit(exchange, rule):
    """Serve, but answer what the rule says, for example 500 although the change was made."""
    exchange.execute()
    answer(exchange, rule)


def html_502(exchange, rule):
    """Do not serve. Answer as a proxy in front of the cloud would."""
    page = b"<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"
    exchange.answer(502, {"Content-Type": "text/html"}, page)


def invalid_json(exchange, rule):
    """Serve, then answer with the right status (200 for 204) and a body that is no JSON."""
    exchange.answer(
        _bodied(exchange.execute()), {"Content-Type": "application/json"}, b'{"this is cut off": '
    )


def _bodied(response):
    """The status for an answer that is given a body: an answer with 204 cannot have one."""
    return 200 if response.status_code == 204 else response.status_code


def empty_200(exchange, rule):
    """Serve, then answer 200 with an empty body."""
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
    """Serve, then answer with a body of 64 MB."""
    status = _bodied(exchange.execute())
    exchange.answer(status, {"Content-Type": "application/json"}, b'"' + b"x" * HUGE_BYTES + b'"')


def redirect(exchange, rule):
    """Do not serve. Redirect to somewhere else."""
    location = rule.headers.get("Location", "/_emulator/requests")
    exchange.answer(307, {"Location": location}, b"")


def late_commit(exchange, rule):
    """Close the connection at once and serve later (5 s, divided by --speed)."""
    faults.later(rule.wait(5) / knobs.speed, exchange.execute_alone)
    exchange.drop()


def stale_listing(exchange, rule):
    """Serve lists from the data as they were when the rule was set. All other calls see the present.

    With `seconds` (divided by --speed) lists catch up after that time, otherwise never.
    """
    waited = time.monotonic() - rule.since
    has_caught_up = rule.seconds is not None and waited >= rule.seconds / knobs.speed
    if has_caught_up or not catalogue.listed_by(exchange.method, exchange.path, exchange.query):
        exchange.send(exchange.execute())
        return
    with snapshot.reading():
        response = exchange.execute()
    exchange.send(response)


def change_between_pages(exchange, rule):
    """Serve. When other pages follow, insert or remove an object, as another client might, before answering.

    The first time an object is inserted, so who pages by offset gets the last object of this page again. The
    second time an object of this page is removed, so who pages by offset misses one. Then again from the
    start. With `body` "insert" or "remove" it always does that.
    """
    response = exchange.execute()
    resource = catalogue.listed_by(exchange.method, exchange.path, exchange.query)
    if resource and resource.neighbour and response.status_code == 200:
        rows = neighbour.shown(resource.neighbour, response)
        if rows:
            turn = rule.body or CHANGES[rule.changes % 2]
            (neighbour.insert if turn == "insert" else neighbour.remove)(resource.neighbour, rows)
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
