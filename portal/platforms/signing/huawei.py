"""Signing in to Huawei Cloud, by access keys (SDK-HMAC-SHA256, V11-HMAC-SHA256) or by an IAM token."""

import hashlib
import hmac
import time
from datetime import UTC, datetime
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from portal.errors import SignInFailed
from portal.platforms import answers
from portal.platforms.causes import sentences
from portal.platforms.contract import Cause, _
from portal.platforms.signing import FILLED_IN, SECRET, Auth
from portal.platforms.signing.tokens import StoredTokenAuth, Token

# IAM's own codes, which are numbers. Source: IAM API Reference, "Status Codes".
CAUSES = {
    "401": Cause(
        "iam_refuses",
        "sign_in",
        _("IAM does not accept account, user and password for this project. Correct them."),
    ),
}
sentences(CAUSES)

SIGNED = ("content-type", "host", "instance-id", "x-project-id", "x-sdk-date", "x-security-token")


def needs_v11(host):
    """Whether a host takes V11-HMAC-SHA256 only, as the instance hosts of IoTDA (standard, enterprise) do.

    Source: terraform-provider-huaweicloud, which decides by the same part of the name.
    """
    return ".iotda-app." in host


def iam_endpoint(region):
    """The address that issues a region's tokens; "" is the global IAM. Source: vendor's SDK 3.1.219."""
    return f"https://iam.{region}.myhuaweicloud.com" if region else "https://iam.myhuaweicloud.com"


class SdkHmac(Auth):
    """A signature made with an access key (AK) and its secret key (SK).

    Source: huaweicloudsdkcore 3.1.219, signer.
    """

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

    def secrets(self):
        return self.ak, self._sk, self._security_token

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

    def credential(self, date):
        return f"Access={self.ak}"

    def signature(self, date, digest):
        """The signature in hex; `digest` is the SHA-256 of the canonical request, in hex."""
        return _hmac(self._sk.encode(), f"{self.algorithm}\n{date}\n{digest}").hex()


class V11Hmac(SdkHmac):
    """A signature made with a key that is derived from AK, SK, region and day.

    Source: huaweicloudsdkcore 3.1.219, hkdf.
    """

    algorithm = kind = "V11-HMAC-SHA256"

    def __init__(self, ak, sk, region, security_token="", project_id="", *, now=time.time):
        super().__init__(ak, sk, security_token, project_id, now=now)
        self.region = region

    def _info(self, date):
        day = FILLED_IN if date == FILLED_IN else date[:8]
        return f"{day}/{self.region}/iotdm"

    def credential(self, date):
        return f"Credential={self.ak}/{self._info(date)}"

    def derived_key(self, date):
        """The key is the hex text of the derived bytes, not the bytes themselves."""
        extracted = hmac.new(self.ak.encode(), self._sk.encode(), hashlib.sha256).digest()
        return hmac.new(extracted, self._info(date).encode() + b"\x01", hashlib.sha256).hexdigest()

    def signature(self, date, digest):
        text = f"{self.algorithm}\n{date}\n{self._info(date)}\n{digest}"
        return _hmac(self.derived_key(date).encode(), text).hex()


def canonical_request(prepared, signed):
    """(text, names of the signed headers). Its path ends in a slash, unlike the one that is sent."""
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


class TokenAuth(StoredTokenAuth):
    """Gets a token for an IAM user and password and sends it as X-Auth-Token; it is valid for 24 hours.

    Source: IAM API Reference, "Obtaining a User Token Through Password Authentication".
    """

    kind = "X-Auth-Token"
    causes = CAUSES

    def __init__(self, store, *, iam, user, password, domain, project_name="", project_id="", now=time.time):
        place = f"{iam}\n{domain}\n{user}\n{project_id or project_name}"
        super().__init__(store, "iam-" + hashlib.sha256(place.encode()).hexdigest()[:24], now=now)
        self._iam, self._user, self._password, self._domain = iam.rstrip("/"), user, password, domain
        self._project = {"id": project_id} if project_id else {"name": project_name}

    def __call__(self, prepared):
        prepared.headers["X-Auth-Token"] = self._token.value
        return prepared

    def secrets(self):
        return self._password, *super().secrets()

    def preview(self, prepared):
        prepared.headers["X-Auth-Token"] = FILLED_IN

    def token_in(self, prepared):
        return prepared.headers["X-Auth-Token"]

    def sign_in_to_account(self, route):
        """Sign in without the project, and forget the token. Raises SignInFailed when that is refused.

        Then account, user or password is wrong, and not the project.
        """
        try:
            answer = self._or_fail(self._ask, route, {"domain": {"name": self._domain}})
            if answer.code or answer.message:
                self._refuse(answer)
        except SignInFailed as error:
            if error.status != 403:  # who may not sign in to the whole account may still have the project
                raise

    def _is_refusal(self, answer):
        return answer.status in (401, 403)

    def _ask(self, route, scope):
        user = {"name": self._user, "password": self._password, "domain": {"name": self._domain}}
        identity = {"methods": ["password"], "password": {"user": user}}
        body = {"auth": {"identity": identity, "scope": scope}}
        url = f"{self._iam}/v3/auth/tokens?nocatalog=true"
        return self._post(route, url, body, answers.huawei_envelope)

    def _fetch(self, route, stale):
        answer = self._ask(route, {"project": self._project})
        value = answer.headers.get("x-subject-token", "")
        if answer.status != 201 or answer.code or answer.message or not value:
            self._refuse(answer)
        return Token(value, self._now() + _lifetime(answer.data))


def _lifetime(data):
    """How many seconds a token is valid; 24 hours when the platform does not say.

    Both times come from the platform, so a wrong clock on this machine does no harm.
    """
    try:
        ends, began = (datetime.fromisoformat(data["token"][name]) for name in ("expires_at", "issued_at"))
        return (ends - began).total_seconds()
    except (KeyError, TypeError, ValueError):
        return 24 * 3600
