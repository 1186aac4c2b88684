"""A throw-away PostgreSQL server, made of whatever version this machine has.

Durability stays at its defaults (fsync on): what a test proves about a killed process must hold for real.
"""

import glob
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

import psycopg

from portal.home.processes import LOOPBACK, Process, free_port, stop

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

    Only this machine's loopback and a private socket directory can reach it, so nobody needs a password.
    """

    def start(self):
        self.directory = Path(tempfile.mkdtemp(prefix="portal-postgresql-"))
        account = _unprivileged()
        self.directory.chmod(0o755)  # the log in it is ours, the data the server's
        data = self.directory / "data"
        data.mkdir(mode=0o700)
        run_as = {}
        if account:
            os.chown(data, account.pw_uid, account.pw_gid)
            run_as = {"user": account.pw_uid, "group": account.pw_gid}
        subprocess.run(
            [program("initdb"), "--pgdata", data, "--username", "postgres", "--auth", "trust"]
            + ["--encoding", "UTF8", "--locale", "C.UTF-8", "--no-instructions"],
            check=True,
            capture_output=True,
            cwd="/",
            extra_groups=[] if account else None,
            **run_as,
        )
        self.port = free_port()
        self.process = Process(
            "postgresql",
            [program("postgres"), "-D", data, "-p", self.port]
            + ["-c", f"listen_addresses={LOOPBACK}", "-c", f"unix_socket_directories={data}"],
            log=self.directory / "log",
            cwd="/",
            death_signal=FAST_SHUTDOWN,
            **run_as,
        )
        self.url = f"postgresql://postgres@{LOOPBACK}:{self.port}"
        self.process.wait_for(self._answers, seconds=READY_SECONDS)
        return self

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
        shutil.rmtree(self.directory, ignore_errors=True)


def _unprivileged():
    """The account to run as when we are root, which PostgreSQL refuses to run as; None when we are not."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise NoPostgreSQL("PostgreSQL does not run as root and there is no account named postgres or nobody")
