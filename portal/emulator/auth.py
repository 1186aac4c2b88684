"""Who is calling? Verifies tokens and signatures. The platforms turn NotSignedIn into their own refusals."""

import base64
import binascii
import re
import secrets
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime

from portal.emulator import account, signatures
from portal.emulator.knobs import knobs
from portal.emulator.models import EnosToken, Token, writing

SKEW_SECONDS = 15 * 60
TOKEN_SECONDS = 24 * 3600
ENOS_TOKEN_SECONDS = 7200
LOCK_SECONDS = 5 * 60


@dataclass(frozen=True)
class Caller:
    """The signed-in user. `project_id` is empty for a token of the whole account."""

    user: account.User
    project_id: str


class NotSignedIn(Exception):
    """`why` is missing, token, expired, signature, or kind (a correct signature of an unaccepted kind)."""

    def __init__(self, why, text):
        super().__init__(text)
        self.why = why


class Failures:
    """Counts the wrong signatures in a row of each access key.

    When the setting `lock_after_failures` says so, it locks the key for a while.
    """

    def __init__(self):
        self._lock = threading.Lock()
        self.clear()

    def clear(self):
        with self._lock:
            self._counts = {}
            self._until = {}

    def check(self, access):
        if knobs.lock_after_failures and self._until.get(access, 0) > time.monotonic():
            raise NotSignedIn("signature", "AK access failed to reach the limit,forbidden.")

    def note(self, access, failed):
        if not knobs.lock_after_failures:
            return
        with self._lock:
            self._counts[access] = self._counts.get(access, 0) + 1 if failed else 0
            if self._counts[access] >= knobs.lock_after_failures:
                self._until[access] = time.monotonic() + LOCK_SECONDS
                self._counts[access] = 0


failures = Failures()


def lifetime(default):
    return default if knobs.token_seconds is None else knobs.token_seconds


def issue_token(user, project_id):
    """Returns (token, expires_at) of a new IAM token. Older tokens stay valid."""
    expires_at = time.time() + lifetime(TOKEN_SECONDS)
    text = "MII" + secrets.token_urlsafe(96)
    with writing():
        Token.objects.create(token=text, user_name=user.name, project_id=project_id, expires_at=expires_at)
    return text, expires_at


def huawei_caller(request, *, derived=False):
    """The Caller of a Huawei request. `derived` allows V11 signatures too. Raises NotSignedIn."""
    token = request.META.get("HTTP_X_AUTH_TOKEN")
    if token:
        return _token_caller(token)
    if request.META.get("HTTP_AUTHORIZATION"):
        return _signed_caller(request, derived)
    raise NotSignedIn("missing", "neither X-Auth-Token nor a signature is there")


_known = {}  # token -> (Caller, expires_at); saves queries, as tokens never change


def forget_tokens():
    _known.clear()


def _token_caller(text):
    known = _known.get(text)
    if known is None:
        row = Token.objects.filter(token=text).first()
        if row is None:
            raise NotSignedIn("token", "the token is unknown")
        known = Caller(account.USERS[row.user_name], row.project_id), row.expires_at
        _known[text] = known
    caller, expires_at = known
    if expires_at <= time.time():
        raise NotSignedIn("expired", "The token must be updated")
    return caller


def _signed_caller(request, derived):
    headers = request.META["emulator.headers"]
    try:
        authorization = signatures.read_authorization(headers["authorization"])
    except signatures.Malformed as error:
        raise NotSignedIn("signature", str(error)) from None
    if authorization.algorithm == signatures.DERIVED and not derived:
        raise NotSignedIn("signature", "V11-HMAC-SHA256 is not known here")
    failures.check(authorization.access)
    try:
        key = _verify(request, headers, authorization)
    except NotSignedIn:
        failures.note(authorization.access, True)
        raise
    failures.note(authorization.access, False)
    if derived and knobs.require_v11 and authorization.algorithm == signatures.PLAIN:
        raise NotSignedIn("kind", "this instance takes V11-HMAC-SHA256 only")
    return Caller(key.user, account.PROJECT_ID)


def _verify(request, headers, authorization):
    key = account.KEYS.get(authorization.access)
    if key is None:
        raise NotSignedIn("signature", "the access key is unknown")
    date = headers.get("x-sdk-date", "")
    _check_date(date)
    if not {"host", "x-sdk-date"} <= set(authorization.signed_headers):
        raise NotSignedIn("signature", "host and x-sdk-date must be signed")
    if authorization.algorithm == signatures.DERIVED:
        wanted = f"{date[:8]}/{account.REGION}/iotdm"
        if authorization.info != wanted:
            raise NotSignedIn("signature", f"the credential's scope is not {wanted}")
    if headers.get("x-security-token", "") != key.security_token:
        raise NotSignedIn("signature", "X-Security-Token does not belong to the access key")
    try:
        expected = signatures.huawei_signature(
            authorization,
            key.secret,
            date,
            request.method,
            request.META["emulator.target"],
            headers,
            request.body,
        )
    except signatures.Malformed as error:
        raise NotSignedIn("signature", str(error)) from None
    if not secrets.compare_digest(expected, authorization.signature):
        raise NotSignedIn("signature", "verify aksk signature fail")
    return key


def _check_date(date):
    if not re.fullmatch(r"[0-9]{8}T[0-9]{6}Z", date):
        raise NotSignedIn("signature", "X-Sdk-Date is missing or cannot be read")
    try:
        when = datetime.strptime(date, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        raise NotSignedIn("signature", "X-Sdk-Date cannot be read") from None
    if abs(when.timestamp() - time.time()) > SKEW_SECONDS:
        raise NotSignedIn("signature", "X-Sdk-Date is more than 15 minutes off, expired")


def enos_caller(request):
    """The account.App that makes an EnOS request. Raises NotSignedIn."""
    token = request.META.get("HTTP_APIM_ACCESSTOKEN", "")
    signature = request.META.get("HTTP_APIM_SIGNATURE", "")
    if not token:
        raise NotSignedIn("token", "apim-accesstoken is missing")
    if not signature:
        if knobs.lenient and _is_opaque(token):
            return account.FIRST_APP
        raise NotSignedIn("signature", "apim-signature is missing")
    row = EnosToken.objects.filter(token=token).values("app_key", "expires_at").first()
    if row is None or row["expires_at"] <= time.time():
        raise NotSignedIn("token", "the token is unknown or expired")
    app = account.APPS[row["app_key"]]
    timestamp = request.META.get("HTTP_APIM_TIMESTAMP", "")
    if not re.fullmatch(r"[0-9]{1,16}", timestamp) or abs(int(timestamp) / 1000 - time.time()) > SKEW_SECONDS:
        raise NotSignedIn("signature", "apim-timestamp is not within 15 minutes of now, in milliseconds")
    query = request.META["QUERY_STRING"]
    expected = signatures.enos_signature(token, query, request.body, timestamp, app.secret)
    if not secrets.compare_digest(expected.encode(), signature.encode("utf-8", "replace")):
        raise NotSignedIn("signature", "apim-signature is wrong")
    return app


def _is_opaque(token):
    """True for the form of the official SDK's token: 256 encrypted bytes that only Envision can read."""
    try:
        return len(base64.b64decode(token, validate=True)) == 256
    except (binascii.Error, ValueError):
        return False
