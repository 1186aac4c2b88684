"""What is said of a policy's targets is true, also where the platform counts nothing or answers loosely.

Would catch: a count that is the portal's own limit, a product's binding taken for a device's, "it shows every
one" of targets that are gone, "it shows what was sent" where each was refused, a page that breaks on an id.
"""

import pytest

from portal.operations import settling
from portal.operations.deciding import requeue
from portal.operations.models import Operation, State
from portal.teams.models import Role
from tests.api.calling import Api, path_of, problem_of
from tests.examples import match
from tests.operations.dying import settle_all
from tests.operations.endings import due, someone, text_of, url
from tests.resources.forms import changing

pytestmark = pytest.mark.anywhere  # what it does with the database, tests/operations does too


POLICY = "iotda/policies"
PRODUCT = "5ba24f5ebbe8f56f5a14f605"
NODE_1, NODE_2 = f"{PRODUCT}_node-1", f"{PRODUCT}_node-2"
LISTED = {"path": "/list-targets$"}


def bind(plant, row, *targets, verb="bind"):
    data = {"target_type": "device", "target_ids": list(targets)}
    return plant.perform(POLICY, verb, data=data, target=row)


def targets(emulator, *items, **page):
    body = {"targets": [dict(zip(("target_type", "target_id"), each, strict=True)) for each in items]}
    body |= {"page": page} if page else {}
    emulator.faults([{"match": LISTED, "fault": "answer", "status": 200, "body": body}])


def lost(plant, emulator, row, *ids, verb="bind", fault="reset"):
    emulator.faults([{"match": match(POLICY, verb), "fault": fault}])
    operation = bind(plant, row, *ids, verb=verb)
    emulator.faults([])
    assert operation.state == State.IN_DOUBT
    return operation


def test_a_count_that_nobody_told_is_not_made_up(plant, emulator):
    row = plant.make(POLICY)
    targets(emulator, ("device", "a"), ("device", "b"), ("product", "c"))
    page = text_of(plant.browser(Role.MANAGER).get(changing(row, "update")))
    assert "bound" in page
    assert "It is bound to 1 devices, products or spaces." not in page


def test_a_count_that_contradicts_its_list_is_not_told(plant, emulator):
    row = plant.make(POLICY)
    targets(emulator, ("device", "a"), ("device", "b"), count=0)
    page = text_of(plant.browser(Role.MANAGER).get(changing(row, "update")))
    assert "It is bound to 0 devices, products or spaces." not in page


def test_a_product_of_the_same_id_does_not_show_that_a_device_is_bound(plant, emulator):
    """A platform that does not filter by the type that the body asks for."""
    row = plant.make(POLICY)
    operation = lost(plant, emulator, row, "same-id")
    targets(emulator, ("product", "same-id"), count=1)
    settling.settle_due()
    operation.refresh_from_db()
    assert operation.state != State.FOUND


def test_what_is_unbound_is_not_said_to_be_shown(plant, emulator, settings):
    settings.SETTLE_SECONDS = 0
    row = plant.make(POLICY)
    bind(plant, row, NODE_1)
    operation = lost(plant, emulator, row, NODE_1, verb="unbind", fault="reset_mid_body")
    settle_all()
    operation.refresh_from_db()
    assert operation.state == State.FOUND
    page = text_of(plant.browser(Role.MANAGER).get(url(operation)))
    assert "The platform shows every one that was sent." not in page, "it shows none of them any more"


def test_what_is_still_bound_is_not_said_to_be_missing(plant, emulator, settings):
    settings.SETTLE_SECONDS = 0
    row = plant.make(POLICY)
    bind(plant, row, NODE_1)
    operation = lost(plant, emulator, row, NODE_1, verb="unbind")
    settle_all()
    operation.refresh_from_db()
    assert operation.state == State.ABSENT
    page = text_of(plant.browser(Role.MANAGER).get(url(operation)))
    assert "The platform shows none of those that were sent." not in page, "it shows each of them"


def test_of_a_target_that_was_bound_before_nothing_else_is_said(plant, emulator, settings):
    settings.SETTLE_SECONDS = 0
    row = plant.make(POLICY)
    bind(plant, row, NODE_1)
    operation = lost(plant, emulator, row, NODE_1, NODE_2)
    settle_all()
    operation.refresh_from_db()
    assert operation.state == State.ABSENT
    page = text_of(plant.browser(Role.MANAGER).get(url(operation)))
    assert "The platform shows none of those that were sent." not in page, "it shows the first"


