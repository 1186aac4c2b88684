"""What a browser sends when somebody made a passkey; its key opens nothing."""

from hashlib import sha256

from fido2.cose import ES256
from fido2.utils import websafe_encode
from fido2.webauthn import (
    Aaguid,
    AttestationObject,
    AttestedCredentialData,
    AuthenticatorData,
    CollectedClientData,
)

PRESENT_VERIFIED_WITH_KEY = 0x45  # flags of WebAuthn, 6.1


def made_passkey(id=b"0123456789abcdef", origin="http://localhost"):
    """As JSON has it, and as allauth keeps it."""
    key = ES256({1: 2, 3: -7, -1: 1, -2: b"x" * 32, -3: b"y" * 32})
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
