"""What an id refers to stands on pages by its name, and what refers to an object stands on its page.

Would catch: a name lent by another team, connection or space, a statement for each row, an odd name that
turns the page, a number that was never read, a list or a form that is about something else than the link
says.
"""

import html
import re
from copy import copy
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import pytest
from django.db import connection as database
from django.db.models.base import ModelState
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from portal.kinds.registry import KINDS
from portal.outside import isolated
from portal.teams.models import Role
from tests.examples import creating
from tests.resources.forms import read
from tests.resources.listings import listed
from tests.resources.test_list_page import have_read, mirror, quiet, words  # noqa: F401
from tests.support.drawn import ODD, check
from tests.support.plant import make_plant

pytestmark = pytest.mark.anywhere


SPACE, GROUP, BUS, DEVICE = "iotda/spaces", "iotda/device-groups", "iotda/soft-buses", "iotda/devices"
PRODUCT = "iotda/products"
# kind, its attribute, the kind whose id that holds
REFERS = [
    (GROUP, "app_id", SPACE),
    (GROUP, "super_group_id", GROUP),
    (BUS, "app_id", SPACE),
    (BUS, "group_id", GROUP),
    ("iotda/policies", "app_id", SPACE),
    (PRODUCT, "app_id", SPACE),
    (DEVICE, "app_id", SPACE),
    (DEVICE, "product_id", PRODUCT),
    (DEVICE, "gateway_id", DEVICE),
    ("roma/device-groups", "app_id", "roma/apps"),
    ("roma/device-groups", "parent_id", "roma/device-groups"),
    ("enos/devices", "product_key", "enos/products"),
]
EVERY_REFERENCE = pytest.mark.parametrize(("slug", "attribute", "target"), REFERS)
SELF_MADE = {"iotda/device-groups": "super_group_id", DEVICE: "gateway_id", "roma/device-groups": "parent_id"}
NAME = (ODD + "\u05d0 wide " * 99)[:256]


def test_every_reference_is_tried():
    told = {(slug, name, target) for slug, kind in KINDS.items() for name, target in kind.refers.items()}
    assert told == set(REFERS)


@pytest.fixture
def away(emulator):
    """No platform can be read, so pages show what the mirror has."""
    emulator.faults([{"match": {}, "fault": "answer", "status": 503, "body": "no"}])


@pytest.fixture
def browser(plant, quiet):  # noqa: F811
    return plant.browser(Role.OWNER)


def put(plant, slug, remote_id, name, connection=None, gone_at=None, **columns):
    """One row of the mirror."""
    kind = KINDS[slug]
    row = kind.model(connection=connection or plant.connection(kind), remote_id=remote_id, gone_at=gone_at)
    row.take({"name": name, **columns})
    row.save()
    return row


def pages(browser, row, slug, attribute):
    """The pages that show the attribute: of the object, of the form that deletes it, and the list."""
    found = [browser.get(f"/{slug}/{row.pk}/")]
    if attribute in {column.name for column in KINDS[slug].columns}:
        found.append(browser.get(f"/{slug}/"))
    return found


@EVERY_REFERENCE
def test_a_reference_shows_the_name_and_keeps_the_id(plant, browser, away, slug, attribute, target):
    other = put(plant, target, "t-1", NAME)
    row = put(plant, slug, "r-1", "pump", **{attribute: "t-1"})

    for response in pages(browser, row, slug, attribute):
        check(response)
        text = response.content.decode()
        link = re.search(rf'<a href="/{target}/{other.pk}/">(.*?)</a>\s*<details>(.*?)</details>', text)
        assert "wide" in link[1]
        assert "U+202E" in link[1]
        assert "<code>t-1</code>" in link[2]
    if attribute in KINDS[slug].filters:
        options = re.findall(r'<option value="t-1">(.*?)</option>', text)
        assert [html.unescape(each) for each in options] == [isolated(NAME)]


@pytest.mark.parametrize(("slug", "attribute", "target"), [REFERS[3], *REFERS[-2:]])
def test_nobody_elses_object_lends_its_name(plant, browser, emulator, away, slug, attribute, target):
    harbour = make_plant(emulator.url, "Harbour")
    put(harbour, target, "t-1", "theirs")
    put(plant, target, "t-1", "elsewhere", connection=second(plant, target))
    row = put(plant, slug, "r-1", "pump", **{attribute: "t-1"})

    for response in pages(browser, row, slug, attribute):
        text = response.content.decode()
        assert f'<a href="/{target}/t-1/"><code>t-1</code></a>' in text
        assert "theirs" not in text
        assert ">elsewhere</a> <details>" not in text


