"""The network connection to a platform: which addresses are allowed, how long and how big an answer may be.

Knows HTTP, but no platform. A failure before the first byte of a request is NotSent, a later one is Unclear.
"""

import http.client
import io
import math
import socket
import ssl
import threading
import time
from contextvars import ContextVar
from dataclasses import dataclass
from http.cookiejar import DefaultCookiePolicy
from ipaddress import ip_address
from queue import Empty, SimpleQueue
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError, SSLError
from urllib3.util import connection as urllib3_connection
from urllib3.util.retry import Retry
from urllib3.util.ssl_match_hostname import CertificateError

from portal.errors import NotSent, Unclear
from portal.platforms.contract import _
from portal.words import Sentence

CONNECT_PASSES = 2  # each address is tried twice before the platform counts as unreachable
PIECE_BYTES = 65536
LARGE_BYTES = 32_000_000  # the body cap of answers that are read piece by piece

TLS_ERRORS = (ssl.SSLError, SSLError, CertificateError)

# urllib3 sends each request at most once. Only connecting is tried again, in `_new_conn`: nothing is sent
# yet.
NO_RETRY = Retry(total=None, connect=0, read=0, status=0, other=0, redirect=0)

PROXY_REFUSES = Sentence("network.proxy_refuses", _("The proxy does not let the portal through."))
TLS_BROKEN = Sentence("network.tls_broken", _("The connection broke during the TLS handshake."))
NOT_TRUSTED = Sentence(
    "network.not_trusted",
    _("The platform's certificate is not trusted. Check the address, or give the portal the CA bundle."),
)
NO_TLS = Sentence(
    "network.no_tls", _("The TLS handshake failed. Check the address, its port, and that it speaks https.")
)
NOT_ALLOWED = Sentence(
    "network.not_allowed",
    _("The portal may not connect to this address or port. Ask your administrator to allow it."),
)
UNKNOWN_HOST = Sentence(
    "network.unknown_host", _("The host name of the address cannot be found. Check its spelling.")
)
REFUSED = Sentence("network.refused", _("The address refuses connections. Check host and port."))
SILENT = Sentence("network.silent", _("Nothing answers at the address. Check host, port and firewalls."))
UNREACHABLE = Sentence("network.unreachable", _("The address cannot be reached. Check host, port and proxy."))
NOT_VALID = Sentence("network.not_valid", _("The address or a header of the request is not valid."))
NOT_SENT = Sentence("network.not_sent", _("The request could not be sent."))
LATE = Sentence("network.late", _("The platform did not answer in time."))
TOO_BIG = Sentence("network.too_big", _("The platform's answer is too big or broken."))
BROKEN = Sentence("network.broken", _("The connection broke before the platform's answer was complete."))


@dataclass
class _Exchange:
    """`end` is a time.monotonic() moment; `begun` means that the request may have left."""

    end: float
    begun: bool = False


_exchange = ContextVar("exchange")


class _TimedReader(io.RawIOBase):
    """Reads a socket until the end of the exchange.

    A platform that sends a byte now and then never runs into the read timeout, but it does run into the end.
    """

    def __init__(self, sock, raw):
        super().__init__()
        self._sock, self._raw, self._read_timeout = sock, raw, sock.gettimeout()

    def readable(self):
        return True

    def readinto(self, buffer):
        left = _exchange.get().end - time.monotonic()
        if left <= 0:
            raise TimeoutError("deadline")
        self._sock.settimeout(min(left, self._read_timeout or left))
        return self._raw.readinto(buffer)

    def close(self):
        self._raw.close()
        super().close()


class _TimedResponse(http.client.HTTPResponse):
    def __init__(self, sock, *args, **kwargs):
        super().__init__(sock, *args, **kwargs)
        self.fp = io.BufferedReader(_TimedReader(sock, self.fp.detach()))


