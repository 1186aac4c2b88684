"""An authenticator app: RFC 6238 with SHA-1, six digits and 30 s, written from the document."""

import base64
import hashlib
import hmac
import struct
import time


def code_of(secret, at=None):
    """The code that the app shows for this base32 secret at this moment (Unix time; now)."""
    counter = struct.pack(">Q", int(time.time() if at is None else at) // 30)
    mac = hmac.digest(base64.b32decode(secret), counter, hashlib.sha1)
    offset = mac[-1] & 15
    number = struct.unpack(">I", mac[offset : offset + 4])[0] & 0x7FFFFFFF
    return f"{number % 10**6:06}"