def second(plant, slug):
    """Another connection of the same team to the same platform."""
    connection = copy(plant.connection(KINDS[slug]))
    connection.pk, connection.name, connection._state = uuid4(), "second", ModelState()
    connection.save(force_insert=True)
    return connection


def test_a_product_of_another_space_lends_no_name(plant, browser, away):
    put(plant, PRODUCT, "p-1", "theirs", app_id="s-2")
    put(plant, DEVICE, "d-1", "pump", product_id="p-1", app_id="s-1")
    mine = put(plant, DEVICE, "d-2", "pump", product_id="p-1", app_id="s-2")

    rows = browser.get(f"/{DEVICE}/").text.split("<tr data-kind")
    assert ["theirs" in row for row in rows[1:]] == [False, True]
    assert ">theirs</a>" in browser.get(f"/{DEVICE}/{mine.pk}/").text


def test_what_is_at_the_top_and_what_refers_to_itself_is_said_so(plant, browser, away):
    put(plant, "roma/device-groups", "7", "top", parent_id="0")
    gateway = put(plant, DEVICE, "d-1", "pump", gateway_id="d-1")

    assert "top level" in words(browser.get("/roma/device-groups/"))
    assert "<dt>Gateway</dt><dd>" in (text := browser.get(f"/{DEVICE}/{gateway.pk}/").text)
    assert said(text.partition("<dt>Gateway</dt>")[2]).startswith("itself id")


def test_names_cost_one_statement_for_each_kind_however_many_rows(plant, browser):
    def statements():
        with CaptureQueriesContext(database) as captured:
            response = browser.get(f"/{DEVICE}/")
        return len(listed(response)), sum(
            " IN (" in each["sql"] and "name" in each["sql"] for each in captured
        )

    for number in range(2):
        put(plant, SPACE, f"s-{number}", f"space {number}")
        put(plant, PRODUCT, f"p-{number}", f"product {number}", app_id=f"s-{number % 2}")
    have_read(plant, DEVICE)
    put(plant, DEVICE, "d-x", "pump", product_id="p-0", app_id="s-0")
    browser.get(f"/{DEVICE}/")
    one = statements()
    for number in range(60):
        more = number % 50 + 2
        put(plant, DEVICE, f"d-{number}", "pump", product_id=f"p-{more}", app_id=f"s-{more % 2}")

    many = statements()

    assert (one[0], many[0]) == (1, 50)
    assert one[1] == many[1]


def test_a_filter_says_the_ids_of_equal_names(plant, browser):
    for number, name in enumerate(("same", "same", "a third")):
        put(plant, SPACE, f"s-{number}", name)
        put(plant, GROUP, f"g-{number}", "group", app_id=f"s-{number}")
    put(plant, GROUP, "g-9", "group", app_id="s-9")
    have_read(plant, GROUP)

    text = browser.get(f"/{GROUP}/").text

    options = re.findall(r'<option value="(s-[0-9])">(.*?)</option>', text)
    assert options == [("s-2", "a third"), ("s-9", "s-9"), ("s-0", "same (s-0)"), ("s-1", "same (s-1)")]


def users(page):
    """{(slug, attribute): HTML} of what refers to the object."""
    part = r'<div data-users="([^"]*)" data-by="([^"]*)">(.*?)</dd>'
    return {(slug, name): text for slug, name, text in re.findall(part, page.text, re.DOTALL)}


def said(text):
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", text)).split()).replace(" ,", ",")


@EVERY_REFERENCE
def test_an_object_says_what_refers_to_it_and_leads_to_exactly_that(
    plant, browser, away, slug, attribute, target
):
    row = put(plant, target, "t-1", "target")
    shown = users(browser.get(f"/{target}/{row.pk}/"))
    assert "not read yet" in said(shown[slug, attribute])
    mine = mirror(plant, slug, *(f"mine {number}" for number in range(12)), **{attribute: "t-1"})
    mirror(plant, slug, "elsewhere", connection=second(plant, slug), **{attribute: "t-1"})
    put(plant, slug, "other", "other", **{attribute: "t-2"})
    have_read(plant, slug)

    text = users(browser.get(f"/{target}/{row.pk}/"))[slug, attribute]

    assert re.search(r"\b12\b.* as of \d+ s ago", said(text))
    if SELF_MADE.get(slug) == attribute:
        assert re.findall(r">(mine \d+)</a>", text) == sorted(each.name for each in mine)[:10]
        assert "These are the first 10." in said(text)
        return
    [link] = re.findall(rf'href="(/{slug}/\?[^"]*)"', text)
    listing = browser.get(html.unescape(link))
    assert sorted(listed(listing)) == sorted(each.remote_id for each in mine)


