"""A throw-away PostgreSQL server of whatever version this machine has.

fsync stays on, so that what tests prove about killed processes also holds in production.
"""

import glob
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path

import psutil
import psycopg

from portal.home.processes import LOOPBACK, Process, stop
from tests.support.ports import ReservedPort

READY_SECONDS = 60
# postmaster: SIGINT is its fast shutdown, SIGTERM would wait for every client to leave.
FAST_SHUTDOWN = signal.SIGINT


class NoPostgreSQL(Exception):
    pass


def program(name):
    """Path of one of the server's programs. Raises NoPostgreSQL."""
    candidates = sorted(glob.glob(f"/usr/lib/postgresql/*/bin/{name}"), key=_version, reverse=True)
    if on_path := shutil.which(name):
        candidates.append(on_path)
    if not candidates:
        raise NoPostgreSQL(
            f"{name} not found: install PostgreSQL 15 or newer (Debian: apt-get install postgresql)"
        )
    return candidates[0]


def _version(path):
    return float(Path(path).parent.parent.name)


class Cluster:
    """Runs from start() to stop(); `url` is its address without a database name.

    It can be reached only over loopback and a private socket directory, so it asks for no password. Its
    files go into a new directory in `parent`, which the server's account must be able to enter.
    """

    def __init__(self, parent=None):
        self.parent = parent

    def start(self):
        self.directory = Path(tempfile.mkdtemp(prefix="portal-postgresql-", dir=self.parent))
        account = _unprivileged()
        self.directory.chmod(0o755)  # the log in it is ours, the data the server's
        self.data = self.directory / "data"
        self.data.mkdir(mode=0o700)
        self.run_as = {}
        if account:
            os.chown(self.data, account.pw_uid, account.pw_gid)
            self.run_as = {"user": account.pw_uid, "group": account.pw_gid}
        subprocess.run(
            [program("initdb"), "--pgdata", self.data, "--username", "postgres", "--auth", "trust"]
            + ["--encoding", "UTF8", "--locale", "C.UTF-8", "--no-instructions"],
            check=True,
            capture_output=True,
            cwd="/",
            extra_groups=[] if account else None,
            **self.run_as,
        )
        self._reserved = ReservedPort()  # the server comes back to it after a kill
        self.port = self._reserved.number
        self.url = f"postgresql://postgres@{LOOPBACK}:{self.port}"
        return self.resume()

    def resume(self):
        """Start the server with the data it has, at the same address; does nothing while it runs."""
        process = getattr(self, "process", None)
        if not (process and process.is_running):
            self.process = Process(
                "postgresql",
                [program("postgres"), "-D", self.data, "-p", self.port]
                + ["-c", f"listen_addresses={LOOPBACK}", "-c", f"unix_socket_directories={self.data}"],
                log=self.directory / "log",
                cwd="/",
                death_signal=FAST_SHUTDOWN,
                **self.run_as,
            )
        self.process.wait_for(self._answers, seconds=READY_SECONDS)
        return self

    def kill(self):
        """Like a power cut: kill -9, for its children too, since each leads a process group of its own."""
        children = psutil.Process(self.process.pid).children(recursive=True)
        self.process.kill()
        for child in children:
            with suppress(psutil.NoSuchProcess):
                child.kill()
        psutil.wait_procs(children, timeout=READY_SECONDS)

    def _answers(self):
        try:
            psycopg.connect(f"{self.url}/postgres", connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def stop(self):
        if process := getattr(self, "process", None):
            process.ask_to_stop(FAST_SHUTDOWN)
            stop([process])
            self._reserved.close()
        shutil.rmtree(self.directory, ignore_errors=True)


def _unprivileged():
    """The account to run the server as when we are root, which PostgreSQL refuses; otherwise None."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise NoPostgreSQL("PostgreSQL does not run as root and there is no account named postgres or nobody")
