"""Workers (`manage.py worker`) as children of one process that has loaded Django: one that was killed is back
at once, as gunicorn does it with its web processes. `python -m tests.harness.nursery COUNT`
"""

import os
import sys
import time

import django
from django.core.management import call_command

READY = "workers run in "


def fork():
    if pid := os.fork():
        return pid
    try:
        call_command("worker", every=0.2)
    finally:
        os._exit(0)


def main(count):
    django.setup()
    children = {fork() for _number in range(count)}
    print(f"{READY}{os.getpid()}", flush=True)  # noqa: T201 - the harness waits for this line
    while True:
        pid, _status = os.wait()
        children.discard(pid)
        time.sleep(0.05)
        children.add(fork())


if __name__ == "__main__":
    main(int(sys.argv[1]))
