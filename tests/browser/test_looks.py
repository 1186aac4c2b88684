"""Every page for everyone: light and dark, desk and phone, judged by axe and by width.

Would catch: letters too pale in dark, a table that pushes the phone's page sideways, a field without a label,
an inline style. With PORTAL_SCREENSHOTS=<directory> it leaves a picture of each page in each look.
"""

import pytest
from playwright.sync_api import expect

from portal.operations.models import Operation
from tests.browser.creating import fill_in, send
from tests.browser.pages import axe, looks_right, screenshot
from tests.examples import EVERY_CREATE, EXAMPLES, creating
from tests.examples.iotda_policies import STATEMENT
from tests.support.plant import demo_plant

OPERATOR, OWNER = "operator@example.test", "owner@example.test"
UNAVAILABLE = {"error_code": "IOTDA.000503", "error_msg": "Service unavailable."}


def name_of(path):
    return path.strip("/").replace("/", "-")


@pytest.fixture
def demo(portal_server):
    return demo_plant()


@pytest.fixture
def stocked(demo, emulator):
    """One object of each kind, and a sync; the operations by slug."""
    made = {slug: demo.perform(slug) for slug in creating()}
    demo.perform("iotda/soft-buses", "sync", target=made["iotda/soft-buses"].target)
    return made


@EVERY_CREATE
def test_each_form_empty_refused_and_with_its_preview(desk, slug):
    desk.goto(f"/{slug}/new/")
    looks_right(desk, f"form-{name_of(slug)}-empty")
    fill_in(desk, slug)
    desk.get_by_role("button", name="Preview request").click()
    expect(desk.locator("#preview")).to_be_visible()
    looks_right(desk, f"form-{name_of(slug)}-preview")
    desk.goto(f"/{slug}/new/")
    desk.locator("input[type=text]:visible").first.fill("§ is not allowed")
    send(desk)
    expect(desk.locator("[data-errors]")).to_be_visible()
    looks_right(desk, f"form-{name_of(slug)}-refused")


@pytest.mark.full
def test_lists_and_objects(desk, stocked):
    for slug in EXAMPLES:
        desk.goto(f"/{slug}/")
        expect(desk.locator("#rows tbody tr").first).to_be_visible()
        looks_right(desk, f"list-{name_of(slug)}")
    for slug, operation in stocked.items():
        desk.goto(f"/{slug}/{operation.target.pk}/")
        looks_right(desk, f"object-{name_of(slug)}")


def test_a_search_on_the_platform(desk, stocked, problems):
    desk.goto("/enos/devices/")
    desk.get_by_text("Search on the platform", exact=True).first.click()
    desk.get_by_label("Search on the platform, in its own language").fill('deviceKey like "pump"')
    desk.get_by_label("Search on the platform, in its own language").press("Enter")
    expect(desk.locator("#found-note")).to_contain_text("come from the platform itself")
    expect(desk.locator("tbody tr")).to_have_count(1)
    looks_right(desk, "search-found")
    desk.get_by_label("Search on the platform, in its own language").fill("status ==")
    desk.get_by_role("button", name="Search on the platform").click()
    expect(desk.locator("#expression-error")).to_contain_text("99400")
    looks_right(desk, "search-refused")


def test_several_at_once(desk, demo):
    desk.goto("/enos/devices/")
    desk.get_by_role("link", name="Several").click()
    desk.locator("[name=devices]").fill("pump-1, Pump 1\npump-1, Pump 2\np, " + "W" * 65)
    send(desk)
    expect(desk.locator("#id_devices_error")).to_contain_text("Line 2: has the same key as line 1.")
    looks_right(desk, "several-refused")
    demo.collection("enos/devices").create({**EXAMPLES["enos/devices"].create, "device_key": "pump-2"})
    desk.locator("[name=devices]").fill("pump-1, Pump 1\npump-2, Pump 2")
    send(desk)
    expect(desk.locator("#batch")).to_contain_text("2 operations")
    expect(desk.locator("[data-operation-state=rejected]")).to_contain_text("DeviceKey already exists")
    looks_right(desk, "several-done")
    desk.get_by_role("link", name="Try again what was not created").click()
    expect(desk.locator("[name=devices]")).to_have_value("pump-2, Pump 2")


@pytest.mark.full
def test_editing_and_what_differs_when_somebody_was_faster(desk, demo, stocked, problems):
    problems.allow("Status Error Code 409")
    theirs = {
        "iotda/policies": {"policy_name": "allow-hello", "statement": [STATEMENT[0] | {"effect": "DENY"}]},
        "enos/devices": EXAMPLES["enos/devices"].update,
    }
    for slug, data in theirs.items():
        desk.goto(f"/{slug}/{stocked[slug].target.pk}/update/")
        expect(desk.locator("#submit")).to_have_text("Save changes")
        looks_right(desk, f"edit-{name_of(slug)}")
        desk.reload()
        desk.locator("textarea[name$=resources], [name=device_name-default]").first.fill("topic:/mine")
        demo.collection(slug).update(stocked[slug].target.remote_id, data)
        send(desk)
        expect(desk.locator("#versions")).to_be_visible()
        looks_right(desk, f"conflict-{name_of(slug)}")


