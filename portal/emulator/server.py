"""The HTTP server: HTTP/1.1 with keep-alive, one thread per client connection.

It is not wsgiref's, because faults need the socket, and signatures need target and headers exactly as sent.
"""

import contextlib
import io
import ipaddress
import json
import re
import select
import socket
import socketserver
import struct
import sys
import time
import uuid
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from urllib.parse import unquote_to_bytes, urlsplit

from django.core.handlers.wsgi import WSGIHandler, WSGIRequest
from django.db import connections

from portal.emulator import control
from portal.emulator.faults import FAULTS, faults
from portal.emulator.log import log
from portal.emulator.writes import writes

BODY_MAX = 12 * 1024 * 1024  # Source: request signing guide, "the body may not exceed 12 MB"
IDLE_SECONDS = 300


class Server(socketserver.ThreadingMixIn, socketserver.TCPServer):
    """Listens as soon as it is created, at `url`."""

    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False
    request_queue_size = 256

    def __init__(self, host, port):
        self.application = WSGIHandler()
        super().__init__((host, port), Handler)

    @property
    def url(self):
        host, port = self.server_address[:2]
        return f"http://{host}:{port}"

    def handle_error(self, request, client_address):
        """A client that went away is no error. Anything else is a bug and is printed."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = IDLE_SECONDS

    def finish(self):
        connections.close_all()
        with contextlib.suppress(OSError):
            super().finish()

    def log_message(self, *args):
        pass

    def handle_one_request(self):
        try:
            self.raw_requestline = self.rfile.readline(65537)
            if not self.raw_requestline:
                self.close_connection = True
                return
            if len(self.raw_requestline) > 65536:
                self.requestline = self.request_version = self.command = ""
                self.send_error(HTTPStatus.REQUEST_URI_TOO_LONG)
                return
            if self.parse_request():
                self._serve()
        except (OSError, ValueError) as error:
            if not isinstance(error, OSError):
                raise
            self.close_connection = True

    def send_error(self, code, message=None, explain=None):
        """Refuse a request that is not even HTTP, in the words of the gateway."""
        self.close_connection = True
        text = message or HTTPStatus(code).phrase
        body = {
            "error_code": "APIGW.0201",
            "error_msg": f"Bad request: {text}",
            "request_id": uuid.uuid4().hex,
        }
        Exchange(self, "", "", "", b"", None).answer(
            int(code), {"Content-Type": "application/json"}, json.dumps(body).encode()
        )

    def _serve(self):
        body = self._read_body()
        if body is None:
            return
        target = re.sub(r"^https?://[^/?#]*", "", self.path, flags=re.IGNORECASE)
        if not target.startswith("/"):
            target = "/" + target
        path, _mark, query = target.partition("?")
        exchange = Exchange(self, self.command, path, query, body, None)
        if path.startswith(control.PREFIX):
            self._control(exchange)
            return
        exchange.entry = log.add(self.command, path, query, self.headers.items(), body)
        rule = faults.pick(self.command, path, query, body)
        if rule is None:
            exchange.send(exchange.execute())
        else:
            exchange.entry.fault = rule.fault
            FAULTS[rule.fault](exchange, rule)

    def _control(self, exchange):
        if not ipaddress.ip_address(self.client_address[0].split("%")[0]).is_loopback:
            refused = b"The control plane answers on loopback only."
        elif not self._is_asked_directly():
            refused = b"The control plane does not answer pages of other hosts."
        else:
            exchange.send(exchange.execute())
            return
        exchange.answer(403, {"Content-Type": "text/plain"}, refused)

    def _is_asked_directly(self):
        """Whether no page of another host asks: a browser names that host, also when its name was rebound."""
        hosts = [self.headers.get("host", ""), self.headers.get("origin", "")]
        names = {urlsplit(host if "//" in host else f"//{host}").hostname for host in hosts if host}
        return names <= {"localhost", "127.0.0.1", "::1", self.server.server_address[0]}

    def _read_body(self):
        """The whole body. None when the request is refused already, or its client is gone."""
        if "transfer-encoding" in self.headers:
            self.send_error(HTTPStatus.LENGTH_REQUIRED)
            return None
        lengths = set(self.headers.get_all("content-length", ["0"]))
        length = lengths.pop()
        if lengths or not re.fullmatch(r"[0-9]{1,15}", length.strip()):
            self.send_error(HTTPStatus.BAD_REQUEST, "Content-Length cannot be read")
            return None
        if int(length) > BODY_MAX:
            self.send_error(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
            return None
        body = self.rfile.read(int(length))
        if len(body) < int(length):
            self.close_connection = True
            return None
        return body


class Exchange:
    """One request and the ways to answer it."""

    def __init__(self, handler, method, path, query, body, entry):
        self.handler = handler
        self.method = method
        self.path = path
        self.query = query
        self.body = body
        self.entry = entry

    def execute(self):
        """Let the emulated cloud do its work. Returns its answer, which is not sent yet."""
        writes.begin(self.entry.number if self.entry else None)
        return self.handler.server.application.get_response(WSGIRequest(self._environ()))

    def execute_alone(self):
        """Do the work from a thread that has no client any more."""
        self.execute()
        connections.close_all()

    def send(self, response):
        self._note(response.status_code)
        self.raw(self.bytes_of(response))

    def answer(self, status, headers, body):
        self._note(status)
        self.raw(
            self._head(status, headers.items(), len(body)) + (b"" if self._is_bodyless(status) else body)
        )

    def hold(self, seconds):
        """Wait without answering. True when all of the time passed.

        It ends early when the client leaves or when other faults are set.
        """
        generation = faults.generation
        end = time.monotonic() + seconds
        waiting = select.poll()  # not select(), which knows no file above number 1023
        waiting.register(self.handler.connection, select.POLLIN)
        while (left := end - time.monotonic()) > 0:
            readable = waiting.poll(min(left, 0.1) * 1000)
            if readable and not self.handler.connection.recv(1, socket.MSG_PEEK):
                return False
            if generation != faults.generation:
                return False
            if readable:
                time.sleep(min(left, 0.05))
        return True

    def drop(self):
        """Close without an answer."""
        self.handler.close_connection = True

    def abort(self):
        """Break the connection, so that the client sees a reset."""
        self.handler.close_connection = True
        connection = self.handler.connection
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        # The request's reader holds the socket open too: the reset leaves when both are closed.
        with contextlib.suppress(OSError):
            self.handler.rfile.close()
        connection.close()

    def raw(self, data):
        self.handler.connection.sendall(data)

    def bytes_of(self, response):
        body = response.content
        head = self._head(response.status_code, response.items(), len(body))
        return head if self._is_bodyless(response.status_code) else head + body

    def _is_bodyless(self, status):
        return self.method == "HEAD" or status in (204, 304)

    def _note(self, status):
        """Called before the answer leaves, so that a client that has its answer also finds it in the log."""
        if self.entry:
            self.entry.status = status

    def _head(self, status, headers, length):
        phrase = HTTPStatus(status).phrase if status in HTTPStatus._value2member_map_ else "Unknown"
        lines = [f"HTTP/1.1 {status} {phrase}", f"Date: {self.handler.date_time_string()}"]
        names = set()
        for name, value in headers:
            names.add(name.lower())
            lines.append(f"{name}: {value}")
        if status not in (204, 304) and "content-length" not in names:
            lines.append(f"Content-Length: {length}")
        if self.handler.close_connection:
            lines.append("Connection: close")
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")

    def _environ(self):
        handler = self.handler
        host, port = handler.server.server_address[:2]
        environ = {
            "REQUEST_METHOD": self.method,
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote_to_bytes(self.path).decode("latin-1"),
            "QUERY_STRING": self.query,
            "SERVER_NAME": host,
            "SERVER_PORT": str(port),
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": handler.client_address[0],
            "CONTENT_LENGTH": str(len(self.body)),
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(self.body),
            "emulator.target": f"{self.path}?{self.query}" if self.query else self.path,
            "emulator.headers": {name.lower(): value for name, value in handler.headers.items()},
        }
        for name, value in handler.headers.items():
            if "_" not in name:
                key = name.upper().replace("-", "_")
                environ[key if key == "CONTENT_TYPE" else f"HTTP_{key}"] = value
        environ.pop("HTTP_CONTENT_LENGTH", None)
        return environ
