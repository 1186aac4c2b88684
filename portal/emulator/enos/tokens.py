"""The token service. Its envelope differs from all others: `status` instead of `code`.

Source: EnOS API documentation, "Get access token" and "Refresh access token", 3.0.0.
"""

import secrets
import threading
import time
from collections import deque

from portal.emulator import account, auth, signatures
from portal.emulator.models import EnosToken, writing
from portal.emulator.resource import Resource, by
from portal.emulator.wire import Unreadable, read_object, reply

MESSAGES = {
    1001: "The encryption has been used already",
    1002: "The appKey does not exist",
    1003: "The encryption is invalid",
    1004: "A parameter is wrong",
    1202: "A parameter is empty",
    1203: "The token is expired",
    1204: "The refresh failed",
}


class Seen:
    """The values of `encryption` that were used: the service accepts each only once."""

    def __init__(self):
        self._lock = threading.Lock()
        self.clear()

    def clear(self):
        with self._lock:
            self._order = deque(maxlen=10_000)
            self._known = set()

    def take(self, encryption):
        """Remember it. False when it was used before."""
        with self._lock:
            if encryption in self._known:
                return False
            if len(self._order) == self._order.maxlen:
                self._known.discard(self._order[0])
            self._order.append(encryption)
            self._known.add(encryption)
            return True


seen = Seen()


class _Refused(Exception):
    def __init__(self, status):
        super().__init__(status)
        self.status = status


def _service(function):
    def view(request):
        try:
            return _answer(0, "SUCCESS", function(request))
        except _Refused as refused:
            return _answer(refused.status, MESSAGES[refused.status], None)

    return view


def _answer(status, message, data):
    return reply(200, {"status": status, "msg": message, "business": "apim-token-service", "data": data})


def _proven(request, *names):
    """(app, body) of a call that proves that it knows the secret. The timestamp may be a number or a text."""
    try:
        body = read_object(request)
    except Unreadable:
        raise _Refused(1004) from None
    if isinstance(body.get("timestamp"), int) and not isinstance(body["timestamp"], bool):
        body["timestamp"] = str(body["timestamp"])
    for name in ("appKey", "encryption", "timestamp", *names):
        if body.get(name) in (None, ""):
            raise _Refused(1202)
        if not isinstance(body[name], str):
            raise _Refused(1004)
    app = account.APPS.get(body["appKey"])
    if app is None:
        raise _Refused(1002)
    expected = (
        signatures.enos_encryption(app.key, body["timestamp"], app.secret)
        if body["timestamp"].isascii()
        else ""
    )
    if body["encryption"] != expected:
        raise _Refused(1003)
    if not seen.take(expected):
        raise _Refused(1001)
    return app, body


def _fresh(app):
    EnosToken.objects.filter(app_key=app.key).delete()
    expires_at = time.time() + auth.lifetime(auth.ENOS_TOKEN_SECONDS)
    return EnosToken.objects.create(app_key=app.key, token=secrets.token_hex(16), expires_at=expires_at)


def _data(row):
    return {"accessToken": row.token, "expire": max(0, round(row.expires_at - time.time()))}


@_service
def get_token(request):
    """Answers the same token until it expires."""
    app, _body = _proven(request)
    with writing():
        row = EnosToken.objects.filter(app_key=app.key, expires_at__gt=time.time()).first() or _fresh(app)
    return _data(row)


@_service
def refresh_token(request):
    """Answers a new token. The old one is void from then on (convention)."""
    app, body = _proven(request, "accessToken")
    with writing():
        row = EnosToken.objects.filter(app_key=app.key, token=body["accessToken"]).first()
        if row is None:
            raise _Refused(1204)
        if row.expires_at <= time.time():
            raise _Refused(1203)
        row = _fresh(app)
    return _data(row)


RESOURCE = Resource(
    slug="enos/tokens",
    urls={
        "apim-token-service/v2.0/token/get": by(POST=get_token),
        "apim-token-service/v2.0/token/refresh": by(POST=refresh_token),
    },
    tables=(EnosToken,),
    forget=seen.clear,
)
