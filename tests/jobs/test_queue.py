"""Work that is asked for is done: by the file, the tables of PostgreSQL and Redis alike."""

import signal
from datetime import UTC, datetime

import pytest
from huey.contrib.djhuey import HUEY

from portal.jobs.models import Turn
from tests.jobs import tasks
from tests.support.site import until

PAST = datetime(2026, 1, 1, tzinfo=UTC)


def test_two_workers_share_the_work_and_do_each_task_once(queue, start_worker, tmp_path):
    notes = tmp_path / "notes"
    start_worker("--threads", "2")
    start_worker("--threads", "2")
    for word in ("first", "second", "third", "fourth"):
        tasks.note.enqueue(str(notes), word)
    until(lambda: len(tasks.lines(notes)) == 4, seconds=60)
    words = [str(number) for number in range(200)]

    for word in words:
        tasks.nap.enqueue(str(notes), word)

    until(lambda: len(tasks.lines(notes)) >= 204 and not HUEY.storage.queue_size(), seconds=60)
    done = tasks.lines(notes)[4:]
    assert sorted(word for word, _pid in done) == sorted(words)
    assert len({pid for _word, pid in done}) == 2


@pytest.mark.parametrize("queue", ["in redis"], indirect=True)
def test_a_worker_outlives_its_queue(redis, queue, start_worker, tmp_path):
    notes = tmp_path / "notes"
    start_worker()
    tasks.note.enqueue(str(notes), "before")
    until(lambda: len(tasks.lines(notes)) == 1, seconds=60)

    redis.kill()
    redis.start()
    tasks.note.enqueue(str(notes), "after")

    until(lambda: len(tasks.lines(notes)) == 2, seconds=60)


def test_work_of_a_killed_worker_is_done_by_another(queue, start_worker, tmp_path):
    work = tmp_path / "work"
    Turn.objects.create(job=str(work), due_at=PAST)
    first = start_worker()
    until(lambda: tasks.lines(work), seconds=60)
    assert HUEY.storage.queue_size() == 0
    first.kill()
    assert Turn.objects.filter(job=str(work)).exists()

    second = start_worker()

    until(lambda: not Turn.objects.filter(job=str(work)).exists(), seconds=60)
    assert tasks.lines(work) == [["1", str(first.pid)], ["2", str(second.pid)]]


def test_a_worker_that_is_asked_to_stop_lets_its_task_leave_and_takes_no_other(queue, start_worker, tmp_path):
    notes = tmp_path / "notes"
    worker = start_worker("--threads", "1")
    tasks.go_on_until_asked_to_stop.enqueue(str(notes))
    until(lambda: tasks.lines(notes), seconds=60)
    tasks.note.enqueue(str(notes), "later")

    worker.ask_to_stop(signal.SIGTERM)

    until(lambda: not worker.is_running, seconds=60)
    assert worker.popen.returncode == 0, worker.last_lines()
    assert [word for word, _pid in tasks.lines(notes)] == ["began", "left"]
    assert HUEY.storage.queue_size() >= 1  # a checkpoint that is to be brought somewhere may wait, too

    once = start_worker("--once")

    until(lambda: not once.is_running, seconds=60)
    assert once.popen.returncode == 0, once.last_lines()
    assert tasks.lines(notes)[2:] == [["later", str(once.pid)]]


@pytest.mark.parametrize("queue", ["in redis"], indirect=True)
def test_nothing_is_lost_when_worker_and_queue_are_killed_and_the_queue_comes_back_empty(
    redis, queue, start_worker, tmp_path
):
    rows = [Turn(job=str(tmp_path / str(number)), attempt=1, due_at=PAST) for number in range(100)]
    Turn.objects.bulk_create(rows)
    left = Turn.objects.filter(job__startswith=str(tmp_path))
    worker = start_worker()
    until(lambda: left.count() < len(rows), seconds=60)
    worker.kill()
    redis.kill()
    redis.start()
    redis.client.flushall()
    assert left.exists()

    start_worker()

    until(lambda: not left.exists(), seconds=60)
    assert all(tasks.lines(row.job) for row in rows)
