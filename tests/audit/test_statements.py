"""How many statements each page of the audit log takes: the same for few and for many entries.

Would catch: a page that asks for each row, and one that asks for the same twice.
"""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from portal.record.models import Body, Entry
from portal.teams.models import Role
from tests.audit.records import fill
from tests.audit.test_pages import HTMX, NOWHERE, write
from tests.support.plant import make_plant

pytestmark = pytest.mark.anywhere

# The session; the person with their teams; what waits for a decision, in the menu; the count of readings.
SHELL = 4
# A piece that htmx asks for has no menu.
PIECE = 3


@pytest.fixture
def team(db):
    made = make_plant(NOWHERE)
    fill([made], 160)
    write(made, count=60, verb="sync", object_id="often", object_name="Often used", ticket="CHG-7")
    return made


def statements(browser, address, query=None, **headers):
    """How many one look takes that is neither the first of an hour nor the first after something new."""
    for _time in range(2):
        browser.get(address, query, **headers)
    with CaptureQueriesContext(connection) as asked:
        response = browser.get(address, query, **headers)
    assert response.status_code == 200
    return len(asked)


# Which facets fit; whether the record is intact; the rows with their steps.
LIST = SHELL + 3
NUMBERS = [
    ({}, LIST),
    ({"actor": "operator-plant@example.test"}, LIST),
    ({"verb": "create"}, LIST),
    ({"kind": "iotda/policies"}, LIST),
    ({"connection": "iotda"}, LIST),
    ({"outcome": "done"}, LIST),
    ({"team": "Plant 3"}, LIST),
    ({"before": "200"}, LIST),
    ({"after": "0"}, LIST),
    # What facets do not tell is counted, unless one page has all of it.
    ({"since": "2026-03-02", "until": "2026-03-02"}, LIST),
    ({"since": "2026-03-02"}, LIST + 1),
    ({"ticket": "CHG-1"}, LIST),
    ({"ticket": "CHG-7"}, LIST + 1),
    ({"request": "req-3"}, LIST),
    ({"q": "made-1", "verb": "create"}, LIST),
    ({"q": "night shift"}, LIST + 1),
    ({"object": "obj-Pl-3"}, LIST),
    ({"object": "often"}, LIST + 1),
    # All mirrors are asked, and the record itself, which objects have the name.
    ({"object": "deny_pub", "verb": "sync"}, LIST + 1),
    ({"object": "Often used"}, LIST + 2),
]


@pytest.mark.parametrize(("query", "number"), NUMBERS, ids=[str(query) for query, _number in NUMBERS])
def test_the_list(team, query, number):
    browser = team.browser(Role.OWNER)

    assert statements(browser, "/audit/", query) == number
    # Neither the menu nor whether the record is intact.
    assert statements(browser, "/audit/", query, **HTMX) == number - 2


def test_the_activity(team):
    browser = team.browser(Role.OWNER)

    # Facets, the newest, the numbers of the edges, the counts.
    assert statements(browser, "/audit/activity/") == SHELL + 4
    assert statements(browser, "/audit/activity/", {"object": "Often used"}, **HTMX) == PIECE + 5


def test_an_entry(team):
    browser = team.browser(Role.OWNER)
    operation = Entry.objects.filter(stage="outcome").exclude(operation="").first()

    # The entry, what the same request caused, names, its neighbours.
    assert statements(browser, f"/audit/{operation.seq}/") == SHELL + 4

    (entry,) = write(team, object_name="Bus_A", body={"note": "gone later"})
    write(team, role=Role.OWNER, verb="drop_bodies", kind="portal/record", object_id=str(entry.seq))
    Body.objects.filter(seq=entry.seq).update(text="", salt=b"", search="")
    # No operation, and no names; but what dropped it.
    assert statements(browser, f"/audit/{entry.seq}/") == SHELL + 3


def test_the_page_of_an_object_with_what_happened_to_it(plant):
    row = plant.make("roma/device-groups")
    browser = plant.browser(Role.OWNER)

    # The session, the person, the menu; eight for the object and what is around it; one for its entries.
    assert statements(browser, f"/roma/device-groups/{row.pk}/") == 3 + 8 + 1


def test_the_other_pages(team):
    browser = team.browser(Role.OWNER)

    # These are not readings of the record.
    assert statements(browser, "/audit/intact/") == SHELL - 1 + 1
    assert statements(browser, "/audit/export/") == SHELL - 1 + 1
    assert statements(browser, "/audit/export/", {"q": "night shift"}) == SHELL - 1 + 2
