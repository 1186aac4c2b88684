"""The create forms as people fill them in. Each works with and without JavaScript.

What is typed stands in the kind's Example (`by_hand`, `type_in`), so a new kind is tried by itself.
"""

from playwright.sync_api import expect

from tests.examples import EXAMPLES
from tests.support.plant import demo_plant


def typed_by_hand(slug):
    """{control: text}; the usual create where the Example says nothing else."""
    return EXAMPLES[slug].by_hand or demo_plant().data(slug)


def fill_in(page, slug, **changed):
    """Open the form and type what the create needs; the values, with the changes."""
    values = typed_by_hand(slug) | changed
    page.goto(f"/{slug}/new/")
    EXAMPLES[slug].type_in(page, values)
    return values


def send(page):
    page.locator("#submit").click()


def create(page, slug, **changed):
    """All the way to the new object's page; its id on the platform."""
    fill_in(page, slug, **changed)
    send(page)
    resource = page.locator("#resource")
    expect(resource).to_have_attribute("data-kind", slug)
    return resource.get_attribute("data-remote-id")


def row(page, remote_id):
    return page.locator(f'[data-remote-id="{remote_id}"]')
