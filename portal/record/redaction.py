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
SHORTEST_SECRET = 4


def fingerprint(value):
    """Tells whether two secrets are equal without telling either: `hmac:` and 16 hexadecimal digits."""
    digest = hmac.new(settings.RECORD_KEY.encode(), str(value).encode("utf-8", "replace"), hashlib.sha256)
    return f"hmac:{digest.hexdigest()[:16]}"


def redact(value, name="", secrets=frozenset(), longest=TEXT_MAX):
    """A copy of a JSON value without secrets: by field name, by the names in `secrets`, by look.

    Texts of more than `longest` characters are shortened; None keeps them whole.
    """
    if name and name not in HARMLESS_NAMES and (name in secrets or SECRET_NAMES.search(name)):
        return value if value is None or value == "" or isinstance(value, bool) else fingerprint(value)
    if isinstance(value, dict):
        return {
            _text(str(key), longest): redact(member, str(key), secrets, longest)
            for key, member in value.items()
        }
    if isinstance(value, list | tuple):
        return [redact(member, "", secrets, longest) for member in value]
    if isinstance(value, str):
        return _text(value, longest)
    return value


def _text(value, longest):
    value = value.encode("utf-8", "replace").decode()
    if SECRET_TEXTS.search(value):
        return fingerprint(value)
    if longest is not None and len(value) > longest:
        digest = hashlib.sha256(value.encode()).hexdigest()
        return f"{value[:longest]}... ({len(value)} characters, sha256 {digest})"
    return value


def secrets_in(value):
    """The texts in a JSON value that redact() takes out; short ones are left alone, they stand everywhere."""
    return {text for text in _taken_out(value, redact(value, longest=None)) if len(text) >= SHORTEST_SECRET}


def _taken_out(value, shown):
    if isinstance(value, dict) and isinstance(shown, dict):
        for member, redacted in zip(value.values(), shown.values(), strict=False):
            yield from _taken_out(member, redacted)
    elif isinstance(value, list | tuple) and isinstance(shown, list):
        for member, redacted in zip(value, shown, strict=False):
            yield from _taken_out(member, redacted)
    elif value != shown:
        yield from _leaves(value)


def _leaves(value):
    if isinstance(value, dict | list | tuple):
        for member in value.values() if isinstance(value, dict) else value:
            yield from _leaves(member)
    elif value is not None and not isinstance(value, bool):
        yield str(value)


def without(value, secrets):
    """A copy of a JSON value or text in which each of the secret texts is replaced by its fingerprint."""
    if isinstance(value, str):
        for secret in sorted(secrets, key=len, reverse=True):
            value = value.replace(secret, fingerprint(secret))
        return value
    if isinstance(value, dict):
        return {without(str(key), secrets): without(member, secrets) for key, member in value.items()}
    if isinstance(value, list | tuple):
        return [without(member, secrets) for member in value]
    return value
