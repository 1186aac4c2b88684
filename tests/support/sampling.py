"""Which kinds a generic test takes in `make test`: one of each platform, and on PostgreSQL one in all.

A test of a page or an operation that is made for every kind proves the same for each: `make test` takes a
few, `make test-full` all. The choice depends on the test's name alone: it is the same in every run, and each
kind is chosen by some tests. A test that must meet every kind says so: `pytest.mark.every_kind`.
"""

import re
from collections import defaultdict
from hashlib import sha256

from tests.examples import EXAMPLES

SLUG = re.compile("|".join(sorted(map(re.escape, EXAMPLES), key=len, reverse=True)))
# Platform clients and the emulator have code of their own for each kind, so their tests are not among them.
SAMPLED = ("tests/api/", "tests/browser/", "tests/operations/", "tests/resources/", "tests/test_head.py")


def left_out(items, engine):
    """The items that are for `make test-full` only."""
    groups = defaultdict(dict)
    for item in items:
        if not item.nodeid.startswith(SAMPLED) or not hasattr(item, "callspec"):
            continue
        slugs = set(SLUG.findall(item.callspec.id))
        if len(slugs) == 1 and not item.get_closest_marker("every_kind"):
            [slug] = slugs
            # The variants of one test that differ in nothing but the kind.
            group = item.nodeid.replace(slug, "*"), slug.partition("/")[0] if engine == "sqlite" else ""
            groups[group].setdefault(slug, []).append(item)
    for group, by_slug in groups.items():
        chosen = min(by_slug, key=lambda slug: sha256(repr((engine, group, slug)).encode()).digest())
        for slug, members in by_slug.items():
            if slug != chosen:
                yield from members
