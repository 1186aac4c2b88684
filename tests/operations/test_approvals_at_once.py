"""Approvals that several people decide at the same moment, and processes that die in the middle of one.

Would catch: a change that is sent twice, one that is approved and never sent, one that is sent although it
was refused or withdrawn, an approval that a death swallowed.
"""

import threading

import pytest
from django.db import connections

from portal.errors import NotAllowed, NotDecidable
from portal.operations import approvals, approving, ruling
from portal.operations.approval import Approval
from portal.operations.models import Cause, Operation, State
from portal.record.models import Entry
from portal.teams import service
from portal.teams.models import Membership, Role, User
from tests.operations.dying import settle_all
from tests.operations.ruled import APPROVED, BUS, approve, asked, person, rule
from tests.support.plant import creates_received, received

ROUNDS = 3


def waiting(plant, name):
    data = {**plant.data(BUS), "bus_name": name}
    return asked(plant, BUS, "create", data=data, role=Role.OPERATOR, key=name)


def at_once(*acts):
    """Run the acts in threads that start together; [what each returned or raised]."""
    barrier, ended = threading.Barrier(len(acts)), [None] * len(acts)

    def run(number, act):
        barrier.wait()
        try:
            ended[number] = act()
        except (NotDecidable, NotAllowed) as error:
            ended[number] = error
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=each) for each in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return ended


def fresh(approval):
    return Approval.objects.select_related("team", "actor").get(pk=approval.pk)


def by(plant, approval, role):
    return lambda: approving.approve(fresh(approval), actor=person(plant, role))


@pytest.fixture
def plant(committed_plant):
    rule(committed_plant, **{f"{BUS} create": APPROVED})
    return committed_plant


def test_of_two_approvers_at_once_one_sends_it(plant, emulator):
    for number in range(ROUNDS):
        approval, since = waiting(plant, f"bus_{number}"), len(emulator.requests())
        ended = at_once(*(by(plant, approval, role) for role in (Role.OWNER, Role.MANAGER, Role.OWNER)))
        sent = [each for each in ended if isinstance(each, list)]
        assert len(sent) == 1
        assert [type(each) for each in ended if each not in sent] == [NotDecidable] * 2
        assert Operation.objects.filter(approval=approval).count() == 1
        assert len(received(emulator, BUS, "create", since=since)) == 1
        assert Entry.objects.filter(verb="approval_give", correlation=approval.correlation).count() == 1


def test_who_approves_and_who_refuses_or_withdraws_at_once_do_not_both_win(plant, emulator):
    acts = (
        lambda approval: approvals.refuse(approval, actor=person(plant, Role.MANAGER), reason="no"),
        lambda approval: approvals.withdraw(approval, actor=person(plant, Role.OPERATOR)),
    )
    for number in range(ROUNDS):
        for name, act in zip(("refuse", "withdraw"), acts, strict=True):
            approval = waiting(plant, f"{name}_{number}")
            made, other = at_once(
                by(plant, approval, Role.OWNER),
                lambda approval=approval, act=act: act(fresh(approval)),
            )
            approval.refresh_from_db()
            is_sent = isinstance(made, list)
            assert is_sent == isinstance(other, NotDecidable)
            assert Operation.objects.filter(approval=approval).count() == is_sent
            assert (approval.state == "approved") == is_sent


def test_a_role_or_rule_that_changes_at_the_same_moment_counts_before_or_after(plant, emulator):
    member = Membership.objects.get(user=plant.people[Role.MANAGER])
    for number in range(ROUNDS):
        approval = waiting(plant, f"bus_{number}")
        made, _role, _rules = at_once(
            by(plant, approval, Role.MANAGER),
            lambda: service.change_role(member, actor=person(plant, Role.OWNER), role="viewer") and None,
            lambda: ruling.set_rules(
                plant.team,
                {f"{BUS} create": ["approval", "ticket"]},
                actor=User.objects.get(pk=plant.people[Role.OWNER].pk),
            ),
        )
        approval.refresh_from_db()
        is_sent = isinstance(made, list)
        given = Entry.objects.filter(correlation=approval.correlation, verb="approval_give", outcome="done")
        demoted = Entry.objects.filter(verb="member_role").order_by("-seq").first()
        assert (approval.state == "approved") == is_sent
        if is_sent:
            assert given.get().seq < demoted.seq  # the lock decides who was first
        service.change_role(member, actor=person(plant, Role.OWNER), role="manager")
        rule(plant, **{f"{BUS} create": APPROVED})


@pytest.mark.parametrize(
    ("step", "sent", "is_approved"),
    [
        ("before_intent", 0, False),
        ("in_intent", 0, False),
        ("after_intent", 0, True),
        ("after_commit", 1, True),
    ],
)
def test_a_killed_approver_loses_nothing_and_nothing_is_sent_twice(
    plant, committed_db, emulator, zygote, step, sent, is_approved
):
    approval = waiting(plant, "bus_killed")
    if step == "after_commit":
        match = {"method": "POST", "path": "/harmony-soft-bus$"}
        emulator.faults([{"match": match, "fault": "timeout_after_commit", "seconds": 1}])
    child = zygote.run(
        database=committed_db.url, step=step, slug=BUS, verb="create", data={}, team=str(plant.team.pk),
        key="", approval=str(approval.pk),
    )  # fmt: skip
    assert child["status"] == -9, child
    emulator.faults([])
    approval.refresh_from_db()
    assert approval.state == ("approved" if is_approved else "waiting")
    assert len(creates_received(emulator, BUS)) == sent
    settle_all()

    if is_approved:
        for _worker in range(2):  # a task that is repeated
            for (id,) in [*approving.stopped()] * 2:
                approving.resume(id)
    else:
        approve(plant, approval)

    operations = Operation.objects.filter(approval=approval).order_by("created_at")
    assert operations.last().state in (State.DONE, State.FOUND)
    assert len(creates_received(emulator, BUS)) == 1
    assert operations.count() == (2 if step == "after_intent" else 1)
    if step == "after_intent":
        assert (operations[0].cause, operations[1].follows) == (Cause.STOPPED, operations[0])
        assert set(operations.values_list("actor", flat=True)) == {plant.people[Role.OPERATOR].pk}


def test_what_the_portal_did_not_send_is_not_resumed_for_who_may_not_do_it_any_more(plant, emulator):
    approval = waiting(plant, "bus")
    (operation,) = approve(plant, approval)
    Operation.objects.filter(pk=operation.pk).update(state=State.NOT_SENT, cause=Cause.STOPPED, made=None)
    member = Membership.objects.get(user=plant.people[Role.OPERATOR])
    service.change_role(member, actor=person(plant, Role.OWNER), role="viewer")
    for (id,) in approving.stopped():
        approving.resume(id)
    assert len(creates_received(emulator, BUS)) == 1
    assert not Operation.objects.filter(follows=operation).exists()
