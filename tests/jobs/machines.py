"""Machines for tests: network namespaces, each with a cable to this one that can be pulled out.

They reach what runs here at SERVICES, through Doors. It takes root and the program `ip`.
"""

import os
import shutil
import socket
import subprocess
import sys
import threading
from contextlib import suppress

from django.conf import settings

from portal.home.processes import Process
from tests.support.processes import environment

NETWORK, SERVICES = "10.213.0.0/16", "10.213.255.1"


def missing():
    """Why there can be no machines here; "" if there can."""
    if not shutil.which("ip"):
        return "the program ip is missing (Debian: apt-get install iproute2)"
    if os.geteuid() != 0:
        return "only root may make network namespaces"
    tried = subprocess.run(["unshare", "--net", "true"], capture_output=True, check=False)
    return "" if tried.returncode == 0 else "network namespaces are not allowed here"


def ip(*words, check=True):
    subprocess.run(["ip", *map(str, words)], check=check, capture_output=True)


class Machine:
    """`number` is 1 to 250. Its processes have a data directory of their own, and the keys of this one."""

    def __init__(self, number, directory):
        self.name, self.cable = f"portal-{os.getpid()}-{number}", f"p{os.getpid() % 100_000}-{number}"
        self.directory, self.processes = directory, []
        directory.mkdir()
        here, there = f"10.213.{number}.1", f"10.213.{number}.2"
        ip("netns", "add", self.name)
        ip("link", "add", self.cable, "type", "veth", "peer", "name", "eth0", "netns", self.name)
        ip("addr", "add", f"{here}/30", "dev", self.cable)
        ip("link", "set", self.cable, "up")
        self._inside("addr", "add", f"{there}/30", "dev", "eth0")
        self.here = here
        self.plug_in()

    def _inside(self, *words):
        ip("netns", "exec", self.name, "ip", *words)

    def pull_out(self):
        """Nothing arrives any more, and nobody is told."""
        ip("link", "set", self.cable, "down")

    def plug_in(self):
        ip("link", "set", self.cable, "up")
        self._inside("link", "set", "lo", "up")
        self._inside("link", "set", "eth0", "up")
        self._inside("route", "replace", "default", "via", self.here)

    def worker(self, database, **variables):
        keys = {"PORTAL_SECRET_KEY": settings.SECRET_KEY, "PORTAL_RECORD_KEY": settings.RECORD_KEY}
        keys["PORTAL_CREDENTIAL_KEYS"] = " ".join(settings.CREDENTIAL_KEYS)
        own = {
            "PORTAL_DATA_DIR": str(self.directory),
            "PORTAL_PRIVATE_NETWORKS": NETWORK,
            "PORTAL_QUEUE_URL": "",
        }
        env = environment(database, **keys, **own, **variables)
        command = ["ip", "netns", "exec", self.name, sys.executable, "-m", "tests.jobs.manage"]
        log = self.directory / f"worker-{len(self.processes)}.log"
        process = Process(
            "worker", [*command, "worker", "--every", "0.1"], log=log, env=env, cwd=settings.BASE_DIR
        )
        self.processes.append(process)
        return process

    def remove(self):
        for process in self.processes:
            if process.is_running:
                process.kill()
        ip("netns", "del", self.name, check=False)
        ip("link", "del", self.cable, check=False)


class Door:
    """Lets what comes to this port of SERVICES go on to the same port of this machine's loopback."""

    def __init__(self, port):
        self.port = port
        self.socket = socket.create_server((SERVICES, port))
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        with suppress(OSError):
            while True:
                outside, _address = self.socket.accept()
                inside = socket.create_connection(("127.0.0.1", self.port))
                for ends in ((outside, inside), (inside, outside)):
                    threading.Thread(target=_pump, args=ends, daemon=True).start()

    def close(self):
        self.socket.close()


def _pump(source, target):
    with suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    for end in (source, target):
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
