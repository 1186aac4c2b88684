"""A connection whose platform fails, as people see it. Would catch: a pause whose end goes unnoticed,
a button that loses the focus while the page looks again, a page that breaks on a phone or in the dark."""

import re

import pytest
from django.db.models.functions import Now
from playwright.sync_api import expect

from portal.connections.models import Condition, Connection
from tests.browser.pages import looks_right

DOWN = {"fault": "answer", "status": 503, "body": {"error_code": "IOTDA.000503", "error_msg": "Unavailable."}}
BUSY = {"fault": "answer", "status": 429, "headers": {"Retry-After": "200"}, "body": {}}
POLLED_MS = 15_000  # the page asks every 5 s
MANAGER = "manager@example.test"


@pytest.fixture
def connection(portal_server):
    return Connection.objects.get(team__name="Plant 3", platform="iotda")


def fail(page, emulator):
    """Every try of a read counts."""
    emulator.faults([DOWN])
    for _each in range(2):
        page.goto("/iotda/policies/")
    emulator.faults([])


@pytest.mark.full
def test_a_pause_is_seen_and_its_end_too(open_page, connection, emulator):
    page, other = open_page(email=MANAGER), open_page(email=MANAGER)
    fail(page, emulator)
    expect(page.locator("#rows .alert")).to_contain_text("Paused since")
    page.goto(f"/connections/{connection.pk}/")
    condition = page.locator("#condition")
    expect(condition).to_have_attribute("data-condition", "paused")

    button = page.get_by_role("button", name="Try again now")
    button.focus()
    condition.evaluate("section => section.dataset.seen = 'before'")
    # It has asked again and was drawn again.
    expect(condition).not_to_have_attribute("data-seen", "before", timeout=POLLED_MS)
    expect(condition).not_to_have_class(re.compile("htmx-"))
    expect(button).to_be_focused()
    button.press("Enter")
    expect(condition).to_contain_text("with the next call")

    other.goto("/iotda/policies/")
    expect(other.locator("#rows .alert")).to_have_count(0)
    expect(condition).to_have_attribute("data-condition", "working", timeout=POLLED_MS)
    expect(condition).to_contain_text("no failures")


def test_the_list_of_connections_notices_it_too(open_page, connection, emulator):
    page = open_page(email=MANAGER)
    fail(page, emulator)
    page.goto("/connections/")
    row = page.locator(f"[data-connection-id='{connection.pk}']")
    expect(row).to_have_attribute("data-condition", "paused")
    Condition.objects.filter(pk=connection.pk).update(failures=0, paused_at=None)
    expect(row).to_have_attribute("data-condition", "working", timeout=POLLED_MS)


def test_without_javascript_the_button_leads_back_to_the_page(open_page, connection, emulator):
    page = open_page(email=MANAGER, javascript=False)
    fail(page, emulator)
    page.goto(f"/connections/{connection.pk}/")
    page.get_by_role("button", name="Try again now").click()
    expect(page.locator("#condition")).to_contain_text("with the next call")
    expect(page).to_have_url(f"/connections/{connection.pk}/")


@pytest.mark.full
def test_looks(open_page, connection, emulator):
    page = open_page(email=MANAGER)
    Connection.objects.filter(pk=connection.pk).update(calls_per_minute=600, calls_at_once=4)
    fail(page, emulator)
    for path, name in ((f"/connections/{connection.pk}/", "connection"), ("/connections/", "connections")):
        page.goto(path)
        looks_right(page, f"{name}-paused")
    emulator.faults([BUSY])
    Condition.objects.update(try_at=Now())
    page.goto("/iotda/policies/")
    page.goto(f"/connections/{connection.pk}/")
    looks_right(page, "connection-waiting")
