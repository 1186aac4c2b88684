"""pytest for this project: the database engine, the databases of tests, the emulator, and markers.

`db` (pytest-django) is a transaction that is rolled back. `committed_db` is a copy of the template database
with real commits, which child processes can use, too.
"""

import os
import shutil
import signal
import tempfile
from itertools import count
from pathlib import Path

import pytest
from django.conf import settings

from tests.support import databases as engines
from tests.support import sampling
from tests.support.emulator import Emulator
from tests.support.ports import ReservedPort
from tests.support.postgresql import Cluster

ENGINES = ("sqlite", "postgresql")
# These fixtures end with Django's flush, which the record's triggers refuse.
FLUSHING = {"transactional_db", "live_server", "django_db_reset_sequences", "django_db_serialized_rollback"}
server_key = pytest.StashKey[str]()
cluster_key = pytest.StashKey[Cluster]()
shared_key = pytest.StashKey[Path]()


def pytest_addoption(parser):
    group = parser.getgroup("portal")
    group.addoption(
        "--engine", choices=ENGINES, help="database engine; default: that of PORTAL_DATABASE_URL, else sqlite"
    )


def engine(config):
    url = os.environ.get(engines.VARIABLE, "")
    return config.getoption("engine") or ("postgresql" if url.startswith("postgres") else "sqlite")


def pytest_configure(config):
    config.addinivalue_line("markers", "database: uses the database (set by itself); runs on every engine")
    config.addinivalue_line(
        "markers", "anywhere: the database makes no difference to it; PostgreSQL in `make test-full` only"
    )
    config.addinivalue_line("markers", "browser: drives Chromium (set by itself); runs on SQLite only")
    config.addinivalue_line("markers", "every_kind: `make test` takes every kind (tests.support.sampling)")
    config.addinivalue_line("markers", "full: a long proof; runs in `make test-full` only")
    if hasattr(config, "workerinput"):
        config.stash[server_key] = config.workerinput["server"]
        config.stash[shared_key] = Path(config.workerinput["shared"])
        return
    config.stash[shared_key] = Path(tempfile.mkdtemp(prefix="portal-tests-shared-"))
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ends like Ctrl-C: what was started is stopped
    config.stash[server_key] = ""
    if engine(config) == "postgresql" and not config.option.collectonly:
        config.stash[server_key] = os.environ.get(engines.VARIABLE, "")
        if not config.stash[server_key].startswith("postgres"):
            config.stash[cluster_key] = cluster = Cluster()
            config.stash[server_key] = f"{cluster.start().url}/postgres"


LONG = ("tests/untouched/", "tests/histories/")


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node):
    """pytest-xdist: one server for all workers, each with databases of its own; one migration for all."""
    node.workerinput["server"] = node.config.stash[server_key]
    node.workerinput["shared"] = str(node.config.stash[shared_key])


def pytest_unconfigure(config):
    if not hasattr(config, "workerinput"):
        if cluster := config.stash.get(cluster_key, None):
            cluster.stop()
        elif config.stash[server_key]:
            shared_databases(config).drop(engines.TEMPLATE)
        shutil.rmtree(config.stash[shared_key], ignore_errors=True)
    shutil.rmtree(settings.DATA_DIR, ignore_errors=True)


def pytest_report_header(config):
    return f"database: {engine(config)}"


def pytest_terminal_summary(terminalreporter):
    """Print what long proofs tell of their run (record_property "told"), also from the processes of xdist."""
    for report in terminalreporter.getreports("passed"):
        for name, value in report.user_properties:
            if name == "told":
                terminalreporter.write_sep("-", report.nodeid)
                terminalreporter.write_line(value)


def pytest_collection_modifyitems(config, items):
    flushing = [item.nodeid for item in items if flushes(item)]
    if flushing:
        raise pytest.UsageError(
            "The record is append-only, so Django cannot flush the database after these tests."
            " Use the fixture committed_db instead:\n  " + "\n  ".join(flushing)
        )
    for item in items:
        fixtures = set(getattr(item, "fixturenames", ()))
        if "portal_server" in fixtures:
            item.add_marker("browser")
            if engine(config) != "sqlite":
                item.add_marker(pytest.mark.skip(reason="browser tests run on SQLite"))
        elif fixtures & {"db", "committed_db"} or item.get_closest_marker("django_db"):
            item.add_marker("database")
    for item in sampling.left_out(items, engine(config)):
        item.add_marker("full")
    # What takes minutes begins first; else one worker ends long after the others.
    items.sort(key=lambda item: not item.nodeid.startswith(LONG))


def flushes(item):
    marker = item.get_closest_marker("django_db")
    return bool(FLUSHING & set(getattr(item, "fixturenames", ()))) or bool(
        marker and (marker.args or marker.kwargs.get("transaction") or marker.kwargs.get("reset_sequences"))
    )


@pytest.fixture(scope="session")
def databases(request):
    """The databases of this test process: tests.support.databases.SQLite or PostgreSQL."""
    if engine(request.config) == "sqlite":
        return engines.SQLite(settings.DATA_DIR)
    return engines.PostgreSQL(request.config.stash[server_key], prefix=f"portal_test_{os.getpid()}_")


def shared_databases(config):
    """Those that all processes of this run copy from."""
    shared = config.stash[shared_key]
    if engine(config) == "sqlite":
        return engines.SQLite(shared)
    return engines.PostgreSQL(config.stash[server_key], prefix=f"{shared.name.replace('-', '_')}_")


@pytest.fixture(scope="session")
def django_db_setup(request, databases, django_test_environment, django_db_blocker):
    """Replaces pytest-django's fixture: creates a template, and a copy of it for tests that roll back."""
    with django_db_blocker.unblock():
        lock = request.config.stash[shared_key] / "lock"
        engines.copy_template(databases, of=shared_databases(request.config), lock=lock)
        engines.point(databases.create(engines.ROLLED_BACK, template=engines.TEMPLATE))
    yield
    with django_db_blocker.unblock():
        engines.connections.close_all()
        databases.drop(engines.ROLLED_BACK)
        databases.drop(engines.TEMPLATE)


numbers = count(1)


@pytest.fixture
def committed_db(request, databases, django_db_setup, django_db_blocker):
    """A database for this test alone, with real commits; child processes use its `.url`."""
    if "db" in request.fixturenames or request.node.get_closest_marker("django_db"):
        pytest.fail("db rolls back and committed_db commits: a test uses one of them")
    with django_db_blocker.unblock(), engines.pointed_at(databases, f"committed_{next(numbers)}") as database:
        yield database


@pytest.fixture(scope="session")
def emulator_process(tmp_path_factory):
    """One emulator for all tests of this process; use `emulator`."""
    emulator = Emulator.start(tmp_path_factory.mktemp("emulator"))
    yield emulator
    emulator.stop()


@pytest.fixture
def refusing_port():
    """A port that refuses connections during the whole test: `.number`, `.url`."""
    with ReservedPort() as port:
        yield port


@pytest.fixture
def emulator(emulator_process):
    """The emulated clouds with a fresh demo account; real HTTP on `.url`."""
    emulator_process.reset()
    return emulator_process
