"""From a Connection row to a platform client: one per process and row, rebuilt when the row changes."""

import threading
from collections import OrderedDict
from urllib.parse import urlsplit

from django.conf import settings
from django.db import connection as database
from django.utils.translation import gettext as _

from portal.connections import reach
from portal.connections.gate import DatabaseGate
from portal.connections.models import DEMO_CREDENTIALS, Platform, SignIn
from portal.connections.sealing import CannotOpen
from portal.connections.tokens import DatabaseTokens
from portal.errors import SignInFailed
from portal.platforms import signing
from portal.platforms.enos.client import EnOS
from portal.platforms.iotda.client import IoTDA
from portal.platforms.roma.client import ROMA
from portal.platforms.signing import EnosAuth, SdkHmac, TokenAuth, V11Hmac, needs_v11

MAX_CLIENTS = 200  # per process; the least recently used makes room
LOOPBACK_NAMES = ("localhost", "127.0.0.1", "::1")

_clients = OrderedDict()
_lock = threading.Lock()


def client(connection):
    """The client of a connection; raises SignInFailed when its credentials are missing or cannot be used."""
    version = (connection.changed_at, connection.sealed_credentials)
    with _lock:
        found = _clients.get(connection.pk)
        if found and found[0] == version:
            _clients.move_to_end(connection.pk)
            return found[1]
    gate = DatabaseGate(connection.pk, connection.calls_per_minute, connection.calls_at_once)
    built = build(connection, gate=gate)
    with _lock:
        replaced = _clients.pop(connection.pk, None)
        left_over = [replaced] if replaced else []
        _clients[connection.pk] = (version, built)
        while len(_clients) > MAX_CLIENTS:
            left_over.append(_clients.popitem(last=False)[1])
    for _version, old in left_over:
        old.transport.close()  # idle sockets only: whoever is using one goes on
    return built


def build(connection, gate=None):
    """A new client; without a gate, nothing holds it back and nobody counts how it fares."""
    credentials = opened(connection)
    if not credentials:
        raise SignInFailed(_("This connection has no credentials. Enter them on its page."), part="sign_in")
    refuse_demo_credentials(connection, credentials)
    transport = {
        "ca_bundle": settings.CA_BUNDLE,
        "proxy": settings.HTTPS_PROXY,
        "allow": reach.is_allowed,
        "before_send": refuse_inside_transaction,
        "gate": gate,
    }
    auth = authentication(connection, credentials)
    if connection.platform == Platform.ENOS:
        return EnOS(connection.endpoint, auth, org_id=connection.org_id, **transport)
    ids = {"project_id": connection.project_id, "instance_id": connection.instance_id}
    if connection.platform == Platform.ROMA:
        return ROMA(connection.endpoint, auth, **ids, **transport)
    return IoTDA(
        connection.endpoint, auth, **ids, region=connection.region, edition=connection.edition, **transport
    )


def opened(connection):
    try:
        return connection.credentials()
    except CannotOpen as error:
        text = _("The stored credentials cannot be opened with this portal's keys. Enter them again.")
        raise SignInFailed(text, part="sign_in") from error


def refuse_demo_credentials(connection, credentials):
    """The emulator's published credentials must never reach anybody else's server."""
    is_demo = bool(DEMO_CREDENTIALS & set(map(str, credentials.values())))
    addresses = filter(None, (connection.endpoint, connection.iam_endpoint))
    if is_demo and not all(map(is_loopback, addresses)):
        text = _(
            "These are the emulator's demo credentials; they are refused for any address but this machine."
        )
        raise SignInFailed(text, part="sign_in")


def is_loopback(endpoint):
    return urlsplit(endpoint).hostname in LOOPBACK_NAMES


def refuse_inside_transaction():
    """A call inside a transaction would hold locks for seconds and could be rolled back out of the record."""
    blocks = database.atomic_blocks
    if blocks and not blocks[-1]._from_testcase:
        raise RuntimeError("A platform was called inside a database transaction.")


def authentication(connection, credentials):
    if connection.sign_in == SignIn.APP:
        keys = (credentials["app_key"], credentials["app_secret"])
        return EnosAuth(DatabaseTokens(connection.pk), *keys, endpoint=connection.endpoint)
    if connection.sign_in == SignIn.PASSWORD:
        return TokenAuth(
            DatabaseTokens(connection.pk),
            iam=iam_endpoint(connection),
            user=credentials["user"],
            password=credentials["password"],
            domain=credentials["domain"],
            project_id=connection.project_id,
        )
    keys = credentials["access_key"], credentials["secret_key"]
    more = {"security_token": credentials.get("security_token", ""), "project_id": connection.project_id}
    return V11Hmac(*keys, connection.region, **more) if uses_v11(connection) else SdkHmac(*keys, **more)


def uses_v11(connection):
    if connection.platform != Platform.IOTDA or connection.signature == "sdk":
        return False
    return connection.signature == "v11" or needs_v11(connection.host)


def iam_endpoint(connection):
    if connection.iam_endpoint:
        return connection.iam_endpoint
    return (
        connection.endpoint if is_loopback(connection.endpoint) else signing.iam_endpoint(connection.region)
    )
