"""Child processes on this machine: each has a log file, all stop together, none is left behind.

Used by `manage.py demo` and by the tests; it does not know what the processes do.
"""

import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

LOOPBACK = "127.0.0.1"
STOP_SECONDS = 10  # gunicorn lets running requests end, for at most its graceful timeout
PR_SET_PDEATHSIG = 1  # prctl(2)


class NeverReady(Exception):
    """The process ended, or was not ready in time; the message ends with the last lines of its log."""


class Process:
    """A running child in a process group of its own.

    Ctrl-C reaches the whole foreground group; in its own group, only the parent decides when the child stops.
    `user` is a user id to run as, which only root can choose. `death_signal` is what the kernel sends to the
    child when this process ends in any way (on Linux; elsewhere a child survives the kill -9 of its parent).
    """

    def __init__(self, name, command, *, log, env=None, cwd=None, user=None, group=None, death_signal=None):
        self.name = name
        self.log = Path(log)
        self._killed = False
        self._start = self.log.stat().st_size if self.log.exists() else 0
        death_signal = death_signal or signal.SIGTERM
        with self.log.open("ab") as output:
            self.popen = subprocess.Popen(  # noqa: S603 - its own commands
                [str(word) for word in command],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=env,
                cwd=cwd,
                user=user,
                group=group,
                extra_groups=[] if user is not None else None,
                start_new_session=True,
                preexec_fn=_dies_with(os.getpid(), death_signal) if sys.platform == "linux" else None,
            )

    @property
    def pid(self):
        return self.popen.pid

    @property
    def is_running(self):
        return self.popen.poll() is None

    def output(self):
        """What it has written since it started."""
        with self.log.open("rb") as file:
            file.seek(self._start)
            return file.read().decode(errors="replace")

    def last_lines(self, count=15):
        return "\n".join(self.output().splitlines()[-count:])

    def wait_for(self, ready, *, seconds):
        """The first true value of `ready()`. Raises NeverReady."""
        end = time.monotonic() + seconds
        while True:
            if value := ready():
                return value
            if not self.is_running:
                raise NeverReady(
                    f"{self.name} ended with status {self.popen.returncode}:\n{self.last_lines()}"
                )
            if time.monotonic() > end:
                raise NeverReady(f"{self.name} was not ready after {seconds} s:\n{self.last_lines()}")
            time.sleep(0.02)

    def wait_for_line(self, beginning, *, seconds):
        """The rest of the first line with this beginning. Raises NeverReady."""

        def rest():
            for line in self.output().splitlines(keepends=True):
                if line.startswith(beginning) and line.endswith("\n"):
                    return line.removeprefix(beginning).strip()
            return None

        return self.wait_for(rest, seconds=seconds)

    def ask_to_stop(self, number=signal.SIGTERM):
        if self.is_running:
            self.popen.send_signal(number)

    def kill(self):
        """Kill -9 the process and everything it started."""
        if self._killed:  # by now the process id may belong to another process
            return
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self._killed = True
        self.popen.wait()


def stop(processes, *, seconds=STOP_SECONDS):
    """Ask all to stop, wait up to `seconds`, then kill those that are left and everything they started."""
    processes = list(processes)
    for process in processes:
        process.ask_to_stop()
    end = time.monotonic() + seconds
    for process in processes:
        with suppress(subprocess.TimeoutExpired):
            process.popen.wait(max(0, end - time.monotonic()))
        process.kill()


def _dies_with(parent, number):
    """The function that the child runs before exec. The C library is loaded here, before the fork."""
    prctl = ctypes.CDLL(None, use_errno=True).prctl

    def ask_kernel():
        prctl(PR_SET_PDEATHSIG, number, 0, 0, 0)
        if os.getppid() != parent:  # the parent died between fork and prctl
            os._exit(1)

    return ask_kernel


def is_free(port, host=LOOPBACK):
    """Whether a server could listen there now."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            server.bind((host, port))
            server.listen(1)
        except OSError:
            return False
    return True


def has_ipv6_loopback():
    """Browsers try ::1 first for "localhost"; containers often have no IPv6 at all."""
    return socket.has_ipv6 and is_free(0, "::1")


def loopback_hosts():
    return [LOOPBACK, "::1"] if has_ipv6_loopback() else [LOOPBACK]


def free_port():
    """A port that is free on every loopback address at this moment."""
    while True:
        with socket.create_server((LOOPBACK, 0)) as server:
            port = server.getsockname()[1]
        if all(is_free(port, host) for host in loopback_hosts()):
            return port


def bindings(port):
    """The arguments that make gunicorn listen to that port on every loopback address."""
    hosts = (f"[{host}]" if ":" in host else host for host in loopback_hosts())
    return [word for host in hosts for word in ("--bind", f"{host}:{port}")]