@pytest.mark.full
def test_deleting(open_page, demo, stocked, emulator, problems):
    problems.allow("answer 503")
    page = open_page(email="manager@example.test")
    row = stocked["iotda/policies"].target
    page.goto(f"/iotda/policies/{row.pk}/delete/")
    expect(page.locator("#submit")).to_be_visible()
    looks_right(page, "delete")
    problem = {"fault": "answer", "status": 503, "body": UNAVAILABLE, "match": {"method": "GET"}}
    emulator.faults([problem])
    page.goto(f"/iotda/policies/{row.pk}/delete/")
    looks_right(page, "delete-platform-down")
    emulator.faults([])
    demo.collection("iotda/policies").delete(row.remote_id)
    page.goto(f"/iotda/policies/{row.pk}/delete/")
    looks_right(page, "delete-gone")


@pytest.mark.full
def test_empty_and_stale_lists(desk, stocked, emulator):
    desk.goto("/iotda/policies/?q=nothing-like-this")
    looks_right(desk, "list-nothing-matches")
    emulator.faults([{"fault": "answer", "status": 503, "body": UNAVAILABLE, "match": {"method": "GET"}}])
    desk.goto("/iotda/policies/")
    looks_right(desk, "list-stale")
    desk.goto(f"/iotda/policies/{stocked['iotda/policies'].target.pk}/")
    looks_right(desk, "object-stale")
    desk.goto("/iotda/soft-buses/new/")
    looks_right(desk, "form-platform-down")


@pytest.mark.full
def test_operations_in_each_ending(desk, demo, stocked, emulator):
    desk.goto("/operations/?state=rejected")
    looks_right(desk, "operations-none")
    demo.perform("iotda/soft-buses")  # the name is taken now
    match = {"method": "POST", "path": "/v5/"}
    emulator.faults([{"fault": "timeout_after_commit", "seconds": 0.1, "match": match}])
    demo.perform("iotda/policies", data=EXAMPLES["iotda/policies"].create | {"policy_name": "lost"})
    emulator.faults([])
    desk.goto("/operations/")
    looks_right(desk, "operations")
    for state in ("done", "rejected", "in_doubt"):
        operation = Operation.objects.filter(state=state).first()
        desk.goto(f"/operations/{operation.pk}/")
        looks_right(desk, f"operation-{state}")
    desk.get_by_role("button", name="Check again").click()
    expect(desk.locator("#operation")).to_have_attribute("data-operation-state", "needs_human")
    looks_right(desk, "operation-needs_human")


def test_home_and_the_record(open_page, stocked):
    page = open_page(email=OWNER)
    page.goto("/")
    looks_right(page, "home")
    page.goto("/audit/")
    looks_right(page, "audit")
    page.goto("/audit/?outcome=done&verb=create")
    page.locator("tr[data-seq] a").first.click()
    looks_right(page, "audit-entry")
    page.goto("/audit/?actor=nobody%40example.test")
    looks_right(page, "audit-no-entry")


@pytest.mark.full
def test_connections(open_page):
    page = open_page(email=OWNER)
    page.goto("/connections/")
    looks_right(page, "connections")
    page.get_by_role("link", name="IoTDA (emulator)").click()
    page.get_by_role("button", name="Test connection").click()
    expect(page.locator("[data-failed-part]")).to_be_visible()
    looks_right(page, "connection-tested")
    page.get_by_role("link", name="Edit").click()
    looks_right(page, "connection-edit")
    page.go_back()
    page.get_by_role("link", name="Delete").click()
    looks_right(page, "connection-delete")
    page.goto("/connections/new/")
    looks_right(page, "connection-choose")
    page.goto("/connections/new/?platform=iotda&sign_in=password")
    page.locator("#submit").click()
    expect(page.locator("[data-errors]")).to_be_visible()
    looks_right(page, "connection-refused")


@pytest.mark.full
def test_teams(open_page):
    page = open_page(email=OWNER)
    page.goto("/teams/")
    looks_right(page, "teams")
    page.get_by_role("rowheader", name="Plant 3").get_by_role("link").click()
    looks_right(page, "team")
    page.get_by_role("button", name="Remove Vera Viewer").click()
    expect(page.locator("#confirm")).to_be_visible()
    looks_right(page, "team-confirm")
    admin = open_page(email="admin@example.test")
    for path, name in (("/", "home-administrator"), ("/teams/", "teams-administrator")):
        admin.goto(path)
        looks_right(admin, name)


@pytest.mark.full
def test_errors_and_the_door(open_page):
    page = open_page(email="viewer@example.test")
    page.goto("/iotda/policies/new/")
    expect(page.locator("h1")).to_have_text("Not allowed")
    looks_right(page, "problem-403")
    page.goto("/iotda/no-such-kind/")
    expect(page.locator("h1")).to_have_text("Not found")
    looks_right(page, "problem-404")
    page.goto("/accounts/logout/")
    looks_right(page, "sign-out")
    page.goto("/accounts/password/change/")
    looks_right(page, "password-change")
    door = open_page()
    door.goto("/accounts/login/")
    looks_right(door, "sign-in")


def test_the_phone_menu_in_both_colours(open_page):
    page = open_page(email=OPERATOR, width=390)
    for colours in ("light", "dark"):
        page.emulate_media(color_scheme=colours, reduced_motion="reduce")
        page.goto("/")
        page.get_by_role("button", name="Menu", exact=True).click()
        expect(page.locator("#sidebar")).to_be_visible()
        axe(page)
        screenshot(page, f"menu-390-{colours}")
