"""Changes that a second person has to approve.

Would catch: a change that is sent before anybody approved it or although nobody may, another request than
the one that was shown, an approval that outlives what it was given for, a secret in what waits, a story with
gaps.
"""

import json
from datetime import timedelta

import pytest
from django.utils import timezone

from portal.connections.models import Connection
from portal.errors import KeyReused, NotAllowed, NotDecidable, Waits
from portal.operations import approvals, approving, deciding
from portal.operations.approval import Approval
from portal.operations.models import Cause, Operation, State
from portal.record.models import Body, Entry
from portal.teams import leaving, service
from portal.teams.models import Membership, Role, User
from tests.operations.ruled import APPROVED, BUS, DENYING, POLICY, approve, asked, person, rule
from tests.support.plant import deletes_received, ids, received

NODE = "5ba24f5ebbe8f56f5a14f605_node-1"


@pytest.fixture
def bus(plant):
    """A bus that is to be deleted, where deleting takes approval."""
    row = plant.make(BUS)
    rule(plant, delete=["reason", "approval"])
    return row


def ask(plant, row, **options):
    return asked(plant, BUS, "delete", data={}, target=row, reason="old", **options)


def story(approval):
    entries = Entry.objects.filter(correlation=approval.correlation).order_by("seq")
    return list(entries.values_list("verb", "stage", "actor"))


def test_nothing_is_sent_before_somebody_approved(plant, emulator, bus):
    approval = ask(plant, bus, key="k", ticket="CHG-1")

    assert not deletes_received(emulator, BUS)
    assert not Operation.objects.filter(verb_name="delete").exists()
    assert (approval.state, approval.reason, approval.ticket) == ("waiting", "old", "CHG-1")
    assert approval.demands == ["approval", "reason"]
    assert approval.expires_at - approval.created_at == pytest.approx(
        timedelta(days=7), abs=timedelta(seconds=5)
    )

    (operation,) = approve(plant, approval, reason="seen it")

    sent = deletes_received(emulator, BUS)
    assert len(sent) == 1
    shown = approval.changes[0]["request"]
    assert (shown["method"], shown["url"], shown["body"]) == ("DELETE", emulator.url + sent[0]["path"], "")
    assert operation.request == shown
    assert (operation.state, operation.key, operation.approval) == (State.DONE, "k", approval)
    assert operation.actor == plant.people[Role.MANAGER]
    assert (approval.state, approval.decided_by) == ("approved", plant.people[Role.OWNER])
    assert approval.decision_reason == "seen it"


def test_a_body_is_sent_byte_for_byte_as_it_was_shown(plant, emulator):
    rule(plant, deny=APPROVED)
    statement = [*plant.data(POLICY)["statement"], DENYING]
    approval = asked(plant, POLICY, "create", data={**plant.data(POLICY), "statement": statement})
    approve(plant, approval)
    assert received(emulator, POLICY, "create")[-1]["body"] == approval.changes[0]["request"]["body"]


def test_it_is_one_story_in_the_record(plant, bus):
    from portal.record import correlation

    with correlation.begin():
        approval = ask(plant, bus)
    manager, owner = (plant.people[role].email for role in (Role.MANAGER, Role.OWNER))
    with correlation.begin():
        approve(plant, approval)
    assert story(approval) == [
        ("approval_ask", "note", manager),
        ("approval_give", "note", owner),
        ("delete", "intent", manager),
        ("delete", "outcome", manager),
    ]
    asked_for, _given, intent, _outcome = Entry.objects.filter(correlation=approval.correlation).order_by(
        "seq"
    )
    body = json.loads(Body.objects.get(seq=asked_for.seq).text)
    assert body["changes"][0]["request"] == approval.changes[0]["request"]
    assert json.loads(Body.objects.get(seq=intent.seq).text)["approval"] == str(approval.pk)


@pytest.mark.parametrize(
    ("role", "words"),
    [
        (Role.MANAGER, "somebody else has to approve it"),  # who asked
        (Role.OPERATOR, "Required role: Manager or Owner"),
        (Role.AUDITOR, "Required role: Manager or Owner"),
    ],
)
def test_who_may_not_decide_is_refused_and_that_is_recorded(plant, emulator, bus, role, words):
    approval = ask(plant, bus)
    for act, verb in ((approving.approve, "give"), (approvals.refuse, "refuse")):
        with pytest.raises(NotAllowed, match=words):
            act(approval, actor=person(plant, role), reason="")
        assert Entry.objects.filter(verb=f"approval_{verb}", outcome="denied").count() == 1
    assert not deletes_received(emulator, BUS)


