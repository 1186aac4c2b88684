"""Secrets at rest: AES-256-GCM, bound to the row they belong to, so that a ciphertext cannot be moved.

Sealed text reads `v1.<key id>.<base64>`. The first of PORTAL_CREDENTIAL_KEYS seals, all of them open.
"""

import base64
import hashlib
import json
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

from portal.errors import PortalError

NONCE_BYTES = 12


class CannotOpen(PortalError):
    """The key is gone or the text was moved or changed; nothing of it is known."""


def keys():
    """{key id: 32 bytes}, newest first."""
    derived = [hashlib.sha256(text.encode()).digest() for text in settings.CREDENTIAL_KEYS]
    return {hashlib.sha256(key).hexdigest()[:8]: key for key in derived}


def seal(value, place):
    """Encrypt a JSON value; `place` names its row and column, e.g. `connection:<id>:credentials`."""
    key_id, key = next(iter(keys().items()))
    nonce = os.urandom(NONCE_BYTES)
    sealed = AESGCM(key).encrypt(nonce, json.dumps(value).encode(), place.encode())
    return f"v1.{key_id}.{base64.b64encode(nonce + sealed).decode()}"


def unseal(text, place):
    """The value that was sealed for this place; raises CannotOpen."""
    try:
        version, key_id, payload = text.split(".")
        raw = base64.b64decode(payload)
        opened = AESGCM(keys()[key_id]).decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], place.encode())
    except (ValueError, KeyError, InvalidTag) as error:
        raise CannotOpen("A stored secret cannot be opened with the keys this portal has.") from error
    if version != "v1":
        raise CannotOpen(f"A stored secret has the unknown version {version}.")
    return json.loads(opened)