class _Connection:
    """Resolves the host once and connects only to addresses that `allow` accepts.

    It connects to the address it judged, so no second lookup can lead elsewhere. TLS (SNI) and the Host
    header still carry the name.
    """

    allow = None
    response_class = _TimedResponse

    def putrequest(self, *args, **kwargs):
        _exchange.get().begun = True
        return super().putrequest(*args, **kwargs)

    def connect(self):
        try:
            super().connect()
        except TLS_ERRORS as error:
            raise NotSent(_tls_failure(error), part="tls") from error
        except (OSError, HTTPError, http.client.HTTPException) as error:
            if "Tunnel connection failed" in str(error):
                raise NotSent(PROXY_REFUSES(), part="address") from error
            if isinstance(self, HTTPSConnection) and self.sock is not None:
                raise NotSent(TLS_BROKEN(), part="tls") from error
            raise NotSent(_address_failure(error), part="address") from error

    def _new_conn(self):
        end = min(time.monotonic() + CONNECT_PASSES * self.timeout, _exchange.get().end)
        addresses = allowed_addresses(self._dns_host, self.port, self.allow, end - time.monotonic())
        failure = TimeoutError("deadline")
        for address in addresses * CONNECT_PASSES:
            left = end - time.monotonic()
            if left <= 0:
                break
            try:
                sock = urllib3_connection.create_connection(
                    (address, self.port), min(self.timeout, left), socket_options=self.socket_options
                )
            except OSError as error:
                failure = error
                continue
            # TLS and a proxy's answer share the time that connecting left over.
            sock.settimeout(max(min(self.timeout, _exchange.get().end - time.monotonic()), 0.01))
            return sock
        raise failure


def allowed_addresses(host, port, allow, seconds):
    """Those of a host's addresses, as texts, that `allow(address, port)` accepts; None accepts all.

    Raises NotSent when none is left, gaierror, and TimeoutError when the name servers take longer than
    `seconds`.
    """
    found = _resolved(host.strip("[]"), port, seconds)
    addresses = list(dict.fromkeys(entry[4][0] for entry in found))
    allowed = [text for text in addresses if allow is None or allow(ip_address(text.partition("%")[0]), port)]
    if not allowed:
        raise NotSent(NOT_ALLOWED(), part="address")
    return allowed


def _resolved(host, port, seconds):
    """The answer of getaddrinfo, asked in a thread of its own, because it has no timeout."""
    answers = SimpleQueue()

    def ask():
        try:
            answers.put((socket.getaddrinfo(host, port, type=socket.SOCK_STREAM), None))
        except (OSError, UnicodeError) as error:
            answers.put((None, error))

    threading.Thread(target=ask, daemon=True).start()
    try:
        found, error = answers.get(timeout=max(seconds, 0))
    except Empty:
        raise TimeoutError("name servers") from None
    if isinstance(error, UnicodeError):
        raise socket.gaierror("no host name") from error
    if error:
        raise error
    return found


def _tls_failure(error):
    return NOT_TRUSTED() if "certificate" in str(error).lower() else NO_TLS()


def _address_failure(error):
    if isinstance(error, socket.gaierror):
        return UNKNOWN_HOST()
    if isinstance(error, ConnectionRefusedError):
        return REFUSED()
    return SILENT() if isinstance(error, TimeoutError) else UNREACHABLE()


class _ProxiedConnection(_Connection):
    """Goes through the deployer's proxy, whose own address may be any.

    The portal looks the target's name up, judges it, and asks the proxy for the address that it judged: a
    proxy that looked the name up again could be led elsewhere. TLS still checks the name.
    """

    allow_target = None

    def set_tunnel(self, host, *args, port=None, **kwargs):
        name, end = host.strip("[]"), _exchange.get().end
        left = min(self.timeout, end - time.monotonic())
        try:
            addresses = allowed_addresses(name, port or 443, self.allow_target, left)
        except OSError as error:
            raise NotSent(_address_failure(error), part="address") from error
        address = min(addresses, key=lambda each: ":" in each)  # of one proxy, IPv4 is the surer guess
        self.server_hostname = name
        super().set_tunnel(f"[{address}]" if ":" in address else address, *args, port=port, **kwargs)


def _pool_classes(base, **allow):
    """Pools whose connections are such a `base`; `allow` is its attribute that judges addresses."""
    judges = {name: staticmethod(each) if each else None for name, each in allow.items()}
    http_connection = type("Http", (base, HTTPConnection), judges)
    https_connection = type("Https", (base, HTTPSConnection), judges)
    return {
        "http": type("HttpPool", (HTTPConnectionPool,), {"ConnectionCls": http_connection}),
        "https": type("HttpsPool", (HTTPSConnectionPool,), {"ConnectionCls": https_connection}),
    }


class _Adapter(HTTPAdapter):
    def __init__(self, allow, pool):
        self._allow = allow
        self._classes = _pool_classes(_Connection, allow=allow)
        super().__init__(pool_connections=4, pool_maxsize=pool, max_retries=NO_RETRY)

    def init_poolmanager(self, *args, **kwargs):
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = self._classes

    def proxy_manager_for(self, proxy, **kwargs):
        manager = super().proxy_manager_for(proxy, **kwargs)
        manager.pool_classes_by_scheme = _pool_classes(_ProxiedConnection, allow_target=self._allow)
        return manager


