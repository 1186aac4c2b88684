"""The table of `make bench`. Would catch: ratios turned round, a yardstick left out."""

from contextlib import contextmanager

import pytest

from tests.bench import measuring, run


@pytest.fixture
def benchmarks(monkeypatch):
    monkeypatch.setattr(measuring, "BENCHMARKS", declared := {})
    monkeypatch.setattr(run, "BENCHMARKS", declared)

    @measuring.benchmark("bare", calls=1)
    @contextmanager
    def bare():
        yield lambda: None

    @measuring.benchmark("full", yardstick="bare", calls=1, aim="under 3")
    @contextmanager
    def full():
        yield lambda: None

    return declared


def test_a_benchmark_brings_its_yardstick_along(benchmarks):
    assert [one.name for one in run.chosen(["full"])] == ["bare", "full"]
    assert run.chosen(["nothing"]) == []
    assert set(measuring.measure_together(run.chosen([]))) == {"bare", "full"}


def test_the_ratio_says_how_many_times_the_yardstick_it_takes(benchmarks):
    figures = {"bare": measuring.Figures(2.0, 1.0), "full": measuring.Figures(5.0, 4.0)}
    bare, full = run.rows(run.chosen([]), figures)
    assert bare == ["bare", "2.00", "1.00", "", "", "", "", ""]
    assert full == ["full", "5.00", "4.00", "bare", "2.50", "4.00", "+3.00", "under 3"]


def test_two_benchmarks_of_one_name_are_a_mistake(benchmarks):
    with pytest.raises(ValueError, match="bare"):
        measuring.benchmark("bare")(None)
