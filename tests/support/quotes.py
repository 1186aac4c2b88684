"""The forms in which a platform may quote a secret, typed without a look at portal/scrubbing.py."""

import base64
import html
import json
from urllib.parse import quote, quote_plus


def forms(secret):
    """{name: the secret as somebody may write it}."""
    data = secret.encode()
    found = {
        "as it is": secret,
        "upper": secret.upper(),
        "lower": secret.lower(),
        "swapped": secret.swapcase(),
        "base64": base64.b64encode(data).decode(),
        "base64 without padding": base64.b64encode(data).decode().rstrip("="),
        "base64 for URLs": base64.urlsafe_b64encode(data).decode(),
        "base64 in lines": base64.encodebytes(data).decode(),
        "hex": data.hex(),
        "HEX": data.hex(":").upper(),
        "URL": quote(secret, safe=""),
        "form": quote_plus(secret),
        "URL, every byte": "".join(f"%{byte:02x}" for byte in data),
        "URL twice": quote(quote(secret, safe=""), safe=""),
        "JSON": json.dumps(secret),
        "JSON, every letter": "".join(f"\\u{ord(char):04X}" for char in secret if ord(char) < 0x10000),
        "JSON, slashes": json.dumps(secret).replace("/", "\\/"),
        "JSON in JSON": json.dumps(json.dumps({"a": secret})),
        "HTML": html.escape(secret),
        "HTML, every letter": "".join(f"&#x{ord(char):x};" for char in secret),
    }
    for user in ("u:", "us:", "use:"):
        pair = base64.b64encode(f"{user}{secret}".encode()).decode()
        found |= {f"base64 of {user}": pair, f"base64 of {user} and more": f"Basic {pair}, twice {pair}"}
        found[f"URL of base64 of {user}"] = quote(pair, safe="")
    if sum(map(str.isalnum, secret)) >= 8 and secret.isascii():
        found["split by case"] = "".join(f" {char}" if char.isupper() else char for char in secret)
        found["in pieces"] = "-".join(secret[at : at + 4] for at in range(0, len(secret), 4))
    return found


def reads(text, secret):
    """Whether a person could read the secret in the text."""
    letters = "".join(filter(str.isalnum, text.lower()))
    alone = "".join(filter(str.isalnum, secret.lower()))
    return secret.lower() in text.lower() or (len(alone) >= 6 and alone in letters)
