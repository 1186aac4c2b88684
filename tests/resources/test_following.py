"""Pages that update while the platform is working, and what an object's pages say about operations in doubt.

Would catch: a page that replaces what did not change (and loses the focus), one that misses a change, an
address that grows, an edit on top of a change that may or may not have happened.
"""

import re

import pytest

from portal.kinds.registry import KINDS
from portal.operations.models import Operation, State
from portal.teams.models import Membership, Role
from tests.examples import EXAMPLES
from tests.resources.forms import HTMX, changing
from tests.support.plant import make_plant

pytestmark = pytest.mark.anywhere

BUS, GROUP = "iotda/soft-buses", "iotda/device-groups"


def asked_again(browser, url, page):
    """What the page's own next request gets."""
    refresh = re.search(r'<a [^>]*id="refresh"[^>]*>', page)[0]
    address = re.search(r'hx-get="([^"]*)"', refresh)[1]
    assert "seen" not in address
    seen = re.search(r'"seen": "(\w+)"', refresh)[1]
    return browser.get(address, {"seen": seen}, **HTMX)


@pytest.fixture
def synchronizing(plant, emulator):
    """The mirror row of a bus whose synchronisation does not end by itself."""
    emulator.settings({"sync_s": 10_000})
    row = plant.make(BUS)
    plant.browser().post(f"/{BUS}/{row.pk}/sync/", {"operation_key": "sync-1"})
    return row


@pytest.mark.parametrize("address", ["/iotda/soft-buses/", "/iotda/soft-buses/{pk}/"], ids=["list", "detail"])
def test_what_is_the_same_is_left_as_it_is(plant, emulator, settings, synchronizing, address):
    browser, url = plant.browser(), address.format(pk=synchronizing.pk)
    page = browser.get(url).content.decode()
    settings.FRESH_SECONDS = 1000  # what a refresh has shown is shown with another time

    for _time in range(2):
        unchanged = asked_again(browser, url, page)
        assert (unchanged.status_code, unchanged.content) == (204, b"")
    # Reloaded by a person it is a whole page whatever it says of itself.
    seen = re.search(r'"seen": "(\w+)"', page)[1]
    assert browser.get(url, {"seen": seen}).status_code == 200

    emulator.settings({"sync_s": 0})
    settings.FRESH_SECONDS = 0
    changed = asked_again(browser, url, page)
    assert changed.status_code == 200
    assert 'data-state="Synchronized"' in changed.content.decode()


def test_a_list_that_follows_shows_a_new_row(plant, synchronizing):
    browser = plant.browser()
    page = browser.get(f"/{BUS}/").content.decode()
    plant.perform(BUS, data={**EXAMPLES[BUS].create, "bus_name": "Bus_B"})

    assert "Bus_B" in asked_again(browser, f"/{BUS}/", page).content.decode()


def test_a_detail_page_that_follows_shows_what_is_done_to_the_object(plant, synchronizing):
    browser, url = plant.browser(), f"/{BUS}/{synchronizing.pk}/"
    page = browser.get(url).content.decode()
    plant.perform(BUS, "sync", {}, target=synchronizing)

    assert asked_again(browser, url, page).status_code == 200


def test_the_next_page_of_a_list_that_asked_again_says_nothing_of_that(plant, synchronizing, monkeypatch):
    monkeypatch.setattr("portal.resources.listing.PAGE", 1)
    plant.perform(BUS, data={**EXAMPLES[BUS].create, "bus_name": "Bus_0"})
    page = plant.browser().get(f"/{BUS}/", {"seen": "other"}, **HTMX).content.decode()

    assert "after=" in page
    assert "seen=" not in page


# An operation on the object that may or may not have happened


def undecided(plant, row, state):
    operation = plant.perform(GROUP, "update", {"name": "pumps-7"}, target=row)
    Operation.objects.filter(pk=operation.pk).update(state=state)
    return operation


@pytest.mark.parametrize("state", [State.IN_DOUBT, State.NEEDS_HUMAN], ids=str)
@pytest.mark.parametrize("page", ["", "update/", "delete/"], ids=["detail", "edit", "delete"])
def test_the_pages_of_an_object_in_doubt_say_so(plant, page, state):
    row = plant.make(GROUP)
    operation = undecided(plant, row, state)

    text = plant.browser(Role.MANAGER).get(f"/{GROUP}/{row.pk}/{page}").content.decode()

    assert f'data-doubt="{operation.pk}"' in text
    assert f'href="/operations/{operation.pk}/"' in text
    assert "An earlier “Edit” may or may not have happened." in text


def test_the_answer_to_a_form_says_so_too(plant):
    row = plant.make(GROUP)
    operation = undecided(plant, row, State.IN_DOUBT)

    response = plant.browser().post(changing(row, "update"), {"name": ""}, **HTMX)

    assert response.status_code == 422
    assert f'data-doubt="{operation.pk}"' in response.content.decode()


def test_what_a_form_lacks_that_nobody_sees_is_said_without_a_name(plant):
    row = plant.make(GROUP)

    text = plant.browser().post(changing(row, "update"), {"name": "pumps-2"}, **HTMX).content.decode()

    assert "<li>The form was incomplete, so nothing was sent." in text
    assert "What was shown" not in text
    assert "Operation key" not in text


def test_what_is_known_or_about_something_else_is_not_in_doubt(plant, emulator):
    row, other = plant.make(GROUP), plant.make(GROUP, name="boilers")
    plant.perform(GROUP, "update", {"name": "pumps-2"}, target=row)
    undecided(plant, other, State.IN_DOUBT)
    # The same id on another connection, of the person's other team.
    harbour = make_plant(emulator.url, name="Harbour")
    theirs = KINDS[GROUP].model(
        connection=harbour.connections["iotda"], remote_id=row.remote_id, name="pumps"
    )
    theirs.save()
    undecided(harbour, theirs, State.IN_DOUBT)
    Membership.objects.create(team=harbour.team, user=plant.people[Role.OPERATOR], role=Role.OWNER)

    browser = plant.browser()
    assert "data-doubt" not in browser.get(f"/{GROUP}/{row.pk}/").content.decode()
    assert "data-doubt" in browser.get(f"/{GROUP}/{theirs.pk}/").content.decode()
