"""What a browser sends when somebody made a passkey, and when they sign in with it."""

from base64 import urlsafe_b64encode
from hashlib import sha256

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from fido2.cose import ES256
from fido2.utils import websafe_encode
from fido2.webauthn import (
    Aaguid,
    AttestationObject,
    AttestedCredentialData,
    AuthenticatorData,
    CollectedClientData,
)

PRESENT_VERIFIED, PRESENT_VERIFIED_WITH_KEY = 0x05, 0x45  # flags of WebAuthn, 6.1
ID = b"0123456789abcdef"


def made_passkey(id=ID, origin="http://localhost", private=None):
    """As JSON has it, and as allauth keeps it; without a private key it opens nothing."""
    key = (
        ES256.from_cryptography_key(private.public_key())
        if private
        else ES256({1: 2, 3: -7, -1: 1, -2: b"x" * 32, -3: b"y" * 32})
    )
    credential = AttestedCredentialData.create(Aaguid.NONE, id, key)
    host = sha256(b"localhost").digest()
    about = AuthenticatorData.create(host, PRESENT_VERIFIED_WITH_KEY, 0, credential)
    client = CollectedClientData.create("webauthn.create", b"challenge", origin)
    return {
        "id": websafe_encode(id),
        "rawId": websafe_encode(id),
        "type": "public-key",
        "clientExtensionResults": {},
        "response": {
            "clientDataJSON": websafe_encode(client),
            "attestationObject": websafe_encode(AttestationObject.create("none", about, {})),
        },
    }


def shown_passkey(private, handle, challenge, origin="http://localhost"):
    """What signs in: `handle` names the person, `challenge` is what the portal asked with."""
    client = CollectedClientData.create("webauthn.get", challenge, origin)
    about = AuthenticatorData.create(sha256(b"localhost").digest(), PRESENT_VERIFIED, 1)
    signature = private.sign(about + client.hash, ec.ECDSA(SHA256()))
    return {
        "id": websafe_encode(ID),
        "rawId": websafe_encode(ID),
        "type": "public-key",
        "clientExtensionResults": {},
        "response": {
            "clientDataJSON": websafe_encode(client),
            "authenticatorData": websafe_encode(about),
            "signature": websafe_encode(signature),
            "userHandle": urlsafe_b64encode(handle.encode()).decode().rstrip("="),
        },
    }
