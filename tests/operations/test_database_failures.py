"""Databases that fail under a running portal: killed, full, read-only, locked.

Would catch: a call to a platform without its committed intent, a form that is lost, a 500 page, a portal or a
worker that must be restarted afterwards, an outcome that nobody looks up, a secret in a log.
"""

from concurrent.futures import ThreadPoolExecutor
from secrets import token_hex

import pytest
from django.db import connections

from portal.operations.models import State
from tests.support import databases as engines
from tests.support.outages import (
    FileLimit,
    Full,
    Killed,
    Locked,
    NoSmallDisk,
    ReadOnly,
    SmallDisk,
    processes_of,
    without_roots_power,
)
from tests.support.plugin import engine
from tests.support.postgresql import Cluster

pytest.register_assert_rewrite("tests.support.site")

from tests.support.site import DATA, Site, keeps_the_form, until  # noqa: E402

pytestmark = pytest.mark.database
DISK_MB = {"sqlite": 16, "postgresql": 160}
# What each database can suffer while the portal runs, and in which moments the short run shows it.
OUTAGES = {
    "sqlite": {"full": {"idle", "during"}, "locked": {"idle", "between"}},
    "postgresql": {
        "killed": {"idle", "between", "during"},
        "read_only": {"idle", "during"},
        "locked": {"between"},
        "full": {"idle"},
    },
}
PAGES = ("/", "/operations/", "/enos/devices/", "/connections/", "/audit/", "/accounts/login/", "/nothing/")
# Together more than what a page of a table has left: on a full disk they find no place.
LONG = {f"note{number}": token_hex(90) for number in range(45)}


def pytest_generate_tests(metafunc):
    """`outage` of tests that name their moment: each failure of this engine, some in the full run only."""
    moment = getattr(metafunc.function, "moment", None)
    if moment:
        outages = OUTAGES[engine(metafunc.config)]
        marks = {name: () if moment in moments else pytest.mark.full for name, moments in outages.items()}
        values = [pytest.param(name, marks=marks[name]) for name in outages]
        metafunc.parametrize("outage", values, indirect=True)


def moment(name):
    def named(test):
        test.moment = name
        return test

    return named


@pytest.fixture(scope="module")
def disk(databases):
    """None where this process may not mount one."""
    try:
        disk = SmallDisk(DISK_MB[databases.engine])
    except NoSmallDisk:
        yield None
        return
    yield disk
    disk.remove()


@pytest.fixture(scope="module")
def cluster(databases, disk):
    """A server of our own to kill; None with SQLite."""
    if databases.engine == "sqlite":
        yield None
        return
    cluster = Cluster(disk and disk.path).start()
    yield cluster
    cluster.stop()


@pytest.fixture(scope="module")
def running(databases, django_db_setup, django_db_blocker, disk, cluster, tmp_path_factory):
    logs = tmp_path_factory.mktemp("site")
    if cluster:
        where = engines.PostgreSQL(f"{cluster.url}/postgres", prefix="")
    else:
        directory = (disk.path if disk else logs) / "data"
        directory.mkdir()
        where = engines.SQLite(directory)
    with django_db_blocker.unblock():
        site = Site(where, logs, before=() if cluster else without_roots_power())
        site.start()
        engines.point(databases.database(engines.ROLLED_BACK))
    yield site
    site.stop()


@pytest.fixture
def site(running, databases, emulator, django_db_blocker):
    with django_db_blocker.unblock():
        running.use(emulator)
        yield running
        running.release()
        engines.point(databases.database(engines.ROLLED_BACK))


@pytest.fixture
def outage(request, site, disk, cluster):
    url = site.database.url
    if request.param == "full" and cluster and not disk:
        pytest.skip("only root can mount a small disk")
    room = disk or FileLimit(lambda: processes_of(site.portal.process, site.worker))
    outages = {
        "killed": lambda: Killed(cluster),
        "read_only": lambda: ReadOnly(url),
        "locked": lambda: Locked(url),
        "full": lambda: Full(url, room, cluster),
    }
    with Switch(outages[request.param]()) as switch:
        switch.name = request.param
        yield switch


class Switch:
    """Turned off at the end of the block, whatever happened in it."""

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


@pytest.fixture
def in_background():
    with ThreadPoolExecutor(1) as pool:
        yield pool.submit


@moment("idle")
def test_a_form_sent_meanwhile_is_kept_and_sent_afterwards(site, outage):
    data = site.person.fill_in(device_tags=DATA["device_tags"] | LONG)
    outage.begin()

    for htmx in (True, False):
        keeps_the_form(site.person.send(data, htmx=htmx), data)
    for path in PAGES:
        assert site.person.get(path).status_code in (200, 404, 503), path
    assert site.get("/healthz").status_code == 200
    if outage.name == "killed":
        assert not site.is_ready()
    assert site.creates() == []

    outage.end()
    assert not site.operations().exists()
    sent_until_it_works(site, data)
    assert site.operations().get().state == State.DONE
    until(site.is_ready)
    site.check()


def sent_until_it_works(site, data):
    """The portal is not restarted; a connection from before may fail once."""
    for _press in range(9):
        answer = site.person.send(data)
        if answer.status_code == 302:
            return
        keeps_the_form(answer, data)
    raise AssertionError("it works no more")


@moment("between")
def test_between_the_intent_and_the_call_nothing_is_sent(site, outage, in_background):
    data = site.person.fill_in()
    site.hold("baseline")
    answer = in_background(site.person.send, data)
    until(lambda: site.operations().filter(state=State.INTENT).exists())
    site.wait_until_held()
    outage.begin()
    site.release()

    answer = answer.result()
    if outage.name != "full":  # the little that is to be written may still find room
        keeps_the_form(answer, data)
        assert site.creates() == []

    outage.end()
    site.let_leases_run_out()
    ending = site.settled().state
    assert ending == State.NOT_SENT or outage.name == "full"
    site.check()


@moment("during")
def test_what_was_sent_meanwhile_is_looked_up_afterwards(site, outage, in_background):
    data = site.person.fill_in()
    site.hold("create")
    answer = in_background(site.person.send, data, htmx=True)
    site.wait_until_held()
    outage.begin()
    site.release()

    assert answer.result().status_code in (200, 503)

    outage.end()
    site.let_leases_run_out()
    assert site.settled().state in (State.FOUND, State.DONE)
    answer = site.person.send(data)  # pressed again: the same operation
    assert (answer.status_code, len(site.creates())) == (302, 1)
    site.check()
