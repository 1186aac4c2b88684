"""A search in the platform's own language, on the list of a kind whose platform takes expressions.

Would catch: rows of the platform that pass for the mirror's, a search that is sent without a press, a refusal
that loses what was typed, a search that lags and overwrites what is known better.
"""

from datetime import timedelta
from html import unescape

import pytest
from django.utils import timezone

from portal.enos.models import Device
from portal.kinds.registry import KINDS
from portal.resources import expression_page
from portal.teams.models import Role
from tests.operations.test_moved_accounts import ELSEWHERE, change
from tests.resources.listings import listed
from tests.support.account import PRODUCT
from tests.support.plant import make_plant

pytestmark = pytest.mark.anywhere


DEVICES = "enos/devices"
SITE = 'deviceTags.site = "Hall 3" and status in ("online")'
SEARCH = {"method": "POST", "path": "/devices$", "query": "action=search"}


def device(plant, key, **more):
    return plant.made_in_the_console(DEVICES, {**plant.data(DEVICES), "device_key": key, **more})["id"]


def searched(browser, expression, slug=DEVICES, **more):
    return browser.get(f"/{slug}/", {"expression": expression, **more})


def asked(emulator, since=0):
    return [each for each in emulator.requests(since) if "action=search" in each["query"]]


def test_the_platform_finds_and_the_mirror_keeps_it(plant, emulator):
    id = device(plant, "pump-1", device_tags={"site": "Hall 3"})
    device(plant, "pump-2", device_tags={"site": "Hall 4"})
    before = len(emulator.requests())

    response = searched(plant.browser(Role.VIEWER), "deviceTags.site = 'Hall 3'")

    assert response.status_code == 200
    assert listed(response) == [id]
    assert "1–1 of 1, as the platform counts" in response.text
    assert "not from the portal's copy" in response.text
    assert "hx-trigger" not in response.text.partition('id="content-found"')[2], (
        "it is never read again by itself"
    )
    assert len(asked(emulator, before)) == 1
    assert list(Device.objects.values_list("remote_id", flat=True)) == [id]


def test_it_is_sent_as_it_was_typed(plant, emulator):
    response = searched(plant.browser(), f"  {SITE} ")
    [request] = asked(emulator)
    assert SITE.replace('"', '\\"') in request["body"]
    assert "The platform finds nothing" in response.text


@pytest.mark.parametrize(
    ("word", "finds"),
    # "disable": the filter word; `disabled` is what the field shows.
    [("disable", True), ("disabled", False)],
)
def test_the_word_for_a_disabled_device(plant, word, finds):
    row = plant.make(DEVICES)
    plant.perform(DEVICES, "disable", data={}, target=row)
    found = listed(searched(plant.browser(), f'status = "{word}"'))
    assert (found == [row.remote_id]) == finds


def test_the_list_offers_it_and_reads_no_platform_for_it(plant, emulator, settings):
    settings.FRESH_SECONDS = 10**6
    plant.refresh(DEVICES)
    before = len(emulator.requests())
    page = plant.browser().get(f"/{DEVICES}/").text
    assert 'name="expression"' in page
    assert "is called disable here" in page
    assert plant.browser().get(f"/{DEVICES}/?expression=%20").status_code == 200
    assert len(emulator.requests()) == before
    assert 'name="expression"' not in plant.browser().get("/iotda/devices/").text


def test_a_refusal_stands_at_the_field_with_what_was_typed(plant):
    response = searched(plant.browser(), 'status === "on<line"')
    assert response.status_code == 422
    assert "<code>" in response.text
    assert "99400" in response.text
    assert "Invalid arguments" in response.text
    assert 'value="status === &quot;on&lt;line&quot;"' in response.text
    assert 'aria-describedby="expression-error' in response.text


@pytest.mark.parametrize(("length", "status"), [(2000, 200), (2001, 422)])
def test_a_very_long_one_is_not_sent(plant, emulator, length, status):
    head, tail = "deviceKey = '", "'"
    expression = head + "x" * (length - len(head) - len(tail)) + tail
    assert searched(plant.browser(), expression).status_code == status
    assert len(asked(emulator)) == (status == 200)


def test_hidden_characters_are_not_sent(plant, emulator):
    assert searched(plant.browser(), "status\u202e = 'x'").status_code == 422
    assert asked(emulator) == []


