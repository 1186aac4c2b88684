"""Ways in which a database fails. Each has begin() and end(); the portal and its worker keep running."""

import os
import resource
import sqlite3
import subprocess
import tempfile
import time
from contextlib import closing, suppress
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import psycopg
from django.db import connections
from psycopg import sql

WAIT_SECONDS = 20
CHUNKS = (1 << 20, 1 << 12, 1)  # bytes


class NoSmallDisk(Exception):
    """This process is not allowed to mount a filesystem; root is."""


class SmallDisk:
    """A small filesystem, mounted at `path` until remove()."""

    def __init__(self, megabytes):
        self.path = Path(tempfile.mkdtemp(prefix="portal-disk-"))
        options = f"size={megabytes}m,mode=0755"
        mounted = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", options, "portal-tests", self.path],
            capture_output=True,
            text=True,
            check=False,
        )
        if mounted.returncode:
            self.path.rmdir()
            raise NoSmallDisk(mounted.stderr.strip())

    def fill(self):
        with (self.path / "ballast").open("ab", buffering=0) as ballast:
            for size in CHUNKS:
                with suppress(OSError):
                    while ballast.write(b"\0" * size) == size:
                        pass

    def free(self):
        (self.path / "ballast").unlink(missing_ok=True)

    def remove(self):
        subprocess.run(["umount", "--lazy", self.path], check=True)
        self.path.rmdir()


class FileLimit:
    """Stands in for a small disk where none can be mounted: these processes can no longer write to files."""

    def __init__(self, processes):
        self.processes = processes

    def fill(self):
        self._set(0)

    def free(self):
        self._set(None)

    def _set(self, size):
        for process in self.processes():
            for each in (process, *process.children(recursive=True)):
                most = resource.prlimit(each.pid, resource.RLIMIT_FSIZE)[1]
                resource.prlimit(each.pid, resource.RLIMIT_FSIZE, (most if size is None else size, most))


class Killed:
    """The PostgreSQL server is killed with kill -9 and later started again at the same address."""

    def __init__(self, cluster):
        self.cluster = cluster

    def begin(self):
        self.cluster.kill()

    def end(self):
        self.cluster.resume()


class Full:
    """The disk under the database is full. `room` is a SmallDisk or a FileLimit, `database` a URL."""

    def __init__(self, database, room, cluster=None):
        self.database, self.room, self.cluster = database, room, cluster

    def begin(self):
        if self.cluster is None:
            # Otherwise writes would go into space that the write-ahead log already has.
            with closing(sqlite3.connect(urlsplit(self.database).path, timeout=20)) as connection:
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self.room.fill()

    def end(self):
        self.room.free()
        if self.cluster:
            self.cluster.resume()  # it gives up when it cannot write its own log


class ReadOnly:
    """PostgreSQL after a failover: every client is disconnected, and new sessions can only read."""

    def __init__(self, database, *, throws_out_at_end=True):
        self.database, self.throws_out_at_end = database, throws_out_at_end

    def _server(self):
        options = "-c default_transaction_read_only=off"
        return closing(psycopg.connect(self.database, autocommit=True, options=options))

    def _switch(self, statement, *, throws_out):
        with self._server() as server:
            server.execute(
                sql.SQL(statement).format(sql.Identifier(urlsplit(self.database).path.removeprefix("/")))
            )
            if throws_out:
                server.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )

    def begin(self):
        self._switch("ALTER DATABASE {} SET default_transaction_read_only = on", throws_out=True)

    def end(self):
        """A client that is not disconnected again keeps its read-only session."""
        throws_out = self.throws_out_at_end
        self._switch("ALTER DATABASE {} RESET default_transaction_read_only", throws_out=throws_out)


class Locked:
    """Another client holds the write lock; on PostgreSQL, a lock on each table."""

    def __init__(self, database):
        self.database = database

    def begin(self):
        url = urlsplit(self.database)
        if url.scheme == "sqlite":
            self.holder = sqlite3.connect(url.path, timeout=20, isolation_level=None)
            self.holder.execute("BEGIN IMMEDIATE")
        else:
            self.holder = psycopg.connect(self.database)
            tables = self.holder.execute(
                "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
            ).fetchall()
            names = sql.SQL(", ").join(sql.Identifier(name) for (name,) in tables)
            self.holder.execute(sql.SQL("LOCK TABLE {} IN EXCLUSIVE MODE").format(names))

    def end(self):
        self.holder.rollback()
        self.holder.close()


class HeldRecord:
    """PostgreSQL: appends to the record block until the server is killed. wait() waits for one."""

    def __init__(self, database):
        self.database = database
        self.holder = None

    def begin(self):
        self.holder = psycopg.connect(self.database)
        self.holder.execute("SELECT seq FROM record_head FOR UPDATE")

    def wait(self):
        with closing(psycopg.connect(self.database, autocommit=True)) as server:
            end = time.monotonic() + WAIT_SECONDS
            while not server.execute("SELECT count(*) FROM pg_locks WHERE NOT granted").fetchone()[0]:
                assert time.monotonic() < end, "nobody tried"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.holder:
            self.holder.close()


class ReadOnlyFile:
    """SQLite with read-only files. They do not stop root, unless it runs without_roots_power()."""

    def __init__(self, database):
        self.file = Path(urlsplit(database).path)

    def _files(self):
        return [path for path in self.file.parent.iterdir() if path.name.startswith(self.file.name)]

    def begin(self):
        for path in self._files():
            path.chmod(0o444)
        self.file.parent.chmod(0o555)

    def end(self):
        self.file.parent.chmod(0o755)
        for path in self._files():
            path.chmod(0o600)


class Switch:
    """A context manager that ends the outage even when the test fails."""

    def __init__(self, outage):
        self.outage, self.is_on = outage, False

    def begin(self):
        self.is_on = True
        self.outage.begin()

    def end(self):
        self.is_on = False
        self.outage.end()
        connections.close_all()  # this process's own may be as broken as the portal's

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.is_on:
            self.end()


def without_roots_power():
    """A command prefix that makes file modes apply to root, too."""
    if os.geteuid():
        return []
    powers = "-dac_override,-dac_read_search"
    return ["setpriv", f"--bounding-set={powers}", f"--inh-caps={powers}"]


def processes_of(*roots):
    return [psutil.Process(root.pid) for root in roots]
