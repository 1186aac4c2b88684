"""The text of a token: iot_<id>_<secret>_<checksum>, all hexadecimal.

The checksum (CRC-32) shows a slip of the pen before anything is looked up, and lets programs that search for
leaked secrets know one for sure. The secret has 256 random bits, so its SHA-256 needs no salt.
"""

import hashlib
import secrets
import uuid
import zlib

from portal.secrecy import TOKEN

SECRET_BYTES = 32


def made(id):
    """The text of a new token with this id; the only time that anybody has it."""
    text = f"iot_{id.hex}_{secrets.token_hex(SECRET_BYTES)}"
    return f"{text}_{_checksum(text)}"


def id_in(text):
    """The id in the text, as a UUID; None if this is no token."""
    if not TOKEN.fullmatch(text):
        return None
    whole, _sign, checksum = text.rpartition("_")
    return uuid.UUID(text[4:36]) if checksum == _checksum(whole) else None


def digest_of(text):
    return hashlib.sha256(text.encode()).hexdigest()


def _checksum(text):
    return f"{zlib.crc32(text.encode()):08x}"
