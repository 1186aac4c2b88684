"""Databases that fail under a running portal: killed, full, read-only, locked.

Would catch: a call to a platform without its committed intent, a form that is lost, a 500 page, a portal or a
worker that must be restarted afterwards, an outcome that nobody looks up, a secret in a log.
"""

import random
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from secrets import token_hex

import pytest

from portal.environment import LOCK_SECONDS
from portal.operations.models import UNSETTLED, State
from portal.operations.settling import LOOKING
from tests.support import databases as engines
from tests.support.outages import (
    FileLimit,
    Full,
    HeldRecord,
    Killed,
    Locked,
    ReadOnly,
    ReadOnlyFile,
    Switch,
    processes_of,
    without_roots_power,
)
from tests.support.plugin import engine
from tests.support.processes import Portal
from tests.support.site import DATA, Site, keeps_the_form, until

pytestmark = pytest.mark.database
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
SOON_SECONDS = 15
READY_SECONDS = 2  # so long a supervisor waits for /readyz
A_MINUTE = 62  # a worker that is silent for a minute makes the portal unfit
KILLS, AT_ONCE, LONGEST_FORM_SECONDS = 40, 3, 0.6
EVERY_THREAD = 24  # people at once: the portal has eight threads
LONGEST_LOOK = LOOKING.total_seconds() + 20  # where one was cut off, another waits for so long
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
    if outage.name != "full" or site.database.url.startswith("sqlite"):  # PostgreSQL may have room in its log
        start = time.monotonic()
        assert not site.is_ready()
        assert time.monotonic() - start < READY_SECONDS
    assert site.creates() == []

    outage.end()
    assert not site.operations().exists()
    site.person.send_until_it_works(data)
    assert site.operations().get().state == State.DONE
    until(site.is_ready)
    site.check()


@moment("between")
def test_between_the_intent_and_the_call_nothing_is_sent(site, outage, in_background):
    data = site.person.fill_in()
    site.hold("baseline")
    answer = in_background(site.person.send, data)
    until(lambda: site.operations().filter(state=State.INTENT).exists())
    site.wait_until_held(answer)
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
    site.wait_until_held(answer)
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
    with HeldRecord(site.database.url) as held:
        yield held


@pytest.fixture
def kill(cluster):
    """Kills that server; only PostgreSQL has one."""
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


@pytest.mark.full
def test_killed_while_the_outcome_is_written(site, kill, held_record, in_background):
    data = site.person.fill_in()
    site.hold("create")
    answer = in_background(site.person.send, data)
    site.wait_until_held(answer)
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
    site.wait_until_held(answer)
    kill.begin()
    kill.end()
    site.release()

    assert answer.result().status_code == 302
    assert site.operations().get().state == State.DONE
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


def test_in_files_that_cannot_be_written(site, typed, read_only_files):
    for htmx in (True, False):
        keeps_the_form(site.person.send(typed, htmx=htmx), typed)
    for path in PAGES:
        assert site.person.get(path).status_code in (200, 404, 503), path
    assert site.worker.is_running
    assert not site.is_ready()
    assert site.creates() == []

    read_only_files.end()
    start = time.monotonic()
    until(site.is_ready)
    site.person.send_until_it_works(typed)
    assert time.monotonic() - start < SOON_SECONDS
    site.check()


def test_people_who_go_on_working_do_not_keep_a_process_read_only(site, read_only_files, in_background):
    """Each thread has a connection, and somebody always uses one of them."""
    is_over = threading.Event()

    def look_around():
        while not is_over.is_set():
            site.person.get("/operations/")

    with ThreadPoolExecutor(AT_ONCE) as people:
        busy = [people.submit(look_around) for _person in range(AT_ONCE)]
        try:
            read_only_files.end()
            until(site.is_ready)
            data = site.person.fill_in()
            site.person.send_until_it_works(data)
        finally:
            is_over.set()
    assert [each.exception() for each in busy] == [None] * AT_ONCE
    site.check()


def test_a_server_that_takes_writes_again_needs_no_restart(site, cluster):
    """Sessions stay signed in, although connections made in the meantime can only read."""
    if cluster is None:
        pytest.skip("SQLite has no server")
    data = site.person.fill_in()
    until(site.is_ready)
    with Switch(ReadOnly(site.database.url, throws_out_at_end=False)) as outage:
        outage.begin()
        keeps_the_form(site.person.send(data), data)
        with ThreadPoolExecutor(EVERY_THREAD) as people:
            pages = people.map(site.person.get, ["/operations/"] * EVERY_THREAD)
            assert {page.status_code for page in pages} == {200}
            outage.end()
            answers = people.map(site.get, ["/readyz"] * EVERY_THREAD)
            assert [answer.text for answer in answers if answer.status_code != 200] == []
    assert site.person.send(data).status_code == 302
    assert site.operations().get().state == State.DONE
    site.check()


@pytest.mark.full
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


@pytest.mark.full
def test_locked_for_a_minute(site, monkeypatch, tmp_path):
    """With the waits that a deployment has."""
    log = tmp_path / "portal"
    portal = Portal(site.database, log=log, before=site.before, PORTAL_LOCK_SECONDS=str(LOCK_SECONDS)).start()
    monkeypatch.setattr(site, "portal", portal)
    data = site.person.fill_in()
    start = time.monotonic()
    try:
        with Switch(Locked(site.database.url)) as outage:
            outage.begin()
            keeps_the_form(site.person.send(data, htmx=True), data)
            assert LOCK_SECONDS - 1 < time.monotonic() - start < LOCK_SECONDS + 25
            until(lambda: time.monotonic() - start > A_MINUTE, seconds=A_MINUTE + 1)
            assert not site.is_ready()
            assert site.creates() == []
            outage.end()
        site.person.send_until_it_works(data)
        assert site.operations().get().state == State.DONE
        until(site.is_ready)
        site.check()
    finally:
        portal.kill()


@pytest.mark.full
def test_killed_at_random_moments(site, kill):
    forms = [site.person.fill_in(device_key=f"pump-{number}") for number in range(KILLS * AT_ONCE)]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for first in range(0, len(forms), AT_ONCE):
            batch = forms[first : first + AT_ONCE]
            answers = [pool.submit(site.person.send, data) for data in batch]
            time.sleep(random.uniform(0, LONGEST_FORM_SECONDS))
            kill.begin()
            kill.end()
            for data, answer in zip(batch, answers, strict=True):
                assert answer.result().status_code in (302, 503)
                site.person.send_until_it_works(data)  # once more, in any case
            site.let_leases_run_out()
    until(lambda: not site.operations().filter(state__in=UNSETTLED).exists(), LONGEST_LOOK)
    states = Counter(site.operations().values_list("state", flat=True))
    assert sum(states.values()) == len(forms)
    assert set(states) <= {State.DONE, State.FOUND, State.NOT_SENT, State.ABSENT}
    site.check()
