"""What tests/test_guards.py breaks, one by one."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Guard:
    """`old` stands exactly once in `path`; with `new` in its place one of `tests` must fail."""

    name: str
    path: str
    old: str
    new: str
    tests: tuple

    def __str__(self):
        return self.name
