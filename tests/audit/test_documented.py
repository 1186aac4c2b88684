"""docs/audit.md names each verb that the record knows.

Would catch: a verb that is recorded and that nobody is told about, one that is described and never written.
"""

import re
from pathlib import Path

from django.conf import settings

from portal.kinds import saying
from portal.kinds.registry import KINDS

DOCUMENT = Path(settings.BASE_DIR) / "docs" / "audit.md"
# How lines are made: attempt("connection_test", ...), VERB = "read_record", and so on.
MAKERS = "attempt|line|_line|_on_member|_of_change|_require|_tried"
BEFORE = rf"\b(?:{MAKERS})\(\s*(?:request, |team, )?|VERB(?:, \w+)* = |verb = |return |else "
WRITTEN = re.compile(rf'(?:{BEFORE})"([a-z]+(?:_[a-z]+)+)"')
OF_KINDS = {verb.name for kind in KINDS.values() for verb in kind.verbs}
OWN_VERBS = {*saying.VERBS, *saying.SAME} - OF_KINDS
PREFIXES = {verb.partition("_")[0] for verb in OWN_VERBS}


def documented():
    text = DOCUMENT.read_text().partition("## Verbs")[2].partition("## Folding")[0]
    rows = re.findall(r"^\| (`.*?) \|", text, flags=re.MULTILINE)
    return {verb for row in rows for verb in re.findall(r"`(\w+)`", row)}


def test_each_verb_of_the_portal_is_described_and_can_be_asked_for():
    assert documented() == OWN_VERBS


def test_each_verb_that_the_code_writes_is_one_of_them():
    files = Path(settings.BASE_DIR, "portal").glob("*/*.py")
    rooms = ("teams", "connections", "resources", "audit", "operations", "jobs", "api")
    code = "".join(file.read_text() for file in files if file.parent.name in rooms)
    found = {verb for verb in WRITTEN.findall(code) if verb.partition("_")[0] in PREFIXES}
    assert {"sign_in", "connection_test", "member_role", "export_list", "read_record"} <= found
    assert found <= OWN_VERBS, found - OWN_VERBS


def test_what_kinds_are_asked_for_is_described_as_theirs():
    text = DOCUMENT.read_text()
    assert all(f"`{verb}`" in text for verb in ("create", "update", "delete"))
