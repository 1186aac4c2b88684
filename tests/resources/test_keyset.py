"""Pages of a list, forwards and backwards, over several connections.

Would catch: rows that are skipped or doubled between pages, in either direction and order, on one connection
or many; a place whose row is gone; a place that somebody made up; a plan that reads more than a page needs.
"""

import html
import json
import random
import re

import pytest
from django.db import connection as database

from portal.connections.models import Connection
from portal.kinds.registry import KINDS
from portal.resources.listing import listing
from portal.resources.wanted import Place, Wanted
from tests.resources.listings import listed
from tests.resources.test_list_page import have_read, mirror

GROUP, DEVICE = "roma/device-groups", "enos/devices"
NAMES = [
    "same",
    "same",
    "Zebra",
    "anna",
    "ärger",
    "泵站",
    "",
    "a b",
    "a-b",
    "x" * 150,
    "x" * 150 + "y",
    "|",
    '"',
    "1",
    "10",
]


@pytest.fixture
def browser(plant, settings):
    settings.FRESH_SECONDS = 10**9
    return plant.browser()


def another_connection(plant, slug, name):
    place = Connection.objects.get(pk=plant.connection(KINDS[slug]).pk)
    place.pk, place._state.adding, place.name = None, True, name
    place.save()
    return place


@pytest.fixture
def three(plant, browser):
    """Three connections with rows of the same ids, of names that databases order each their own way."""
    places = [
        plant.connection(KINDS[GROUP]),
        *(another_connection(plant, GROUP, each) for each in ("b", "c")),
    ]
    chance = random.Random(5)
    for place in places:
        mirror(plant, GROUP, *(chance.choice(NAMES) for _number in range(70)), connection=place)
        have_read(plant, GROUP, place)
    return places


def link(response, id):
    found = re.search(rf'<a class="btn" href="([^"]*)" id="{id}"', response.content.decode())
    return (
        found and f"/{GROUP}/{html.unescape(found[1])}"
        if found and found[1].startswith("?")
        else found and html.unescape(found[1])
    )


def rows(response):
    """The pk of each row, because ids repeat on the three connections."""
    return re.findall(r'id="row-([^"]*)"', response.content.decode())


def turned(browser, url, id):
    """The pages from here on, by the link of that id."""
    pages = []
    while url:
        response = browser.get(url)
        pages.append(rows(response))
        url = link(response, id)
    return pages, response


@pytest.mark.parametrize("query", ["", "?sort=-name", "?q=id-000", "?q=id&sort=-name"])
def test_pages_in_both_directions_show_every_row_once(three, browser, query):
    model = KINDS[GROUP].model
    keys = ["sort_key", "remote_id", "connection_id"]
    order = [f"-{each}" if "-name" in query else each for each in keys]
    everything = [str(pk) for pk in model.objects.order_by(*order).values_list("pk", flat=True)]
    assert len(everything) == 210

    forwards, last = turned(browser, f"/{GROUP}/{query}", "next-page")
    assert list(map(len, forwards)) == [50, 50, 50, 50, 10]
    assert [pk for page in forwards for pk in page] == everything
    assert "201–210 of 210" in last.content.decode()

    backwards, first = turned(browser, link(last, "previous-page"), "previous-page")
    assert [pk for page in reversed(backwards) for pk in page] == everything[: len(everything) - 10]
    assert "1–50 of 210" in first.content.decode()


def test_a_row_that_is_gone_is_still_a_place(three, browser):
    first = browser.get(f"/{GROUP}/")
    second = rows(browser.get(link(first, "next-page")))
    KINDS[GROUP].model.objects.filter(pk=rows(first)[-1]).delete()

    assert rows(browser.get(link(first, "next-page"))) == second


def test_before_the_first_whole_page_comes_the_first_page(three, browser):
    pages = turned(browser, f"/{GROUP}/", "next-page")[0]
    model = KINDS[GROUP].model
    place = Place.of(model.objects.get(pk=pages[0][7]))

    response = browser.get(f"/{GROUP}/", {"before": str(place)})

    assert rows(response) == pages[0]
    assert "1–50 of 210" in response.content.decode()


