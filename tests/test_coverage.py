"""docs/coverage.md names every call that the portal makes. Would catch: a new call or verb that it lacks."""

from pathlib import Path

import pytest

from portal.kinds.registry import KINDS
from tests.examples import EXAMPLES

TEXT = Path("docs/coverage.md").read_text()
ROWS = [[cell.strip() for cell in line.strip("|").split("|")] for line in TEXT.splitlines() if "/" in line]
CALLS = [(slug, name) for slug, example in EXAMPLES.items() for name in example.calls]


@pytest.mark.parametrize(("slug", "name"), CALLS, ids=["-".join(each) for each in CALLS])
def test_every_call_has_its_row(slug, name):
    call = EXAMPLES[slug].calls[name]
    told = f"{call.method} `{call.path}{'?' + call.query if call.query else ''}`"
    rows = [row for row in ROWS if row[:2] == [slug, told]]
    verb = name if name in EXAMPLES[slug].changes else "–"
    assert verb in [row[3] for row in rows]
    assert all(row[6] for row in rows)


def test_every_verb_of_every_kind_has_its_row():
    verbs = {(slug, verb.name) for slug, kind in KINDS.items() for verb in kind.verbs}
    assert verbs == {(row[0], row[3]) for row in ROWS if len(row) == 7 and row[0] in KINDS and row[3] != "–"}
