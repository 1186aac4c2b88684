"""What docs/security.md and docs/asvs.md say is shown exists. Would catch: a test that was moved and that the
documents go on to name, an attack without a row.
"""

import re
from pathlib import Path

from django.conf import settings

ROOT = Path(settings.BASE_DIR)


def test_each_file_that_is_named_exists():
    for name in ("security.md", "asvs.md"):
        named = set(re.findall(r"`((?:tests|portal|deploy)/[\w/.-]+)`", (ROOT / "docs" / name).read_text()))
        assert len(named) > 15
        assert [each for each in sorted(named) if not (ROOT / each).exists()] == []


def test_each_attack_has_a_row():
    text = (ROOT / "docs" / "security.md").read_text()
    rows = set(re.findall(r"^\| ([FS]\d+) \| .+ \| .+ \|$", text, flags=re.MULTILINE))
    assert rows == {f"F{n}" for n in range(1, 13)} | {f"S{n}" for n in range(1, 15)}


def test_each_chapter_of_the_standard_has_a_row():
    text = (ROOT / "docs" / "asvs.md").read_text()
    assert re.findall(r"^\| V(\d+) ", text, flags=re.MULTILINE) == [str(n) for n in range(1, 18)]
