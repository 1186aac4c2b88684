"""Tasks are taken from the queue and run: by the threads of a worker, or all at once in the caller."""

import logging
import threading
from concurrent.futures import ThreadPoolExecutor

from huey.contrib.djhuey import HUEY

from portal.record import correlation
from portal.web import databases
from portal.web.stopping import stopping

log = logging.getLogger(__name__)
POLL_SECONDS = 0.1  # a file cannot wake anybody
WAIT_SECONDS = 1  # so soon a queue that was away is tried again, and a stop is noticed


def serve(threads):
    """Run tasks until this process is asked to stop and those that run have ended or left.

    A task is taken only when a thread is free for it: what waits in a process is lost with it. One thread
    takes for all, so that a worker holds two connections to the queue and not one for each thread.
    """
    free = threading.Semaphore(threads)
    with ThreadPoolExecutor(threads, thread_name_prefix="task") as pool:
        while not stopping.is_set():
            if not free.acquire(timeout=WAIT_SECONDS):
                continue
            task = _take()
            if task is None:
                free.release()
            elif stopping.is_set():
                HUEY.enqueue(task)
            else:
                pool.submit(_run, task).add_done_callback(lambda _: free.release())


def _take():
    """The next task, or None after a while without one."""
    try:
        task = HUEY.dequeue()
    except Exception as error:  # noqa: BLE001 - it differs by storage
        log.warning("the queue cannot be read: %s", error)
        HUEY.storage.close()
        stopping.wait(WAIT_SECONDS)
        return None
    if task is None and not HUEY.storage.blocking:
        stopping.wait(POLL_SECONDS)
    return task


def _run(task):
    """The engine logs what the task raises."""
    try:
        with databases.in_use(), correlation.begin():
            HUEY.execute(task)
    except Exception:  # noqa: BLE001 - the queue went away
        log.exception("a task was not run")


def run_queued():
    """Run all that is queued now, one after the other."""
    for _task in range(HUEY.storage.queue_size()):
        if task := _take():
            _run(task)


def queue_deferred():
    """Queue those whose time has come (`run_after`)."""
    for task in HUEY.read_schedule():
        HUEY.enqueue(task)