def test_an_approver_needs_the_rights_that_the_change_takes(plant, emulator, monkeypatch, bus):
    from portal.teams import access

    approval = ask(plant, bus)
    Membership.objects.filter(user=plant.people[Role.VIEWER]).update(role=Role.OWNER)
    monkeypatch.setitem(access.ALLOWED, "approve", frozenset(Role))
    with pytest.raises(NotAllowed, match="Required role: Manager or Owner"):
        approve(plant, approval, Role.OPERATOR)
    assert approve(plant, approval, Role.VIEWER)


class TestWhatMakesItVoid:
    """`said` is what its page says; nothing is ever sent."""

    def void(self, plant, emulator, approval, said, **options):
        assert approve(plant, approval, **options) is None
        assert approval.state == "void"
        assert said in str(approval.said)
        assert not deletes_received(emulator, BUS)
        entry = Entry.objects.get(verb="approval_void")
        assert (entry.outcome, entry.actor) == ("done", plant.people[Role.OWNER].email)
        with pytest.raises(NotDecidable):
            approve(plant, approval)

    def test_the_object_was_changed(self, plant, emulator):
        row = plant.make(POLICY)
        rule(plant, delete=APPROVED)
        approval = asked(plant, POLICY, "delete", data={}, target=row)
        plant.collection(POLICY).update(row.remote_id, plant.theirs(POLICY))
        self.void(plant, emulator, approval, "asked for: name.")

    def test_the_object_is_gone(self, plant, emulator, bus):
        approval = ask(plant, bus)
        since = len(deletes_received(emulator, BUS))
        plant.collection(BUS).delete(bus.remote_id)
        assert approve(plant, approval) is None
        assert "does not exist" in str(approval.said)
        assert len(deletes_received(emulator, BUS)) == since + 1  # the one past the portal

    def test_the_rules_were_changed(self, plant, emulator, bus):
        approval = ask(plant, bus)
        rule(plant, delete=["reason", "ticket", "approval"])
        self.void(plant, emulator, approval, "The rules of the team changed")

    def test_a_rule_fell_away(self, plant, emulator, bus):
        approval = ask(plant, bus)
        rule(plant)
        self.void(plant, emulator, approval, "The rules of the team changed")

    def test_its_author_may_not_do_it_any_more(self, plant, emulator, bus):
        approval = ask(plant, bus)
        member = Membership.objects.get(user=plant.people[Role.MANAGER])
        service.change_role(member, actor=person(plant, Role.OWNER), role=Role.OPERATOR)
        self.void(plant, emulator, approval, "may not do this any more")

    def test_its_author_cannot_sign_in_any_more(self, plant, emulator, bus):
        approval = ask(plant, bus)
        User.objects.filter(pk=plant.people[Role.MANAGER].pk).update(is_active=False)
        self.void(plant, emulator, approval, "may not do this any more")

    def test_the_connection_leads_elsewhere(self, plant, emulator, bus):
        approval = ask(plant, bus)
        Connection.objects.filter(pk=bus.connection_id).update(project_id="f" * 32)
        self.void(plant, emulator, approval, "leads to another account")

    def test_the_connection_was_deleted(self, plant, emulator, bus):
        approval = ask(plant, bus)
        Approval.objects.filter(pk=approval.pk).update(connection=None)
        Connection.objects.filter(pk=bus.connection_id).update(team=_another_team())
        self.void(plant, emulator, approval, "was deleted or leads")

    def test_what_was_kept_was_changed(self, plant, emulator):
        rule(plant, any=APPROVED)
        approval = asked(plant, BUS, "create")
        changes = [{**each, "data": {**each["data"], "bus_name": "another"}} for each in approval.changes]
        Approval.objects.filter(pk=approval.pk).update(changes=changes)
        before = ids(emulator, BUS)
        self.void(plant, emulator, approval, "another request")
        assert ids(emulator, BUS) == before


def _another_team():
    from portal.teams.models import Team

    return Team.objects.create(name="Harbour")


def test_what_changes_while_it_is_approved_is_not_overwritten(plant, emulator):
    """Somebody is faster than the approval, after the look that it begins with."""
    row = plant.make(POLICY)
    rule(plant, delete=APPROVED)
    approval = asked(plant, POLICY, "delete", data={}, target=row)

    def look(_approval, _changes):
        plant.collection(POLICY).update(row.remote_id, plant.theirs(POLICY))

    (operation,) = approve(plant, approval, look=look)
    assert (operation.state, operation.cause) == (State.NOT_SENT, Cause.CONFLICT)
    assert "asked for: name." in operation.message
    assert row.remote_id in ids(emulator, POLICY)


def test_an_object_that_cannot_be_read_is_not_asked_for_and_not_approved(plant, emulator, bus):
    from portal.errors import PlatformError

    approval = ask(plant, bus)
    down = {"match": {"method": "GET"}, "fault": "answer", "status": 503, "body": "down"}
    emulator.faults([down])
    with pytest.raises(PlatformError):
        approve(plant, approval)
    with pytest.raises(PlatformError):
        ask(plant, bus)
    emulator.faults([])
    approval.refresh_from_db()
    assert approval.state == "waiting"
    assert Approval.objects.count() == 1


