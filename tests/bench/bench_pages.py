"""What a page costs: queries whatever the rows, bytes of a first visit and of an htmx step."""

import gzip
import re
from pathlib import Path

import brotli
from django.contrib.staticfiles import finders
from django.db import connection
from django.test.utils import CaptureQueriesContext

from portal.kinds.registry import KINDS
from portal.teams.models import Role
from tests.bench.measuring import report
from tests.bench.workshop import ROMA_APP, emulator, plant

ASSET = re.compile(r'(?:href|src)="(/static/[^"#]+)')


def fill(rows):
    emulator().reset()
    collection = plant().collection("roma/device-groups")
    for number in range(rows):
        collection.create(
            {
                "name": f"row-{number:04}",
                "parent_id": "10001",
                "app_id": ROMA_APP,
            }
        )


@report
def queries():
    browser = plant().browser(Role.OWNER)
    for rows in (1, 50, 400):
        fill(rows)
        browser.get("/roma/device-groups/")  # the first view after a change writes the mirror
        browser.get("/roma/device-groups/")
        with CaptureQueriesContext(connection) as captured:
            assert browser.get("/roma/device-groups/").status_code == 200
        yield f"queries of a list with {rows} rows", len(captured), "at most 8"
    for path in ("/audit/", "/operations/", "/"):
        with CaptureQueriesContext(connection) as captured:
            assert browser.get(path).status_code == 200
        yield f"queries of {path}", len(captured), ""


@report
def weight():
    """Brotli for files (as served, compressed beforehand), gzip for the page itself (as a proxy would)."""
    browser = plant().browser(Role.OWNER)
    page = browser.get("/roma/device-groups/").content
    paths = sorted(set(ASSET.findall(page.decode())))
    sizes = {path: len(brotli.compress(file_of(path).read_bytes())) for path in paths}
    total = sum(sizes.values()) + len(gzip.compress(page))
    yield "first visit of a list with 400 rows (50 shown)", f"{total / 1000:.1f} KB", "at most 110 KB brotli"
    yield "requests of a first visit", 1 + len(paths), "at most 8"
    for path, size in sizes.items():
        yield f"  {path}", f"{size / 1000:.1f} KB", ""
    for path in ["/roma/device-groups/", *(f"/{slug}/new/" for slug, kind in KINDS.items() if kind.creates)]:
        piece = browser.get(path, headers={"hx-request": "true"}).content
        yield f"htmx step {path}", f"{len(gzip.compress(piece)) / 1000:.1f} KB", "at most 12 KB"


def file_of(path):
    """The source of a static file; the tests' storage puts no hash into its name."""
    return Path(finders.find(path.removeprefix("/static/")))
