"""What was asked for, as the record shows it and as the operation key stands for it."""

import hashlib
import hmac
import json

from django.conf import settings

from portal.errors import PortalError
from portal.record.redaction import redact
from portal.record.store import canonical


def as_sent(operation, connection, target, data):
    """Method, URL and body as they will be sent; None when the connection is broken (prepare says how).

    A secret in the body is shown as its fingerprint.
    """
    try:
        client = connection.client()
        call = operation.verb.call(client, data, target)
    except PortalError:
        return None
    return {"method": call.method, "url": client.url(call), "body": _shown((call.body or b"").decode())}


def _shown(body):
    """A JSON body byte for byte, or without its secrets when it holds any."""
    if not body:
        return ""
    value = json.loads(body)
    shown = redact(value)
    return body if shown == value else json.dumps(shown, ensure_ascii=False, separators=(",", ":"))


def body_hash(kind, verb, connection, data, target):
    body = [kind.slug, verb.name, str(connection.pk), target.remote_id if target else "", data]
    text = canonical(body).encode("utf-8", "surrogatepass")
    # Keyed: a short secret could be guessed from a bare hash.
    return hmac.new(settings.RECORD_KEY.encode(), text, hashlib.sha256).hexdigest()
