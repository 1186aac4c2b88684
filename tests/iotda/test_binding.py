"""A policy that is bound to many targets at once: each has its own ending, none is claimed without a word.

Would catch: "bound" said of what the platform refused, a refused target asked for again together with the
bound ones, an answer that forgets a target and is called a success.
"""

import pytest

from portal.operations import settling
from portal.operations.models import Operation, State
from portal.record.models import Entry
from portal.teams.models import Role
from tests.resources.forms import changing, post, script
from tests.support.plant import received

POLICY = "iotda/policies"
PRODUCT = "5ba24f5ebbe8f56f5a14f605"
NODE_1, NODE_2 = f"{PRODUCT}_node-1", f"{PRODUCT}_node-2"
MATCH = {"method": "POST", "path": "/bind$"}


def bind(plant, row, *targets, verb="bind"):
    data = {"target_type": "device", "target_ids": list(targets)}
    return plant.perform(POLICY, verb, data=data, target=row)


def bound(plant, row):
    return {item["target_id"] for item in plant.collection(POLICY).targets(row.remote_id).items}


def answered(emulator, **body):
    answer = {"policy_id": body.pop("policy_id"), "target_type": "device", **body}
    emulator.faults([{"match": MATCH, "fault": "answer", "status": 200, "body": answer}])


def test_some_are_refused_and_just_those_are_asked_for_again(plant, emulator):
    row = plant.make(POLICY)
    operation = bind(plant, row, NODE_1, "nobody", NODE_2)

    assert operation.state == State.PARTLY
    assert bound(plant, row) == {NODE_1, NODE_2}
    assert [each["target"] for each in operation.refused] == ["nobody"]
    browser = plant.browser(Role.MANAGER)
    page = browser.get(f"/operations/{operation.pk}/").text
    assert 'data-operation-state="partly"' in page
    assert "2 of 3 were done" in page
    assert "does not exist in the resource space" in page
    assert "Try again what was refused" in page
    assert Entry.objects.order_by("-seq").first().outcome == "partly"

    post(browser, f"/operations/{operation.pk}/requeue/", {"operation_key": "again"})

    again = Operation.objects.get(key="again")
    assert again.data["target_ids"] == ["nobody"]
    assert (again.state, again.follows_id) == (State.REJECTED, operation.pk)
    assert "refused each of the 1" in browser.get(f"/operations/{again.pk}/").text


def test_its_form_opens_with_what_was_refused(plant):
    row = plant.make(POLICY)
    operation = bind(plant, row, NODE_1, "nobody")
    form = plant.browser(Role.MANAGER).get(f"{changing(row, 'bind')}?from={operation.pk}").text
    assert ">\nnobody</textarea>" in form or ">nobody</textarea>" in form


def test_when_all_are_refused_nothing_was_done(plant):
    row = plant.make(POLICY)
    assert bind(plant, row, "nobody", "noone").state == State.REJECTED
    assert bound(plant, row) == set()


@pytest.mark.parametrize(
    "body",
    [
        {"success_targets": [NODE_1], "failure_targets": []},
        {"success_targets": [NODE_1, NODE_2], "failure_targets": [{"target_id": NODE_2, "error_code": "x"}]},
        {"success_targets": None, "failure_targets": None},
        {"success_targets": "all", "failure_targets": []},
        {"success_targets": [NODE_1, NODE_2], "failure_targets": ["x"]},
        {},
    ],
    ids=["one forgotten", "one in both", "null", "a text", "no object", "nothing"],
)
def test_what_the_answer_does_not_account_for_is_in_doubt(plant, emulator, body):
    row = plant.make(POLICY)
    answered(emulator, policy_id=row.remote_id, **body)
    assert bind(plant, row, NODE_1, NODE_2).state == State.IN_DOUBT


def test_an_answer_about_another_policy_proves_nothing(plant, emulator):
    row = plant.make(POLICY)
    answered(emulator, policy_id="0" * 24, success_targets=[NODE_1], failure_targets=[])
    assert bind(plant, row, NODE_1).state == State.IN_DOUBT


def lost(plant, emulator, row, *targets, fault):
    emulator.faults([{"match": MATCH, "fault": fault}])
    operation = bind(plant, row, *targets)
    emulator.faults([])
    assert operation.state == State.IN_DOUBT
    return operation


def settled(operation):
    settling.settle_due()
    operation.refresh_from_db()
    return operation.state


def test_a_lost_answer_is_found_where_the_platform_shows_every_target(plant, emulator):
    row = plant.make(POLICY)
    assert settled(lost(plant, emulator, row, NODE_1, NODE_2, fault="reset_mid_body")) == State.FOUND


