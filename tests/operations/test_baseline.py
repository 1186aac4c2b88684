"""What is read before a create is bounded: the create is sent however many objects there are.

Would catch: a create that fails, or takes hundreds of calls, because its platform has many objects; and a
lost create that is found although nobody knows what was there before.
"""

import pytest

from portal.kinds import evidence
from portal.operations import settling
from portal.operations.models import State
from portal.teams.models import Role
from tests.examples import match
from tests.operations.endings import due, text_of, url
from tests.support.plant import received

BUS, GROUP, ROMA_GROUP = "iotda/soft-buses", "iotda/device-groups", "roma/device-groups"


MANY = ",".join(["[]"] * 150_000)  # more members than the portal reads
TOO_BIG = {
    "bytes": {"fault": "huge_body"},
    "members": {"fault": "answer", "status": 200, "body": f'{{"items": [{MANY}]}}'},
}
LOST = {"fault": "timeout_after_commit", "seconds": 0.1}


@pytest.fixture
def many_buses(plant, emulator):
    """A page and a bit of them, of which the portal reads one page before a create."""
    for number in range(55):
        plant.made_in_the_console(BUS, {**plant.data(BUS), "bus_name": f"Bus_{number}"})


def settled(operation):
    due()
    settling.settle_due()
    operation.refresh_from_db()
    return operation


def lost_create(plant, emulator, name, **fault):
    """A create of a bus whose answer is lost; what the portal finds out about it is the test's."""
    emulator.faults([{"match": match(BUS, "create"), **LOST, **fault}])
    operation = plant.perform(BUS, data={**plant.data(BUS), "bus_name": name})
    emulator.faults([])
    assert operation.state == State.IN_DOUBT
    return operation


def test_a_create_reads_only_the_newest_of_a_list_without_a_search(plant, emulator, many_buses):
    since = len(emulator.requests())

    assert plant.perform(BUS).state == State.DONE

    assert len(received(emulator, BUS, "list", since=since)) == 1


def test_what_stands_before_the_newest_of_then_is_new(plant, emulator, many_buses):
    lost = lost_create(plant, emulator, "Bus_B")
    plant.made_in_the_console(BUS, {**plant.data(BUS), "bus_name": "Bus_C"})

    assert (lost.baseline["ids"], lost.baseline["is_whole"], len(lost.baseline["newest"])) == ([], False, 10)
    assert settled(lost).state == State.FOUND
    (candidate,) = lost.looks[-1]["candidates"]
    assert candidate["object"]["name"] == "Bus_B"


def test_what_stands_behind_them_is_old_and_nobody_claims_it(plant, emulator, many_buses):
    """The platform refuses the second bus of that name, and the refusal is lost."""
    lost = lost_create(plant, emulator, "Bus_0")

    assert lost.baseline["ids"] == []  # it stands on the second page
    assert settled(lost).state in (State.IN_DOUBT, State.NEEDS_HUMAN)
    assert (lost.object_id, lost.looks[-1]["words"]["code"]) == ("", "look.name_unseen")


def test_where_none_of_the_newest_is_left_a_person_decides(plant, emulator, many_buses, monkeypatch, owner):
    monkeypatch.setattr(evidence, "NEWEST", 1)
    lost = lost_create(plant, emulator, "Bus_B")
    (newest,) = lost.baseline["newest"]
    plant.collection(BUS).delete(newest)

    assert settled(lost).state == State.NEEDS_HUMAN
    assert lost.looks[-1]["words"]["code"] == "look.name_cut"
    (candidate,) = lost.looks[-1]["candidates"]
    assert candidate["object"]["name"] == "Bus_B"
    assert "not all objects could be listed" in text_of(owner.get(url(lost, "decide")))


def test_a_create_waits_for_a_slow_list_only_for_so_long(plant, emulator, monkeypatch):
    """The list of spaces takes all the time, so that of groups is not asked for."""
    client = plant.connections["iotda"].client()
    monkeypatch.setattr(evidence, "BASELINE_SECONDS", client._room + 0.1)
    emulator.faults([{"match": match("iotda/spaces", "list"), "fault": "latency", "seconds": 0.2}])

    operation = plant.perform(GROUP, data={**plant.data(GROUP), "app_id": ""})

    assert (operation.state, operation.baseline) == (State.DONE, {"ids": [], "is_whole": False})
    assert received(emulator, GROUP, "list") == []


@pytest.mark.parametrize("slug", [GROUP, ROMA_GROUP])
@pytest.mark.parametrize("what", TOO_BIG)
def test_a_list_that_is_too_big_to_be_read_keeps_no_create_back(plant, emulator, slug, what):
    too_big = {"match": match(slug, "list"), **TOO_BIG[what]}
    emulator.faults([too_big])
    assert plant.perform(slug).state == State.DONE
    emulator.faults([too_big, {"match": match(slug, "create"), **LOST}])
    lost = plant.perform(slug, data={**plant.data(slug), "name": "another"})
    emulator.faults([])

    assert lost.state == State.IN_DOUBT
    assert settled(lost).state == State.NEEDS_HUMAN
    assert lost.object_id == ""
    assert [each["object"]["name"] for each in lost.looks[-1]["candidates"]] == ["another"]


@pytest.mark.parametrize("slug", [BUS, GROUP, ROMA_GROUP])
@pytest.mark.parametrize("fault", ["html_502", "reset"])
def test_where_the_platform_does_not_answer_nothing_is_sent(plant, emulator, slug, fault):
    emulator.faults([{"match": match(slug, "list"), "fault": fault}])

    assert plant.perform(slug, role=Role.OWNER).state == State.NOT_SENT

    assert received(emulator, slug, "create") == []
