"""What was typed is still there when the session ends, the form is out of date, or the portal dies.

Would catch: an empty form after signing in, a button that sends twice, an error page instead of the form.
"""

import re
from contextlib import contextmanager
from time import monotonic, sleep

import pytest
from django.contrib.sessions.models import Session
from django.db import connection
from playwright.sync_api import expect

from portal.home.demo import PASSWORD
from portal.operations.models import Operation
from tests.browser.creating import fill_in, send
from tests.browser.pages import looks_right
from tests.examples import EVERY_CREATE, EXAMPLES, creating, json_fields
from tests.support.account import GROUP
from tests.support.plant import creates_received

BROWSERS = pytest.mark.parametrize("javascript", [True, False], ids=["javascript", "plain"])
OPERATOR = "operator@example.test"
# What htmx itself writes to the console.
SILENCE = "^console: htmx:(sendError|afterRequest)"
OUTDATED = "^console: Response Status Error Code 403"
KEPT = "Your input was kept. Nothing was sent"
EDITORS = [slug for slug in creating() if EXAMPLES[slug].in_json]
JSON = {name for _slug, name in json_fields()}


def full(*values):
    """For the long run."""
    return [pytest.param(value, marks=pytest.mark.full) for value in sorted(values)]


def typed(page):
    """{name: value} of all that people type and choose, JSON included, and the operation key."""
    return page.locator("#form").evaluate(
        """form => Object.fromEntries([...form.elements]
            .filter((each) => each.name && !each.matches("button")
                && (each.type !== "hidden" || each.name === "operation_key"))
            .map((each) => ["checkbox", "radio"].includes(each.type)
                ? [`${each.name}=${each.value}`, each.checked]
                : [each.name, each.value]))"""
    )


def fill_in_all(page, slug, javascript=True):
    fill_in(page, slug)
    # An editor and its JSON are brought in line a moment after typing.
    for name, part in EXAMPLES[slug].in_json.items() if javascript else ():
        expect(page.locator(f"textarea[name={name}]")).to_have_value(re.compile(part))
    return typed(page)


def sign_in_again(page, email=OPERATOR):
    expect(page).to_have_url(re.compile("/accounts/login/"))
    expect(page.locator("main")).to_contain_text("Nothing was sent")
    page.locator("[name=login]").fill(email)
    page.locator("[name=password]").fill(PASSWORD)
    page.locator("[name=password]").press("Enter")


def created_once(page, emulator, slug):
    expect(page.locator("#resource")).to_have_attribute("data-kind", slug)
    assert len(creates_received(emulator, slug)) == 1
    assert Operation.objects.count() == 1


# The session ends while somebody types


@EVERY_CREATE
def test_a_session_that_ends_while_typing_costs_nothing(desk, emulator, slug):
    before = fill_in_all(desk, slug)
    Session.objects.all().delete()
    send(desk)
    sign_in_again(desk)
    expect(desk.locator("#main")).to_contain_text(KEPT)
    # An editor shows a new empty row, too; and the JSON beside it may follow it a moment later.
    assert typed(desk).items() >= {name: text for name, text in before.items() if name not in JSON}.items()
    assert creates_received(emulator, slug) == []
    send(desk)
    created_once(desk, emulator, slug)


@pytest.mark.parametrize("slug", EDITORS)
def test_without_script_it_costs_nothing_either(open_page, emulator, slug):
    page = open_page(javascript=False, email=OPERATOR)
    before = fill_in_all(page, slug, javascript=False)
    page.context.clear_cookies(name="sessionid")
    send(page)
    sign_in_again(page)
    expect(page.locator("#main")).to_contain_text(KEPT)
    # The JSON beside an editor follows it only now: without script nothing asks before the button.
    assert typed(page).items() >= {name: text for name, text in before.items() if name not in JSON}.items()
    send(page)
    created_once(page, emulator, slug)


def test_json_typed_by_hand_stays_as_it_was_typed(desk, emulator):
    desk.goto("/iotda/policies/new/")
    desk.locator("[name=policy_name]").fill("by-hand")
    text = '[{"effect":"DENY",  "actions":["iotda:devices:publish"],\n "resources":["topic:/x"]}  , oops'
    json = desk.locator("textarea[name=statement]")
    json.fill(text)
    Session.objects.all().delete()
    send(desk)
    sign_in_again(desk)
    expect(json).to_have_value(text)
    expect(desk.locator("[name=policy_name]")).to_have_value("by-hand")


def test_an_editor_that_asks_after_the_session_ended_loses_nothing(desk):
    """Every change in an editor asks the server; this is the first to learn that the session is over."""
    desk.goto("/iotda/policies/new/")
    desk.locator("[name=policy_name]").fill("by-editor")
    Session.objects.all().delete()
    desk.get_by_label("Resources (one per line)").fill("topic:/typed/too/late")
    sign_in_again(desk)
    expect(desk.locator("[name=policy_name]")).to_have_value("by-editor")
    expect(desk.get_by_label("Resources (one per line)")).to_have_value("topic:/typed/too/late")


