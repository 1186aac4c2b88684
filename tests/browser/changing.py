"""Editing and deleting as people do it: by the buttons on the object's page."""

from playwright.sync_api import expect

from portal.kinds.registry import KINDS
from tests.browser.creating import create
from tests.support.plant import collection_of, read_past_the_portal


def made(page, slug, **changed):
    """Create an object in the browser; its mirror row."""
    remote_id = create(page, slug, **changed)
    return KINDS[slug].model.objects.get(remote_id=remote_id)


def visit(page, row, slug):
    page.goto(f"/{slug}/{row.pk}/")
    expect(page.locator("#resource")).to_be_visible()


def edit(page, row, slug):
    """Open the edit form by the button on the object's page."""
    visit(page, row, slug)
    page.get_by_role("link", name="Edit", exact=True).click()
    expect(page.locator("#submit")).to_have_text("Save changes")


def ask_to_delete(page, row, slug):
    visit(page, row, slug)
    page.get_by_role("link", name="Delete", exact=True).click()
    expect(page.locator("#submit")).to_be_visible()


def collection(row, slug):
    """The platform's own objects, as people reach them without the portal."""
    return collection_of(KINDS[slug], row.connection)


def on_platform(row, slug):
    return read_past_the_portal(KINDS[slug], row)
