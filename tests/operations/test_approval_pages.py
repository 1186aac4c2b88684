"""What people see of approvals, on pages and by the API.

Would catch: a page that does not say what happens next, a button for who may not decide, a decision about
something that has changed since it was shown, a request that is shown to who may not read it, a dead end.
"""

import json
import uuid

import pytest
from django.utils import timezone

from portal.kinds.registry import KINDS
from portal.operations.approval import Approval
from portal.operations.job import Job
from portal.operations.models import Operation
from portal.record.models import Entry
from portal.teams.models import Role
from tests.api.calling import Api, body_of, path_of
from tests.operations.ruled import APPROVED, BUS, POLICY, approve, asked, rule, several
from tests.resources.forms import post, read, script
from tests.support.plant import deletes_received, ids, make_plant, received

SPACE, GROUP, LIST = "iotda/spaces", "iotda/device-groups", "/approvals/"
HTMX = {"HTTP_HX_REQUEST": "true"}


@pytest.fixture
def bus(plant):
    row = plant.make(BUS)
    rule(plant, delete=["reason", "approval"])
    return row


def ask(plant, row, slug=BUS):
    """By the form; the Approval."""
    browser = plant.browser(Role.MANAGER)
    path = f"/{slug}/{row.pk}/delete/"
    answer = browser.post(path, read(browser.get(path)).fields | {"reason": ["old"]})
    approval = Approval.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, f"{LIST}{approval.pk}/")
    return approval


def decide(plant, approval, decision="approve", role=Role.OWNER, **more):
    browser = plant.browser(role)
    fields = read(browser.get(f"{LIST}{approval.pk}/")).fields
    answer = browser.post(f"{LIST}{approval.pk}/decide/", {**fields, "decision": [decision], **more})
    approval.refresh_from_db()
    return answer


def test_the_form_says_what_happens_next_and_leads_to_the_approval(plant, emulator, bus):
    browser = plant.browser(Role.MANAGER)
    path = f"/{BUS}/{bus.pk}/delete/"
    opened = browser.get(path).text
    assert 'id="needs-approval"' in opened
    assert "Ask for approval" in opened
    answer = browser.post(path, read(browser.get(path)).fields)
    assert set(read(answer).errors) == {"reason"}  # why comes first
    assert not Approval.objects.exists()

    approval = ask(plant, bus)
    page = browser.get(f"{LIST}{approval.pk}/").text
    assert "Nothing was sent yet" in page
    assert approval.changes[0]["request"]["url"] in page
    assert 'id="withdraw"' in page
    assert 'id="approve"' not in page
    assert not deletes_received(emulator, BUS)


def test_with_htmx_the_browser_goes_to_the_approval(plant, bus):
    browser = plant.browser(Role.MANAGER)
    path = f"/{BUS}/{bus.pk}/delete/"
    fields = read(browser.get(path)).fields | {"reason": ["old"]}
    answer = browser.post(path, fields, **HTMX)
    assert answer["HX-Redirect"] == f"{LIST}{Approval.objects.get().pk}/"
    again = browser.post(path, fields, **HTMX)  # the second click
    assert again["HX-Redirect"] == answer["HX-Redirect"]
    assert Approval.objects.count() == 1


def test_a_manager_sees_it_approves_it_and_sees_what_became_of_it(plant, emulator, bus):
    approval = ask(plant, bus)
    browser = plant.browser(Role.OWNER)
    assert "1 waits for you" in browser.get("/").text
    assert str(approval.pk) in browser.get(LIST).text

    answer = decide(plant, approval, reason="seen")

    assert answer["Location"] == f"{LIST}{approval.pk}/"
    operation = Operation.objects.get(approval=approval)
    page = browser.get(f"{LIST}{approval.pk}/").text
    assert f"/operations/{operation.pk}/" in page
    assert plant.people[Role.OWNER].email in page
    assert 'id="approve"' not in page
    shown = browser.get(f"/operations/{operation.pk}/").text
    assert "Approved by" in shown
    assert f"{LIST}{approval.pk}/" in shown
    assert str(approval.pk) not in browser.get(LIST).text
    assert str(approval.pk) in browser.get(f"{LIST}?view=decided").text
    entry = Entry.objects.get(operation=str(operation.pk), stage="outcome")
    chain = browser.get(f"/audit/{entry.seq}/").text
    assert "asked for approval of a change of" in chain
    assert "approved a change of" in chain