def test_what_was_bound_before_does_not_show_that_it_happened(plant, emulator):
    row = plant.make(POLICY)
    bind(plant, row, NODE_1)
    assert settled(lost(plant, emulator, row, NODE_1, fault="reset_mid_body")) == State.NEEDS_HUMAN


def test_of_some_alone_a_human_decides(plant, emulator):
    row = plant.make(POLICY)
    operation = lost(plant, emulator, row, NODE_1, "nobody", fault="reset_mid_body")
    assert settled(operation) == State.NEEDS_HUMAN
    page = plant.browser(Role.OWNER).get(f"/operations/{operation.pk}/").text
    assert "The platform shows some of the ids as requested, but not all." in page


def test_targets_are_added_to_the_list_by_a_press(plant):
    row, browser = plant.make(POLICY), plant.browser(Role.MANAGER)
    form = browser.get(changing(row, "bind")).text
    assert f'<option value="{NODE_1}">' in form
    posted = script(POLICY, plant, "bind", target_ids=NODE_1, target_ids_pick=NODE_2, touch="target_ids:add")
    again = post(browser, changing(row, "bind"), posted).text
    assert f"{NODE_1}\n{NODE_2}</textarea>" in again
    assert f'<option value="{NODE_2}">' not in again, "what is in the list is not offered again"


@pytest.mark.parametrize(
    ("ids", "words"),
    [("", "required"), ("a b", "can contain only"), ("\n".join(f"n{n}" for n in range(21)), "20")],
)
def test_a_broken_rule_is_named_kept_and_not_sent(plant, emulator, ids, words):
    row, browser = plant.make(POLICY), plant.browser(Role.MANAGER)
    response = post(browser, changing(row, "bind"), script(POLICY, plant, "bind", target_ids=ids))
    assert response.status_code == 422
    assert words in response.text
    assert ids.split("\n")[0] in response.text
    assert received(emulator, POLICY, "bind") == []


def test_the_same_id_twice_is_sent_once(plant, emulator):
    row, browser = plant.make(POLICY), plant.browser(Role.MANAGER)
    post(
        browser, changing(row, "bind"), script(POLICY, plant, "bind", target_ids=f" {NODE_1}\r\n\r\n{NODE_1}")
    )
    [request] = received(emulator, POLICY, "bind")
    assert request["body"].count(NODE_1) == 1


def test_the_form_names_why_the_choices_are_missing(plant, emulator):
    row, browser = plant.make(POLICY), plant.browser(Role.MANAGER)
    emulator.faults([{"match": {"path": "/devices"}, "fault": "answer", "status": 503, "body": ""}])
    assert "Enter the ids yourself." in browser.get(changing(row, "bind")).text


def edit(plant, row, role=Role.OPERATOR):
    return plant.perform(POLICY, "update", plant.data(POLICY, "update"), target=row, role=role)


def test_who_may_edit_policies_may_not_edit_one_that_is_bound(plant, emulator):
    row = plant.make(POLICY)
    assert edit(plant, row).state == State.DONE
    bind(plant, row, NODE_1)
    sent = len(received(emulator, POLICY, "update"))

    refused = edit(plant, row)

    assert (refused.state, refused.sent_at) == (State.NOT_SENT, None)
    assert "Manager" in refused.message or "manager" in refused.message
    assert len(received(emulator, POLICY, "update")) == sent
    assert "denied" in Entry.objects.filter(verb="update").values_list("outcome", flat=True)
    assert edit(plant, row, Role.MANAGER).state == State.DONE


def test_whether_it_is_bound_must_be_known_before_it_is_edited(plant, emulator):
    row = plant.make(POLICY)
    emulator.faults([{"match": {"path": "/list-targets$"}, "fault": "answer", "status": 503, "body": ""}])
    assert edit(plant, row, Role.OWNER).state == State.NOT_SENT
    none = {"targets": [], "page": {"count": 3}}
    emulator.faults([{"match": {"path": "/list-targets$"}, "fault": "answer", "status": 200, "body": none}])
    assert edit(plant, row).state == State.NOT_SENT, "it counts more than it shows"
    assert edit(plant, row, Role.MANAGER).state == State.DONE


@pytest.mark.parametrize("verb", ["update", "delete"])
def test_the_form_says_to_how_much_it_is_bound_and_who_may_edit_it(plant, verb):
    row = plant.make(POLICY)
    role = Role.OPERATOR if verb == "update" else Role.MANAGER
    assert "It is bound to" not in plant.browser(role).get(changing(row, verb)).text
    bind(plant, row, NODE_1, NODE_2)
    page = plant.browser(role).get(changing(row, verb)).text
    assert "It is bound to 2 devices, products or spaces." in page
    if verb == "update":
        assert "edit_bound_policy" in page or "owner" in page.lower()
