"""What was gone, or could not be counted, before a change was sent.

Would catch: "the platform shows that it happened" said of a delete whose object was gone before it was sent;
"too many to read" said of a list that the platform cut or counts wrongly.
"""

import pytest

from portal.operations import settling
from portal.operations.deciding import decide
from portal.operations.models import Decision, Operation, State
from portal.teams.models import Role
from tests.examples import match
from tests.operations.dying import settle_all
from tests.operations.endings import someone, text_of, url

POLICY = "iotda/policies"
NODE_1 = "5ba24f5ebbe8f56f5a14f605_node-1"


@pytest.mark.parametrize("slug", [POLICY, "enos/devices", "roma/device-groups"])
def test_a_lost_delete_of_what_was_gone_is_not_said_to_have_happened(plant, emulator, settings, slug):
    settings.SETTLE_SECONDS = 0
    row = plant.make(slug)
    plant.collection(slug).delete(row.remote_id)  # in the console
    emulator.faults([{"match": match(slug, "delete"), "fault": "reset"}])
    operation = plant.perform(slug, "delete", target=row, data={})
    emulator.faults([])
    assert (operation.state, operation.baseline) == (State.IN_DOUBT, False)
    settle_all()
    operation.refresh_from_db()
    page = text_of(plant.browser(Role.MANAGER).get(url(operation)))
    assert "the platform shows that it happened" not in page


@pytest.mark.parametrize("slug", [POLICY, "iotda/soft-buses", "iotda/devices"])
def test_a_delete_that_was_sent_twice_says_that_the_object_was_gone_before(plant, emulator, slug):
    row = plant.make(slug)
    plant.collection(slug).delete(row.remote_id)  # in the console
    emulator.faults([{"match": match(slug, "delete"), "fault": "reset", "times": 1}])
    operation = plant.perform(slug, "delete", target=row, data={})
    assert (operation.state, len(operation.http_attempts)) == (State.DONE, 2)
    assert operation.words["code"] == "operation.already_gone"


def test_a_list_that_counts_wrongly_is_not_called_too_long(plant, emulator):
    row = plant.make(POLICY)
    body = {"targets": [{"target_type": "device", "target_id": "x"}], "page": {"count": 3}}
    emulator.faults(
        [
            {"match": {"path": "/list-targets$"}, "fault": "answer", "status": 200, "body": body},
            {"match": match(POLICY, "bind"), "fault": "reset"},
        ]
    )
    data = {"target_type": "device", "target_ids": [NODE_1]}
    operation = plant.perform(POLICY, "bind", data=data, target=row)
    assert operation.state == State.IN_DOUBT
    settling.settle_due()
    operation.refresh_from_db()
    assert operation.state == State.NEEDS_HUMAN
    page = text_of(plant.browser(Role.OWNER).get(url(operation)))
    assert "too many to read" not in page


def test_what_a_look_showed_as_done_is_not_sent_again(plant, emulator):
    """Half of it was done and its answer was lost; the owner decides "send again"."""
    row = plant.make(POLICY)
    emulator.faults([{"match": match(POLICY, "bind"), "fault": "reset_mid_body"}])
    data = {"target_type": "device", "target_ids": [NODE_1, "nobody"]}
    operation = plant.perform(POLICY, "bind", data=data, target=row)
    emulator.faults([])
    settling.settle_due()
    operation.refresh_from_db()
    assert operation.state == State.NEEDS_HUMAN
    decide(operation, actor=someone(plant, Role.OWNER), decision=Decision.SEND_AGAIN, key="again")
    assert Operation.objects.get(key="again").data["target_ids"] == ["nobody"]
