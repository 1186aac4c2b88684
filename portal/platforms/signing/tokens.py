"""Tokens: where they are kept, and the base of the ways to sign in that need one.

The store is handed in: the portal's store is its database, MemoryTokenStore serves a single process.
"""

import functools
import math
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Protocol

from portal.errors import NotSent, SignInFailed, Throttled, Unclear
from portal.platforms import answers, chosen, exchanges
from portal.platforms.contract import Meaning, _, meaning
from portal.platforms.quoting import KEEPS_NOTHING, scrubber_of, texts_of_secrets
from portal.platforms.signing import Auth, to_json
from portal.words import Sentence

EARLY_SECONDS = 600  # a token is renewed this long before it ends; a short one at half of what is left of it
EARLY_RENEWAL_SECONDS = 10
TOKENS_KEPT = 4  # the newest: an answer may still quote one that was replaced meanwhile
SIGN_IN = "sign_in"  # the family of its exchanges: see gate.Gate

REFUSED = Sentence("sign_in.refused", _("The platform did not accept the credentials."))
TOO_MANY = Sentence("sign_in.too_many", _("Too many sign-ins. Wait a moment."))
OUT_OF_ORDER = Sentence("sign_in.out_of_order", _("The server that issues tokens is not working right now."))


@dataclass(frozen=True)
class Token:
    """`expires_at` is in epoch seconds, by the clock of this machine.

    `is_suspect`: it replaced a token that the platform had refused, and no call with it was accepted yet.
    """

    value: str = field(repr=False)
    expires_at: float
    is_suspect: bool = False


class TokenStore(Protocol):
    def get(self, name: str) -> Token | None: ...

    def renew(self, name: str, fetch: Callable[[], Token], stale: str | None, end: float = math.inf) -> Token:
        """The Token that `fetch` returns, or one that another process stored meanwhile.

        Only one process calls `fetch` at a time. A stored token whose value is `stale` is not handed out.
        """
        ...

    def prove(self, name: str, value: str) -> None:
        """Remember that a call with this token was accepted."""
        ...

    def is_hopeless(self, name: str, value: str) -> bool:
        """Whether the token is suspect and new: when it is refused, so will be the next one."""
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

    def prove(self, name, value):
        if name in self._tokens and self._tokens[name].value == value:
            self._tokens[name] = replace(self._tokens[name], is_suspect=False)

    def is_hopeless(self, name, value):
        current = self._tokens.get(name)
        return current is not None and current.value == value and current.is_suspect


class StoredTokenAuth(Auth):
    """Takes its token from a store and renews it before it ends.

    A subclass fetches a token (`_fetch`), writes it into a request (`__call__`) and reads it from one
    (`token_in`).
    """

    renewable = True
    causes = {}  # {code of the server that issues tokens: contract.Cause}

    def __init__(self, store, name, *, now=time.time):
        self._store, self._name, self._now = store, name, now
        self._token = None
        self._tokens = deque(maxlen=TOKENS_KEPT)
        self._left = 0.0  # seconds that the token had left when this process got it
        self._renewing_early = threading.Lock()

    def secrets(self):
        return tuple(self._tokens)

    def sign_in(self, route):
        token = self._token or self._store.get(self._name)
        if token is None or token.expires_at <= self._now():
            self._renew(route, token)
            return
        if token is not self._token:
            self._keep(token)
        if token.expires_at - self._now() < min(EARLY_SECONDS, self._left / 2):
            self._renew_early(route, token)

    def renew(self, route, prepared=None):
        """Replace the token that `prepared` carried (None: the current one).

        Fetches nothing when another thread or process has replaced that token already.
        """
        if prepared:
            self._renew(route, Token(self.token_in(prepared), 0), is_refused=True)
        else:
            self._renew(route, self._token)

    def _renew(self, route, stale, is_refused=False):
        value = stale.value if stale else None
        fetch = functools.partial(self._fetch_or_fail, route, value, is_refused)
        self._keep(self._store.renew(self._name, fetch, value, end=route.end))

    def _renew_early(self, route, token):
        """One thread renews the token; the others go on with it, because it is still good."""
        if not self._renewing_early.acquire(blocking=False):
            return
        try:
            # Nobody waits long for a token that is not needed yet.
            self._renew(route.within(EARLY_RENEWAL_SECONDS), token)
        except NotSent:
            self._keep(token)  # tries again when half of the time that is left has passed
        finally:
            self._renewing_early.release()

    def accepted(self, prepared):
        """The platform took the token that this request carried; only the first time costs a look."""
        token = self._token
        if token and token.is_suspect and token.value == self.token_in(prepared):
            self._store.prove(self._name, token.value)
            self._token = replace(token, is_suspect=False)

    def may_renew(self, prepared):
        """Whether another token may help after this request's token was refused."""
        return not self._store.is_hopeless(self._name, self.token_in(prepared))

    def _keep(self, token):
        self._token, self._left = token, token.expires_at - self._now()
        if token.value not in self._tokens:
            self._tokens.append(token.value)

    def _fetch_or_fail(self, route, stale, is_refused):
        return replace(self._or_fail(self._fetch, route, stale), is_suspect=is_refused)

    def _or_fail(self, ask, *arguments):
        try:
            return ask(*arguments)
        except Unclear as error:
            details = {name: getattr(error, name) for name in ("status", "code", "request_id", "duration_ms")}
            raise SignInFailed(error.message, part="sign_in", data=error.data, **details) from error

    def _post(self, route, url, body, envelope):
        """An Answer that may be a token or a refusal; raises Throttled, NotSent, and Unclear for a 5xx."""
        headers = {"Content-Type": "application/json;charset=utf8", "Accept": "application/json"}
        prepared = route.prepare("POST", url, headers, to_json(body))
        exchange = route.of(SIGN_IN, exchanges.SIGN_IN).exchange
        return exchange(prepared, lambda reply: self._judged(self._read(reply, envelope, body)))

    def _read(self, reply, envelope, body):
        """The Answer, scrubbed also of the token in it and of one that was sent."""
        first = answers.read(reply, envelope, KEEPS_NOTHING)
        tokens = [*texts_of_secrets(first.data), *texts_of_secrets(body)]
        return answers.read(reply, envelope, scrubber_of((*self.secrets(), *tokens), reply.headers))

    def _judged(self, answer):
        """The Answer, or what it means; raised inside the gate of the account, so that the gate counts it."""
        if meaning({}, answer.status) is Meaning.THROTTLED:
            wait = answers.retry_after(answer.headers)
            raise Throttled(answer.message or TOO_MANY(), retry_after=wait, part="sign_in", **answer.details)
        if answer.status >= 500:
            raise Unclear(answer.message or OUT_OF_ORDER(), part="sign_in", **answer.details)
        if self._is_refusal(answer):
            self._refuse(answer, is_final=True)
        return answer

    def _is_refusal(self, answer):
        """Whether the server refuses the credentials, and would refuse them again."""
        raise NotImplementedError

    def _refuse(self, answer, is_final=False):
        why = chosen(self.causes, answer.code, answer.message)
        raise SignInFailed(
            answer.message or REFUSED(), part="sign_in", is_final=is_final, cause=why, **answer.details
        )
