"""Places outside the database that get each checkpoint: files, syslog servers, addresses of the web.

Each has a row that says how far it has got. One that is dead holds nobody up: it is tried again from time to
time, and then gets what it missed. A checkpoint may arrive twice.
"""

import base64
import http.client
import os
import socket
import ssl
import threading
import time
from contextlib import contextmanager
from datetime import timedelta
from ipaddress import ip_address
from urllib.parse import unquote, urlsplit

from django.conf import settings
from django.db.models import Q
from django.db.models.functions import Now

from portal.record import canonical, checkpoints
from portal.record.models import Checkpoint, Sink

SECONDS = 5  # that one delivery may take
SLICE_SECONDS = 20  # that catching up may take in one go
AT_ONCE = 200  # checkpoints read together
REST = timedelta(seconds=30)  # after a failure
LEASE = timedelta(seconds=60)
# RFC 5424: facility 13 (log audit), severity 6 (informational)
PRIORITY = 13 * 8 + 6


class NotDelivered(Exception):
    pass


def addresses():
    """{name: address} of what is set: a name is the address without what may be a password or a token."""
    return {_name(address): address for address in settings.CHECKPOINT_SINKS}


def _name(address):
    parts = urlsplit(address)
    if parts.scheme == "file":
        return address
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def files():
    """{name: path} of the sinks that are files of this machine."""
    return {name: path_of(name) for name in addresses() if name.startswith("file:")}


def path_of(address):
    return address.removeprefix("file:")


def is_outside(name):
    """Whether the address is one of another machine. A file may be on a disk of another; nobody can tell."""
    if name.startswith("file:"):
        return False
    host = urlsplit(name).hostname or ""
    try:
        return not ip_address(host).is_loopback
    except ValueError:
        return host != "localhost" and not host.endswith(".localhost")


def due():
    """Yield (name,) of each sink that lacks a checkpoint; it is not due again while it is served."""
    last = checkpoints.latest()
    if last is None:
        return
    for name in addresses():
        Sink.objects.get_or_create(address=name)
        mine = Sink.objects.filter(Q(due_at=None) | Q(due_at__lte=Now()), pk=name, delivered__lt=last.number)
        if mine.update(due_at=Now() + LEASE):
            yield (name,)


def deliver(name):
    """Send what the sink lacks, the oldest first, for a while; its row says how far that went."""
    address = addresses().get(name)
    if address is None:  # it was taken out of the settings meanwhile
        return
    sink, end = Sink.objects.get(pk=name), time.monotonic() + SLICE_SECONDS
    mine = Sink.objects.filter(pk=name)
    send = SENDERS[address.partition(":")[0]]
    while time.monotonic() < end:
        some = list(Checkpoint.objects.filter(number__gt=sink.delivered).order_by("number")[:AT_ONCE])
        if not some:
            break
        try:
            for piece in [some] if address.startswith("file:") else [[each] for each in some]:
                send(address, piece)
                sink.delivered = piece[-1].number
                if time.monotonic() > end:
                    break
        except (OSError, NotDelivered, http.client.HTTPException) as error:
            text = f"{type(error).__name__}: {error}" if isinstance(error, OSError) else str(error)
            mine.update(error=text[:400], error_at=Now(), due_at=Now() + REST, delivered=sink.delivered)
            return
        mine.update(delivered=sink.delivered, delivered_at=Now(), error="", error_at=None)
    mine.update(due_at=Now())


def _to_file(address, some):
    """Lines at the end of a file, on the disk when this returns."""
    text = "".join(f"{checkpoints.as_json(each)}\n" for each in some).encode()
    handle = os.open(path_of(address), os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        size = os.fstat(handle).st_size
        if size and os.pread(handle, 1, size - 1) != b"\n":  # a power cut took the rest of a line
            text = b"\n" + text
        if os.write(handle, text) != len(text):
            raise OSError("the disk is full")
        os.fsync(handle)
    finally:
        os.close(handle)


def _to_syslog(address, some):
    """One message of RFC 5424 for each: by UDP, where nobody tells whether it arrived, or by TCP."""
    parts = urlsplit(address)
    is_tcp = parts.scheme == "syslog+tcp"
    place = (parts.hostname, parts.port or (601 if is_tcp else 514))
    with _socket(place, is_tcp) as connection:
        for each in some:
            about = f"<{PRIORITY}>1 {canonical.stamp(each.at)} {socket.gethostname() or '-'} iot-portal"
            message = f"{about} - checkpoint - {checkpoints.as_json(each)}".encode()
            # RFC 6587: the length comes first, so that nothing in the message can end it.
            connection.sendall(b"%d %s" % (len(message), message) if is_tcp else message)


def _socket(place, is_tcp):
    if is_tcp:
        return socket.create_connection(place, timeout=SECONDS)
    family, kind, _protocol, _name, found = socket.getaddrinfo(*place, type=socket.SOCK_DGRAM)[0]
    made = socket.socket(family, kind)
    made.connect(found)
    return made


def _to_web(address, some):
    """A POST of JSON for each; any 2xx is a receipt. No redirect is followed."""
    parts = urlsplit(address)
    path = f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}"
    headers = {"Content-Type": "application/json"}
    if parts.username:
        pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
    for each in some:
        with _connection(parts) as connection:
            connection.request("POST", path, checkpoints.as_json(each).encode(), headers)
            status = connection.getresponse().status
            if not 200 <= status < 300:
                raise NotDelivered(f"HTTP {status}")


@contextmanager
def _connection(parts):
    """An HTTP connection that is broken off after SECONDS, also when a byte comes now and then."""
    options = {"timeout": SECONDS}
    if parts.scheme == "https":
        options["context"] = ssl.create_default_context(cafile=settings.CA_BUNDLE)
        made = http.client.HTTPSConnection(parts.hostname, parts.port, **options)
    else:
        made = http.client.HTTPConnection(parts.hostname, parts.port, **options)
    made.connect()
    stop = threading.Timer(SECONDS, made.sock.shutdown, [socket.SHUT_RDWR])
    stop.daemon = True
    stop.start()
    try:
        yield made
    finally:
        stop.cancel()
        made.close()


SENDERS = {
    "file": _to_file,
    "syslog": _to_syslog,
    "syslog+tcp": _to_syslog,
    "http": _to_web,
    "https": _to_web,
}
