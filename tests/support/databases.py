"""Databases of one test process: a template, and copies of it. All processes of a run share one migration.

Tests that commit get a copy, because Django's flush cannot empty append-only tables. `point` changes Django's
default connection and PORTAL_DATABASE_URL together, so that child processes use the same database.
"""

import fcntl
import os
import sqlite3
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
from django.contrib.contenttypes.models import ContentType
from django.core.management import call_command
from django.db import connections
from huey.contrib.djhuey import HUEY
from psycopg import sql

from portal import environment
from portal.connections import installation
from portal.connections.models import Installation

VARIABLE = "PORTAL_DATABASE_URL"
TEMPLATE = "template"
ROLLED_BACK = "rolled_back"


@dataclass(frozen=True)
class Database:
    """`url` is the value of PORTAL_DATABASE_URL for child processes that are to use it."""

    name: str
    url: str


class SQLite:
    """Files in a directory."""

    engine = "sqlite"

    def __init__(self, directory):
        self.directory = Path(directory)

    def database(self, name):
        return Database(name, f"sqlite://{self._path(name)}")

    def _path(self, name):
        return self.directory / f"{name}.sqlite3"

    def exists(self, name):
        return self._path(name).exists()

    def create(self, name, *, template=None, of=None):
        """`of` has the template, if these do not."""
        self.drop(name)
        if template:
            self.restore(name, template=template, of=of)
        return self.database(name)

    def restore(self, name, *, template, of=None):
        """Make it equal to the template again, even while other processes have it open."""
        source = sqlite3.connect((of or self)._path(template))
        target = sqlite3.connect(self._path(name), timeout=20)
        with closing(source), closing(target):
            target.execute("PRAGMA synchronous=OFF")  # of this connection only
            source.backup(target)

    def drop(self, name):
        for file in (self._path(name), self._path(f"{name}-queue")):
            for suffix in ("", "-wal", "-shm"):
                Path(f"{file}{suffix}").unlink(missing_ok=True)


class PostgreSQL:
    """Databases on a server; `server` is the URL of any database there from which others can be made."""

    engine = "postgresql"

    def __init__(self, server, prefix):
        self.server = server
        self.prefix = prefix

    def database(self, name):
        return Database(name, urlunsplit(urlsplit(self.server)._replace(path=f"/{self._name(name)}")))

    def _run(self, statement, **names):
        identifiers = {key: sql.Identifier(name) for key, name in names.items()}
        with closing(psycopg.connect(self.server, autocommit=True)) as server:
            server.execute(sql.SQL(statement).format(**identifiers))

    def exists(self, name):
        with closing(psycopg.connect(self.server, autocommit=True)) as server:
            found = server.execute("SELECT 1 FROM pg_database WHERE datname = %s", [self._name(name)])
            return bool(found.fetchone())

    def _name(self, name):
        return f"{self.prefix}{name}"

    def create(self, name, *, template=None, of=None):
        """`of` has the template, if these do not; it is on the same server."""
        self.drop(name)
        if template:
            template = (of or self)._name(template)
            self._run("CREATE DATABASE {name} TEMPLATE {template}", name=self._name(name), template=template)
        else:
            self._run("CREATE DATABASE {name}", name=self._name(name))
        return self.database(name)

    def drop(self, name):
        self._run("DROP DATABASE IF EXISTS {name} WITH (FORCE)", name=self._name(name))


def point(database):
    """Let Django's default connection and new child processes use this database from now on."""
    connections.close_all()
    os.environ[VARIABLE] = database.url
    wanted = {"default": environment.database(VARIABLE, None)}
    connections.settings["default"] = connections.configure_settings(wanted)["default"]
    connections["default"] = connections.create_connection("default")
    HUEY.storage.close()
    HUEY.storage = HUEY.create_storage()  # the queue that belongs to this database
    ContentType.objects.clear_cache()


def make_template(databases):
    """Create the template: migrated, otherwise empty, and with no connection to it."""
    point(databases.create(TEMPLATE))
    call_command("migrate", interactive=False, verbosity=0)
    call_command("createcachetable", verbosity=0)
    connections.close_all()


def copy_template(databases, *, of, lock):
    """Create the template as a copy of one that whoever comes first makes; the file `lock` says who waits."""
    with open(lock, "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        if not of.exists(TEMPLATE):
            make_template(of)
    point(databases.create(TEMPLATE, template=TEMPLATE, of=of))
    Installation.objects.all().delete()
    installation.mark()  # each process has its own data directory and its own keys
    connections.close_all()


@contextmanager
def pointed_at(databases, name, *, template=TEMPLATE):
    """Use a fresh copy of the template inside the block."""
    database = databases.create(name, template=template)
    point(database)
    try:
        yield database
    finally:
        point(databases.database(ROLLED_BACK))
        databases.drop(name)
