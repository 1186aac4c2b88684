"""Makes the platform client of a Connection: one per process and connection, a new one when it changes."""

import threading
from collections import OrderedDict
from urllib.parse import urlsplit

from django.conf import settings
from django.db import connection as database
from django.utils.translation import gettext_noop as _

from portal.connections import reach
from portal.connections.gate import DatabaseGate
from portal.connections.models import DEMO_CREDENTIALS, LIMITS, Platform, SignIn
from portal.connections.tokens import DatabaseTokens
from portal.errors import SignInFailed
from portal.platforms.enos.client import EnOS
from portal.platforms.iotda.client import IoTDA
from portal.platforms.roma.client import ROMA
from portal.platforms.signing import huawei
from portal.platforms.signing.enos import EnosAuth
from portal.platforms.signing.huawei import SdkHmac, TokenAuth, V11Hmac, needs_v11
from portal.sealing import CannotOpen
from portal.words import Sentence

NO_CREDENTIALS = Sentence(
    "connection.no_credentials", _("This connection has no credentials. Enter them on its page.")
)
OTHER_KEYS = Sentence(
    "connection.other_keys",
    _("The stored credentials cannot be opened with this portal's keys. Enter them again."),
)
DEMO_ONLY = Sentence(
    "connection.demo_only",
    _("These are the emulator's demo credentials. They are refused for any address but this machine."),
)

MAX_CLIENTS = 200  # per process; beyond that the least recently used is closed
LOOPBACK_NAMES = ("localhost", "127.0.0.1", "::1")

_clients = OrderedDict()
_lock = threading.Lock()


def client(connection):
    """The shared client of a connection; callers use `connection.client()`.

    Raises SignInFailed when the credentials are missing or cannot be used.
    """
    version = (connection.changed_at, connection.sealed_credentials)
    with _lock:
        found = _clients.get(connection.pk)
        if found and found[0] == version:
            _clients.move_to_end(connection.pk)
            return found[1]
    limits = {name: getattr(connection, name) for name in LIMITS}
    gate = DatabaseGate(connection.pk, **limits, team_id=connection.team_id)
    built = build(connection, gate=gate)
    with _lock:
        replaced = _clients.pop(connection.pk, None)
        left_over = [replaced] if replaced else []
        _clients[connection.pk] = (version, built)
        while len(_clients) > MAX_CLIENTS:
            left_over.append(_clients.popitem(last=False)[1])
    for _version, old in left_over:
        old.transport.close()  # idle sockets only: calls that are under way go on
    return built


def build(connection, gate=None):
    """A new client. Without a gate nothing holds its calls back, and their failures are not counted."""
    credentials = opened(connection)
    if not credentials:
        raise SignInFailed(NO_CREDENTIALS(), part="sign_in")
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
    return IoTDA(connection.endpoint, auth, **ids, edition=connection.edition, **transport)


def opened(connection):
    try:
        return connection.credentials()
    except CannotOpen as error:
        raise SignInFailed(OTHER_KEYS(), part="sign_in") from error


def refuse_demo_credentials(connection, credentials):
    """The emulator's credentials are public: never send them to any other server."""
    is_demo = bool(DEMO_CREDENTIALS & set(map(str, credentials.values())))
    addresses = filter(None, (connection.endpoint, connection.iam_endpoint))
    if is_demo and not all(map(is_loopback, addresses)):
        raise SignInFailed(DEMO_ONLY(), part="sign_in")


def is_loopback(endpoint):
    return urlsplit(endpoint).hostname in LOOPBACK_NAMES


def refuse_inside_transaction():
    """A call inside a transaction holds locks for seconds, and a rollback would take it out of the record."""
    blocks = database.atomic_blocks
    if blocks and not blocks[-1]._from_testcase:
        raise RuntimeError("A platform was called inside a database transaction.")


def authentication(connection, credentials):
    if connection.sign_in == SignIn.APP:
        keys = (credentials["app_key"], credentials["app_secret"])
        return EnosAuth(
            DatabaseTokens(connection.pk, connection.team_id), *keys, endpoint=connection.endpoint
        )
    if connection.sign_in == SignIn.PASSWORD:
        return TokenAuth(
            DatabaseTokens(connection.pk, connection.team_id),
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
    return connection.endpoint if is_loopback(connection.endpoint) else huawei.iam_endpoint(connection.region)
