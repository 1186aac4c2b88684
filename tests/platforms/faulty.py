"""A server of raw sockets that misbehaves exactly as told, and remembers every byte it got."""

import socket
import struct
import threading
from dataclasses import dataclass


@dataclass(frozen=True)
class Got:
    line: str
    headers: dict
    body: bytes

    @property
    def method(self):
        return self.line.split(" ")[0]

    @property
    def target(self):
        return self.line.split(" ")[1]


def http(status=200, body=b"{}", **headers):
    """A whole answer as bytes; header names with _ for -."""
    body = body.encode() if isinstance(body, str) else body
    lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def reset(connection, got):
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def close(connection, got):
    connection.close()


class FaultyServer:
    """`behave` is bytes to answer with, or a function of (connection, Got); `got` lists what arrived.

    `stopping` is an Event that functions may wait on instead of sleeping.
    """

    def __init__(self, wrap=lambda connection: connection):
        self.behave = http()
        self.got = []
        self.connections = 0
        self.stopping = threading.Event()
        self._wrap = wrap
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def stop(self):
        self.stopping.set()
        self._socket.close()

    def _accept(self):
        while not self.stopping.is_set():
            try:
                connection, _address = self._socket.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        try:
            connection = self._wrap(connection)
            stream = connection.makefile("rb")
            while line := stream.readline():
                headers = {}
                while (header := stream.readline().strip()) != b"":
                    name, _colon, value = header.decode("latin-1").partition(":")
                    headers[name.lower()] = value.strip()
                got = Got(line.decode().strip(), headers, stream.read(int(headers.get("content-length", 0))))
                self.got.append(got)
                if callable(self.behave):
                    answer = self.behave(connection, got)
                    if answer is None:
                        return
                else:
                    answer = self.behave
                connection.sendall(answer)
        except (OSError, ValueError):
            pass
        finally:
            connection.close()
