"""Walks over the emulated clouds while they hold more than a page: for every kind that is changed there.

Would catch: objects lost or shown twice where another process takes a walk up, a walk called whole although
others changed the list between two of its pages, a list that costs more the deeper it is read.
"""

import json

import pytest

from portal.errors import PlatformError
from portal.platforms.enos.client import EnOS
from portal.platforms.iotda.client import IoTDA
from portal.platforms.roma.client import ROMA
from portal.platforms.signing.enos import EnosAuth
from portal.platforms.signing.huawei import SdkHmac
from portal.platforms.signing.tokens import MemoryTokenStore
from tests.platforms.conftest import ENOS_KEYS, KEYS, PROJECT
from tests.support.filled import filled

PATHS = {
    "iotda device_groups": "/device-group",
    "iotda policies": "/device-policies",
    "iotda soft_buses": "/harmony-soft-bus",
    "enos devices": "/devices",
    "roma device_groups": "/device-groups",
}
PAGED = [name for name in PATHS if not name.startswith("roma")]
COUNTS = {"devices": 901, "groups": 1200, "policies": 170, "buses": 170}


@pytest.fixture(scope="module")
def crowd(tmp_path_factory):
    emulator = filled(tmp_path_factory.mktemp("crowd"), **COUNTS)
    yield emulator
    emulator.stop()


def collection(crowd, name):
    platform, collection = name.split()
    if platform == "enos":
        client = EnOS(crowd.url, EnosAuth(MemoryTokenStore(), *ENOS_KEYS), org_id="o15000000000001")
    else:
        auth, ids = SdkHmac(*KEYS, project_id=PROJECT), {"project_id": PROJECT}
        if platform == "roma":
            client = ROMA(crowd.url, auth, instance_id="demo-roma-instance", **ids)
        else:
            client = IoTDA(crowd.url, auth, **ids)
    return getattr(client, collection)


@pytest.fixture
def walk(crowd):
    """walk(name, place=None, **filters): a walk by a client that knows nothing of others."""

    def begin(name, place=None, **filters):
        return collection(crowd, name).walk(json.loads(json.dumps(place)), **filters)

    yield begin
    crowd.faults([])


def lookup(crowd, what, /, **filters):
    """(the collection's listing, the number of calls it took)"""
    since = (crowd.requests() or [{"number": 0}])[-1]["number"]
    listing = collection(crowd, what).list(**filters)
    return listing, sum("token" not in each["path"] for each in crowd.requests(since))


def ids(pages):
    return [item["id"] for page in pages for item in page.items]


@pytest.mark.parametrize("name", PATHS)
def test_a_walk_shows_every_object_once_and_is_whole(crowd, walk, name):
    pages = list(walk(name))

    found, there = ids(pages), crowd.state()
    known = [each for slug in slugs(name) for each in there[slug]["ids"]]
    assert sorted(found) == sorted(map(str, known))
    assert [page.is_whole for page in pages] == [False] * (len(pages) - 1) + [True]
    assert (pages[-1].total, pages[-1].place) == (len(found), None)
    assert len(pages) > 1


def slugs(name):
    slug = name.replace(" ", "/").replace("_", "-")
    return [slug, "iotda/built-in-policies"] if slug == "iotda/policies" else [slug]


@pytest.mark.parametrize("name", PAGED)
def test_another_process_takes_up_a_walk_after_any_page(walk, name):
    whole = list(walk(name))
    for number, page in enumerate(whole[:-1]):
        assert ids(walk(name, page.place)) == ids(whole[number + 1 :])
    pages, place = [], None
    while not pages or place:
        pages.append(next(walk(name, place)))
        place = pages[-1].place
        assert len(json.dumps(place)) < 4_000
    assert (pages[-1].is_whole, pages[-1].total) == (True, whole[-1].total)


def test_a_tree_is_taken_up_from_its_top(walk):
    whole = list(walk("roma device_groups"))
    again = list(walk("roma device_groups", whole[0].place))
    assert (ids(again), again[-1].is_whole) == (ids(whole), True)


@pytest.mark.parametrize("change", ["insert", "remove"])
@pytest.mark.parametrize("name", PAGED)
def test_a_list_that_others_change_between_two_pages_is_not_whole(crowd, walk, name, change):
    pages = walk(name)
    fault = {"fault": "change_between_pages", "body": change, "times": 1}
    crowd.faults([{"match": {"path": PATHS[name]}, **fault}])
    shown = [next(pages)]
    crowd.faults([])
    shown += list(pages)

    assert [page.is_whole for page in shown] == [False] * len(shown)
    assert list(walk(name))[-1].is_whole


@pytest.mark.parametrize("name", PAGED)
def test_a_page_that_fails_is_read_again_from_the_place_before_it(crowd, walk, name):
    pages = walk(name)
    first = next(pages)
    fault = {"fault": "answer", "status": 500, "body": {}}
    crowd.faults([{"match": {"path": PATHS[name]}, **fault}])
    with pytest.raises(PlatformError):
        next(pages)
    crowd.faults([])

    others = list(walk(name, first.place))
    assert others[-1].is_whole
    assert len({*ids([first]), *ids(others)}) == others[-1].total


def test_the_groups_of_one_space_can_be_walked_alone(walk):
    pages = list(walk("iotda device_groups", app_id="secondSpace0000000000000000"))
    assert {item["app_id"] for page in pages for item in page.items} == {"secondSpace0000000000000000"}
    assert (len(ids(pages)), pages[-1].total, pages[-1].is_whole) == (240, 240, True)


def test_every_group_names_its_space(crowd, walk):
    groups = [item for page in walk("iotda device_groups") for item in page.items]
    assert {group["app_id"] for group in groups} == {
        "jeQDJQZltU8iKgFFoW060F5SGZka",
        "secondSpace0000000000000000",
    }


@pytest.mark.parametrize("name", PATHS)
def test_an_exact_name_costs_few_calls_where_the_platform_searches(crowd, walk, name):
    wanted = next(walk(name)).items[-1]
    space = {"app_id": wanted["app_id"]} if name == "iotda device_groups" else {}
    if collection(crowd, name).finds_names:
        listing, calls = lookup(crowd, name, name=wanted["name"], calls=2, **space)
        assert [item["id"] for item in listing.items] == [wanted["id"]]
        assert (listing.complete, calls) == (True, 1)
        # A part of very many names: what was not read may be there.
        listing, calls = lookup(crowd, name, name="0", calls=2, **space)
        assert (listing.items, listing.complete, calls) == ([], False, 2)
