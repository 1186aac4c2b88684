"""The rows of docs/coverage.md, which is typed by hand from the platforms' documents."""

from pathlib import Path

from tests.examples import EXAMPLES

TEXT = Path("docs/coverage.md").read_text()
ROWS = [[cell.strip() for cell in line.strip("|").split("|")] for line in TEXT.splitlines() if "/" in line]
UNKNOWN = "not documented"
LEAST = {"–": "viewer", "create": "operator", "update": "operator", "delete": "manager"}


def permissions(slug, *roles):
    """What the calls that need one of these roles at least take on the platform, by the documents."""
    least = {**LEAST, **EXAMPLES[slug].may}
    rows = [row for row in ROWS if len(row) == 7 and row[0] == slug and least[row[3]] in roles]
    return {row[6].strip("`") for row in rows} - {UNKNOWN}
