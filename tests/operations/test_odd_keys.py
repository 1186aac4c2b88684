"""Operation keys that no form of ours made: they are stored as far as a database can, and end in no 500."""

import pytest

from portal.operations import deciding
from portal.operations.models import Decision, Operation, State
from portal.teams.models import Role
from tests.examples import match
from tests.operations.endings import for_a_human, someone
from tests.support.plant import received

GROUP = "roma/device-groups"
ODD = pytest.mark.parametrize("key", ["a\0b", "k" * 100], ids=["nul", "long"])


def rejected(plant, emulator):
    emulator.faults([{"match": match(GROUP, "create"), "fault": "answer", "status": 400, "body": "{}"}])
    operation = plant.perform(GROUP)
    emulator.faults([])
    assert operation.state == State.REJECTED
    return operation


@ODD
def test_an_odd_key_is_one_request_all_the_same(plant, emulator, key):
    first, second = plant.perform(GROUP, key=key), plant.perform(GROUP, key=key)

    assert (first.state, second.pk) == (State.DONE, first.pk)
    assert len(received(emulator, GROUP, "create")) == 1


@ODD
def test_a_form_with_an_odd_key_is_answered(plant, key):
    browser = plant.browser()
    posted = {"connection": plant.connections["roma"].pk, "name": "line-9", "parent_id": "10001"}

    response = browser.post(f"/{GROUP}/new/", {**posted, "operation_key": key})

    assert response.status_code == 422


@ODD
def test_try_again_with_an_odd_key_asks_once(plant, emulator, key):
    operation = rejected(plant, emulator)
    browser = plant.browser()

    for _press in range(2):
        response = browser.post(f"/operations/{operation.pk}/requeue/", {"operation_key": key})
        assert response.status_code == 302

    assert Operation.objects.count() == 2
    assert len(received(emulator, GROUP, "create")) == 2


@ODD
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_decision_with_an_odd_key_is_answered(plant, emulator, key, when):
    operation = for_a_human(plant, emulator, committed=True)
    if when == "after":
        owner = someone(plant, Role.OWNER)
        deciding.decide(operation, actor=owner, decision=Decision.NOT_OURS, reason="r")
    posted = {"decision": "not_ours", "reason": "r", "operation_key": key}

    response = plant.browser(Role.OWNER).post(f"/operations/{operation.pk}/decide/", posted)

    assert response.status_code == (422 if when == "before" else 302)
