"""Sends orders to the forking process (zygote.py), and settles the operations that killed children left."""

import json
import os
import subprocess
import sys
from datetime import timedelta

import pytest
from django.conf import settings
from django.utils import timezone

from portal.operations import settling
from portal.operations.models import UNSETTLED, Operation, State


class Zygote:
    def __init__(self):
        env = {**os.environ, "DJANGO_SETTINGS_MODULE": "portal.settings"}
        command = [sys.executable, "-m", "tests.operations.zygote"]
        self.process = subprocess.Popen(
            command, cwd=settings.BASE_DIR, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout.readline() == "ready\n"

    def ask(self, order):
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def run(self, **order):
        """Run one change in a new child. Returns {status: exit code, negative for a signal; error}."""
        return self.ask({"work": "change", "step": "", "target": "", **order})

    def stop(self):
        self.process.stdin.close()
        self.process.wait(timeout=30)


@pytest.fixture(scope="session")
def zygote():
    process = Zygote()
    yield process
    process.stop()


def settle_all(rounds=5):
    """Do at once what the worker does in 15 minutes: end expired leases, and look until all is settled."""
    past = timezone.now() - timedelta(seconds=1)
    Operation.objects.filter(state__in=(State.INTENT, State.SENDING)).update(lease_until=past)
    settling.sweep()
    for _round in range(rounds):
        if not Operation.objects.filter(state=State.IN_DOUBT).update(next_look_at=past):
            break
        settling.settle_due()
    return Operation.objects.filter(state__in=UNSETTLED)
