"""docs/coverage.md names every call that the portal makes, and the permission that it takes.

Would catch: a new call or verb that it lacks, a permission that stands there and not with its kind.
"""

import pytest

from portal.kinds.registry import KINDS
from tests.examples import EXAMPLES
from tests.support.coverage import ROWS, UNKNOWN

CALLS = [(slug, name) for slug, example in EXAMPLES.items() for name in example.calls]


@pytest.mark.parametrize(("slug", "name"), CALLS, ids=["-".join(each) for each in CALLS])
def test_every_call_has_its_row(slug, name):
    call = EXAMPLES[slug].calls[name]
    told = f"{call.method} `{call.path}{'?' + call.query if call.query else ''}`"
    rows = [row for row in ROWS if row[:2] == [slug, told]]
    verb = name if name in EXAMPLES[slug].changes else "–"
    assert verb in [row[3] for row in rows], f"docs/coverage.md lacks a row: | {slug} | {told} | … | {verb} |"
    assert all(row[6] for row in rows)


def test_every_verb_of_every_kind_has_its_row():
    verbs = {(slug, verb.name) for slug, kind in KINDS.items() for verb in kind.verbs}
    assert verbs == {(row[0], row[3]) for row in ROWS if len(row) == 7 and row[0] in KINDS and row[3] != "–"}


def declared(row):
    """The permission that the kind declares for the call of a row; "" if none."""
    kind, method, verb = KINDS[row[0]], row[2].strip("`").rpartition(".")[2], row[3]
    if verb != "–":
        return kind.verb(verb).permission
    related = {each.name: each.permission for each in kind.related}
    if kind.batch:
        related["create_batch_call"] = kind.batch.permission
    return {**related, **kind.permissions}.get(method, "")


def test_permissions_are_those_that_the_kinds_declare():
    rows = [row for row in ROWS if len(row) == 7 and row[0] in KINDS]
    told = [(*row[:4], row[6].strip("`")) for row in rows]
    assert told == [(*row[:4], declared(row) or UNKNOWN) for row in rows]
    for slug, kind in KINDS.items():
        named = {*kind.permissions.values(), *(each.permission for each in (*kind.related, *kind.verbs))}
        assert named - {""} <= {each[4] for each in told if each[0] == slug}