@dataclass(frozen=True)
class Reply:
    """What came back, not judged yet. Names of `headers` are in lower case, `body` is decoded from gzip."""

    status: int
    headers: dict
    body: bytes
    duration_ms: int


class Transport:
    """The HTTP session of one account; many threads may use it at once.

    `allow(address, port)` is asked about each ipaddress before a connection is opened. `proxy` (a URL) is
    used for https endpoints only. `before_send()` runs before every exchange and may raise. Times are in
    seconds; `body_cap` is in bytes after decompression. Proxies, certificates and netrc of the environment
    are not used.
    """

    def __init__(
        self,
        *,
        ca_bundle=None,
        proxy=None,
        allow=None,
        pool=10,
        connect_timeout=5,
        read_timeout=20,
        deadline=30,
        body_cap=5_000_000,
        before_send=None,
    ):
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.verify = ca_bundle or True
        self._session.headers.clear()
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        if proxy:
            self._session.proxies = {"https": proxy}
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, _Adapter(allow, pool))
        self._before_send = before_send
        self._timeout = (connect_timeout, read_timeout)
        self._deadline, self._body_cap = deadline, body_cap

    def close(self):
        """Close idle connections; the next exchange opens new ones."""
        self._session.close()

    def prepare(self, method, url, headers, body=None):
        """The request, not signed yet; raises NotSent when its address or a header is not valid."""
        headers = {
            "Host": urlsplit(url).netloc,
            "User-Agent": "iot-portal",
            "Accept-Encoding": "gzip",
            **headers,
        }
        try:
            for value in headers.values():
                value.encode("ascii")
            return self._session.prepare_request(requests.Request(method, url, headers=headers, data=body))
        except (requests.RequestException, ValueError) as error:
            raise NotSent(NOT_VALID(), part="address") from error

    def exchange(self, prepared, end=None, body_cap=None):
        """Send once and read the whole Reply before `end` (time.monotonic()); raises NotSent or Unclear.

        `body_cap` stands in for that of the transport.
        """
        if self._before_send:
            self._before_send()
        started = time.monotonic()
        state = _Exchange(end=min(started + self._deadline, end or math.inf))
        token = _exchange.set(state)
        try:
            response = self._session.send(prepared, stream=True, timeout=self._timeout, allow_redirects=False)
            try:
                body = self._read(response, body_cap or self._body_cap)
            finally:
                response.close()
        except NotSent as error:
            error.duration_ms = _milliseconds_since(started)
            error.is_cut = error.message == SILENT() and state.end - started < self._timeout[0]
            raise
        except (requests.RequestException, HTTPError, http.client.HTTPException, OSError) as error:
            if state.begun:
                lost = Unclear(_lost(error), duration_ms=_milliseconds_since(started))
                lost.is_cut = lost.message == LATE() and state.end - started < self._timeout[1]
                raise lost from error
            raise NotSent(NOT_SENT(), part="address", duration_ms=_milliseconds_since(started)) from error
        finally:
            _exchange.reset(token)
        headers = {name.lower(): value for name, value in response.headers.items()}
        return Reply(response.status_code, headers, body, _milliseconds_since(started))

    @staticmethod
    def _read(response, cap):
        with io.BytesIO() as body:  # closed on the way out: an error refers to this frame, and may be kept
            # read1 returns what is there, one piece at most, so the cap stops a gzip bomb early.
            while piece := response.raw.read1(PIECE_BYTES, decode_content=True):
                body.write(piece)
                if body.tell() > cap:
                    raise requests.exceptions.ContentDecodingError("answer too big")
            return body.getvalue()


def _milliseconds_since(started):
    return round((time.monotonic() - started) * 1000)


def _lost(error):
    """Why the answer to a request that may have left is not known."""
    names = {type(link).__name__ for link in _causes(error)}
    if names & {"ReadTimeoutError", "ReadTimeout", "TimeoutError"}:
        return LATE()
    return TOO_BIG() if isinstance(error, requests.exceptions.ContentDecodingError) else BROKEN()


def _causes(error):
    seen = []
    while error is not None and error not in seen:
        seen.append(error)
        reason = next((part for part in error.args if isinstance(part, BaseException)), None)
        error = error.__cause__ or getattr(error, "reason", None) or reason or error.__context__
        if not isinstance(error, BaseException):
            break
    return seen