ODD_PLACES = [
    *(
        "null",
        "1",
        "[]",
        "{}",
        "[[[[",
        '["a","b"]',
        '["a","b","c"]',
        '["a",1,"00000000000000000000000000000000"]',
    ),
    json.dumps(["a\0", "b", "0" * 32]),
    json.dumps(["\ud800", "b", "0" * 32]),
    json.dumps(["a" * 101, "b", "0" * 32]),
    json.dumps(["zzzz", "zzzz", "f" * 32]),
    json.dumps(["%s' OR 1=1 --", '"', "0" * 32]),
    "[" * 1900,
    "x" * 9000,
    "group-1|2",
]


@pytest.mark.parametrize("name", ["after", "before"])
@pytest.mark.parametrize("place", ODD_PLACES, ids=range(len(ODD_PLACES)))
def test_a_place_that_somebody_made_up_is_a_page(plant, browser, place, name):
    mirror(plant, GROUP, "aa", "bb")
    have_read(plant, GROUP)

    response = browser.get(f"/{GROUP}/", {name: place})

    assert response.status_code == 200
    assert len(listed(response)) in (1, 2)


def test_more_than_are_counted_is_said(plant, browser, monkeypatch):
    monkeypatch.setattr("portal.resources.listing.COUNT_MAX", 80)
    mirror(plant, GROUP, *(f"group-{number:03}" for number in range(160)))
    have_read(plant, GROUP)

    pages = []
    url = f"/{GROUP}/"
    while url:
        response = browser.get(url)
        pages.append(re.search(r'id="position">\s*(.*?)</p>', response.content.decode())[1])
        url = link(response, "next-page")

    assert pages == [
        "1–50 of more than 80",
        "51–100 of more than 80",
        "Beyond the first 80",
        "Beyond the first 80",
    ]


def test_a_search_says_how_many_it_shows(plant, browser, monkeypatch):
    monkeypatch.setattr("portal.resources.listing.FOUND_MAX", 60)
    mirror(plant, GROUP, *(f"group-{number:03}" for number in range(160)))
    have_read(plant, GROUP)

    text = browser.get(f"/{GROUP}/", {"q": "group"}).content.decode()

    assert "1–50 of more than 60" in text
    assert "A search shows 60 matches at most." in text


@pytest.mark.parametrize("text", ["p1", "-15", "p-00"])
def test_a_search_that_looked_at_a_part_says_so(plant, browser, monkeypatch, text):
    monkeypatch.setattr("portal.resources.listing.LOOKED_AT_MAX", 10)
    monkeypatch.setattr("portal.kinds.search_index.is_there", lambda model: False)
    mirror(plant, GROUP, *(f"group-{number:03}" for number in range(160)))
    have_read(plant, GROUP)

    text = browser.get(f"/{GROUP}/", {"q": text}).content.decode()

    assert "this search looked at a part of them" in text


WANTED = {
    "plain": Wanted(None),
    "backwards": Wanted(None, order="-name"),
    "one filter": Wanted(None, filters={"status": "online"}),
    "other filter": Wanted(None, filters={"product_key": "p1"}),
    "both filters": Wanted(None, filters={"product_key": "p1", "status": "online"}),
    "marked": Wanted(None, only="unsure"),
}


@pytest.mark.parametrize("wanted", WANTED.values(), ids=WANTED)
def test_a_page_is_read_in_the_order_of_an_index(plant, browser, wanted):
    if database.vendor != "sqlite":
        pytest.skip("PostgreSQL sorts few rows rather than using an index")
    statements = []

    def keep(execute, sql, params, many, context):
        statements.append((sql, params))
        return execute(sql, params, many, context)

    place = plant.connection(KINDS[DEVICE])
    mirror(plant, DEVICE, "pump", product_key="p1", status="online")
    with database.execute_wrapper(keep):
        listing(KINDS[DEVICE], wanted, [place])
    sql, params = statements[0]
    with database.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {sql}", params)
        plan = [line[-1] for line in cursor.fetchall()]
    used = {word for line in plan for word in line.split() if "enos_device_" in word}
    assert used == {f"enos_device_{_index(wanted)}", "sqlite_autoindex_enos_device_1"}, plan
    assert not [line for line in plan if "SCAN enos_device" in line]


def _index(wanted):
    if wanted.only:
        return wanted.only
    return {0: "list", 1: next(iter(wanted.filters), ""), 2: "filters"}[len(wanted.filters)]
