"""A tree by keyboard, branch by branch, in every look.

Would catch: an arrow that leads into a closed branch, a focus that is lost when rows come, a branch that is
asked for twice, an address that forgets what is open, a tree that no screen reader or phone can use.
"""

import re
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from portal.kinds.models import Reading
from portal.kinds.registry import KINDS
from portal.resources.forest import PAGE
from tests.browser.pages import fits, looks_right, screenshot
from tests.resources.test_list_page import have_read
from tests.support.plant import demo_plant

SLUG = "roma/device-groups"


@pytest.fixture
def grown(portal_server):
    """Two branches, of which one holds more than is shown at once; a stray; words of 256 characters."""
    plant, kind = demo_plant(), KINDS[SLUG]
    Reading.objects.filter(kind=SLUG).delete()
    kind.model.objects.all().delete()
    parents = {"1": ("Alpha", "0"), "2": ("Beta", "0"), "21": ("Beta one", "2"), "211": ("Deep", "21")}
    parents |= {"3": ("Zulu", "0"), "4": ("Left behind", "404"), "22": ("W" * 256, "2")}
    parents |= {f"9{number:03}": (f"Row {number:03}", "1") for number in range(PAGE + 5)}
    rows = []
    for id, (name, parent) in parents.items():
        rows.append(kind.model(connection=plant.connection(kind), remote_id=id))
        rows[-1].take({"name": name, "parent_id": parent, "app_id": "a"})
    kind.model.objects.bulk_create(rows)
    have_read(plant, SLUG, at=timezone.now() + timedelta(hours=1))  # fresh until the test is over
    return plant


@pytest.fixture
def press(desk):
    """press(key, name): the focus is on that item afterwards."""

    def press(key, name):
        desk.keyboard.press(key)
        expect(
            desk.locator("#tree [role=treeitem]:focus > .tree-row :is(.tree-link, .tree-branch)")
        ).to_have_text(name)

    return press


def test_a_tree_by_keyboard(desk, grown, press):
    asked = []
    desk.on("request", lambda request: "branch=" in request.url and asked.append(request.url))
    desk.goto(f"/{SLUG}/")
    desk.get_by_role("link", name="Tree").click()
    expect(desk.get_by_role("tree")).to_be_visible()
    desk.locator("#tree [tabindex='0'][role=treeitem]").focus()
    press("ArrowDown", "Alpha")
    press("ArrowDown", "Beta")
    press("End", "Zulu")
    press("b", "Beta")
    press("ArrowRight", "Beta")
    expect(desk.get_by_role("treeitem", name="Beta one", exact=False)).to_be_visible()
    press("ArrowRight", "Beta one")
    press("ArrowRight", "Beta one")
    expect(desk.get_by_role("treeitem", name="Deep")).to_be_visible()
    press("ArrowDown", "Deep")
    press("ArrowLeft", "Beta one")
    press("ArrowLeft", "Beta one")
    expect(desk.get_by_role("treeitem", name="Deep")).to_be_hidden()
    press("ArrowRight", "Beta one")
    expect(desk.get_by_role("treeitem", name="Deep")).to_be_visible()
    assert len(asked) == 2  # what came once is not asked for again

    press("Home", "Parent not in the list")
    press("Enter", "Parent not in the list")
    expect(desk.get_by_role("treeitem", name="Left behind")).to_be_visible()
    press("a", "Alpha")
    press("ArrowRight", "Alpha")
    expect(desk.get_by_role("treeitem", name="Row 000")).to_be_visible()
    press("ArrowLeft", "Alpha")
    press("ArrowRight", "Alpha")
    desk.locator(".tree-link[href*='after=']").focus()
    press("Enter", f"Row {PAGE:03}")

    desk.reload()
    for name in ("Deep", "Left behind", "Row 000"):
        expect(desk.get_by_role("treeitem", name=name)).to_be_visible()
    desk.locator("#tree [tabindex='0'][role=treeitem]").focus()
    press("z", "Zulu")
    desk.keyboard.press("Enter")
    expect(desk).to_have_url(re.compile(str(KINDS[SLUG].model.objects.get(remote_id="3").pk)))


@pytest.mark.full
def test_how_a_tree_looks(desk, grown):
    KINDS[SLUG].model.objects.filter(name__startswith="Row", remote_id__gt="9003").delete()
    row = KINDS[SLUG].model.objects.get(remote_id="21")
    place = grown.connections["roma"].pk
    desk.goto(f"/{SLUG}/tree/?open={row.pk}&open=strays-{place}")
    expect(desk.get_by_role("treeitem", name="Deep")).to_be_visible()
    looks_right(desk, "tree")
    desk.set_viewport_size({"width": 1024, "height": 900})
    fits(desk)
    screenshot(desk, "tree-1024-light")
    desk.locator("[name=q]").fill("deep")
    expect(desk.locator("mark")).to_have_text("Deep")
    looks_right(desk, "tree-search")


@pytest.mark.full
def test_a_tree_without_script(open_page, grown):
    page = open_page(javascript=False, email="operator@example.test", width=1024)
    page.goto(f"/{SLUG}/tree/")
    page.locator("li", has_text="Beta").locator("a.tree-toggle").first.click()
    page.locator("li", has_text="Beta one").last.locator("a.tree-toggle").first.click()
    expect(page.get_by_role("treeitem", name="Deep")).to_be_visible()
