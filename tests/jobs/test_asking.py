"""What asking for work does to whoever asks: nothing, whatever becomes of the queue."""

import pickle
import subprocess
import sys
from datetime import timedelta
from functools import partial

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import connection, transaction
from django.utils import timezone
from huey.contrib.djhuey import HUEY

from portal import environment
from portal.jobs import engine, running, schedule
from tests.jobs import tasks
from tests.support.processes import environment as child_environment


@pytest.fixture
def notes(tmp_path):
    return tmp_path / "notes"


@pytest.fixture
def note(notes):
    """note(word) asks for a line."""
    return partial(tasks.note.enqueue, str(notes))


def words(notes):
    """Run what is queued; the words of all lines so far."""
    running.run_queued()
    return [line[0] for line in tasks.lines(notes)]


def test_work_waits_for_the_commit_and_is_forgotten_with_the_transaction(queue, note, notes):
    with transaction.atomic():
        note("never")
        transaction.set_rollback(True)
    with transaction.atomic():
        note("committed")
        assert HUEY.storage.queue_size() == 0
    assert words(notes) == ["committed"]


def test_a_task_that_fails_is_logged_and_the_next_is_run(queue, note, notes, caplog):
    tasks.fail.enqueue(str(notes))
    note("next")
    assert words(notes) == ["failing", "next"]
    assert "a bug in a task" in caplog.text


def test_nothing_of_a_task_stays_in_the_queue(queue, note, notes):
    tasks.fail.enqueue(str(notes))
    note("one")
    words(notes)
    assert HUEY.storage.queue_size() == HUEY.storage.result_store_size() == 0


def test_the_more_urgent_task_comes_first(queue, note, notes):
    note("usual")
    tasks.note.using(priority=50).enqueue(str(notes), "urgent")
    assert words(notes) == ["urgent", "usual"]


def test_a_deferred_task_waits_for_its_time(queue, notes, monkeypatch):
    tasks.note.using(run_after=timezone.now() + timedelta(hours=1)).enqueue(str(notes), "later")
    running.queue_deferred()
    assert words(notes) == []
    running.queue_deferred()
    assert HUEY.storage.queue_size() == 0

    later = HUEY._get_timestamp() + timedelta(hours=2)
    monkeypatch.setattr(HUEY, "_get_timestamp", lambda: later)
    running.queue_deferred()
    assert words(notes) == ["later"]


def test_a_message_that_is_not_ours_is_not_run(queue, note, notes, caplog):
    class Evil:
        def __reduce__(self):
            return tasks.write, (str(notes), "evil")

    HUEY.storage.enqueue(pickle.dumps(Evil()))
    HUEY.storage.enqueue(pickle.dumps(Evil()) + b":" + b"0" * 40)
    note("ours")
    assert words(notes) == ["ours"]
    assert caplog.text.count("the queue cannot be read") == 2


def test_a_page_does_not_notice_that_the_queue_is_away_and_the_next_finds_it_back(redis, note, notes, caplog):
    redis.kill()
    note("lost")
    with transaction.atomic():
        note("lost")
    assert caplog.text.count("nothing can be queued") == 1

    redis.start()
    note("lost, since nobody tries so soon")
    assert HUEY.storage.queue_size() == 0
    HUEY._away_until = 0  # as some seconds later
    note("found")
    assert words(notes) == ["found"]


def test_the_schedule_leaves_for_later_what_cannot_be_queued(redis, notes):
    asked = []

    def due():
        for word in ("one", "two"):
            asked.append(word)
            yield str(notes), word

    redis.kill()
    schedule.ask(due, tasks.note)
    assert asked == ["one"]

    redis.start()
    HUEY._away_until = 0
    schedule.ask(due, tasks.note)
    assert words(notes) == ["one", "two"]


def test_the_schedule_asks_for_nothing_while_the_queue_is_full(queue, notes, monkeypatch):
    monkeypatch.setattr(engine, "QUEUE_MAX", 1)
    for word in ("one", "two"):
        tasks.note.enqueue(str(notes), word)

    schedule.ask(lambda: [(str(notes), "three")], tasks.note)

    assert words(notes) == ["one", "two"]


def test_a_queue_connection_that_was_cut_is_replaced(committed_db, note, notes):
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has no connections that could be cut")
    note("before")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        assert cursor.rowcount
    note("after")
    assert words(notes) == ["before", "after"]


def test_work_can_be_done_at_once_by_whoever_asks(committed_db, notes):
    script = "import django; django.setup(); from tests.jobs import tasks; import sys;"
    script += "tasks.fail.enqueue(sys.argv[1]); tasks.note.enqueue(sys.argv[1], 'now')"
    variables = {"DJANGO_SETTINGS_MODULE": "portal.settings", "PORTAL_QUEUE_URL": "now:"}
    subprocess.run(
        [sys.executable, "-c", script, notes], env=child_environment(committed_db, **variables), check=True
    )
    assert [line[0] for line in tasks.lines(notes)] == ["failing", "now"]


@pytest.mark.parametrize(
    "url", ["localhost:6379", "http://localhost", "redis://", "redis://u:se/cret@host", "later:"]
)
def test_a_queue_address_that_cannot_be_meant_is_refused_without_showing_a_password(url, monkeypatch):
    monkeypatch.setenv("PORTAL_QUEUE_URL", url)
    with pytest.raises(ImproperlyConfigured, match="PORTAL_QUEUE_URL must be redis://") as refused:
        environment.queue("PORTAL_QUEUE_URL")
    assert "cret" not in str(refused.value)
