"""Which variants of a test `make test` takes; `make test-full` takes all.

A test of a page or an operation that is made for every kind proves the same for each: one kind is enough. A
test in Chromium proves the same with and without script, and for each page: one variant is enough. On
PostgreSQL one variant of a test of pages is enough, too: what differs there is below them. Of what platforms
send and documents say, a test takes six variants. Who may do what, and what is killed when, is never sampled
but by kind. The choice depends on the test's name and the database alone: it is the same in every run, and
each kind is chosen by some tests. A test that must take all says so: `pytest.mark.every_kind`.
"""

import re
from collections import defaultdict
from functools import partial
from hashlib import sha256

from tests.examples import EXAMPLES

SLUG = re.compile("|".join(sorted(map(re.escape, EXAMPLES), key=len, reverse=True)))
# Platform clients and the emulator have code of their own for each kind, so their tests are not among them.
ONE_KIND = ("tests/api/", "tests/audit/", "tests/operations/", "tests/resources/", "tests/test_head.py")
SIX_VARIANTS = (
    *("tests/api/test_changes", "tests/api/test_ends", "tests/api/test_reading", "tests/api/test_schema"),
    *(
        "tests/emulator/",
        "tests/enos/",
        "tests/iotda/",
        "tests/roma/",
        "tests/platforms/",
        "tests/resources/",
    ),
)
ALL = 10_000
RIGHTS = ("tests/resources/test_access", "tests/resources/test_other_verbs")
ONE_VARIANT = {
    "sqlite": ("tests/browser/", "tests/api/test_odd_input", "tests/connections/test_tokens"),
    "postgresql": (
        *("tests/api/", "tests/audit/", "tests/resources/", "tests/teams/", "tests/test_head.py"),
        *("tests/iotda/", "tests/roma/", "tests/enos/", "tests/web/"),
    ),
}


def left_out(items, engine):
    """The items that are for `make test-full` only."""
    sampled = [item for item in items if _is_sampled(item)]
    by_kind, by_test = _Groups(engine), _Groups(engine)
    for item in sampled:
        slugs = set(SLUG.findall(item.callspec.id))
        if item.nodeid.startswith(ONE_KIND) and len(slugs) == 1:
            [slug] = slugs
            by_kind.add(item.nodeid.replace(slug, "*"), slug, item)
    left = set(by_kind.left_out(lambda group: 1))
    yield from left
    for item in sampled:
        if item not in left:
            by_test.add(item.nodeid.removesuffix(f"[{item.callspec.id}]"), item.callspec.id, item)
    yield from by_test.left_out(partial(_most, engine))


def _most(engine, test):
    if test.startswith(ONE_VARIANT[engine]):
        return 1
    return 6 if test.startswith(SIX_VARIANTS) and not test.startswith(RIGHTS) else ALL


def _is_sampled(item):
    is_whole = item.get_closest_marker("every_kind") or item.get_closest_marker("full")
    return hasattr(item, "callspec") and not is_whole


class _Groups:
    """{what is proven: {variant: items}}"""

    def __init__(self, engine):
        self.engine, self.groups = engine, defaultdict(lambda: defaultdict(list))

    def add(self, group, variant, item):
        self.groups[group][variant].append(item)

    def left_out(self, most):
        """The items of all but so many variants of each group."""
        for group, variants in self.groups.items():
            by_chance = sorted(
                variants, key=lambda each: sha256(repr((self.engine, group, each)).encode()).digest()
            )
            for variant in by_chance[most(group) :]:
                yield from variants[variant]
