"""Addresses opened in a way that they do not accept, for example a button's address typed by hand.

Would catch: a blank page, a way back that leads nowhere, something that a typed address does.
"""

import re

import pytest

from portal.operations.models import Operation
from portal.record.models import Entry
from portal.teams.models import Role
from tests.resources.forms import HTMX

NOBODY = "00000000-0000-4000-8000-000000000000"
BUTTONS = {
    f"/operations/{NOBODY}/requeue/": f"/operations/{NOBODY}/",
    f"/operations/{NOBODY}/cancel/": f"/operations/{NOBODY}/",
    f"/connections/{NOBODY}/test/": f"/connections/{NOBODY}/",
    "/teams/switch/": "/teams/",
    "/web/theme/": "/",
}


def alone(response):
    """The one button of the page."""
    (address,) = re.findall(r'<a class="btn btn-primary" href="([^"]*)"', response.content.decode())
    return address


@pytest.mark.parametrize(("address", "above"), BUTTONS.items(), ids=BUTTONS)
def test_a_typed_address_of_a_button_shows_a_page_with_a_way_back(plant, address, above):
    response = plant.browser().get(address)

    assert (response.status_code, response["Allow"]) == (405, "POST")
    text = response.content.decode()
    assert text.startswith("<!doctype html>")
    assert "<title>This address cannot be used like this" in text
    assert "This address only accepts submitted forms. Nothing was changed." in text
    assert alone(response) == above


def test_the_button_of_a_verb_leads_back_to_its_object(plant):
    row = plant.make("iotda/soft-buses")
    operations, entries = Operation.objects.count(), Entry.objects.count()
    browser = plant.browser(Role.OWNER)

    response = browser.get(f"/iotda/soft-buses/{row.pk}/sync/")

    assert response.status_code == 405
    assert alone(response) == f"/iotda/soft-buses/{row.pk}/"
    assert browser.get(alone(response)).status_code == 200
    assert (Operation.objects.count(), Entry.objects.count()) == (operations, entries)


def test_a_page_that_takes_no_input_says_so(plant):
    response = plant.browser().post("/iotda/soft-buses/")

    assert (response.status_code, response["Allow"]) == (405, "GET, HEAD")
    assert "This page does not accept input." in response.content.decode()


def test_htmx_gets_the_sentence_alone(plant):
    response = plant.browser().get("/teams/switch/", **HTMX)

    assert response.status_code == 405
    assert response.content.decode() == "This address only accepts submitted forms. Nothing was changed."
    assert response["X-Portal-Message"]
