"""A client of one account: builds, signs and sends one call, and judges its answer by the platform's table.

Nothing here knows a resource; those are collections (collection.py, and one client.py per platform).
"""

import math
import time
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from urllib.parse import quote, urlencode, urlsplit

from portal.errors import Missing, NotSent, Rejected, SignInFailed, Throttled, Unclear
from portal.platforms import answers
from portal.platforms.answers import Answer
from portal.platforms.contract import Meaning, _, meaning
from portal.platforms.diagnosis import Diagnosable, Finding
from portal.platforms.gate import Gate, Route
from portal.platforms.network import Transport
from portal.platforms.retrying import Repeat, SignedOut, Tries, Waits
from portal.platforms.signing import to_json

__all__ = ["Answer", "Call", "Client", "Finding", "Preview", "Repeat", "segment"]

# A 404 of the gateway, or of a router behind it, says that the path is wrong and nothing about the object.
WRONG_PATH = {"APIGW.0101", "APIG.0101", "SCB.00000000", "IOTDA.000029"}


_latest_end = ContextVar("latest_end", default=math.inf)  # a time.monotonic() moment


@dataclass(frozen=True)
class Call:
    """One request before it is signed. `path` is percent-encoded and begins with a slash.

    `removes`: afterwards the object is gone, so that "it does not exist" can mean that it worked.
    """

    method: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None
    headers: tuple[tuple[str, str], ...] = ()
    repeat: Repeat = Repeat.NEVER
    removes: bool = False

    @property
    def target(self):
        """Path and query exactly as sent."""
        return f"{self.path}?{urlencode(self.query, quote_via=quote, safe='')}" if self.query else self.path


@dataclass(frozen=True)
class Preview:
    """What would be sent; values known only at sending, and secrets, are marked in ‹ ›."""

    method: str
    url: str
    headers: list[tuple[str, str]]
    body: str


