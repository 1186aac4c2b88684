"""How `requireSecret` encrypts a secret. A convention: EnOS documents the steps, but no algorithms.

`deviceSecret` is the secret, encrypted by AES-GCM with a fresh AES-256 key, the nonce in front. `sessionKey`
is that key, encrypted by RSA-OAEP (SHA-256). Both are base64. The account's RSA key is made on first use.
"""

import base64
import os
import threading

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from portal.emulator.knobs import knobs

_lock = threading.Lock()
_private_key = None


def private_key():
    global _private_key
    with _lock:
        if _private_key is None:
            path = knobs.data / "enos-private-key.pem"
            if path.exists():
                _private_key = serialization.load_pem_private_key(path.read_bytes(), None)
            else:
                _private_key = rsa.generate_private_key(65537, 2048)
                path.write_bytes(_pem(_private_key))
        return _private_key


def private_key_pem():
    """The private key in the form in which the EnOS console gives it out: PKCS#8 PEM."""
    return _pem(private_key()).decode()


def _pem(key):
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def sealed(secret):
    """{deviceSecret, sessionKey}: only the holder of the private key can read the secret in them."""
    key = AESGCM.generate_key(256)
    nonce = os.urandom(12)
    hidden = nonce + AESGCM(key).encrypt(nonce, secret.encode(), None)
    oaep = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
    wrapped = private_key().public_key().encrypt(key, oaep)
    return {
        "deviceSecret": base64.b64encode(hidden).decode(),
        "sessionKey": base64.b64encode(wrapped).decode(),
    }
