"""Secrets at rest: AES-256-GCM, bound to the place where they belong, so that nobody can move a ciphertext.

A place is a text such as `connection:<id>:credentials`; what was sealed for one does not open in another.
Sealed text reads `v1.<key id>.<base64>`. The first of PORTAL_CREDENTIAL_KEYS seals, all of them open.
"""

import base64
import hashlib
import json
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.utils.translation import gettext_noop as _

from portal.errors import PortalError
from portal.words import Sentence

NONCE_BYTES = 12

NO_KEY = Sentence("sealing.no_key", _("A stored secret cannot be opened with the keys this portal has."))
NEWER = Sentence("sealing.newer", _("A stored secret has the unknown version %(version)s."))


class CannotOpen(PortalError):
    """The key is gone, or the text was changed or moved to another place. Nothing of the content is known."""


def keys():
    """{key id: 32 bytes}, newest first."""
    derived = [hashlib.sha256(text.encode()).digest() for text in settings.CREDENTIAL_KEYS]
    return {hashlib.sha256(key).hexdigest()[:8]: key for key in derived}


def seal(value, place):
    """Encrypt a JSON value; `place` names its row and column, e.g. `connection:<id>:credentials`."""
    return seal_bytes(json.dumps(value).encode(), place)


def unseal(text, place):
    """The value that was sealed for this place; raises CannotOpen."""
    return json.loads(unseal_bytes(text, place))


def reseal(text, place):
    """The same content, sealed with the newest key; None if it is already. Raises CannotOpen."""
    if text.split(".")[1:2] == [next(iter(keys()))]:
        return None
    return seal_bytes(unseal_bytes(text, place), place)


def seal_bytes(content, place):
    """Encrypt bytes, for example compressed ones; the text is a third longer than they are."""
    key_id, key = next(iter(keys().items()))
    nonce = os.urandom(NONCE_BYTES)
    sealed = AESGCM(key).encrypt(nonce, content, place.encode())
    return f"v1.{key_id}.{base64.b64encode(nonce + sealed).decode()}"


def unseal_bytes(text, place):
    """The bytes that were sealed for this place; raises CannotOpen."""
    try:
        version, key_id, payload = text.split(".")
        raw = base64.b64decode(payload)
        opened = AESGCM(keys()[key_id]).decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], place.encode())
    except (ValueError, KeyError, InvalidTag) as error:
        raise CannotOpen(NO_KEY()) from error
    if version != "v1":
        raise CannotOpen(NEWER(version=version))
    return opened
