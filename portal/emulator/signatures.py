"""The platforms' signature rules, applied to a request as it arrived.

Plain functions without Django. They share no code with the portal's own signing, so that a mistake there is
found here.
Source: Huawei Cloud API request signing guide and SDK 3.1; EnOS API documentation, "Invoking APIs", 3.0.0.
"""

import hashlib
import hmac
import re
from dataclasses import dataclass
from urllib.parse import parse_qsl, quote, unquote, unquote_plus

PLAIN = "SDK-HMAC-SHA256"
DERIVED = "V11-HMAC-SHA256"
UNSIGNED = "UNSIGNED-PAYLOAD"


class Malformed(Exception):
    """The Authorization header does not have the documented form."""


@dataclass(frozen=True)
class Authorization:
    """A parsed Authorization header. `info` is `yyyymmdd/region/service` with DERIVED, otherwise ""."""

    algorithm: str
    access: str
    info: str
    signed_headers: tuple
    signature: str


_AUTHORIZATION = {
    PLAIN: re.compile(
        r"Access=(?P<access>[^,/\s]+),\s*SignedHeaders=(?P<headers>[^,\s]+),\s*Signature=(?P<hex>[0-9a-f]{64})"
    ),
    DERIVED: re.compile(
        r"Credential=(?P<access>[^,/\s]+)/(?P<info>[^,\s]+),\s*SignedHeaders=(?P<headers>[^,\s]+),"
        r"\s*Signature=(?P<hex>[0-9a-f]{64})"
    ),
}


def read_authorization(value):
    """The Authorization that a header's value holds. Raises Malformed."""
    algorithm, _space, rest = value.strip().partition(" ")
    pattern = _AUTHORIZATION.get(algorithm)
    match = pattern and pattern.fullmatch(rest.strip())
    if not match:
        raise Malformed("the Authorization header cannot be read")
    names = tuple(match["headers"].lower().split(";"))
    if list(names) != sorted(set(names)):
        raise Malformed("SignedHeaders are not in order")
    return Authorization(algorithm, match["access"], match.groupdict().get("info", ""), names, match["hex"])


def canonical_request(method, target, headers, signed_headers, body):
    """The text that is hashed and signed. Raises Malformed.

    `target` is path and query as sent; `headers` maps names in lower case to values.
    """
    path, _mark, query = target.partition("?")
    segments = [quote(unquote(segment), safe="~") for segment in path.split("/")]
    canonical_path = "/".join(segments)
    if not canonical_path.endswith("/"):
        canonical_path += "/"
    pairs = sorted(
        (quote(unquote_plus(name), safe="~"), quote(unquote_plus(value), safe="~"))
        for name, _equals, value in (pair.partition("=") for pair in query.split("&") if pair)
    )
    missing = [name for name in signed_headers if name not in headers]
    if missing:
        raise Malformed(f"a signed header is not there: {missing[0]}")
    digest = hashlib.sha256(body).hexdigest()
    declared = headers.get("x-sdk-content-sha256")
    if declared is not None:
        if declared not in (UNSIGNED, digest):
            raise Malformed("X-Sdk-Content-Sha256 is not the body's digest")
        digest = declared
    return "\n".join(
        [
            method.upper(),
            canonical_path,
            "&".join(f"{name}={value}" for name, value in pairs),
            *(f"{name}:{headers[name].strip()}" for name in signed_headers),
            "",
            ";".join(signed_headers),
            digest,
        ]
    )


def derived_key(access, secret, info):
    """The signing key of V11: one HKDF round, as 64 hexadecimal characters."""
    prk = hmac.new(access.encode(), secret.encode(), hashlib.sha256).digest()
    return hmac.new(prk, info.encode() + b"\x01", hashlib.sha256).hexdigest()


def huawei_signature(authorization, secret, date, method, target, headers, body):
    """The signature that this request has if it was signed with `secret`. Raises Malformed."""
    canonical = canonical_request(method, target, headers, authorization.signed_headers, body)
    lines = [authorization.algorithm, date]
    key = secret
    if authorization.algorithm == DERIVED:
        lines.append(authorization.info)
        key = derived_key(authorization.access, secret, authorization.info)
    lines.append(hashlib.sha256(canonical.encode("utf-8", "surrogateescape")).hexdigest())
    return hmac.new(key.encode(), "\n".join(lines).encode(), hashlib.sha256).hexdigest()


def enos_encryption(app_key, timestamp, app_secret):
    """The value by which a token call proves that it knows the secret."""
    return hashlib.sha256(f"{app_key}{timestamp}{app_secret}".encode()).hexdigest()


def enos_signature(token, query, body, timestamp, app_secret):
    """`query` and `body` are as sent. Values are signed decoded, sorted by their names in ASCII order."""
    pairs = sorted(parse_qsl(query, keep_blank_values=True), key=lambda pair: pair[0])
    glued = "".join(name + value for name, value in pairs)
    signed = (token + glued).encode("utf-8", "surrogatepass") + body + f"{timestamp}{app_secret}".encode()
    return hashlib.sha256(signed).hexdigest()
