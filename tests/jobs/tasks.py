"""Tasks for tests of the engine. They write one line for each run: a word, and the process that ran it."""

import os
import time
from datetime import timedelta
from pathlib import Path

from django.db.models import F
from django.db.models.functions import Now
from django_tasks import task

from portal.jobs.models import Turn
from portal.web.stopping import stopping

LEASE = timedelta(seconds=1)


def write(path, word):
    with Path(path).open("a") as file:
        file.write(f"{word} {os.getpid()}\n")


def lines(path):
    return [line.split() for line in Path(path).read_text().splitlines()] if Path(path).exists() else []


@task()
def note(path, word):
    write(path, word)


@task()
def nap(path, word):
    time.sleep(0.02)
    write(path, word)


@task()
def fail(path):
    write(path, "failing")
    raise ValueError("a bug in a task")


@task()
def go_on_until_asked_to_stop(path):
    write(path, "began")
    while not stopping.is_set():
        time.sleep(0.02)
    write(path, "left")


def to_do():
    """Rows that stand for work, with a lease each: what a Job asks for."""
    for row in Turn.objects.filter(job__startswith="/", due_at__lte=Now()):
        Turn.objects.filter(pk=row.pk).update(due_at=Now() + LEASE)
        yield (row.job,)


@task()
def do(path):
    """Hangs at the first attempt; the second ends the row."""
    Turn.objects.filter(job=path).update(attempt=F("attempt") + 1)
    attempt = Turn.objects.get(job=path).attempt
    write(path, str(attempt))
    while attempt == 1:
        Turn.objects.filter(job=path).update(due_at=Now() + LEASE)
        time.sleep(0.1)
    Turn.objects.filter(job=path).delete()
