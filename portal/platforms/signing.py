"""Proving who calls: IAM token, SDK-HMAC-SHA256, V11-HMAC-SHA256, EnOS token and signature.

Each kind is a requests.auth class that signs the exact URL and bytes of a prepared request, and can write
the same headers with placeholders for a preview. Where tokens are kept is handed in (TokenStore, tokens.py).
"""

import functools
import hashlib
import hmac
import json
import threading
import time
from datetime import UTC, datetime
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from requests.auth import AuthBase

from portal.errors import NotSent, PlatformError, SignInFailed, Throttled, Unclear
from portal.platforms import answers
from portal.platforms.contract import Meaning, _, meaning
from portal.platforms.tokens import MemoryTokenStore, Token, TokenStore

__all__ = [
    "EnosAuth",
    "MemoryTokenStore",
    "SdkHmac",
    "Token",
    "TokenAuth",
    "TokenStore",
    "V11Hmac",
    "needs_v11",
]

FILLED_IN = "‹filled in at sending›"
SECRET = "‹secret›"

EARLY_SECONDS = 600  # tokens are renewed this long before they end, or at half of what is left of a short one
EARLY_RENEWAL_SECONDS = 10
LIFETIME_MAX_SECONDS = 30 * 24 * 3600
SIGNED = ("content-type", "host", "instance-id", "x-project-id", "x-sdk-date", "x-security-token")


def needs_v11(host):
    """Instance hosts of IoTDA (standard and enterprise edition) take V11-HMAC-SHA256 only.

    Source: terraform-provider-huaweicloud, which decides by the same part of the name.
    """
    return ".iotda-app." in host


def iam_endpoint(region):
    """Where a region's tokens come from; without one, the global IAM. Source: vendor's SDK 3.1.219."""
    return f"https://iam.{region}.myhuaweicloud.com" if region else "https://iam.myhuaweicloud.com"


class Auth(AuthBase):
    """`renewable` says that signing in again may help; `kind` is for people."""

    kind = ""
    renewable = False

    def sign_in(self, route):
        """Make sure that a token is there; nothing to do for signatures. Raises SignInFailed and NotSent."""

    def preview(self, prepared):
        """Write the headers that signing will write, with placeholders."""
        raise NotImplementedError


class SdkHmac(Auth):
    """Signature with AK/SK. Source: huaweicloudsdkcore 3.1.219, signer."""

    algorithm = kind = "SDK-HMAC-SHA256"
    signed = SIGNED

    def __init__(self, ak, sk, security_token="", project_id="", *, now=time.time):
        self.ak, self._sk, self._security_token, self._project_id = ak, sk, security_token, project_id
        self._now = now

    def __call__(self, prepared):
        date = datetime.fromtimestamp(self._now(), UTC).strftime("%Y%m%dT%H%M%SZ")
        self._write(prepared, date, self._security_token)
        canonical, names = canonical_request(prepared, self.signed)
        digest = hashlib.sha256(canonical.encode()).hexdigest()
        self._authorize(prepared, date, names, self.signature(date, digest))
        return prepared

    def preview(self, prepared):
        self._write(prepared, FILLED_IN, SECRET)
        _canonical, names = canonical_request(prepared, self.signed)
        self._authorize(prepared, FILLED_IN, names, FILLED_IN)
        masked = f"{self.ak[:4]}…{self.ak[-4:]}"
        prepared.headers["Authorization"] = prepared.headers["Authorization"].replace(self.ak, masked)

    def _write(self, prepared, date, security_token):
        prepared.headers["X-Sdk-Date"] = date
        if self._project_id:
            prepared.headers["X-Project-Id"] = self._project_id
        if self._security_token:
            prepared.headers["X-Security-Token"] = security_token

    def _authorize(self, prepared, date, names, signature):
        prepared.headers["Authorization"] = (
            f"{self.algorithm} {self.credential(date)},"
            f" SignedHeaders={';'.join(names)}, Signature={signature}"
        )

    def as_v11(self, region):
        """The same keys with the other signature."""
        return V11Hmac(self.ak, self._sk, region, self._security_token, self._project_id, now=self._now)

    def credential(self, date):
        return f"Access={self.ak}"

    def signature(self, date, digest):
        """Hex; `digest` is the canonical request's SHA-256 in hex."""
        return _hmac(self._sk.encode(), f"{self.algorithm}\n{date}\n{digest}").hex()


