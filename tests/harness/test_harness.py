"""Real processes, random faults and kills, several teams on one account: every conclusion is judged by the
emulator's own log of what was done.

HARNESS_OPERATIONS, HARNESS_KILLS and HARNESS_SEED change the amounts and repeat the dice of a run (what
processes do at the same time, no seed repeats).
"""

import os
import random
import time

import pytest

from tests.harness.lies import Scene, missed
from tests.harness.running import Run
from tests.harness.town import Town
from tests.harness.weather import LOST

SHOWN = 40
FAULTS = {each["fault"] for each in LOST} | {"late_commit", "stale_listing", "change_between_pages", "answer"}


def number(name, default):
    return int(os.environ.get(name) or default)


@pytest.fixture
def town(committed_db, emulator, tmp_path):
    """A function that starts the Town; it stops with the test."""
    started = []

    def start(**options):
        seed = number("HARNESS_SEED", random.randrange(2**32))
        print(f"HARNESS_SEED={seed}")  # noqa: T201 - shown when the test fails before it is judged
        started.append(Town(committed_db, emulator, tmp_path, seed=seed, **options))
        started[0].start()
        return started[0]

    yield start
    for each in started:
        each.stop()
    emulator.faults([])


def told_of(verdict, town, seconds):
    """The report at the end of a run."""
    amounts = f"{town.begun} operations, {town.killed} kills, {seconds:.0f} s"
    lines = [f"HARNESS_SEED={town.seed}: {amounts}; right:"]
    lines += [f"  {verb} {state}: {count}" for (verb, state), count in sorted(verdict.counts.items())]
    lines += [f"  (beside: {what}: {count})" for what, count in sorted(verdict.beside.items())]
    lines += [f"  (objects that two owners claimed at once: {town.rivals})"]
    lines += [f"  faults met: {dict(sorted(town.watch.faults.items()))}"]
    lines += [f"wrong: {len(verdict.wrong)} {dict(verdict.codes)}"]
    lines += [f"  {code}: {about}" for code, about in verdict.wrong[:SHOWN]]
    return "\n".join(lines)


def carry_out(town, amount, kills, **limits):
    """(Verdict, report) of one run."""
    began = time.monotonic()
    run = Run(town, amount, kills, **limits)
    run.live()
    run.settle()
    verdict = town.judge()
    report = told_of(verdict, town, time.monotonic() - began)
    if verdict.wrong:
        pytest.fail(report, pytrace=False)
    return verdict, report


@pytest.mark.full
def test_the_judge_finds_what_is_not_true(town):
    """A small run: all is judged, and then the portal is made to lie about each of it."""
    started = town(settle_seconds=2)
    carry_out(started, 24, 3, latest=1, seconds=120, settle_seconds=60)
    scene = Scene(started)
    assert started.judge().wrong == []
    assert missed(started, scene) == []


@pytest.mark.full
def test_every_conclusion_is_true(town, record_property):
    amount, kills = number("HARNESS_OPERATIONS", 3000), number("HARNESS_KILLS", 300)
    started = town(settle_seconds=6)
    limits = {"latest": 4, "seconds": 60 + amount, "settle_seconds": 240}
    verdict, report = carry_out(started, amount, kills, **limits)
    record_property("told", report)
    assert sum(verdict.counts.values()) + sum(verdict.beside.values()) >= amount
    assert set(started.watch.faults) >= FAULTS
    assert started.rivals
