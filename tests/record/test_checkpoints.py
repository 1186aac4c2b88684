"""Checkpoints, and how they leave the database. Real servers, real files.

Would catch: two checkpoints of one number, one of a record that was cut, a sink that holds up others or
forgets what it missed, a secret of an address that is shown, and a silence that nobody signed.
"""

import json
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, connections, transaction
from django.utils import timezone

from portal import environment
from portal.jobs import schedule
from portal.record import checkpoints, sinks
from portal.record.models import Checkpoint, Sink, Tile
from portal.record.standing import standing
from portal.record.store import append
from tests.record.tampering import anchor, tamperer

pytestmark = pytest.mark.database
LINE = {"stage": "note", "outcome": "ok", "actor": "a@example.test", "verb": "test"}


@pytest.fixture
def to(settings):
    """to(address, ...): checkpoints are brought there."""

    def to(*addresses):
        settings.CHECKPOINT_SINKS = list(addresses)

    to()
    return to


@contextmanager
def web(status=200):
    """A server that keeps what is posted: (its address, what it got). It may change its status."""
    got = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if server.status == 200:
                got.append((self.path, self.headers.get("Authorization"), json.loads(body)))
            self.send_response(server.status)
            self.end_headers()

        def log_message(self, *arguments):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.status, server.got = status, got
    threading.Thread(target=server.serve_forever, daemon=True).start()
    server.url = f"http://127.0.0.1:{server.server_port}"
    yield server
    server.shutdown()
    server.server_close()


def deliver():
    for (name,) in sinks.due():
        sinks.deliver(name)


def rested():
    Sink.objects.update(due_at=timezone.now() - timedelta(seconds=1))


def test_one_is_made_when_it_is_time_also_when_nothing_happens(committed_db, to):
    append(LINE)
    first = checkpoints.make()
    assert (first.number, first.size, checkpoints.is_signed(first)) == (1, 1, True)
    assert checkpoints.make() is None

    append(*[LINE] * checkpoints.ENTRIES)
    assert checkpoints.make().size == checkpoints.ENTRIES + 1
    assert Tile.objects.count() == (checkpoints.ENTRIES + 1) // 256
    assert checkpoints.make() is None


def test_the_silence_of_a_minute_is_signed(committed_db, to, monkeypatch):
    append(LINE)
    checkpoints.make()
    monkeypatch.setattr(checkpoints, "PERIOD", timedelta(0))

    again = checkpoints.make()

    assert (again.number, again.size) == (2, 1)


def test_a_clock_that_was_set_back_does_not_end_the_checkpoints(committed_db, to, monkeypatch):
    append(LINE)
    later = timezone.now() + timedelta(days=300)
    monkeypatch.setattr(checkpoints.timezone, "now", lambda: later)
    checkpoints.make(now=True)
    monkeypatch.undo()

    assert checkpoints.make() is not None
    assert checkpoints.make() is None


def test_of_many_workers_one_makes_it(committed_db, to):
    append(LINE)
    together = threading.Barrier(6)

    def work(_number):
        together.wait()
        try:
            return checkpoints.make()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(6) as pool:
        made = list(pool.map(work, range(6)))

    assert sum(each is not None for each in made) == 1
    assert Checkpoint.objects.count() == 1


def test_a_record_of_before_gets_its_tiles_bit_by_bit(committed_db, to, monkeypatch):
    monkeypatch.setattr(checkpoints, "TILES", 2)
    append(*[LINE] * 1300)

    assert [checkpoints.make(), checkpoints.make()] == [None, None]
    assert checkpoints.make().size == 1300


def test_what_was_cut_is_not_signed(databases, django_db_setup, django_db_blocker, to):
    with django_db_blocker.unblock(), tamperer(databases, "cut") as db:
        append(LINE, LINE, LINE)
        anchor()
        with db.at_work():
            db.run("DELETE FROM record_entry WHERE seq = 2")
        with pytest.raises(checkpoints.NotMade, match="entry 2 is missing"):
            checkpoints.make(now=True)
        with db.at_work():
            db.run("DELETE FROM record_entry WHERE seq = 3")
            db.run("UPDATE record_head SET seq = 1, hash = (SELECT hash FROM record_entry WHERE seq = 1)")
        with pytest.raises(checkpoints.NotMade):
            checkpoints.make(now=True)


