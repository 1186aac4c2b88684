"""Long lists: pages, filters and what they cost.

Would catch: skipped or doubled rows between pages, a page that costs more with more rows, and an address that
breaks a page.
"""

import html
import re

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext

from portal.kinds.registry import KINDS
from tests.examples import EXAMPLES
from tests.resources.forms import HTMX
from tests.resources.listings import EMPTY_TEXT, listed, tree

BUS, GROUP, DEVICE = "iotda/soft-buses", "roma/device-groups", "enos/devices"


def numbered(count):
    return [(20_000 + number, f"group-{number:04}") for number in range(count)]


# Paging.


def pages(browser, url):
    """The rows of each page, following the link to the next one."""
    result = []
    while True:
        response = browser.get(url)
        result.append(listed(response))
        following = re.search(
            r'<a class="btn" href="(\?[^"]*after=[^"]*)"[^>]*>Next page', response.content.decode()
        )
        if not following:
            return result
        url = url.partition("?")[0] + html.unescape(following[1])


@pytest.mark.parametrize(
    ("count", "sizes"), [(50, [50]), (51, [50, 1]), (100, [50, 50]), (130, [50, 50, 30])]
)
def test_every_row_stands_on_exactly_one_page(plant, emulator, count, sizes):
    emulator.faults([tree(*numbered(count))])

    found = pages(plant.browser(), f"/{GROUP}/")

    assert list(map(len, found)) == sizes
    assert [id for page in found for id in page] == [str(id) for id, _name in numbered(count)]


def test_rows_of_one_name_are_neither_skipped_nor_doubled_between_pages(plant, emulator):
    groups = [(20_000 + number, "same|name") for number in range(120)]
    emulator.faults([tree(*groups)])

    found = [id for page in pages(plant.browser(), f"/{GROUP}/") for id in page]

    assert found == [str(id) for id, _name in groups]


def test_a_row_added_meanwhile_does_not_shift_the_next_page(plant, emulator):
    emulator.faults([tree(*numbered(60))])
    browser = plant.browser()
    first = browser.get(f"/{GROUP}/").content.decode()
    following = html.unescape(re.search(r'href="(\?[^"]*after=[^"]*)"', first)[1])
    emulator.faults([tree((19_000, "aaa-first"), *numbered(60))])

    second = listed(browser.get(f"/{GROUP}/{following}"))

    assert second == [str(id) for id, _name in numbered(60)[50:]]


@pytest.mark.parametrize("after", ["", "|", "nothing", "||||", "group-0001|20001"])
def test_any_text_in_the_address_is_a_page(plant, after):
    assert plant.browser().get(f"/{GROUP}/", {"after": after, "q": "%_'\"", "app_id": "x"}).status_code == 200


@pytest.mark.parametrize(
    "name", ["q", "after", "app_id", "connection", "before", "state", "actor", "object", "verb"]
)
def test_a_character_that_no_database_stores_is_no_server_error(plant, name):
    browser = plant.browser()

    for url in (f"/{GROUP}/", "/operations/", "/audit/"):
        value = "a|\0" if name == "after" else "\0"
        assert browser.get(url, {name: value}).status_code in (200, 400, 404), url


@pytest.mark.parametrize(
    "url", ["/roma/device-groups/%00/", "/roma/device-groups/%00/sync/", "/iotda/soft-buses/a%00b/"]
)
def test_such_a_character_in_a_path_is_no_server_error(plant, url):
    assert plant.browser().get(url).status_code in (400, 404)


@pytest.mark.parametrize(
    "before", ["z" * 36, "-" * 36, "0" * 36, "", "1", "00000000-0000-0000-0000-000000000000"]
)
def test_any_place_in_the_operations_list_is_a_page(plant, before):
    assert plant.browser().get("/operations/", {"before": before}).status_code == 200


# Filters.


def test_search_finds_a_part_of_the_name_or_of_the_id(plant, emulator):
    emulator.faults([tree((20_001, "north-pumps"), (20_002, "south-pumps"), (30_003, "valves"))])
    browser = plant.browser()

    assert listed(browser.get(f"/{GROUP}/", {"q": "pumps"})) == ["20001", "20002"]
    assert listed(browser.get(f"/{GROUP}/", {"q": "SOUTH"})) == ["20002"]
    assert listed(browser.get(f"/{GROUP}/", {"q": "3000"})) == ["30003"]
    nothing = browser.get(f"/{GROUP}/", {"q": "zzz"})
    assert listed(nothing) == []
    assert "No matches" in nothing.content.decode()
    assert EMPTY_TEXT not in nothing.content.decode()


def test_a_list_is_narrowed_by_the_kinds_own_fields(plant, emulator):
    plant.perform(BUS)
    plant.perform(BUS, data={"bus_name": "Bus_2", "app_id": "secondSpace0000000000000000"})
    browser = plant.browser()
    everything = listed(browser.get(f"/{BUS}/"))
    assert len(everything) == 2

    response = browser.get(f"/{BUS}/", {"app_id": "secondSpace0000000000000000"})

    assert len(listed(response)) == 1
    assert "Bus_2" in response.content.decode()
    assert '<option value="secondSpace0000000000000000" selected>' in response.content.decode()
    assert listed(browser.get(f"/{BUS}/", {"status": "Synchronized"})) == []


def test_devices_are_narrowed_by_product_and_status(plant):
    plant.perform(DEVICE)
    browser = plant.browser()

    assert len(listed(browser.get(f"/{DEVICE}/", {"product_key": "prodKey1"}))) == 3
    assert listed(browser.get(f"/{DEVICE}/", {"product_key": "other"})) == []


def test_htmx_gets_the_rows_alone(plant):
    response = plant.browser().get(f"/{GROUP}/", **HTMX)

    assert response.content.decode().strip().startswith('<div id="rows"')
    assert listed(response) == ["10001"]


# Cost.


def queries_of(browser, url):
    """Without those that each call to a platform costs: its transaction marks, its look at the condition."""
    with CaptureQueriesContext(
        database,
    ) as captured:
        assert browser.get(url).status_code == 200
    return [
        each["sql"]
        for each in captured
        if not each["sql"].startswith(("SAVEPOINT", "RELEASE", "BEGIN", "COMMIT"))
        and 'FROM "connections_condition"' not in each["sql"]
    ]


@pytest.mark.parametrize("count", [0, 60, 300])
def test_a_list_costs_few_statements_whatever_the_rows(plant, emulator, settings, count):
    """Eight, and one for the names of each kind that is referred to."""
    emulator.faults([tree(*numbered(count))])
    browser = plant.browser()
    browser.get(f"/{GROUP}/")
    settings.FRESH_SECONDS = 1000

    assert len(queries_of(browser, f"/{GROUP}/")) <= 8 + 2


def test_each_list_costs_few_statements(plant, settings):
    browser = plant.browser()
    settings.FRESH_SECONDS = 1000
    for slug in EXAMPLES:
        browser.get(f"/{slug}/")
        assert len(queries_of(browser, f"/{slug}/")) <= 8 + len(set(KINDS[slug].refers.values())), slug


def test_the_first_reading_of_many_rows_is_not_one_statement_per_row(plant, emulator):
    emulator.faults([tree(*numbered(300))])

    assert len(queries_of(plant.browser(), f"/{GROUP}/")) <= 40
