"""Editing and deleting as people do it: to the object's page, and from there by its buttons."""

from playwright.sync_api import expect

from portal.kinds.registry import KINDS
from tests.browser.creating import create


def made(page, slug, **changed):
    """Create one in the browser; its mirror row."""
    remote_id = create(page, slug, **changed)
    return KINDS[slug].model.objects.get(remote_id=remote_id)


def visit(page, row, slug):
    page.goto(f"/{slug}/{row.pk}/")
    expect(page.locator("#resource")).to_be_visible()


def edit(page, row, slug):
    """The edit form, by the button on the object's page."""
    visit(page, row, slug)
    page.get_by_role("link", name="Edit", exact=True).click()
    expect(page.locator("#submit")).to_have_text("Save changes")


def ask_to_delete(page, row, slug):
    visit(page, row, slug)
    page.get_by_role("link", name="Delete", exact=True).click()
    expect(page.locator("#submit")).to_be_visible()


def collection(row, slug):
    """The platform past the portal, as everybody else reaches it."""
    return KINDS[slug].collection_of(row.connection.client())


def on_platform(row, slug):
    return collection(row, slug).get(row.remote_id, **KINDS[slug].hints(row))