class TestOtherEnds:
    def test_refused(self, plant, emulator, bus):
        approval = ask(plant, bus)
        approvals.refuse(approval, actor=person(plant, Role.OWNER), reason="it is in use")
        approval.refresh_from_db()
        assert (approval.state, approval.decision_reason) == ("refused", "it is in use")
        self.is_over(plant, emulator, approval)

    def test_withdrawn_by_its_author_alone(self, plant, emulator, bus):
        approval = ask(plant, bus)
        with pytest.raises(NotAllowed):
            approvals.withdraw(approval, actor=person(plant, Role.OWNER))
        approvals.withdraw(approval, actor=person(plant, Role.MANAGER))
        approval.refresh_from_db()
        assert approval.state == "withdrawn"
        self.is_over(plant, emulator, approval)

    def test_expired_at_once_and_in_the_record_when_a_worker_comes(self, plant, emulator, bus):
        approval = ask(plant, bus)
        Approval.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
        approval.refresh_from_db()
        assert approval.shown_state == "expired"
        self.is_over(plant, emulator, approval)
        assert (approvals.expire(), approvals.expire()) == (1, 0)
        approval.refresh_from_db()
        assert approval.state == "expired"
        assert Entry.objects.filter(verb="approval_expire", via="system").count() == 1

    def is_over(self, plant, emulator, approval):
        for act in (approving.approve, approvals.refuse):
            with pytest.raises(NotDecidable):
                act(approval, actor=person(plant, Role.OWNER), reason="x")
        with pytest.raises(NotDecidable):
            approvals.withdraw(approval, actor=person(plant, Role.MANAGER))
        assert not deletes_received(emulator, BUS)


def test_who_leaves_takes_along_what_waits(plant, bus):
    approval = ask(plant, bus)
    held = {
        str(label): count for label, _becomes, count in leaving.held(plant.people[Role.MANAGER], plant.team)
    }
    assert held["changes that wait for approval"] == 1
    member = Membership.objects.get(user=plant.people[Role.MANAGER])
    service.remove_member(member, actor=person(plant, Role.OWNER))
    approval.refresh_from_db()
    assert approval.state == "withdrawn"
    assert Entry.objects.get(verb="approval_withdraw").actor == plant.people[Role.OWNER].email


def test_the_same_key_is_the_same_approval(plant, emulator, bus):
    first = ask(plant, bus, key="k")
    assert ask(plant, bus, key="k") == first
    assert Entry.objects.filter(verb="approval_ask").count() == 1
    other = plant.data(BUS)
    rule(plant, any=["reason", "approval"])
    with pytest.raises(KeyReused):
        plant.perform(BUS, data=other, key="k", reason="x")
    (operation,) = approve(plant, first)
    again = plant.perform(BUS, "delete", {}, target=bus, reason="old", key="k")
    assert again.pk == operation.pk
    assert len(deletes_received(emulator, BUS)) == 1


def test_what_was_requested_without_it_meanwhile_is_not_sent_twice(plant, emulator, bus):
    approval = ask(plant, bus, key="k")
    rule(plant)
    plant.perform(BUS, "delete", {}, target=bus, reason="old", key="k")
    rule(plant, delete=["reason", "approval"])
    assert approve(plant, approval) is None
    assert approval.state == "void"
    assert len(deletes_received(emulator, BUS)) == 1


def test_a_secret_lies_sealed_as_long_as_it_waits(plant, emulator):
    rule(plant, any=APPROVED)
    data = plant.data("iotda/devices", variety="secrets")
    secret = data["secret"]
    approval = asked(plant, "iotda/devices", "create", data=data)
    kept = json.dumps([approval.changes, approval.sealed_data])
    assert secret not in kept
    assert secret not in "".join(Body.objects.values_list("text", flat=True))
    (operation,) = approve(plant, approval)
    assert operation.state == State.DONE
    assert secret in received(emulator, "iotda/devices", "create")[-1]["body"]
    assert approval.sealed_data == ""
    assert secret not in "".join(Body.objects.values_list("text", flat=True))


def test_what_was_refused_takes_another_approval(plant, emulator, bus):
    no = {"fault": "answer", "status": 400, "body": {"error_code": "IOTDA.000006", "error_msg": "no"}}
    approval = ask(plant, bus)
    emulator.faults([{"match": {"method": "DELETE"}, **no}])
    (operation,) = approve(plant, approval)
    assert operation.state == State.REJECTED
    emulator.faults([])
    with pytest.raises(Waits) as waits:
        deciding.requeue(operation, actor=person(plant, Role.MANAGER), key="again")
    second = waits.value.approval
    assert second.follows == operation
    (again,) = approve(plant, second)
    assert (again.follows, again.state) == (operation, State.DONE)
