"""Faults of the data: lists that lag behind, and lists that change while they are read."""

import time
from dataclasses import dataclass

import pytest

from tests.emulator.clouds import DEVICES, IOTDA, ORG, ROMA, ROMA_APP, device, policy, roma_group

GROUPS, BUSES, POLICIES = f"{IOTDA}/device-group", f"{IOTDA}/harmony-soft-bus", f"{IOTDA}/device-policies"


@dataclass
class Kind:
    """One kind of object and its calls. Its methods take and return names and ids only."""

    caller: object
    place: str
    items: str
    id: str
    name: str
    body: object

    def create(self, name):
        return self.caller.post(self.place, self.body(name)).json()[self.id]

    def remove(self, id):
        return self.caller.delete(f"{self.place}/{id}").status_code == 204

    def shows(self, id):
        return self.caller.get(f"{self.place}/{id}").status_code == 200

    def page(self, **query):
        return self.caller.get(self.place, **query).json()

    def names(self):
        return [item[self.name] for item in self.page(limit=50)[self.items]]

    def by_offset(self, size):
        """All names that a client sees when it pages by offset."""
        names = []
        while items := self.page(limit=size, offset=len(names))[self.items]:
            names += [item[self.name] for item in items]
        return names

    def by_marker(self, size):
        names, query = [], {}
        while (page := self.page(limit=size, **query))[self.items]:
            names += [item[self.name] for item in page[self.items]]
            query = {"marker": page["page"]["marker"]}
        return names


class Tree(Kind):
    def page(self, **query):
        return {"items": self.caller.get(ROMA, app_id=ROMA_APP).json()["items"][0]["children"]}


