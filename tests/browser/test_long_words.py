"""Words of 256 characters, the longest that a document promises for names, break no page at any width.

Would catch: a table, a heading, a button or a toast that pushes its page sideways. With
PORTAL_SCREENSHOTS=<directory> it leaves a picture of each page, with long and with odd names.
"""

import pytest
from playwright.sync_api import expect

from portal.kinds.registry import KINDS
from portal.operations.models import Operation
from portal.record.models import Entry
from tests.browser.pages import axe, fits, screenshot
from tests.examples import creating
from tests.support.drawn import ODD
from tests.support.plant import demo_plant
from tests.test_guests import tell_everything_oddly

OWNER = "owner@example.test"
LONG = "X" * 256
WIDTHS = (1440, 1024, 768, 720, 390)  # 720 is 1440 at 200 % zoom
LOOKED_AT = ("enos/devices-list", "enos/devices-detail", "audit-entry", "operation-needs_human")
DOWN = {"fault": "answer", "status": 503, "body": {"error_code": "X" * 64, "error_msg": LONG}, "match": {}}


@pytest.fixture
def told(portal_server, emulator):
    """told(text): the demo, in which everything is called like that and every platform answers with it."""

    def told(text):
        plant = demo_plant()
        for slug in creating():
            plant.make(slug)
        tell_everything_oddly(plant, text)
        emulator.faults([{**DOWN, "body": {"error_code": text[:64], "error_msg": text}}])
        return plant

    return told


def addresses(plant):
    """{name of the picture: address} of the pages that show what is called so."""
    found = {"home": "/", "operations": "/operations/", "audit": "/audit/", "teams": "/teams/"}
    found |= {"connections": "/connections/", "team": f"/teams/{plant.team.pk}/"}
    found["audit-entry"] = f"/audit/{Entry.objects.latest('seq').seq}/"
    connection = plant.connections["iotda"]
    for name in ("", "edit", "delete"):
        found[f"connection-{name or 'detail'}"] = f"/connections/{connection.pk}/{name and name + '/'}"
    for slug, kind in KINDS.items():
        row = kind.model.objects.filter(connection=plant.connection(kind)).order_by("-name").first()
        found[f"{slug}-list"] = f"/{slug}/"
        found[f"{slug}-detail"] = f"/{slug}/{row.pk}/"
    found["unreadable"] = f"/roma/device-groups/{_row('roma/device-groups').pk}/update/"
    for operation in Operation.objects.all():
        found[f"operation-{operation.state}"] = f"/operations/{operation.pk}/"
    return found


def _row(slug):
    return KINDS[slug].model.objects.order_by("-name").first()


@pytest.mark.parametrize("text", [LONG, pytest.param(ODD, marks=pytest.mark.full)], ids=["long", "odd"])
def test_no_page_grows_wider_than_its_window(open_page, told, problems, text):
    problems.allow("answer 503|503")
    plant = told(text)
    page = open_page(email=OWNER)
    for name, address in addresses(plant).items():
        page.goto(address)
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            fits(page)
            screenshot(page, f"{text[:1]}-{name.replace('/', '-')}-{width}-light")
        if name in LOOKED_AT:
            axe(page, "color-contrast")
    page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    page.set_viewport_size({"width": 1440, "height": 900})
    for name in LOOKED_AT:
        page.goto(addresses(plant)[name])
        axe(page, "color-contrast")
        screenshot(page, f"{text[:1]}-{name.replace('/', '-')}-1440-dark")


def test_a_delete_and_its_notice_fit(open_page, told, emulator):
    plant = told(LONG)
    row = _row("roma/device-groups")
    body = {"id": int(row.remote_id), "name": LONG, "parent_id": 0, "description": LONG}
    match = {"method": "GET", "path": f"/device-groups/{row.remote_id}$"}
    emulator.faults([{"match": match, "fault": "answer", "status": 200, "body": body}])
    page = open_page(email=OWNER)
    page.goto(f"/roma/device-groups/{row.pk}/delete/")
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        fits(page)
        screenshot(page, f"X-delete-{width}-light")

    page.locator("#submit").click()

    expect(page.locator(".notice-text")).to_contain_text("X" * 200)
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        fits(page)
        screenshot(page, f"X-deleted-{width}-light")
    assert plant.team.name == "Plant 3"


def test_a_question_with_long_names_fits(open_page, told):
    plant = told(LONG)
    page = open_page(email=OWNER)
    page.goto(f"/teams/{plant.team.pk}/")
    page.get_by_role("button", name="Remove").first.click()
    expect(page.locator("#confirm")).to_be_visible()
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        fits(page)
        screenshot(page, f"X-confirm-{width}-light")


def test_what_turns_text_moves_nothing_around_it(open_page, told):
    """The name is drawn in reading order between the words of the sentence around it."""
    plant = told(ODD)
    page = open_page(email=OWNER)
    page.goto(f"/connections/{plant.connections['iotda'].pk}/delete/")

    heading = page.locator("h1")
    name = heading.locator("bdi").bounding_box()
    whole = heading.bounding_box()

    assert heading.locator(".unseen").first.inner_text() == "U+202E"
    assert name["x"] > whole["x"] + 20  # "Delete" stands before it
    texts = heading.evaluate("each => [...each.childNodes].map((node) => node.textContent.trim())")
    assert texts[0] == "Delete"
    assert texts[-1] == "?"
