"""How the portal reads from sockets: gunicorn's threaded worker, whose threads get whole requests alone.

gunicorn gives a thread to each new connection, which waits there for the request and reads it. A few browsers
that open connections and send nothing, or a byte now and then, would hold all threads. Here the one loop of
the process reads, and a thread begins when head and body have arrived. What is late is closed. A body that is
larger than the portal reads, or does not say how large it is, goes to a thread at once, to be refused unread.
"""

import re
import selectors
import socket
import struct
import time
from contextlib import suppress

from gunicorn import http
from gunicorn.workers.gthread import ThreadWorker

from portal.bounds import BODY_MAX

ARRIVAL_SECONDS = 15  # for a whole request, from its first moment
PARTING_SECONDS = 2  # in which what still comes is thrown away, so that the answer is not lost
STALLED_SECONDS = 15  # that a thread waits for the other side to take, or to send, anything at all
SEND_BUFFER = (
    1024 * 1024
)  # bytes: the kernel takes a whole page, and the thread is free (Linux may give less)
HEAD_MAX = 128 * 1024
HELD_MAX = 64 * 1024 * 1024  # bytes of requests that are not whole, in one process
AT_ONCE = 64 * 1024
LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d+)[ \t]*\r\n", re.IGNORECASE)
CHUNKED = re.compile(rb"\r\ntransfer-encoding:", re.IGNORECASE)
EXPECTS = re.compile(rb"\r\nexpect:[ \t]*100-continue[ \t]*\r\n", re.IGNORECASE)
TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


class Worker(ThreadWorker):
    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.arriving, self.parting = {}, {}  # {connection: when it is over}, the first to end first
        self.held = 0  # bytes

    def enqueue_req(self, conn):
        """gunicorn has a connection on which a request may come: a new one, or one that was kept."""
        if self.cfg.is_ssl:
            return super().enqueue_req(conn)
        if conn.parser is None:
            _prepare(conn.sock)
            conn.parser, conn.initialized = http.get_parser(self.cfg, conn.sock, conn.client), True
        conn.got, conn.is_whole, conn.told = bytearray(), False, False
        conn.sock.setblocking(False)
        self._wait(self.arriving, conn, ARRIVAL_SECONDS, self._arrives)
        self._take(conn, conn.parser.unreader.take_buffered())
        return None

    def _wait(self, among, conn, seconds, readable):
        among[conn] = time.monotonic() + seconds
        self.poller.register(conn.sock, selectors.EVENT_READ, lambda _sock: readable(conn))

    def _arrives(self, conn):
        if (data := _received(conn)) is not None:
            self._take(conn, data) if data else self._end(self.arriving, conn)

    def _take(self, conn, data):
        conn.got += data
        self.held += len(data)
        head = conn.got.find(b"\r\n\r\n")
        if head < 0:
            if len(conn.got) > HEAD_MAX:
                self._leave(self.arriving, conn)
                _send(conn, TOO_LARGE)
                self._part(conn)
        else:
            self._take_body(conn, head)
        if self.held > HELD_MAX:
            self._end(self.arriving, max(self.arriving, key=lambda each: len(each.got)))

    def _take_body(self, conn, head):
        lines = bytes(conn.got[: head + 2])
        told = LENGTH.search(lines)
        length = int(told.group(1).lstrip(b"0")[:18] or b"0") if told else 0
        conn.is_whole = len(conn.got) - head - 4 >= length and not CHUNKED.search(lines)
        if conn.is_whole or length > BODY_MAX or CHUNKED.search(lines):
            self._leave(self.arriving, conn)
            conn.parser.unreader.unread(bytes(conn.got))
            conn.got = bytearray()
            super().enqueue_req(conn)
        elif not conn.told and EXPECTS.search(lines):
            conn.told = True
            _send(conn, b"HTTP/1.1 100 Continue\r\n\r\n")

    def _keepalive_after(self, conn, keepalive):
        """Nobody waits for the rest of a body that was refused."""
        is_whole = getattr(conn, "is_whole", True)
        return super()._keepalive_after(conn, keepalive) if is_whole else False

    def finish_request(self, conn, fs):
        """In the loop. gunicorn would wait here until the other side closes, too."""
        is_kept = not fs.cancelled() and fs.exception() is None and fs.result()
        if is_kept or self.cfg.is_ssl:
            super().finish_request(conn, fs)
        else:
            self._part(conn)

    def _part(self, conn):
        try:
            conn.sock.shutdown(socket.SHUT_WR)
            conn.sock.setblocking(False)
            self._wait(self.parting, conn, PARTING_SECONDS, self._parts)
        except (OSError, ValueError):  # it is closed already
            self.nr_conns -= 1
            conn.close()

    def _parts(self, conn):
        if _received(conn) == b"":
            self._end(self.parting, conn)

    def _end(self, among, conn):
        self._leave(among, conn)
        self.nr_conns -= 1
        conn.close()

    def _leave(self, among, conn):
        del among[conn]
        if among is self.arriving:
            self.held -= len(conn.got)
        self.poller.unregister(conn.sock)

    def murder_pending(self):
        """gunicorn calls it in each round. A worker that stops waits for nobody who has sent nothing."""
        super().murder_pending()
        now = time.monotonic()
        for among in (self.arriving, self.parting):
            for conn, end in list(among.items()):
                if end <= now or (among is self.arriving and not self.alive and not conn.got):
                    self._end(among, conn)


def _prepare(sock):
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
    for way in (socket.SO_SNDTIMEO, socket.SO_RCVTIMEO):
        sock.setsockopt(socket.SOL_SOCKET, way, struct.pack("ll", STALLED_SECONDS, 0))


def _received(conn):
    """What has arrived; b"" if no more will, None if there is nothing yet."""
    try:
        return conn.sock.recv(AT_ONCE)
    except (BlockingIOError, InterruptedError):
        return None
    except OSError:
        return b""


def _send(conn, data):
    with suppress(OSError):  # who does not read what is sent to them notices in another way
        conn.sock.send(data)
