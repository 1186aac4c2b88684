"""The client of one account: builds, signs and sends a call, and judges the answer by the platform's table.

This file knows no resource. Each resource is a Collection (collection.py) in a file of its platform's folder.
"""

import math
import re
import time
from collections.abc import Callable
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from urllib.parse import quote, unquote, urlencode, urlsplit

from portal.errors import Missing, NotSent, Rejected, SignInFailed, Throttled, Unclear
from portal.platforms import answers, cause, collections_of
from portal.platforms.contract import Meaning, _, meaning
from portal.platforms.diagnosis import Diagnosable
from portal.platforms.exchanges import CHANGE, READ
from portal.platforms.gate import Gate, Route
from portal.platforms.network import LARGE_BYTES, Transport
from portal.platforms.quoting import HIDDEN, scrubber_of
from portal.platforms.retrying import Repeat, SignedOut, Tries, Waits
from portal.platforms.signing import to_json
from portal.words import Sentence

# A 404 of the gateway, or of a router behind it, means that the path is wrong. It says nothing about the
# object.
WRONG_PATH = {"APIGW.0101", "APIG.0101", "SCB.00000000", "IOTDA.000029"}

NO_REASON = Sentence("platform.no_reason", _("The platform refused the request and gave no reason."))
NOT_THE_PLATFORM = Sentence(
    "platform.something_in_between",
    _(
        "The answer is not in the platform's form: something in between, such as a firewall or a proxy,"
        " refused the request, or the address of the connection is wrong."
    ),
)
TOO_MANY = Sentence("platform.too_many", _("Too many requests. Wait a moment and send it again."))
NOT_READABLE = Sentence("platform.not_readable", _("The platform's answer cannot be understood."))
SIGNED_OUT = Sentence("platform.signed_out", _("The platform did not accept the sign-in."))
NO_ADDRESS = Sentence(
    "platform.no_address", _("The address must read https://host or https://host:port, without a path.")
)
HIDDEN_VALUE = Sentence(
    "platform.hidden_value",
    _(
        "A value holds a credential of the connection. The portal hides it, so it cannot send it back."
        " Change it in the platform's own console."
    ),
)
NO_ID = Sentence("platform.no_id", _("An id in the address of the request is empty or not usable."))

_latest_end = ContextVar("latest_end", default=math.inf)  # a time.monotonic() moment


@dataclass(frozen=True)
class Call:
    """One request before it is signed. `path` is percent-encoded and begins with a slash.

    `removes` means that the object is gone afterwards, so "it does not exist" can mean that the call worked.
    `already` are refusals that say that the object was so before: (code, pattern of the whole message).
    `large` reads an answer that may be large, see answers.read.
    """

    method: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None
    headers: tuple[tuple[str, str], ...] = ()
    repeat: Repeat = Repeat.NEVER
    removes: bool = False
    already: tuple[tuple[str, str], ...] = ()
    large: Callable | None = None

    @property
    def target(self):
        """Path and query exactly as sent."""
        return f"{self.path}?{urlencode(self.query, quote_via=quote, safe='')}" if self.query else self.path

    def finds_done(self, error):
        """Whether a refusal says that the object was already as this call would have made it."""
        if self.removes:
            return isinstance(error, Missing)
        return any(
            str(error.code) == code and re.fullmatch(words, str(error.message).strip(" ."), re.IGNORECASE)
            for code, words in self.already
        )


@dataclass(frozen=True)
class Preview:
    """What would be sent. Marks in ‹ › stand for secrets and for values that are known only at sending."""

    method: str
    url: str
    headers: list[tuple[str, str]]
    body: str


