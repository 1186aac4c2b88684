"""Many processes that call one connection's platform at the same moment; tests hold them as a `Crowd`.

Usage: python -m tests.connections.crowd CONNECTION. Each line on standard input is an order as JSON. Fresh
processes, forked before this one touched the database, carry it out. Their pids are printed at once, and
when all are done what came of each call: "done" or the name of the error.
"""

import json
import multiprocessing
import os
import subprocess
import sys
import threading
from dataclasses import replace
from functools import partial
from pathlib import Path
from queue import Empty

import django

ROOT = Path(__file__).resolve().parents[2]
OVER_SECONDS = 120


class Crowd:
    def __init__(self, connection, database):
        environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "portal.settings"}
        environment["PORTAL_DATABASE_URL"] = database.url
        command = [sys.executable, "-m", "tests.connections.crowd", str(connection.pk)]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        self.process = subprocess.Popen(command, env=environment, cwd=ROOT, **pipes)

    def __enter__(self):
        return self

    def __exit__(self, *_error):
        self.process.stdin.close()
        self.process.wait(OVER_SECONDS)
        self.process.stdout.close()

    def start(self, processes, calls=1, threads=1, seconds=None):
        """Pids of `processes` that make `calls` one after the other in each of their `threads`.

        `seconds` is how long a call may take with all its waits, if not as long as in the portal.
        """
        order = {"processes": processes, "calls": calls, "threads": threads, "seconds": seconds}
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def outcomes(self):
        """What came of the calls of all that were started and lived to tell."""
        return sorted(json.loads(self.process.stdout.readline()))

    def call(self, processes, **order):
        self.start(processes, **order)
        return self.outcomes()


def ask(client, platform):
    """One read, sent once unless a token must be renewed: "done" or the name of its error."""
    from portal.errors import PlatformError
    from portal.platforms.retrying import Repeat

    if platform == "enos":
        query = [("action", "get"), ("modelId", "demoModel")]
        call = client.call("GET", client.models.path(), query=query)
    else:
        call = client.call("GET", (client.spaces if platform == "iotda" else client.apps).path())
    try:
        client.send(replace(call, repeat=Repeat.NEVER))
    except PlatformError as error:
        return type(error).__name__
    return "done"


def impatient(client, seconds):
    """The client, that now takes a throttled try for the answer."""
    from portal.platforms.retrying import SignedOut, Waits

    client._deadline, client._waits = seconds, Waits(sleep=lambda seconds: None)
    client.send = partial(client.send, again=lambda number, error: isinstance(error, SignedOut))
    return client


def work(connection_id, order, barrier, outcomes):
    """In a process of its own."""
    from django.db import connections

    from portal.connections.models import Connection

    connection = Connection.objects.get(pk=connection_id)
    client = connection.client()
    if order["seconds"]:
        impatient(client, order["seconds"])

    def call():
        try:
            barrier.wait(OVER_SECONDS)
            for _each in range(order["calls"]):
                outcomes.put(ask(client, connection.platform))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=call) for _each in range(order["threads"])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def main(connection_id):
    django.setup()
    from portal.connections import clients  # noqa: F401 - imported once, for all that are forked

    fork = multiprocessing.get_context("fork")
    for line in sys.stdin:
        order = json.loads(line)
        barrier = fork.Barrier(order["processes"] * order["threads"])
        outcomes = fork.Queue()
        members = [
            fork.Process(target=work, args=(connection_id, order, barrier, outcomes))
            for _each in range(order["processes"])
        ]
        for member in members:
            member.start()
        say([member.pid for member in members])
        found = []
        while any(member.is_alive() for member in members) or not outcomes.empty():
            try:
                found.append(outcomes.get(timeout=0.05))
            except Empty:
                continue
        say(found)


def say(value):
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