class Devices(Kind):
    def create(self, name):
        return self.caller.create(self.body(name)).json()["data"]["assetId"]

    def remove(self, id):
        return self.caller.change("delete", assetId=id).json()["code"] == 0

    def shows(self, id):
        return self.caller.get(DEVICES, action="get", orgId=ORG, assetId=id).json()["code"] == 0

    def page(self, limit=50, offset=0):
        """EnOS numbers its pages, so `offset` must be a multiple of `limit`."""
        return self.caller.search({"pagination": {"pageNo": offset // limit + 1, "pageSize": limit}}).json()


@pytest.fixture
def kinds(huawei, enos):
    return {
        "groups": Kind(huawei, GROUPS, "device_groups", "group_id", "name", lambda name: {"name": name}),
        "buses": Kind(huawei, BUSES, "harmony_soft_buses", "bus_id", "bus_name", lambda n: {"bus_name": n}),
        "policies": Kind(
            huawei, POLICIES, "policies", "policy_id", "policy_name", lambda name: policy(policy_name=name)
        ),
        "tree": Tree(huawei, ROMA, "items", "id", "name", lambda name: roma_group(name=name)),
        "devices": Devices(enos, DEVICES, "data", "assetId", "deviceKey", lambda n: device(deviceKey=n)),
    }


@pytest.fixture(params=["groups", "buses", "policies", "tree", "devices"])
def kind(request, kinds):
    return kinds[request.param]


@pytest.fixture(params=["groups", "buses", "policies", "devices"])
def paged(request, kinds):
    """Each kind that has pages, with six objects `item-5` to `item-0`."""
    kind = kinds[request.param]
    kind.before = kind.names()
    for number in range(6):
        kind.create(f"item-{number}")
    return kind


def test_a_stale_listing_shows_what_was_there_when_it_was_set(kind, emulator):
    gone = kind.create("gone")
    before = kind.names()
    emulator.faults([{"fault": "stale_listing"}])
    assert kind.remove(gone)
    made = kind.create("made")
    assert kind.names() == before
    assert "gone" in before
    assert "made" not in before
    # Only lists lag: calls by id see the present.
    assert kind.shows(made)
    assert not kind.shows(gone)
    emulator.faults([])
    assert set(kind.names()) ^ set(before) == {"gone", "made"}


def test_a_stale_listing_shows_old_values_and_old_times(huawei, emulator):
    group_id = huawei.post(GROUPS, {"name": "before"}).json()["group_id"]
    emulator.faults([{"fault": "stale_listing"}])
    assert huawei.put(f"{GROUPS}/{group_id}", {"name": "after"}).status_code == 200
    assert huawei.get(GROUPS, name="after").json()["device_groups"] == []
    assert huawei.get(GROUPS, name="before").json()["device_groups"][0]["group_id"] == group_id
    assert huawei.get(f"{GROUPS}/{group_id}").json()["name"] == "after"


def test_setting_it_again_takes_a_new_picture(kind, emulator):
    for name in ("first", "second", "third"):
        emulator.faults([{"fault": "stale_listing"}])
        before = kind.names()
        kind.create(name)
        assert kind.names() == before
    assert {"first", "second"} <= set(before)


def test_a_stale_listing_catches_up_when_it_was_given_seconds(kinds, emulator):
    emulator.faults([{"fault": "stale_listing", "seconds": 10}])  # 0.5 s at twentyfold speed
    kinds["groups"].create("made")
    assert "made" not in kinds["groups"].names()
    end = time.monotonic() + 10
    while "made" not in kinds["groups"].names() and time.monotonic() < end:
        time.sleep(0.02)
    assert "made" in kinds["groups"].names()


def test_who_signs_in_after_the_picture_is_signed_in(kinds, emulator):
    """Tokens are not read from the snapshot."""
    emulator.faults([{"fault": "stale_listing"}])
    for name in ("groups", "devices"):
        kinds[name].caller.token = ""
        assert kinds[name].names()


def test_rules_pick_stale_lists_like_all_others(kinds, emulator):
    match = {"path": "/device-group$"}
    emulator.faults([{"fault": "stale_listing", "match": match, "times": 1}])
    kinds["groups"].create("made")  # a POST fits too: the fault is played and changes nothing
    kinds["buses"].create("made")
    assert "made" in kinds["groups"].names()
    assert "made" in kinds["buses"].names()
    emulator.faults([{"fault": "stale_listing", "match": {**match, "method": "GET"}, "times": 1}])
    kinds["groups"].create("again")
    assert "again" not in kinds["groups"].names()
    assert "again" in kinds["groups"].names()


def test_whoever_pages_by_offset_meets_one_twice_when_another_is_inserted(paged, emulator):
    expected = [f"item-{number}" for number in range(5, -1, -1)] + paged.before
    emulator.faults([{"fault": "change_between_pages", "times": 1}])
    # Three to a page: what comes before the second page pushes item-3 onto it.
    assert paged.by_offset(3)[:5] == ["item-5", "item-4", "item-3", "item-3", "item-2"]
    inserted = paged.names()[0]
    assert inserted.startswith("item-5-")
    assert paged.names() == [inserted, *expected]


def test_whoever_pages_by_offset_misses_one_when_another_is_removed(paged, emulator):
    expected = [f"item-{number}" for number in range(5, -1, -1)] + paged.before
    emulator.faults([{"fault": "change_between_pages", "body": "remove", "times": 1}])
    seen = paged.by_offset(3)
    assert seen[:5] == ["item-5", "item-4", "item-3", "item-1", "item-0"]
    assert set(expected) - set(seen) == {"item-2"}
    assert paged.names() == [name for name in expected if name != "item-3"]


def test_in_turn_one_is_inserted_and_one_removed(paged, emulator):
    before = paged.names()
    emulator.faults([{"fault": "change_between_pages", "times": 2}])
    seen = paged.by_offset(2)
    after = paged.names()
    assert seen[:4] == ["item-5", "item-4", "item-4", "item-3"]
    assert [name for name in after if name not in before][0].startswith("item-5-")
    assert [name for name in before if name not in after] == ["item-3"]
    assert "item-2" not in seen  # still there, and not seen


@pytest.mark.parametrize("name", ["groups", "buses", "policies"])
def test_whoever_pages_by_marker_meets_each_once(kinds, name, emulator):
    kind = kinds[name]
    for number in range(6):
        kind.create(f"item-{number}")
    before = kind.names()
    emulator.faults([{"fault": "change_between_pages"}])
    assert kind.by_marker(2) == before
    assert kind.names() != before


def test_the_last_page_and_what_is_no_page_change_nothing(kinds, emulator):
    emulator.faults([{"fault": "change_between_pages"}])
    for kind in kinds.values():
        id = kind.create("made")
        names = kind.names()
        assert kind.shows(id)
        assert kind.names() == names


def test_nobody_removes_a_group_that_others_hang_on(kinds, huawei, emulator):
    top = kinds["groups"].create("top")
    middle = huawei.post(GROUPS, {"name": "middle", "super_group_id": top}).json()["group_id"]
    huawei.post(BUSES, {"bus_name": "bus", "group_id": middle})
    emulator.faults([{"fault": "change_between_pages", "body": "remove"}])
    assert kinds["groups"].by_marker(2) == ["middle", "top", "DemoGroup"]
    kinds["groups"].create("free")
    assert kinds["groups"].by_marker(3) == ["free", "middle", "top", "DemoGroup"]
    assert kinds["groups"].names() == ["middle", "top", "DemoGroup"]


@pytest.mark.parametrize("body", ["both", {}, 1, None])
def test_a_change_that_does_not_exist_is_refused(nobody, body):
    rule = {"fault": "change_between_pages", "body": body}
    assert nobody.put("/_emulator/faults", [rule]).status_code == 400
    assert nobody.get("/_emulator/faults").json() == []