def test_a_last_look_does_not_find_what_was_refused(plant, emulator, settings):
    settings.SETTLE_SECONDS = 600
    row = plant.make(POLICY)
    operation = lost(plant, emulator, row, "nobody", fault="reset")
    Operation.objects.filter(pk=operation.pk).update(state=State.ABSENT, next_look_at=None)
    operation.refresh_from_db()
    again = requeue(operation, actor=someone(plant, Role.MANAGER), key="again")
    assert again.state == State.REJECTED
    settings.SETTLE_SECONDS = 0
    Operation.objects.filter(pk=again.pk).update(late_until=again.created_at)
    due()
    settling.settle_due()
    again.refresh_from_db()
    page = text_of(plant.browser(Role.MANAGER).get(url(again)))
    assert again.looks, again.holds
    assert "The object shows what was sent" not in page


@pytest.mark.parametrize("id", ["a/b", "..", "x/../../y", "a\nb", "?", "#"])
def test_any_id_can_be_listed(plant, emulator, id):
    row = plant.make(POLICY)
    targets(emulator, ("device", id), count=1)
    response = plant.browser(Role.MANAGER).get(f"/{POLICY}/{row.pk}/related/targets/")
    assert response.status_code == 200


def test_a_missing_right_is_no_outage(plant, emulator):
    """A program repeats what was answered with 503."""
    row = plant.make(POLICY)
    bind(plant, row, NODE_1)
    response = Api(plant, Role.OPERATOR).post(path_of(POLICY, "update", row), plant.data(POLICY, "update"))
    assert (response.status_code, problem_of(response)) == (403, "not-allowed")
    assert response.json()["right"] == "edit_bound_policy"


def test_an_answer_about_another_type_of_target_proves_nothing(plant, emulator):
    row = plant.make(POLICY)
    body = {"policy_id": row.remote_id, "target_type": "product", "success_targets": [NODE_1]}
    body |= {"failure_targets": []}
    emulator.faults([{"match": match(POLICY, "bind"), "fault": "answer", "status": 200, "body": body}])
    assert bind(plant, row, NODE_1).state == State.IN_DOUBT


def test_a_reason_of_any_length_is_kept_short(plant, emulator):
    """What the platform says of an attempt has its longest length, too."""
    row = plant.make(POLICY)
    refused = [{"target_id": NODE_2, "error_code": "c" * 9000, "error_msg": "m" * 300_000}]
    body = {"policy_id": row.remote_id, "target_type": "device", "success_targets": [NODE_1]}
    body |= {"failure_targets": refused}
    emulator.faults([{"match": match(POLICY, "bind"), "fault": "answer", "status": 200, "body": body}])
    operation = bind(plant, row, NODE_1, NODE_2)
    assert operation.state == State.PARTLY
    assert len(plant.browser().get(url(operation)).text) < 100_000


def test_half_of_it_arriving_late_is_not_nothing(plant, emulator):
    """It counted as absent; before its last look the platform did the one half, and refused the other."""
    row = plant.make(POLICY)
    operation = lost(plant, emulator, row, NODE_1, "nobody")
    past = operation.created_at
    Operation.objects.filter(pk=operation.pk).update(state=State.ABSENT, late_until=past, next_look_at=past)
    policies = plant.collection(POLICY)
    data = {"target_type": "device", "target_ids": [NODE_1]}
    policies.client.send(policies.bind_call(row.remote_id, data))

    settling.settle_due()

    operation.refresh_from_db()
    assert operation.looks
    page = text_of(plant.browser(Role.MANAGER).get(url(operation)))
    assert "The object does not show what was sent." not in page
    assert operation.state != State.ABSENT or not operation.can_requeue, "it would send the done half again"


def test_a_missing_list_is_not_a_missing_policy(plant, emulator):
    row = plant.make(POLICY)
    body = {"error_code": "IOTDA.000004", "error_msg": "not found"}
    emulator.faults([{"match": LISTED, "fault": "answer", "status": 404, "body": body}])
    operation = bind(plant, row, NODE_1)
    assert operation.sent_at is None
    assert plant.seen(POLICY, row)["id"] == row.remote_id
    row.refresh_from_db()
    assert row.gone_at is None, "the platform shows it"
