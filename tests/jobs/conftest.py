"""Queues of every sort, and workers as processes."""

import sys

import pytest
from django.conf import settings
from django_tasks import task_backends
from huey.contrib.djhuey import HUEY

from portal.home.processes import Process, stop
from portal.jobs import engine
from tests.support.processes import environment
from tests.support.redis import RedisServer


@pytest.fixture(scope="session")
def redis_process():
    server = RedisServer().start()
    yield server
    server.stop()


@pytest.fixture
def redis(redis_process, committed_db, waiting_tasks):
    """An empty Redis server that is the queue of this process; it may be killed and started."""
    redis_process.client.flushall()
    own, HUEY.storage = HUEY.storage, engine.storage(redis_process.url, HUEY.name)
    yield redis_process
    HUEY.storage, HUEY._away_until = own, 0
    if not redis_process.process.is_running:
        redis_process.start()


@pytest.fixture(params=["at the database", "in redis"])
def queue(request, committed_db, waiting_tasks):
    """The variables of processes that share the queue of this process."""
    if request.param == "in redis":
        return {"PORTAL_QUEUE_URL": request.getfixturevalue("redis").url}
    return {"PORTAL_QUEUE_URL": ""}


@pytest.fixture
def start_worker(committed_db, queue, tmp_path):
    """start_worker(*arguments): one more worker on the queue; all end with the test."""
    started = []

    def start(*arguments, **variables):
        command = [sys.executable, "-m", "tests.jobs.manage", "worker", "--every", "0.1", *arguments]
        log = tmp_path / f"worker-{len(started)}.log"
        env = environment(committed_db, **queue, **variables)
        started.append(Process("worker", command, log=log, env=env, cwd=settings.BASE_DIR))
        return started[-1]

    yield start
    stop([each for each in started if each.is_running])


@pytest.fixture(autouse=True)
def waiting_tasks():
    """In these tests tasks wait until a worker takes them; elsewhere they are done at once."""
    backend = task_backends["default"]
    HUEY.immediate, backend.enqueue_on_commit = False, True
    yield
    HUEY.immediate, backend.enqueue_on_commit = settings.HUEY["immediate"], False
