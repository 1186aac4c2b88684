"""What may stand in the record: the single place where secrets are taken out before anything is written."""

import hashlib
import hmac
import re

from django.conf import settings

SECRET_NAMES = re.compile(
    r"pass(word|wd)?|secret|token|authorization|signature|session_?key|app_?key$|access_?key|private|credential"
    r"|^(ak|sk)$|cookie|api_?key",
    re.IGNORECASE,
)
# Names that only look like secrets: ids and switches of the platforms.
HARMLESS_NAMES = frozenset(
    {"requireSecret", "require_secret", "productKey", "product_key", "deviceKey", "device_key"}
)
SECRET_TEXTS = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----|\beyJ[\w-]{8,}\.[\w-]{8,}\.|(Access|Credential)=\S+.*Signature=\w+"
)
TEXT_MAX = 4096  # characters


def fingerprint(value):
    """Tells whether two secrets are equal without telling either: `hmac:` and 16 hexadecimal digits."""
    digest = hmac.new(settings.RECORD_KEY.encode(), str(value).encode("utf-8", "replace"), hashlib.sha256)
    return f"hmac:{digest.hexdigest()[:16]}"


def redact(value, name="", secrets=frozenset()):
    """A copy of a JSON value without secrets: by field name, by the names in `secrets`, by look."""
    if name and name not in HARMLESS_NAMES and (name in secrets or SECRET_NAMES.search(name)):
        return value if value is None or value == "" or isinstance(value, bool) else fingerprint(value)
    if isinstance(value, dict):
        return {_text(str(key)): redact(member, str(key), secrets) for key, member in value.items()}
    if isinstance(value, list | tuple):
        return [redact(member, "", secrets) for member in value]
    if isinstance(value, str):
        return _text(value)
    return value


def _text(value):
    value = value.encode("utf-8", "replace").decode()
    if SECRET_TEXTS.search(value):
        return fingerprint(value)
    if len(value) > TEXT_MAX:
        digest = hashlib.sha256(value.encode()).hexdigest()
        return f"{value[:TEXT_MAX]}... ({len(value)} characters, sha256 {digest})"
    return value
