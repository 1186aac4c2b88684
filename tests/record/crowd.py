"""Processes that append to the record at the same moment: python -m tests.record.crowd PROCESSES APPENDS.

Each writes so many lines, one by one, whose body says who wrote it and its number. Prints the seconds that it
took.
"""

import multiprocessing
import sys
import time

import django

SECONDS = 600


def work(writer, appends, barrier):
    from portal.record.store import append

    about = {"stage": "note", "outcome": "ok", "verb": "test", "actor": f"writer-{writer}@example.test"}
    barrier.wait(SECONDS)
    for number in range(appends):
        append({**about, "actor_id": str(writer), "body": {"writer": writer, "number": number}})


def main(processes, appends):
    django.setup()
    from portal.record import store  # noqa: F401 - imported once, for all that are forked

    fork = multiprocessing.get_context("fork")
    barrier = fork.Barrier(processes + 1)
    members = [fork.Process(target=work, args=(number, appends, barrier)) for number in range(processes)]
    for each in members:
        each.start()
    barrier.wait(SECONDS)
    began = time.monotonic()
    for each in members:
        each.join()
    sys.stdout.write(f"{time.monotonic() - began}\n")
    return max(each.exitcode for each in members)


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