def test_somebody_else_at_the_same_browser_gets_an_empty_form(desk):
    fill_in_all(desk, "iotda/soft-buses")
    Session.objects.all().delete()
    send(desk)
    sign_in_again(desk, "manager@example.test")
    expect(desk.locator("#main")).to_contain_text("could not be kept")
    expect(desk.locator("[name=bus_name]")).to_have_value("")


CONNECTION = {
    "name": "Second",
    "endpoint": "https://iotda.example.test",
    "project_id": "a" * 32,
    "access_key": "AKAK",
}


@BROWSERS
def test_a_connection_comes_back_without_its_secret(open_page, javascript):
    page = open_page(javascript=javascript, email="owner@example.test")
    page.goto("/connections/new/?platform=iotda&sign_in=keys")
    for name, value in CONNECTION.items():
        page.locator(f"[name={name}]").fill(value)
    page.locator("[name=secret_key]").fill("not-to-be-kept")
    Session.objects.all().delete()
    send(page)
    sign_in_again(page, "owner@example.test")
    for name, value in CONNECTION.items():
        expect(page.locator(f"[name={name}]")).to_have_value(value)
    expect(page.locator("[name=secret_key]")).to_have_value("")
    send(page)
    expect(page.locator("[data-errors]")).to_contain_text("Secret key")
    expect(page.locator("#main")).not_to_contain_text(KEPT)


def test_an_invitation_comes_back_as_it_was_typed(open_page):
    page = open_page(email="owner@example.test")
    page.goto("/teams/")
    page.locator("main table a").first.click()
    page.locator("[name=email]").fill("nina@example.test")
    page.locator("main .form-card [name=role]").select_option("manager")
    Session.objects.all().delete()
    page.get_by_role("button", name="Send invitation").click()
    sign_in_again(page, "owner@example.test")
    expect(page.locator("[name=email]")).to_have_value("nina@example.test")
    expect(page.locator("main .form-card [name=role]")).to_have_value("manager")


# The form is out of date


@pytest.mark.parametrize("slug", ["iotda/policies", *full("enos/devices")])
def test_an_outdated_form_stays_and_the_next_press_works(desk, emulator, problems, slug):
    problems.allow(OUTDATED)
    before = fill_in_all(desk, slug)
    desk.context.clear_cookies(name="csrftoken")
    send(desk)
    expect(desk.locator("#toasts")).to_contain_text("This form was out of date. Nothing was sent")
    assert typed(desk) == before
    assert creates_received(emulator, slug) == []
    send(desk)
    created_once(desk, emulator, slug)


def test_an_outdated_form_keeps_even_the_secret(open_page, problems):
    problems.allow(OUTDATED)
    page = open_page(email="owner@example.test")
    page.goto("/connections/new/?platform=iotda&sign_in=keys")
    for name, value in CONNECTION.items():
        page.locator(f"[name={name}]").fill(value)
    page.locator("[name=secret_key]").fill("still-here")
    page.context.clear_cookies(name="csrftoken")
    send(page)
    expect(page.locator("#toasts")).to_contain_text("This form was out of date. Nothing was sent")
    expect(page.locator("[name=secret_key]")).to_have_value("still-here")
    send(page)
    expect(page.locator("h1")).to_have_text("Second")


def test_an_outdated_form_without_script_comes_back_filled(open_page, emulator):
    page = open_page(javascript=False, email=OPERATOR)
    before = fill_in_all(page, "iotda/soft-buses", javascript=False)
    page.context.clear_cookies(name="csrftoken")
    send(page)
    expect(page.locator("h1")).to_have_text("The form is out of date")
    page.get_by_role("link", name="Back to the form").click()
    expect(page.locator("#main")).to_contain_text(KEPT)
    assert typed(page) == before
    send(page)
    created_once(page, emulator, "iotda/soft-buses")


# The portal is away


@pytest.mark.parametrize("slug", [*EDITORS, *full(*(set(creating()) - set(EDITORS)))])
def test_a_portal_that_stops_and_starts_while_typing_costs_nothing(
    desk, portal_server, emulator, problems, slug
):
    problems.allow(SILENCE)
    before = fill_in_all(desk, slug)
    portal_server.kill()
    send(desk)
    expect(desk.locator("#toasts")).to_contain_text("The portal did not answer. Your input is still here")
    expect(desk.locator("#submit")).to_be_enabled()
    assert typed(desk) == before
    portal_server.start()
    send(desk)
    created_once(desk, emulator, slug)


@pytest.mark.parametrize("status", [502, *full(503, 504)])
def test_a_proxy_that_answers_for_the_portal_costs_nothing(desk, emulator, problems, status):
    problems.allow(f"^answer {status}|^console: Response Status Error Code {status}")
    before = fill_in_all(desk, "iotda/soft-buses")
    desk.route("**/new/", lambda route: route.fulfill(status=status, body="<html>Bad gateway</html>"))
    send(desk)
    expect(desk.locator("#toasts")).to_contain_text("it will not be sent twice")
    assert typed(desk) == before
    desk.unroute("**/new/")
    send(desk)
    created_once(desk, emulator, "iotda/soft-buses")


