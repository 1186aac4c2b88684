"""The signature of a script that calls Huawei without the portal; written from the vendor's documents.

Not the portal's own, so that the yardstick stays the same whatever becomes of the portal's clients.
"""

import hashlib
import hmac
from datetime import UTC, datetime
from urllib.parse import urlsplit

ALGORITHM = "SDK-HMAC-SHA256"


class Signed:
    """A requests.auth callable for requests without a query, signed with AK/SK."""

    def __init__(self, access_key, secret_key):
        self.access_key, self.secret_key = access_key, secret_key.encode()

    def __call__(self, prepared):
        date = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
        parts = urlsplit(prepared.url)
        prepared.headers.update({"Host": parts.netloc, "X-Sdk-Date": date})
        body = hashlib.sha256(prepared.body or b"").hexdigest()
        headers = f"host:{parts.netloc}\nx-sdk-date:{date}\n"
        canonical = f"{prepared.method}\n{parts.path}/\n\n{headers}\nhost;x-sdk-date\n{body}"
        digest = hashlib.sha256(canonical.encode()).hexdigest()
        text = f"{ALGORITHM}\n{date}\n{digest}"
        signature = hmac.new(self.secret_key, text.encode(), hashlib.sha256).hexdigest()
        access = f"Access={self.access_key}, SignedHeaders=host;x-sdk-date, Signature={signature}"
        prepared.headers["Authorization"] = f"{ALGORITHM} {access}"
        return prepared
