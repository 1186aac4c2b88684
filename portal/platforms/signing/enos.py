"""Signing in to EnOS: an access token, and a signature over the query and body of each request."""

import hashlib
import re
import threading
import time
from urllib.parse import parse_qsl, urlsplit

from portal.errors import Unclear
from portal.platforms.causes import sentences
from portal.platforms.contract import Cause, _
from portal.platforms.signing import FILLED_IN
from portal.platforms.signing.tokens import StoredTokenAuth, Token

LIFETIME_MAX_SECONDS = 30 * 24 * 3600

# Codes of the token service. Source: EnOS API, "Get Access Token", 3.0.0.
CAUSES = {
    "1002": Cause("enos_unknown_key", "sign_in", _("The application key does not exist. Correct it.")),
    "1003": Cause(
        "enos_wrong_secret",
        "sign_in",
        _("The application secret does not belong to the application key. Correct the two."),
    ),
}
sentences(CAUSES)


class EnosAuth(StoredTokenAuth):
    """Gets an access token (valid for 2 hours), sends it, and signs the query and body of each request.

    Source: EnOS API, "Get Access Token" and "Invoke an EnOS API", 3.0.0.
    """

    kind = "EnOS"
    causes = CAUSES

    def __init__(self, store, app_key, app_secret, *, endpoint="", now=time.time):
        super().__init__(store, "enos-" + hashlib.sha256(app_key.encode()).hexdigest()[:24], now=now)
        self._endpoint, self._app_key, self._app_secret = endpoint.rstrip("/"), app_key, app_secret
        self._lock, self._last_timestamp = threading.Lock(), 0

    def attach(self, endpoint):
        """Called by the client: tokens come from the client's own endpoint unless another was given."""
        self._endpoint = self._endpoint or endpoint

    def __call__(self, prepared):
        timestamp = str(int(self._now() * 1000))
        prepared.headers["apim-accesstoken"] = self._token.value
        prepared.headers["apim-signature"] = self.signature(prepared, self._token.value, timestamp)
        prepared.headers["apim-timestamp"] = timestamp
        return prepared

    def secrets(self):
        return self._app_key, self._app_secret, *super().secrets()

    def preview(self, prepared):
        for name in ("apim-accesstoken", "apim-signature", "apim-timestamp"):
            prepared.headers[name] = FILLED_IN

    def token_in(self, prepared):
        return prepared.headers["apim-accesstoken"]

    def signature(self, prepared, token, timestamp):
        """Covers the query's names and values, decoded, and the body byte for byte."""
        pairs = sorted(parse_qsl(urlsplit(prepared.url).query, keep_blank_values=True))
        query = "".join(name + value for name, value in pairs)
        text = f"{token}{query}".encode() + (prepared.body or b"") + f"{timestamp}{self._app_secret}".encode()
        return hashlib.sha256(text).hexdigest()

    def _fetch(self, route, stale):
        if stale and (token := self._refreshed(route, stale)):
            return token
        answer = self._ask(route, "get", {})
        return self._token_of(answer) or self._refuse(answer)

    def _refreshed(self, route, stale):
        try:
            return self._token_of(self._ask(route, "refresh", {"accessToken": stale}))
        except Unclear as error:
            if error.status is None:
                raise
            return None  # the server answers, so asking for a new token may still work

    def _ask(self, route, what, more):
        url = f"{self._endpoint}/apim-token-service/v2.0/token/{what}"
        for _attempt in range(2):
            timestamp = self._next_timestamp()
            encryption = hashlib.sha256(f"{self._app_key}{timestamp}{self._app_secret}".encode()).hexdigest()
            body = {"appKey": self._app_key, "encryption": encryption, "timestamp": timestamp, **more}
            answer = self._post(route, url, body, _token_envelope)
            if answer.code != "1001":  # 1001: another process used the same millisecond
                break
        return answer

    def _is_refusal(self, answer):
        return answer.code in CAUSES

    def _next_timestamp(self):
        """Milliseconds, never the same twice, because the platform refuses a repeated `encryption`."""
        with self._lock:
            self._last_timestamp = max(int(self._now() * 1000), self._last_timestamp + 1)
            return self._last_timestamp

    def _token_of(self, answer):
        if answer.status != 200 or answer.code != "0":
            return None
        data = answer.unscrubbed.get("data")
        value, seconds = (
            (data.get("accessToken"), data.get("expire")) if isinstance(data, dict) else (None, None)
        )
        if not isinstance(value, str) or not value:
            return None
        seconds = int(seconds) if re.fullmatch("[1-9][0-9]{0,9}", str(seconds)) else 0
        is_sound = 0 < seconds <= LIFETIME_MAX_SECONDS
        return Token(value, self._now() + (seconds if is_sound else 7200))


def _token_envelope(status, data):
    """The token service says `status` where other services say `code`; one document misspells it `stauts`."""
    if not isinstance(data, dict):
        return "", "", ""
    code = data.get("status", data.get("stauts", data.get("code", "")))
    message = data.get("msg")
    return str(code), message if isinstance(message, str) else "", ""
