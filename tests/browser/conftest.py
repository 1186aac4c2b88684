"""Chromium on the real portal. Each page fails its test for any script error, CSP violation or broken file.

`open_page(...)` opens a page, `page` is one with the usual options, `desk` one with the operator signed in.
All belong to `portal_server`, whose database is that of a fresh demo before each test and is Django's default
in the test as well.
"""

import shutil

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import expect, sync_playwright

from portal.home import demo
from portal.teams.models import User
from tests.browser.pages import Problems
from tests.support import databases as engines
from tests.support.processes import Portal, run_manage

CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
HEIGHTS = {1440: 900, 390: 844}
SEEDED = "seeded"
SERVED = "served"
TIMEOUT_MS = 20_000
# A notice goes after 8 seconds; on a busy machine the test may come later than that.
NOTICES_STAY = """const later = setTimeout;
window.setTimeout = (run, ms, ...rest) => later(run, ms === 8000 ? 1e8 : ms, ...rest);"""
OPERATOR = "operator@example.test"


@pytest.fixture(scope="session")
def browser():
    path = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if not path:
        pytest.fail("Chromium not found: install it (Debian: apt-get install chromium)")
    expect.set_options(timeout=TIMEOUT_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def portal_process(databases, django_db_setup, django_db_blocker, emulator_process, tmp_path_factory):
    """The portal that all browser tests of this process share; use `portal_server`."""
    emulator_process.reset()
    with django_db_blocker.unblock(), engines.pointed_at(databases, SERVED):
        demo.seed(emulator_process.url)
        cookies = {user.email: session_of(user) for user in User.objects.all()}
        engines.connections.close_all()
        databases.create(SEEDED, template=SERVED)
    made = run_manage("collectstatic", "--no-input")
    assert made.returncode == 0, made.stderr
    database = databases.create(SERVED, template=SEEDED)
    portal = Portal(database, log=tmp_path_factory.mktemp("portal") / "log")
    portal.sessions = cookies
    yield portal
    portal.stop()


def session_of(user):
    """The cookie of somebody who signed in already; test_signing_in.py goes through the door."""
    client = Client()
    client.force_login(user)
    return client.cookies[settings.SESSION_COOKIE_NAME].value


@pytest.fixture
def portal_server(portal_process, databases, emulator, django_db_blocker):
    """The portal on `.url` with its demo teams, `.database` to look into and `.process` to kill."""
    databases.restore(SERVED, template=SEEDED)
    portal_process.start()
    with django_db_blocker.unblock():
        engines.point(portal_process.database)
        yield portal_process
        engines.point(databases.database(engines.ROLLED_BACK))
    portal_process.assert_not_ended()
    if emulator.has_faults:
        # A request may still wait for its answer, and would write it into the next test's database.
        portal_process.kill()


@pytest.fixture
def problems():
    return Problems()


@pytest.fixture
def open_page(browser, portal_server, problems):
    """open_page(javascript=True, dark=False, width=1440, email=None): signed in when told who."""
    contexts = []

    def open_page(*, javascript=True, dark=False, width=1440, email=None):
        context = browser.new_context(
            base_url=portal_server.url,
            java_script_enabled=javascript,
            color_scheme="dark" if dark else "light",
            viewport={"width": width, "height": HEIGHTS.get(width, 900)},
            locale="en-GB",
            timezone_id="UTC",
            reduced_motion="reduce",
        )
        contexts.append(context)
        context.set_default_timeout(TIMEOUT_MS)
        context.add_init_script(NOTICES_STAY)
        context.on("page", problems.watch)
        page = context.new_page()
        if email:
            value = portal_server.sessions[email]
            context.add_cookies(
                [{"name": settings.SESSION_COOKIE_NAME, "value": value, "url": portal_server.url}]
            )
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert problems.unexpected() == []


@pytest.fixture
def page(open_page):
    return open_page()


@pytest.fixture
def desk(open_page):
    """The operator's browser."""
    return open_page(email=OPERATOR)