def test_only_a_whole_reading_says_that_nothing_refers_to_it(plant, browser, away):
    row = put(plant, SPACE, "s-1", "space")
    have_read(plant, GROUP)
    have_read(plant, BUS, is_complete=False, total=None)

    shown = users(browser.get(f"/{SPACE}/{row.pk}/"))

    assert "none as of" not in said(shown[BUS, "app_id"])
    assert "none of those that were read, as of" in said(shown[BUS, "app_id"])
    assert "none, as of" in said(shown[GROUP, "app_id"])


def test_devices_of_a_product_of_the_same_id_in_another_space_are_not_its_devices(plant, browser, away):
    row = put(plant, PRODUCT, "p-1", "product", app_id="s-1")
    put(plant, DEVICE, "d-1", "mine", product_id="p-1", app_id="s-1")
    put(plant, DEVICE, "d-2", "theirs", product_id="p-1", app_id="s-2")
    have_read(plant, DEVICE)

    text = users(browser.get(f"/{PRODUCT}/{row.pk}/"))[DEVICE, "product_id"]

    assert said(text).startswith("Devices 1 ")
    [link] = re.findall(rf'href="(/{DEVICE}/\?[^"]*)"', text)
    assert listed(browser.get(html.unescape(link))) == ["d-1"]


@pytest.mark.parametrize("slug", sorted({target for _slug, _name, target in REFERS}))
def test_an_object_leads_to_the_forms_in_which_it_is_chosen_already(plant, browser, slug):
    if slug in creating():
        row = plant.make(slug)
    else:
        plant.refresh(slug)
        row = KINDS[slug].model.objects.filter(connection=plant.connection(KINDS[slug])).first()

    page = browser.get(f"/{slug}/{row.pk}/")

    expected = {(child, name) for child, name, target in REFERS if target == slug}
    links = {
        key: html.unescape(link[1])
        for key, text in users(page).items()
        if (link := re.search(r'href="([^"]*/new/\?[^"]*)"', text))
    }
    assert links.keys() == expected
    for (_child, name), link in links.items():
        form = browser.get(link)
        values = {key: each[0] for key, each in parse_qs(urlsplit(link).query).items()}
        assert values[name] == row.remote_id
        fields = read(form).fields
        assert {key: fields[key] for key in values} == {key: [value] for key, value in values.items()}
        chosen = re.findall(r"<option [^>]*selected>(.*?)</option>", form.text)
        assert f"{row.name} ({row.remote_id})" in [html.unescape(each).strip() for each in chosen]


def test_a_form_names_what_the_platform_does_not_offer(plant, browser):
    """Of many groups a picker reads only the first ones."""
    put(plant, GROUP, "g-far", "far away")

    assert "far away (g-far)" in browser.get(f"/{BUS}/new/?group_id=g-far").text


def test_who_may_not_create_is_told_why(plant, away):
    row = put(plant, SPACE, "s-1", "space")

    shown = users(plant.browser(Role.VIEWER).get(f"/{SPACE}/{row.pk}/"))[GROUP, "app_id"]

    assert "/new/" not in shown
    assert re.search(r'title="[^"]*Operator[^"]*"><button [^>]*disabled', shown)


def test_what_no_longer_exists_keeps_its_name_and_says_so(plant, browser, away):
    put(plant, SPACE, "s-1", "space", gone_at=timezone.now())
    put(plant, GROUP, "g-1", "group", app_id="s-1")

    assert (
        '>space</a> <span class="text-secondary">(no longer exists)</span>' in browser.get(f"/{GROUP}/").text
    )


@pytest.mark.parametrize("id", ["new", "refresh", "a/b"])
def test_an_id_that_would_lead_to_another_page_is_no_link(plant, browser, away, id):
    put(plant, GROUP, "g-1", "group", app_id=id)

    text = browser.get(f"/{GROUP}/").text

    assert f'<td data-label="Resource space"><code>{id}</code></td>' in text


def test_what_a_policy_is_bound_to_has_the_name_that_the_mirror_knows(plant, browser):
    device = "5ba24f5ebbe8f56f5a14f605_node-1"
    put(plant, DEVICE, device, "Device at the gate")
    row = plant.make("iotda/policies")
    plant.perform(
        "iotda/policies", "bind", data={"target_type": "device", "target_ids": [device]}, target=row
    )

    assert ">Device at the gate</a>" in browser.get(f"/iotda/policies/{row.pk}/related/targets/").text
