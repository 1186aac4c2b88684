"""How benchmarks are declared and measured. Figures are ratios within one run: machines differ, ratios last.

A benchmark is a context manager that prepares what it needs and yields the call to measure:

    @benchmark("create through perform", yardstick="bare signed request", aim="+3 ms CPU")
    @contextmanager
    def create_through_perform():
        ...
        yield lambda: perform(...)
"""

import gc
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

BENCHMARKS = {}
REPORTS = []
ROUNDS = 5


@dataclass(frozen=True)
class Benchmark:
    """`yardstick` names the benchmark that it is compared with; without one it is a yardstick itself."""

    name: str
    prepare: Callable
    yardstick: str | None
    calls: int
    aim: str


@dataclass(frozen=True)
class Figures:
    """Milliseconds per call, median of the rounds; CPU is that of this process."""

    wall_ms: float
    cpu_ms: float


def benchmark(name, *, yardstick=None, calls=100, aim=""):
    def declare(prepare):
        if name in BENCHMARKS:
            raise ValueError(f"two benchmarks are named {name!r}")
        BENCHMARKS[name] = Benchmark(name, prepare, yardstick, calls, aim)
        return prepare

    return declare


def report(make):
    """Declare figures that are counted rather than timed: a function that yields (what, figure, aim)."""
    REPORTS.append(make)
    return make


def measure_together(wanted):
    """{name: Figures}. Rounds take turns: a busy moment of the machine meets all alike."""
    rounds = {one.name: [] for one in wanted}
    for number in range(ROUNDS + 1):
        for one in wanted:
            figures = measure_once(one)
            if number:  # the first round warms up
                rounds[one.name].append(figures)
    return {
        name: Figures(
            wall_ms=statistics.median(figures.wall_ms for figures in taken),
            cpu_ms=statistics.median(figures.cpu_ms for figures in taken),
        )
        for name, taken in rounds.items()
    }


def measure_once(one):
    with one.prepare() as call:
        gc.collect()
        wall, cpu = time.perf_counter(), time.process_time()
        for _ in range(one.calls):
            call()
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return Figures(wall_ms=wall * 1000 / one.calls, cpu_ms=cpu * 1000 / one.calls)