class V11Hmac(SdkHmac):
    """Signature with a key derived from AK/SK, region and day. Source: huaweicloudsdkcore 3.1.219, hkdf."""

    algorithm = kind = "V11-HMAC-SHA256"

    def __init__(self, ak, sk, region, security_token="", project_id="", *, now=time.time):
        super().__init__(ak, sk, security_token, project_id, now=now)
        self.region = region

    def as_sdk(self):
        """The same keys with the other signature."""
        return SdkHmac(self.ak, self._sk, self._security_token, self._project_id, now=self._now)

    def _info(self, date):
        day = FILLED_IN if date == FILLED_IN else date[:8]
        return f"{day}/{self.region}/iotdm"

    def credential(self, date):
        return f"Credential={self.ak}/{self._info(date)}"

    def derived_key(self, date):
        """The hex text of the derived bytes is the key, not the bytes themselves."""
        extracted = hmac.new(self.ak.encode(), self._sk.encode(), hashlib.sha256).digest()
        return hmac.new(extracted, self._info(date).encode() + b"\x01", hashlib.sha256).hexdigest()

    def signature(self, date, digest):
        text = f"{self.algorithm}\n{date}\n{self._info(date)}\n{digest}"
        return _hmac(self.derived_key(date).encode(), text).hex()


def canonical_request(prepared, signed):
    """(text, names of the signed headers). The path ends in a slash here, though not on the wire."""
    parts = urlsplit(prepared.url)
    path = "/".join(quote(unquote(segment), safe="~") for segment in parts.path.split("/"))
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    query = "&".join(f"{quote(name, safe='~')}={quote(value, safe='~')}" for name, value in sorted(pairs))
    present = {name.lower(): str(value).strip() for name, value in prepared.headers.items()}
    names = sorted(name for name in present if name in signed)
    headers = "".join(f"{name}:{present[name]}\n" for name in names)
    body = hashlib.sha256(prepared.body or b"").hexdigest()
    path = path if path.endswith("/") else path + "/"
    return "\n".join([prepared.method, path, query, headers, ";".join(names), body]), names


