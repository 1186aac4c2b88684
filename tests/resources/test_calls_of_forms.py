"""What a form costs the platform does not depend on how many objects there are.

Would catch: a picker that reads all groups, a form that reads the same thing twice, a create that reads the
whole list to see what was there before.
"""

from itertools import count

import pytest

from portal.kinds.registry import KINDS
from portal.operations.models import Operation, State
from portal.teams.models import Role
from tests.examples import EVERY_CREATE, EVERY_DELETE, EVERY_UPDATE, EXAMPLES
from tests.resources.forms import changing, filled, new, send
from tests.support.filled import filled as filled_emulator

BUS = "iotda/soft-buses"
OPEN_MAX, CREATE_MAX = 3, 3  # a form may have choices of three kinds


@pytest.fixture(
    scope="module",
    params=[
        pytest.param({"groups": 1_500, "buses": 1_500, "policies": 200, "devices": 500}, id="many"),
        pytest.param({"groups": 10_000, "buses": 20_000}, id="very many", marks=pytest.mark.full),
    ],
)
def crowd(request, tmp_path_factory):
    emulator = filled_emulator(tmp_path_factory.mktemp("crowd"), **request.param)
    yield emulator
    emulator.stop()


@pytest.fixture
def among_many(plant, crowd):
    """The plant, moved to an emulator with many objects, and signed in there."""
    crowd.settings({"limits": {"groups": 10**6, "policies": 10**6}})
    for slug in ("iotda/spaces", "roma/apps", "enos/products"):
        plant.move(KINDS[slug], crowd.url)
        plant.connection(KINDS[slug]).client().sign_in()
    return plant


numbers = count(1)


def made(plant, slug):
    """The mirror row of an object whose name nobody in the crowd has."""
    return plant.make(slug, **{EXAMPLES[slug].named_by: f"among-many-{next(numbers)}"})


def calls(emulator, since):
    return [(each["method"], each["path"], each["query"]) for each in emulator.requests(since)]


def so_far(emulator):
    return (emulator.requests() or [{"number": 0}])[-1]["number"]


@EVERY_CREATE
def test_opening_the_form_of_a_create(among_many, crowd, slug):
    browser, since = among_many.browser(), so_far(crowd)

    assert browser.get(new(slug)).status_code == 200

    sent = calls(crowd, since)
    assert len(sent) <= OPEN_MAX, sent


@EVERY_UPDATE
def test_opening_the_form_of_an_update(among_many, crowd, slug):
    row, browser = made(among_many, slug), among_many.browser()
    since = so_far(crowd)

    assert browser.get(changing(row, "update")).status_code == 200

    sent = calls(crowd, since)
    assert len(sent) <= OPEN_MAX, sent


@EVERY_DELETE
def test_opening_the_form_of_a_delete(among_many, crowd, slug):
    row = made(among_many, slug)
    since = so_far(crowd)

    assert among_many.browser(Role.MANAGER).get(changing(row, "delete")).status_code == 200

    sent = calls(crowd, since)
    assert len(sent) <= OPEN_MAX, sent


@pytest.mark.parametrize("space", ["", "jeQDJQZltU8iKgFFoW060F5SGZka"])
def test_creating_a_bus(among_many, crowd, space):
    browser = among_many.browser()
    posted = filled(browser, BUS, bus_name=f"Bus_among_many_{space}", app_id=space, group_id="")
    since = so_far(crowd)

    send(browser, BUS, posted)

    sent = calls(crowd, since)
    assert Operation.objects.get().state == State.DONE
    assert len(sent) <= CREATE_MAX, sent