class Client(Diagnosable):
    """Talks to one account on one platform. Safe for many threads; meant to live as long as the process.

    `endpoint` is scheme, host and port; `auth` one of portal.platforms.signing; `gate` stands before every
    exchange; `deadline` seconds end a call, however often it is sent; the rest goes to network.Transport.
    `send` and the collections raise the PlatformErrors of portal.errors.
    """

    table = {}
    path_values = ()  # attributes that stand in the paths of this platform
    envelope = staticmethod(answers.huawei_envelope)
    content_type = "application/json"

    def __init__(self, endpoint, auth, *, edition="", gate=None, waits=None, deadline=30, **transport):
        self.endpoint = _checked(endpoint)
        self.auth, self.edition = auth, edition
        self.gate, self._waits, self._deadline = gate or Gate(), waits or Waits(), deadline
        self.transport = Transport(deadline=deadline, **transport)
        if hasattr(auth, "attach"):
            auth.attach(self.endpoint)

    def url(self, call):
        return self.endpoint + call.target

    def standing_headers(self):
        """Headers of every call to this account."""
        return {"Accept": "application/json", "Content-Type": self.content_type}

    def standing_query(self):
        """Query pairs of every call to this account."""
        return ()

    def call(self, method, path, *, query=(), body=None, repeat=None, removes=False):
        """A Call of this account; `body` is an object that is turned into JSON here, once.

        Without `repeat` a GET reads, and anything else is sent again only when it surely did not happen.
        """
        pairs = tuple((name, str(value)) for name, value in query if value not in (None, ""))
        return Call(
            method=method,
            path=path,
            query=(*pairs, *self.standing_query()),
            body=None if body is None else to_json(body),
            headers=tuple(self.standing_headers().items()),
            repeat=repeat or (Repeat.READ if method == "GET" else Repeat.NEVER),
            removes=removes,
        )

    @property
    def _room(self):
        """Seconds that an exchange has at least for its answer."""
        return self._deadline / 6

    def route(self):
        """The way to the account for one call that begins now."""
        return Route(self.transport, self.gate, self._end(), self._room)

    def _end(self):
        return min(time.monotonic() + self._deadline, _latest_end.get())

    @contextmanager
    def one_deadline(self, end=None):
        """The calls sent inside share the time of a single one, as those of a listing do."""
        token = _latest_end.set(end or self._end())
        try:
            yield
        finally:
            _latest_end.reset(token)

    def _tries(self, route, repeat, **options):
        seconds = route.end - time.monotonic()
        return Tries(repeat, seconds=seconds, room=self._room, waits=self._waits, **options)

    def sign_in(self):
        """Fetch or renew the token where there is one; raises SignInFailed and NotSent."""
        route = self.route()
        self._tries(route, Repeat.NEVER).run(lambda: self.auth.sign_in(route))

    def _prepared(self, call):
        return self.transport.prepare(call.method, self.url(call), dict(call.headers), call.body)

    def send(self, call, *, again=None, seen=None):
        """Send, again where retrying.py allows it, and return the Answer. All of it ends at the deadline.

        `again(number, error)` is asked before each repeat and may say no; a change that was Unclear is only
        repeated when it is there and agrees. `seen(number, result)` hears of each try. Raises Rejected,
        Missing, Throttled, SignInFailed, NotSent, Paused or Unclear, and what the two raise.
        """
        route, refused = self.route(), []

        def attempt():
            if refused:
                self.auth.renew(route, refused[0])  # asks for a new token only while the refused one is ours
            else:
                self.auth.sign_in(route)
            prepared = self.auth(self._prepared(call))
            return route.exchange(prepared, lambda reply: self._judge(reply, prepared, refused))

        tries = self._tries(route, call.repeat, removes=call.removes, again=again, seen=seen)
        with self.one_deadline(route.end):  # what `again` looks up is part of this call
            return tries.run(attempt)

    def _judge(self, reply, prepared, refused):
        """The Answer, or what it means; `refused` collects requests whose token was not accepted."""
        answer = answers.read(reply, self.envelope)
        verdict = meaning(self.table, answer.status, answer.code)
        if verdict is Meaning.SIGNED_OUT and self.auth.renewable and not refused:
            refused.append(prepared)
            raise SignedOut(_signed_out_text(answer), part="sign_in", **answer.details)
        return self._judged(verdict, answer)

    def _judged(self, verdict, answer):
        if verdict is Meaning.DONE and answer.is_readable:
            return answer
        if verdict is Meaning.REJECTED:
            message = answer.message or _("The platform refused the request and gave no reason.")
            raise (Missing if self.is_missing(answer) else Rejected)(message, **answer.details)
        if verdict is Meaning.THROTTLED:
            message = answer.message or _("Too many requests. Wait a moment and send it again.")
            raise Throttled(message, retry_after=answers.retry_after(answer.headers), **answer.details)
        if verdict is Meaning.SIGNED_OUT:
            part = "sign_in" if self.auth.renewable else "signature"
            raise SignInFailed(_signed_out_text(answer), part=part, **answer.details)
        message = answer.message if verdict is Meaning.UNCLEAR else ""
        raise Unclear(message or _("The platform's answer cannot be understood."), **answer.details)

    def is_missing(self, answer):
        """Whether a refusal says that the object asked for does not exist."""
        return answer.status == 404 and answer.code != "" and answer.code not in WRONG_PATH

    def preview(self, call):
        """What `send` would send, byte for byte but for the marked values. Needs no network."""
        prepared = self._prepared(call)
        self.auth.preview(prepared)
        body = (prepared.body or b"").decode()
        return Preview(prepared.method, prepared.url, list(prepared.headers.items()), body)


def _signed_out_text(answer):
    return answer.message or _("The platform did not accept the sign-in.")


def _checked(endpoint):
    """scheme://host[:port] in lower case; raises NotSent for anything else."""
    try:
        parts = urlsplit(endpoint)
        is_plain = (
            parts.path in ("", "/") and not parts.query and not parts.fragment and "@" not in parts.netloc
        )
        if parts.scheme in ("http", "https") and parts.hostname and is_plain and parts.port != 0:
            return f"{parts.scheme}://{parts.netloc.lower()}"
    except ValueError:
        pass  # a port out of range, a broken IPv6 address
    raise NotSent(
        _("The address must read https://host or https://host:port, without a path."), part="address"
    )


def segment(value):
    """One path segment, percent-encoded; raises NotSent for what would address something else."""
    text = str(value)
    if text in ("", ".", ".."):
        raise NotSent(_("An id in the address of the request is empty or not usable."))
    return quote(text, safe="")