def test_the_platforms_own_pages_are_turned(plant, emulator, monkeypatch):
    monkeypatch.setattr(expression_page, "PAGE", 2)
    ids = [device(plant, f"hall-{number}") for number in range(5)][::-1]
    browser, found = plant.browser(), []
    query = {"expression": 'deviceKey in ("hall-0","hall-1","hall-2","hall-3","hall-4")'}
    address = None
    for first, last in ((1, 2), (3, 4), (5, 5)):
        response = browser.get(address or f"/{DEVICES}/", None if address else query)
        assert f"{first}–{last} of 5" in response.text
        found += listed(response)
        link = response.text.partition('id="next-page"')[0].rpartition('href="')[2].partition('"')[0]
        address = f"/{DEVICES}/{unescape(link)}"
    assert found == ids
    assert 'id="next-page"' not in response.text
    assert [
        each["body"].count('"pageSize": 2') + each["body"].count('"pageSize":2') for each in asked(emulator)
    ] == [1] * 3


@pytest.mark.parametrize(
    "fault",
    [{"fault": "answer", "status": 503, "body": ""}, {"fault": "reset"}],
    ids=["503", "reset"],
)
def test_what_cannot_be_read_is_not_nothing(plant, emulator, fault):
    emulator.faults([{"match": SEARCH, **fault}])
    page = searched(plant.browser(), SITE).text
    assert "The platform could not be read." in page
    assert "finds nothing" not in page


def test_a_count_without_objects_is_not_nothing(plant, emulator):
    body = {"code": 0, "msg": "OK", "requestId": "r", "data": [], "pagination": {"totalSize": 7}}
    emulator.faults([{"match": SEARCH, "fault": "answer", "status": 200, "body": body}])
    page = searched(plant.browser(), SITE).text
    assert "does not say that there are none" in page
    assert "finds nothing" not in page


@pytest.mark.parametrize(("minutes", "kept"), [(4, "was here"), (6, "from the search")])
def test_a_search_that_may_lag_does_not_overwrite_what_is_known_better(plant, minutes, kept):
    row = plant.make(DEVICES)
    plant.collection(DEVICES).update(row.remote_id, {"device_desc": "from the search"})
    known = timezone.now() - timedelta(minutes=minutes)
    Device.objects.update(device_desc="was here", known_at=known, read_at=known)

    response = searched(plant.browser(), f'assetId = "{row.remote_id}"')

    row.refresh_from_db()
    assert row.device_desc == kept
    assert ("not confirmed yet" in response.text) == (kept == "was here")


def test_people_without_the_right_see_nothing(plant, emulator):
    harbour = make_plant(emulator.url, name="Harbour")
    theirs = harbour.connections["enos"].pk
    assert searched(plant.browser(Role.OWNER), SITE, connection=str(theirs)).status_code == 404
    harbour.connections["enos"].delete()
    assert searched(harbour.browser(Role.OWNER), SITE).status_code == 404
    assert asked(emulator) == []


def test_products_are_searched_too(plant):
    assert listed(searched(plant.browser(), f'productKey = "{PRODUCT}"', "enos/products")) == [PRODUCT]
    assert {slug for slug, kind in KINDS.items() if kind.expression} == {DEVICES, "enos/products"}


def test_what_a_search_showed_of_another_account_is_not_kept(plant, emulator, monkeypatch):
    """The connection moves while the platform answers."""
    plant.made_in_the_console("enos/devices")
    found = expression_page.reading.found

    def late(*args):
        change(plant, "enos", org_id=ELSEWHERE["org_id"])
        return found(*args)

    monkeypatch.setattr(expression_page.reading, "found", late)
    answer = plant.browser().get("/enos/devices/", {"expression": f"productKey = '{PRODUCT}'"})
    assert "was changed while it was read" in answer.text
    assert not Device.objects.exists()


def test_a_short_page_is_no_end_while_more_are_counted(plant, emulator):
    device(plant, "pump-1")
    items = asked_page(plant, emulator, {"pageNo": 1, "pageSize": 1, "totalSize": 3})
    assert 'id="next-page"' in items
    assert 'id="next-page"' not in asked_page(plant, emulator, {"pageNo": 1, "pageSize": 1, "totalSize": 1})


def asked_page(plant, emulator, pagination):
    item = {"assetId": "a1", "productKey": PRODUCT, "deviceKey": "k1", "deviceName": {"defaultValue": "n"}}
    body = {"code": 0, "msg": "OK", "requestId": "r", "data": [item], "pagination": pagination}
    emulator.faults([{"match": SEARCH, "fault": "answer", "status": 200, "body": body}])
    return searched(plant.browser(), "status = 'online'").text