def test_its_author_cannot_approve_it_by_address_either(plant, emulator, bus):
    approval = ask(plant, bus)
    browser = plant.browser(Role.MANAGER)
    answer = browser.post(f"{LIST}{approval.pk}/decide/", {"decision": "approve"})
    assert answer.status_code == 403
    assert "somebody else has to approve it" in answer.text
    assert Entry.objects.filter(verb="approval_give", outcome="denied").exists()
    assert not deletes_received(emulator, BUS)


@pytest.mark.parametrize("role", [Role.OPERATOR, Role.VIEWER, Role.AUDITOR])
def test_others_see_why_they_cannot_decide(plant, bus, role):
    approval = ask(plant, bus)
    browser = plant.browser(role)
    page = browser.get(f"{LIST}{approval.pk}/").text
    assert "Required role: Manager or Owner" in page
    assert 'id="approve"' not in page
    assert (approval.changes[0]["request"]["url"] in page) == (role == Role.AUDITOR)
    answer = browser.post(f"{LIST}{approval.pk}/decide/", {"decision": "approve"})
    assert answer.status_code == 403
    assert browser.post(f"{LIST}{approval.pk}/withdraw/").status_code == 403
    assert "Required role: Manager or Owner" in browser.get(LIST).text


def test_another_team_finds_nothing(plant, emulator, bus):
    approval, other = ask(plant, bus), make_plant(emulator.url, "Harbour")
    browser = other.browser(Role.OWNER)
    for path in (f"{LIST}{approval.pk}/", f"/api/v1/approvals/{approval.pk}/"):
        assert browser.get(path).status_code == 404
    for act in ("decide", "withdraw"):
        answer = browser.post(f"{LIST}{approval.pk}/{act}/", {"decision": "approve"})
        assert answer.status_code == 404
    assert str(approval.pk) not in browser.get(f"{LIST}?view=others").text


def test_a_refusal_needs_a_reason_and_keeps_it(plant, emulator, bus):
    approval = ask(plant, bus)
    answer = decide(plant, approval, "refuse")
    assert answer.status_code == 422
    assert set(read(answer).errors) == {"reason"}
    answer = decide(plant, approval, "refuse", reason="it is in use")
    assert answer.status_code == 302
    page = plant.browser(Role.MANAGER).get(f"{LIST}{approval.pk}/").text
    assert "it is in use" in page
    assert not deletes_received(emulator, BUS)


def test_the_second_of_two_approvers_is_led_to_what_became_of_it(plant, emulator, bus):
    approval = ask(plant, bus)
    browser = plant.browser(Role.OWNER)
    fields = read(browser.get(f"{LIST}{approval.pk}/")).fields | {"decision": ["approve"]}
    first = browser.post(f"{LIST}{approval.pk}/decide/", fields)
    second = browser.post(f"{LIST}{approval.pk}/decide/", fields)
    assert first["Location"] == second["Location"]
    assert len(deletes_received(emulator, BUS)) == 1


def test_what_it_touches_is_shown_and_if_that_changes_it_is_shown_again(plant, emulator):
    row = plant.make(GROUP)
    rule(plant, delete=["reason", "approval"])
    approval = ask(plant, row, GROUP)
    browser = plant.browser(Role.OWNER)
    opened = browser.get(f"{LIST}{approval.pk}/")
    assert 'id="impact" class="mb-3" data-before="0"' in opened.text
    plant.made_in_the_console(GROUP, {**plant.data(GROUP), "name": "inner", "super_group_id": row.remote_id})
    fields = read(opened).fields | {"decision": ["approve"], "reason": ["typed"]}
    answer = browser.post(f"{LIST}{approval.pk}/decide/", fields)
    assert answer.status_code == 409
    assert 'id="changed"' in answer.text
    assert 'data-before="1"' in answer.text
    assert "typed" in answer.text
    assert not deletes_received(emulator, GROUP)


def test_a_void_one_says_why_and_sends_nothing(plant, emulator, bus):
    approval = ask(plant, bus)
    rule(plant, delete=["approval"])
    answer = decide(plant, approval)
    assert answer.status_code == 302
    page = plant.browser(Role.OWNER).get(f"{LIST}{approval.pk}/").text
    assert "The rules of the team changed" in page
    assert 'data-approval-state="void"' in page
    assert not deletes_received(emulator, BUS)


