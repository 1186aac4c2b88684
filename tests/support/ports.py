"""Ports that no other process can take while a test relies on them."""

import socket

from portal.home.processes import LOOPBACK, loopback_hosts


class ReservedPort:
    """A port on every loopback address that refuses connections until a server of ours listens there.

    Sockets are bound to the port but never listen. The system then hands it to no process that asks for
    any free port, but a server that asks for this port can still listen, even again after it was killed.
    """

    def __init__(self):
        while not self._bind(loopback_hosts()):
            pass

    def _bind(self, hosts):
        self.number, self._sockets = 0, []
        for host in hosts:
            held = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
            held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # both sides must say so
            self._sockets.append(held)
            try:
                held.bind((host, self.number))
            except OSError:  # taken on the second address
                self.close()
                return False
            self.number = held.getsockname()[1]
        return True

    @property
    def url(self):
        return f"http://{LOOPBACK}:{self.number}"

    def close(self):
        for held in self._sockets:
            held.close()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.close()