def test_pressing_again_after_the_portal_died_in_the_middle_sends_nothing_twice(
    desk, portal_server, emulator, problems
):
    problems.allow(SILENCE)
    fill_in_all(desk, "enos/devices")
    call = {"method": "POST", "path": "/connect-service/v2.4/devices"}
    emulator.faults([{"fault": "timeout_after_commit", "seconds": 20, "match": call}])
    send(desk)
    end = monotonic() + 10
    while not creates_received(emulator, "enos/devices"):
        assert monotonic() < end
        sleep(0.05)
    portal_server.kill()
    expect(desk.locator("#toasts")).to_contain_text("it will not be sent twice")
    portal_server.start()
    send(desk)
    expect(desk.locator("#operation")).to_have_attribute("data-operation-state", "sending")
    assert len(creates_received(emulator, "enos/devices")) == 1


def test_without_script_the_browser_itself_sends_the_input_again(open_page, portal_server, emulator):
    page = open_page(javascript=False, email=OPERATOR)
    fill_in_all(page, "iotda/soft-buses", javascript=False)
    portal_server.kill()
    with page.expect_event("requestfailed"):
        page.locator("#submit").click(no_wait_after=True)
    expect(page.locator("#submit")).to_have_count(0)
    portal_server.start()
    page.reload()
    created_once(page, emulator, "iotda/soft-buses")


def test_without_script_the_way_back_leads_to_the_input(open_page):
    """Of a page that is stored nowhere; only the operation key is a fresh one, as it was never pressed."""
    page = open_page(javascript=False, email=OPERATOR)
    before = fill_in_all(page, "iotda/soft-buses", javascript=False)
    page.context.clear_cookies(name="csrftoken")
    send(page)
    expect(page.locator("h1")).to_have_text("The form is out of date")
    page.go_back()
    after = typed(page)
    del before["operation_key"], after["operation_key"]
    assert after == before


@BROWSERS
def test_a_page_that_says_the_database_is_away_sends_the_input_again(
    open_page, emulator, problems, javascript
):
    problems.allow("^answer 503|^console: Response Status Error Code 503")
    page = open_page(javascript=javascript, email=OPERATOR)
    before = fill_in_all(page, "iotda/policies", javascript)
    with no_table("connections_connection"):
        send(page)
        if javascript:
            expect(page.locator("#toasts")).to_contain_text("Your input is still here")
            assert typed(page) == before
        else:
            expect(page.locator("#again")).to_be_visible()
    page.locator("#submit" if javascript else "#again button").click()
    created_once(page, emulator, "iotda/policies")
    assert str(Operation.objects.get().key) == before["operation_key"]


@contextmanager
def no_table(name):
    """To the portal this is a database that fails."""
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {name} RENAME TO away")
        try:
            yield
        finally:
            cursor.execute(f"ALTER TABLE away RENAME TO {name}")


# The platform is away: the way back from an operation to its input


def test_the_input_of_a_refused_create_fills_a_form_again(desk, emulator):
    fill_in_all(desk, "iotda/policies")
    before = typed(desk)
    call = {"method": "POST", "path": "/device-policies"}
    body = {"error_code": "IOTDA.000006", "error_msg": "not now"}
    emulator.faults([{"fault": "answer", "status": 400, "body": body, "match": call}])
    send(desk)
    expect(desk.locator("#form")).to_contain_text("not now")
    desk.goto(f"/operations/{Operation.objects.get().pk}/")
    desk.get_by_role("link", name="Edit and resend").click()
    expect(desk.locator("#main")).to_contain_text("This is the input of an earlier operation")
    after = typed(desk)
    assert after.pop("operation_key") != before.pop("operation_key")
    assert after == before


# How it looks


@pytest.mark.full
def test_the_notices_are_fit_for_everyone(desk):
    fill_in_all(desk, "iotda/policies")
    Session.objects.all().delete()
    send(desk)
    expect(desk).to_have_url(re.compile("/accounts/login/"))
    looks_right(desk, "signed-out-meanwhile")
    sign_in_again(desk)
    expect(desk.locator("#main")).to_contain_text(KEPT)
    looks_right(desk, "input-kept")


@pytest.mark.full
def test_the_page_of_an_outdated_form_is_fit_for_everyone(desk):
    desk.goto("/iotda/soft-buses/new/")
    desk.locator("[name=bus_name]").fill("Bus_A")
    desk.locator("[name=group_id]").select_option(GROUP)
    desk.context.clear_cookies(name="csrftoken")
    desk.locator("#form").evaluate("form => HTMLFormElement.prototype.submit.call(form)")
    expect(desk.locator("h1")).to_have_text("The form is out of date")
    looks_right(desk, "outdated-form-page")


@pytest.mark.full
def test_the_page_that_sends_again_is_fit_for_everyone(desk, problems):
    problems.allow("^answer 503")
    desk.goto("/iotda/soft-buses/new/")
    desk.locator("[name=bus_name]").fill("Bus_A")
    with no_table("connections_connection"):
        desk.locator("#form").evaluate("form => HTMLFormElement.prototype.submit.call(form)")
        expect(desk.locator("#again")).to_be_visible()
        looks_right(desk, "send-again")