def test_a_platform_that_is_down_leaves_it_waiting(plant, emulator, bus):
    approval = ask(plant, bus)
    emulator.faults([{"match": {"method": "GET"}, "fault": "answer", "status": 503, "body": "down"}])
    answer = decide(plant, approval, reason="typed")
    assert answer.status_code == 503
    assert "typed" in answer.text
    assert approval.state == "waiting"


def test_many_rows_are_one_approval_and_become_one_job(plant, emulator):
    rows = [plant.make(BUS, bus_name=f"bus_{number}") for number in range(2)]
    rule(plant, delete=APPROVED)
    browser, path = plant.browser(Role.MANAGER), f"/{BUS}/bulk/delete/"
    opened = browser.post(path, {"pick": [str(row.pk) for row in rows]})
    assert "Ask for approval" in opened.text
    answer = browser.post(path, read(opened).fields | {"count": ["2"]})
    approval = Approval.objects.get()
    assert answer["Location"] == f"{LIST}{approval.pk}/"
    assert "2 steps" in plant.browser(Role.OWNER).get(LIST).text
    answer = decide(plant, approval)
    job = Job.objects.get()
    assert answer["Location"] == f"/jobs/{job.pk}/"
    assert job.state == "done"  # the queue is emptied at once in tests
    assert not set(ids(emulator, BUS)) & {row.remote_id for row in rows}


def test_everything_inside_is_approved_as_it_was_planned(plant, emulator):
    row = plant.make(GROUP)
    inner = {**plant.data(GROUP), "name": "inner", "super_group_id": row.remote_id}
    plant.made_in_the_console(GROUP, inner)
    rule(plant, delete=["reason", "approval"])
    browser, path = plant.browser(Role.MANAGER), f"/{GROUP}/{row.pk}/delete-everything/"
    fields = read(browser.get(path)).fields | {"typed_name": [str(row)]}
    assert set(read(browser.post(path, fields)).errors) == {"reason"}

    def asked_for(key):
        fields = read(browser.get(path)).fields
        fields |= {"typed_name": [str(row)], "reason": ["old"], "operation_key": [key]}
        browser.post(path, fields)
        return Approval.objects.get(key=key)

    approval = asked_for("first")
    plant.made_in_the_console(GROUP, {**inner, "name": "late"})
    decide(plant, approval)
    assert approval.state == "void"
    assert "What is inside changed" in str(approval.said)
    assert not deletes_received(emulator, GROUP)

    approval = asked_for("second")
    decide(plant, approval)
    assert approval.state == "approved"
    assert len(deletes_received(emulator, GROUP)) == 3


def test_several_devices_of_one_call_wait_together(plant, emulator):
    rule(plant, any=APPROVED)
    answer = post(
        plant.browser(Role.OPERATOR), "/enos/devices/new/several/", several(plant, "pump-1, A", "pump-2, B")
    )
    approval = Approval.objects.get()
    assert answer["Location"] == f"{LIST}{approval.pk}/"
    decide(plant, approval)
    assert [each.state for each in approval.operations.all()] == ["done"] * 2


