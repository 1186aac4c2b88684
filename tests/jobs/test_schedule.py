"""Jobs of the schedule: each is done by one worker when it is due, whatever happens to the others."""

import threading
from datetime import timedelta

import pytest
from django.db import connections
from django.utils import timezone

from portal.jobs import schedule
from portal.jobs.models import Turn
from portal.jobs.schedule import Chore


@pytest.fixture
def done(monkeypatch):
    """The times that the job "often" was done."""
    done = []
    monkeypatch.setattr(schedule, "CHORES", [Chore("often", 60, lambda: done.append(1))])
    return done


def pass_time():
    """As if all that is waited for had come."""
    Turn.objects.update(due_at=timezone.now() - timedelta(seconds=1))


def test_a_job_is_done_when_it_is_due(db, done):
    schedule.run_due()
    schedule.run_due()
    assert len(done) == 1
    pass_time()
    schedule.run_due()
    assert len(done) == 2


def test_of_many_workers_one_does_the_job(committed_db, done):
    schedule.run_due()
    for _round in range(5):
        pass_time()
        done.clear()
        together = threading.Barrier(6)

        def tick(together=together):
            together.wait()
            try:
                schedule.run_due()
            finally:
                connections.close_all()

        workers = [threading.Thread(target=tick) for _number in range(6)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        assert len(done) == 1


def test_the_turn_of_a_killed_worker_goes_on_after_its_lease(db, done):
    (job,) = schedule.CHORES
    schedule._take(job)
    schedule.run_due()
    assert not done
    pass_time()
    schedule.run_due()
    assert len(done) == 1


def test_a_worker_that_was_only_slow_does_not_end_the_turn_of_another(db, done):
    (job,) = schedule.CHORES
    slow = schedule._take(job)
    pass_time()
    schedule._take(job)
    pass_time()
    schedule._give_back(job, slow)
    assert Turn.objects.get().due_at < timezone.now()


def test_a_job_that_fails_keeps_no_other_waiting_and_comes_round_again(db, done, monkeypatch, caplog):
    failures = []

    def fail():
        failures.append(1)
        raise ValueError("a bug in a job")

    monkeypatch.setattr(schedule, "CHORES", [Chore("failing", 5, fail), *schedule.CHORES])
    for _round in range(2):
        schedule.run_due()
        pass_time()
    assert (len(failures), len(done)) == (2, 2)
    assert "a bug in a job" in caplog.text