def _hmac(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


class _TokenKind(Auth):
    """A token from the store, renewed before it ends. Subclasses fetch one and write it into requests."""

    renewable = True

    def __init__(self, store, name, *, now=time.time):
        self._store, self._name, self._now = store, name, now
        self._token = None
        self._left = 0.0  # seconds that the token had left when this process got it
        self._renewing_early = threading.Lock()

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
        """Replace the token that `prepared` carried (None: the present one); another's newer one will do."""
        self._renew(route, Token(self.token_in(prepared), 0) if prepared else self._token)

    def _renew(self, route, stale):
        value = stale.value if stale else None
        fetch = functools.partial(self._fetch_or_fail, route, value)
        self._keep(self._store.renew(self._name, fetch, value, end=route.end))

    def _renew_early(self, route, token):
        """One thread renews while the others go on with the token, which is still good."""
        if not self._renewing_early.acquire(blocking=False):
            return
        try:
            # Nobody waits long for what is not needed yet.
            self._renew(route.within(EARLY_RENEWAL_SECONDS), token)
        except NotSent:
            self._keep(token)  # tried again at half of what is left
        finally:
            self._renewing_early.release()

    def _keep(self, token):
        self._token, self._left = token, token.expires_at - self._now()

    def _fetch_or_fail(self, route, stale):
        try:
            return self._fetch(route, stale)
        except Unclear as error:
            details = {name: getattr(error, name) for name in ("status", "code", "request_id", "duration_ms")}
            raise SignInFailed(error.message, part="sign_in", data=error.data, **details) from error

    def _post(self, route, url, body, envelope):
        """An answer that may be a token or a refusal; raises Throttled, NotSent, and Unclear for a 5xx."""
        headers = {"Content-Type": "application/json;charset=utf8", "Accept": "application/json"}
        prepared = route.prepare("POST", url, headers, to_json(body))
        return route.exchange(prepared, lambda reply: _judged(answers.read(reply, envelope)))

    def _refuse(self, answer):
        message = answer.message or _("The platform did not accept the credentials.")
        raise SignInFailed(message, part="sign_in", **answer.details)


def _judged(answer):
    """Judged where it is received, so that the gate before the account learns of it."""
    if meaning({}, answer.status) is Meaning.THROTTLED:
        message = answer.message or _("Too many sign-ins. Wait a moment.")
        wait = answers.retry_after(answer.headers)
        raise Throttled(message, retry_after=wait, part="sign_in", **answer.details)
    if answer.status >= 500:
        message = answer.message or _("The place where tokens come from does not work just now.")
        raise Unclear(message, part="sign_in", **answer.details)
    return answer


class TokenAuth(_TokenKind):
    """IAM user and password -> X-Auth-Token, valid 24 hours.

    Source: IAM API Reference, "Obtaining a User Token Through Password Authentication".
    """

    kind = "X-Auth-Token"

    def __init__(self, store, *, iam, user, password, domain, project_name="", project_id="", now=time.time):
        place = f"{iam}\n{domain}\n{user}\n{project_id or project_name}"
        super().__init__(store, "iam-" + hashlib.sha256(place.encode()).hexdigest()[:24], now=now)
        self._iam, self._user, self._password, self._domain = iam.rstrip("/"), user, password, domain
        self._project = {"id": project_id} if project_id else {"name": project_name}

    def __call__(self, prepared):
        prepared.headers["X-Auth-Token"] = self._token.value
        return prepared

    def preview(self, prepared):
        prepared.headers["X-Auth-Token"] = FILLED_IN

    def token_in(self, prepared):
        return prepared.headers["X-Auth-Token"]

    def is_accepted_without_project(self, route):
        """Whether user and password are right, so that only the project can be wrong."""
        try:
            return self._ask(route, {"domain": {"name": self._domain}}).status == 201
        except PlatformError:
            return False

    def _ask(self, route, scope):
        user = {"name": self._user, "password": self._password, "domain": {"name": self._domain}}
        identity = {"methods": ["password"], "password": {"user": user}}
        body = {"auth": {"identity": identity, "scope": scope}}
        url = f"{self._iam}/v3/auth/tokens?nocatalog=true"
        return self._post(route, url, body, answers.huawei_envelope)

    def _fetch(self, route, stale):
        answer = self._ask(route, {"project": self._project})
        value = answer.headers.get("x-subject-token", "")
        if answer.status != 201 or not value:
            self._refuse(answer)
        return Token(value, self._now() + _lifetime(answer.data))


def _lifetime(data):
    """Seconds, by the platform's own clock, so a wrong clock here does no harm; 24 h when it is silent."""
    try:
        ends, began = (datetime.fromisoformat(data["token"][name]) for name in ("expires_at", "issued_at"))
        return (ends - began).total_seconds()
    except (KeyError, TypeError, ValueError):
        return 24 * 3600


class EnosAuth(_TokenKind):
    """EnOS access token (2 hours) and a signature over query and body.

    Source: EnOS API, "Get Access Token" and "Invoke an EnOS API", 3.0.0.
    """

    kind = "EnOS"

    def __init__(self, store, app_key, app_secret, *, endpoint="", now=time.time):
        super().__init__(store, f"enos-{app_key}"[:80], now=now)
        self._endpoint, self._app_key, self._app_secret = endpoint.rstrip("/"), app_key, app_secret
        self._lock, self._last_timestamp = threading.Lock(), 0

    def attach(self, endpoint):
        """Token calls go to the client's own endpoint unless one was given."""
        self._endpoint = self._endpoint or endpoint

    def __call__(self, prepared):
        timestamp = str(int(self._now() * 1000))
        prepared.headers["apim-accesstoken"] = self._token.value
        prepared.headers["apim-signature"] = self.signature(prepared, self._token.value, timestamp)
        prepared.headers["apim-timestamp"] = timestamp
        return prepared

    def preview(self, prepared):
        for name in ("apim-accesstoken", "apim-signature", "apim-timestamp"):
            prepared.headers[name] = FILLED_IN

    def token_in(self, prepared):
        return prepared.headers["apim-accesstoken"]

    def signature(self, prepared, token, timestamp):
        """Names and values of the query are signed decoded, the body byte for byte."""
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
            return None  # it answers: a token from the start may be had all the same

    def _ask(self, route, what, more):
        url = f"{self._endpoint}/apim-token-service/v2.0/token/{what}"
        for _attempt in range(2):
            timestamp = self._next_timestamp()
            encryption = hashlib.sha256(f"{self._app_key}{timestamp}{self._app_secret}".encode()).hexdigest()
            body = {"appKey": self._app_key, "encryption": encryption, "timestamp": timestamp, **more}
            answer = self._post(route, url, body, _token_envelope)
            if answer.code != "1001":  # another process used this very millisecond
                break
        return answer

    def _next_timestamp(self):
        """Milliseconds, never the same twice: the platform refuses a repeated `encryption` (1001)."""
        with self._lock:
            self._last_timestamp = max(int(self._now() * 1000), self._last_timestamp + 1)
            return self._last_timestamp

    def _token_of(self, answer):
        if answer.status != 200 or answer.code != "0":
            return None
        data = answer.data.get("data")
        value, seconds = (
            (data.get("accessToken"), data.get("expire")) if isinstance(data, dict) else (None, None)
        )
        if not isinstance(value, str) or not value:
            return None
        is_sound = type(seconds) is int and 0 < seconds <= LIFETIME_MAX_SECONDS
        return Token(value, self._now() + (seconds if is_sound else 7200))


def _token_envelope(status, data):
    """The token service says `status` where the rest says `code`; a document misspells it `stauts`."""
    if not isinstance(data, dict):
        return "", "", ""
    code = data.get("status", data.get("stauts", data.get("code", "")))
    message = data.get("msg")
    return str(code), message if isinstance(message, str) else "", ""


def to_json(body):
    """The bytes that are signed and sent, built once."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