class TestApi:
    def test_a_change_that_waits_answers_202_with_its_address(self, plant, emulator):
        rule(plant, any=APPROVED)
        api, key, body = Api(plant), str(uuid.uuid4()), body_of(plant, BUS)
        answer = api.post(path_of(BUS, "create"), body, key=key)
        assert answer.status_code == 202
        told = answer.json()["approval"]
        assert (answer["Location"], told["state"]) == (told["url"], "waiting")
        assert api.post(path_of(BUS, "create"), body, key=key).json()["approval"]["id"] == told["id"]
        assert api.post(path_of(BUS, "create"), {**body, "bus_name": "other"}, key=key).status_code == 409

        approval = Approval.objects.get()
        assert [each["id"] for each in Api(plant, Role.OWNER).get("approvals/").json()["items"]] == [
            told["id"]
        ]
        assert api.get("approvals/").json()["items"] == []
        approve(plant, approval)
        told = api.get(f"approvals/{approval.pk}/").json()
        assert (told["state"], told["decided_by"]) == ("approved", plant.people[Role.OWNER].email)
        assert told["requests"][0]["body"] == received(emulator, BUS, "create")[0]["body"]
        done = api.post(path_of(BUS, "create"), body, key=key)
        assert done.json()["operation"]["id"] == told["operations"][0]["id"]
        assert len(received(emulator, BUS, "create")) == 1

    def test_requests_are_for_those_who_read_the_record(self, plant):
        rule(plant, any=APPROVED)
        approval = asked(plant, BUS, "create", role=Role.MANAGER)
        seen = {
            role: Api(plant, role).get(f"approvals/{approval.pk}/").json()["requests"] is not None
            for role in (Role.MANAGER, Role.OWNER, Role.AUDITOR, Role.OPERATOR, Role.VIEWER)
        }
        assert seen == {
            Role.MANAGER: True, Role.OWNER: True, Role.AUDITOR: True, Role.OPERATOR: False, Role.VIEWER: False
        }  # fmt: skip

    @pytest.mark.parametrize("view", ["mine", "others", "decided", "to-decide"])
    def test_its_lists(self, plant, view):
        rule(plant, any=APPROVED)
        first = asked(plant, BUS, "create", key="a")
        asked(plant, BUS, "create", key="b", role=Role.OWNER)
        Approval.objects.filter(pk=first.pk).update(state="refused", decided_at=timezone.now())
        found = Api(plant, Role.OWNER).get("approvals/", view=view).json()["items"]
        expected = {"mine": ["b"], "others": [], "decided": ["a"], "to-decide": []}[view]
        keys = Approval.objects.filter(pk__in=[each["id"] for each in found]).values_list("key", flat=True)
        assert list(keys) == expected
        assert Api(plant).get("approvals/", view="nothing").status_code == 400


def test_no_secret_is_on_its_page(plant):
    rule(plant, any=APPROVED)
    data = plant.data("iotda/devices", variety="secrets")
    approval = asked(plant, "iotda/devices", "create", data=data)
    for role in (Role.OPERATOR, Role.OWNER):
        browser = plant.browser(role)
        assert data["secret"] not in browser.get(f"{LIST}{approval.pk}/").text
        assert data["secret"] not in json.dumps(browser.get(f"/api/v1/approvals/{approval.pk}/").json())


def test_an_edit_of_what_changed_since_is_not_even_asked_for(plant, emulator):
    row = plant.make(POLICY)
    rule(plant, **{f"{POLICY} update": APPROVED})
    browser = plant.browser(Role.OPERATOR)
    path = f"/{POLICY}/{row.pk}/update/"
    fields = read(browser.get(path)).fields
    plant.collection(POLICY).update(row.remote_id, plant.theirs(POLICY))
    changed = script(POLICY, plant, "update", expected=fields["expected"][0])
    answer = post(browser, path, changed)
    assert answer.status_code == 409
    assert plant.theirs(POLICY)["policy_name"] in answer.text
    assert not Approval.objects.exists()
    answer = Api(plant).post(path_of(POLICY, "update", row), {
        "policy_name": "mine", "expected": json.loads(fields["expected"][0])
    })  # fmt: skip
    assert (answer.status_code, answer.json()["type"].rpartition(":")[2]) == (409, "conflict")


def test_an_edit_of_a_bound_policy_is_not_asked_for_without_the_right(plant, emulator):
    row = plant.make(POLICY)
    data = {"target_type": "device", "target_ids": ["5ba24f5ebbe8f56f5a14f605_node-1"]}
    plant.perform(POLICY, "bind", data, target=row)
    rule(plant, **{f"{POLICY} update": APPROVED})
    answer = Api(plant).post(path_of(POLICY, "update", row), {"policy_name": "mine"})
    assert (answer.status_code, answer.json()["right"]) == (403, "edit_bound_policy")
    assert not Approval.objects.exists()


def test_an_edit_waits_with_what_its_form_showed(plant, emulator):
    row = plant.make(POLICY)
    rule(plant, **{f"{POLICY} update": APPROVED})
    browser = plant.browser(Role.OPERATOR)
    path = f"/{POLICY}/{row.pk}/update/"
    fields = read(browser.get(path)).fields
    changed = script(POLICY, plant, "update", expected=fields["expected"][0])
    post(browser, path, changed)
    approval = Approval.objects.get()
    assert approval.changes[0]["expected"]["policy_name"] == row.name
    decide(plant, approval)
    assert approval.operations.get().state == "done"
    assert len(received(emulator, POLICY, "update")) == 1
    assert KINDS[POLICY].model.objects.get().name == plant.data(POLICY, "update").get("policy_name", row.name)
