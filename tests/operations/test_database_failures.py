"""Databases that fail under a running portal: killed, full, read-only, locked.

Would catch: a call to a platform without its committed intent, a form that is lost, a 500 page, a portal or a
worker that must be restarted afterwards, an outcome that nobody looks up, a secret in a log.
"""

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial
from secrets import token_hex

import psycopg
import pytest

from portal.environment import CONNECTION_SECONDS
from portal.operations.models import State
from tests.support import databases as engines
from tests.support.outages import (
    FileLimit,
    Full,
    Killed,
    Locked,
    NoSmallDisk,
    ReadOnly,
    ReadOnlyFile,
    SmallDisk,
    Switch,
    processes_of,
    without_roots_power,
)
from tests.support.plugin import engine
from tests.support.postgresql import Cluster
from tests.support.processes import Portal

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
LONGEST_CONNECTION = CONNECTION_SECONDS + 15
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
def in_background():
    with ThreadPoolExecutor(1) as pool:
        yield pool.submit


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


@pytest.fixture
def held_record(site):
    """held_record(): nobody can write the record until the server is killed; `.wait()` for one who tries."""
    holders = []

    class Held:
        def begin(self):
            holders.append(psycopg.connect(site.database.url))
            holders[0].execute("UPDATE record_head SET seq = seq")

        def wait(self):
            with closing(psycopg.connect(site.database.url, autocommit=True)) as server:
                waits = "SELECT count(*) FROM pg_locks WHERE NOT granted"
                until(lambda: server.execute(waits).fetchone()[0])

    yield Held()
    for holder in holders:
        holder.close()


@pytest.fixture
def kill(cluster):
    """The throw-away server's switch; only PostgreSQL has a server."""
    if cluster is None:
        pytest.skip("SQLite has no server to kill")
    with Switch(Killed(cluster)) as switch:
        yield switch


@pytest.mark.parametrize("what", ["form", "button"])
def test_killed_while_the_intent_is_written(site, kill, held_record, in_background, what):
    if what == "form":
        data = site.person.fill_in()
        send = partial(site.person.send, data)
    else:
        bus = site.plant.perform("iotda/soft-buses")
        address = f"/iotda/soft-buses/{bus.target.pk}/"
        data = site.person.button_on(address)
        send = partial(site.person.send, data, path=f"{address}sync/")
    before, sent = site.operations().count(), len(site.emulator.requests())
    held_record.begin()
    answer = in_background(send)
    held_record.wait()
    kill.begin()

    keeps_the_form(answer.result(), data)
    kill.end()
    assert site.operations().count() == before
    asked = site.emulator.requests()[sent:]
    assert [each for each in asked if each["method"] != "GET" and "action=search" not in each["query"]] == []


def test_killed_while_the_outcome_is_written(site, kill, held_record, in_background):
    data = site.person.fill_in()
    site.hold("create")
    answer = in_background(site.person.send, data)
    site.wait_until_held()
    held_record.begin()
    site.release()
    held_record.wait()
    kill.begin()

    assert answer.result().status_code in (302, 503)
    kill.end()
    site.let_leases_run_out()
    assert site.settled().state == State.FOUND
    site.check()


def test_a_server_that_was_restarted_during_the_call_costs_no_outcome(site, kill, in_background):
    data = site.person.fill_in()
    site.hold("create")
    answer = in_background(site.person.send, data)
    site.wait_until_held()
    kill.begin()
    kill.end()
    site.release()

    assert answer.result().status_code == 302
    site.let_leases_run_out()
    assert site.settled().state in (State.FOUND, State.DONE)
    site.check()


@pytest.fixture
def typed(site):
    return site.person.fill_in()


@pytest.fixture
def read_only_files(site, cluster, typed):
    """SQLite in files that cannot be written. Only who opens them notices, so the processes are new ones."""
    if cluster:
        pytest.skip("PostgreSQL has no files of ours")
    with Switch(ReadOnlyFile(site.database.url)) as switch:
        switch.begin()
        site.renew()
        until(lambda: "readonly database" in site.worker.output())
        yield switch
    site.renew()


def test_in_files_that_cannot_be_written(site, typed, read_only_files):
    for htmx in (True, False):
        keeps_the_form(site.person.send(typed, htmx=htmx), typed)
    for path in PAGES:
        assert site.person.get(path).status_code in (200, 404, 503), path
    assert site.worker.is_running
    assert site.creates() == []
    site.check_logs()


@pytest.mark.full
def test_files_that_can_be_written_again_need_no_restart(site, typed, read_only_files):
    keeps_the_form(site.person.send(typed), typed)
    read_only_files.end()
    until(lambda: site.person.send(typed).status_code == 302, seconds=LONGEST_CONNECTION)
    assert site.operations().get().state == State.DONE
    site.check(patience=LONGEST_CONNECTION)


@pytest.mark.full
def test_a_server_that_takes_writes_again_needs_no_restart(site, cluster):
    """Nobody is thrown out at the end: connections that can only read must grow old first."""
    if cluster is None:
        pytest.skip("SQLite has no server")
    data = site.person.fill_in()
    with Switch(ReadOnly(site.database.url, throws_out_at_end=False)) as outage:
        outage.begin()
        keeps_the_form(site.person.send(data), data)
        outage.end()
    until(lambda: site.person.send(data).status_code == 302, seconds=LONGEST_CONNECTION)
    assert site.operations().get().state == State.DONE
    site.check(patience=LONGEST_CONNECTION)


def test_started_before_its_server(site, kill, tmp_path):
    kill.begin()
    early = Portal(site.database, log=tmp_path / "early", **site.variables).start()

    def status(path):
        return site.person.http.get(f"{early.url}{path}", timeout=60).status_code

    try:
        assert (status("/"), status("/readyz")) == (503, 503)
        kill.end()
        assert status("/") == 200
        until(lambda: status("/readyz") == 200)
    finally:
        early.kill()