class Client(Diagnosable):
    """Talks to one account on one platform. Many threads may use it; it can live as long as the process.

    `endpoint` is scheme, host and port. `auth` is one of portal.platforms.signing. Every exchange passes
    `gate`. A call ends after `deadline` seconds, however often it is sent. Other options go to
    network.Transport. `send` and the collections raise the PlatformErrors of portal.errors.
    """

    platform = ""  # the name of the folder in portal/platforms that holds this client and its resources
    table = {}  # what its answers mean: see contract.meaning
    path_values = ()  # attributes of the client that are part of its paths
    envelope = staticmethod(answers.huawei_envelope)
    content_type = "application/json"

    def __init__(self, endpoint, auth, *, edition="", gate=None, waits=None, deadline=30, **transport):
        self.endpoint = _checked(endpoint)
        self.auth, self.edition = auth, edition
        self.gate, self._waits, self._deadline = gate or Gate(), waits or Waits(), deadline
        self.transport = Transport(deadline=deadline, **transport)
        if hasattr(auth, "attach"):
            auth.attach(self.endpoint)

    def __getattr__(self, name):
        """A collection, bound to this client: `client.soft_buses` is the COLLECTION of soft_buses.py.

        Python calls this only for what is not there yet, so each collection is bound once.
        """
        known = collections_of(self.platform)
        if name not in known:
            names = ", ".join(sorted(known))
            raise AttributeError(f"{type(self).__name__} has no {name!r}. Its collections are: {names}.")
        return self.__dict__.setdefault(name, known[name].bound_to(self))  # setdefault: the first thread wins

    def url(self, call):
        return self.endpoint + call.target

    def standing_headers(self):
        """The headers that every call to this account has."""
        return {"Accept": "application/json", "Content-Type": self.content_type}

    def standing_query(self):
        """The query pairs that every call to this account has."""
        return ()

    def call(self, method, path, *, query=(), body=None, repeat=None, **options):
        """A Call to this account; `body` is an object, turned into JSON here, once. `options` are a Call's.

        Without `repeat`, a GET counts as a read; anything else is sent again only when it surely did not
        happen.
        """
        pairs = tuple((name, str(value)) for name, value in query if value not in (None, ""))
        sent = None if body is None else to_json(body)
        if HIDDEN in f"{unquote(path)} {pairs} {(sent or b'').decode()}":
            raise NotSent(HIDDEN_VALUE())  # it would overwrite, or look for, what the mark stands for
        return Call(
            method=method,
            path=path,
            query=(*pairs, *self.standing_query()),
            body=sent,
            headers=tuple(self.standing_headers().items()),
            repeat=repeat or (Repeat.READ if method == "GET" else Repeat.NEVER),
            **options,
        )

    def family(self, call):
        """What a platform's "later" about a call holds for: method, resource and verb of any object."""
        for name in collections_of(self.platform):
            base = getattr(self, name).path()
            if call.path == base or call.path.startswith(f"{base}/"):
                return " ".join([call.method, name, *call.path[len(base) :].split("/")[2:]])
        return f"{call.method} {call.path}"

    @property
    def _room(self):
        """The seconds that must be left for the answer when an exchange begins."""
        return self._deadline / 6

    def route(self):
        """The way to the account, for one call that begins now."""
        return Route(self.transport, self.gate, self._end(), self._room)

    def _end(self):
        return min(time.monotonic() + self._deadline, _latest_end.get())

    @contextmanager
    def one_deadline(self, end=None):
        """The calls sent inside share the time of a single call, as the pages of a listing do.

        `end` is a time.monotonic() moment after which they are over in any case.
        """
        token = _latest_end.set(min(end or math.inf, self._end()))
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
        """Send a call, more than once where retrying.py allows it, and return the Answer.

        All tries together end at the deadline. `again(number, error)` is called before each repeat and may
        refuse it by returning False; a change that was Unclear is repeated only if `again` is given and
        agrees. `seen(number, result)` is called after each try. Raises Rejected, Missing, Throttled,
        SignInFailed, NotSent, Paused or Unclear, and whatever `again` and `seen` raise.
        """
        route, refused = self.route(), []
        purpose = READ if call.repeat is Repeat.READ else CHANGE

        def attempt():
            if refused:
                self.auth.renew(route, refused[0])  # fetches nothing if the token has been replaced meanwhile
            else:
                self.auth.sign_in(route)
            prepared = self.auth(self._prepared(call))
            family = self.family(call)
            cap = LARGE_BYTES if call.large else None
            return route.of(family, purpose).exchange(
                prepared, lambda reply: self._judge(reply, prepared, refused, call.large), cap
            )

        tries = self._tries(route, call.repeat, removes=call.removes, again=again, seen=seen)
        with self.one_deadline(route.end):  # includes what `again` looks up
            return tries.run(attempt)

    def _judge(self, reply, prepared, refused, large):
        """The Answer, or the error it means; a request whose token was refused is added to `refused`."""
        scrubber = scrubber_of(self.auth.secrets(), prepared.headers)
        answer = answers.read(reply, self.envelope, scrubber, large)
        verdict = self.verdict(answer)
        if verdict is Meaning.DONE or (verdict is Meaning.REJECTED and self.is_missing(answer)):
            self.auth.accepted(prepared)  # who looked for the object took the token
        if verdict is Meaning.SIGNED_OUT and not refused and self.auth.may_renew(prepared):
            refused.append(prepared)
            raise SignedOut(answer.message or SIGNED_OUT(), part="sign_in", **answer.details)
        return self._judged(verdict, answer)

    def verdict(self, answer):
        """The Meaning of an answer."""
        return meaning(self.table, answer.status, answer.code)

    def _judged(self, verdict, answer):
        if verdict is Meaning.DONE and answer.is_readable:
            return answer
        if verdict is Meaning.REJECTED:
            failure = Missing if self.is_missing(answer) else Rejected
            why = cause(self.platform, answer.code, answer.message)
            part = "permission" if why and why.lacks_permission else ""
            raise failure(answer.message or _no_reason(answer), part=part, **answer.details)
        if verdict is Meaning.THROTTLED:
            wait = answers.retry_after(answer.headers)
            raise Throttled(answer.message or TOO_MANY(), retry_after=wait, **answer.details)
        if verdict is Meaning.SIGNED_OUT:
            part = "sign_in" if self.auth.renewable else "signature"
            why = cause(self.platform, answer.code, answer.message)
            raise SignInFailed(
                answer.message or SIGNED_OUT(), part=part, is_final=True, cause=why, **answer.details
            )
        message = answer.message if verdict is Meaning.UNCLEAR else ""
        raise Unclear(message or NOT_READABLE(), **answer.details)

    def is_missing(self, answer):
        """Whether a refusal means that the object does not exist."""
        return answer.status == 404 and answer.code != "" and answer.code not in WRONG_PATH

    def preview(self, call):
        """What `send` would send, byte for byte except the marked values. Needs no network."""
        prepared = self._prepared(call)
        self.auth.preview(prepared)
        body = (prepared.body or b"").decode()
        return Preview(prepared.method, prepared.url, list(prepared.headers.items()), body)


def _no_reason(answer):
    is_other = not answer.is_readable or not isinstance(answer.data, dict | type(None))
    return NOT_THE_PLATFORM() if is_other else NO_REASON()


def _checked(endpoint):
    """The endpoint as scheme://host[:port], in lower case; raises NotSent when it is anything else."""
    try:
        parts = urlsplit(endpoint)
        is_plain = (
            parts.path in ("", "/") and not parts.query and not parts.fragment and "@" not in parts.netloc
        )
        if parts.scheme in ("http", "https") and parts.hostname and is_plain and parts.port != 0:
            return f"{parts.scheme}://{parts.netloc.lower()}"
    except ValueError:
        pass  # a port out of range, a broken IPv6 address
    raise NotSent(NO_ADDRESS(), part="address")


def segment(value):
    """One path segment, percent-encoded; raises NotSent for one that would lead to another path."""
    text = str(value)
    if text in ("", ".", ".."):
        raise NotSent(NO_ID())
    return quote(text, safe="")