def test_nobody_changes_one(db, to):
    append(LINE)
    anchor()
    for change in (lambda: Checkpoint.objects.update(size=0), lambda: Checkpoint.objects.all().delete()):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            change()


def test_a_file_gets_a_line_each_and_goes_on_after_a_torn_one(committed_db, to, tmp_path):
    path = tmp_path / "log"
    to(f"file:{path}")
    append(LINE)
    anchor()
    path.write_text(path.read_text() + '{"number": 2, "si')
    anchor()

    lines = path.read_text().splitlines()
    assert [json.loads(lines[n])["number"] for n in (0, 2)] == [1, 2]
    assert path.stat().st_mode & 0o777 == 0o600


def test_the_web_gets_what_it_missed_and_nobody_waits_for_it(committed_db, to, tmp_path):
    with web(status=503) as server:
        name = f"{server.url}/in"
        to(
            f"{server.url.replace('//', '//ann:s3cret-pass@')}/in?token=s3cret-token",
            f"file:{tmp_path / 'log'}",
        )
        append(LINE)
        anchor()
        anchor()
        row = Sink.objects.get(pk=name)
        assert (row.delivered, row.error) == (0, "HTTP 503")
        assert Sink.objects.get(pk=f"file:{tmp_path / 'log'}").delivered == 2
        deliver()
        assert not server.got  # it has a rest first
        server.status = 200
        rested()
        deliver()

    row.refresh_from_db()
    assert [each["number"] for _path, _key, each in server.got] == [1, 2]
    assert server.got[0][0] == "/in?token=s3cret-token"
    assert server.got[0][1] == "Basic YW5uOnMzY3JldC1wYXNz"
    assert (row.delivered, row.error) == (2, "")
    assert "s3cret" not in str(list(Sink.objects.values()))


def test_a_dead_address_is_shown_with_its_error(committed_db, to, refusing_port):
    to(f"{refusing_port.url}/in", f"syslog+tcp://127.0.0.1:{refusing_port.number}")
    append(LINE)
    anchor()

    assert all("ConnectionRefusedError" in each.error for each in standing().sinks)
    assert not any(sinks.is_outside(name) for name in sinks.addresses())


def test_a_server_that_drips_is_left(committed_db, to, monkeypatch):
    monkeypatch.setattr(sinks, "SECONDS", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        to(f"http://127.0.0.1:{listening.getsockname()[1]}/")
        append(LINE)

        def drip():
            with listening.accept()[0] as client:
                try:
                    while True:
                        client.sendall(b"H")
                        threading.Event().wait(0.1)
                except OSError:
                    pass

        threading.Thread(target=drip, daemon=True).start()
        anchor()

    assert [each.delivered for each in standing().sinks] == [0]
    assert standing().sinks[0].error


def test_syslog_gets_one_message_each(committed_db, to):
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp,
        socket.create_server(("127.0.0.1", 0)) as tcp,
    ):
        udp.bind(("127.0.0.1", 0))
        to(f"syslog://127.0.0.1:{udp.getsockname()[1]}", f"syslog+tcp://127.0.0.1:{tcp.getsockname()[1]}")
        append(LINE)
        anchor()
        message = udp.recv(4096).decode()
        client, _address = tcp.accept()
        with client:
            framed = client.recv(4096).decode()

    assert message.startswith("<110>1 ")
    assert json.loads(message[message.index("{") :])["size"] == 1
    assert framed == f"{len(message)} {message}"


def test_the_schedule_makes_and_brings_them(committed_db, to, tmp_path):
    to(f"file:{tmp_path / 'log'}")
    append(LINE)

    schedule.run_due()

    assert json.loads((tmp_path / "log").read_text())["size"] == 1


@pytest.mark.parametrize(
    "address", ["file:relative", "ftp://host/", "syslog://", "https://host:0/", "nonsense"]
)
def test_an_address_that_cannot_be_is_refused_at_start(monkeypatch, address):
    monkeypatch.setenv("PORTAL_CHECKPOINT_SINKS", f"file:/tmp/log {address}")
    with pytest.raises(ImproperlyConfigured, match="PORTAL_CHECKPOINT_SINKS"):
        environment.sinks("PORTAL_CHECKPOINT_SINKS", "")
