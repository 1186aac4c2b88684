"""Approvals that a program asked for by a token, and keys that were used otherwise meanwhile.

Would catch: what a stolen token asked for that outlives it, an approval that gives a token more than it
has, a record that does not say by which token something was asked, an approval that nobody can end.
"""

import json

import pytest

from portal.operations.approval import Approval
from portal.record.models import Body, Entry
from portal.teams.models import Role
from portal.teams.places import EVERYWHERE
from portal.teams.tokens import service
from tests.operations.ruled import APPROVED, BUS, approve, asked, person, rule
from tests.support.plant import deletes_received
from tests.support.tokens import Program, make


@pytest.fixture
def bus(plant):
    row = plant.make(BUS)
    rule(plant, delete=APPROVED)
    return row


def ask(plant, row):
    """By a manager's token; (the Approval, the ApiToken)"""
    token, text = make(plant, Role.MANAGER, {"delete", "create"})
    answer = Program(text).post(
        f"/api/v1/{BUS}/{row.pk}/delete/", "{}", content_type="application/json", HTTP_IDEMPOTENCY_KEY="k"
    )
    assert answer.status_code == 202, answer.text
    return Approval.objects.get(), token


def told(entry):
    return json.loads(Body.objects.get(seq=entry.seq).text).get("through", {}).get("id")


def test_what_it_becomes_is_said_to_be_by_the_token(plant, emulator, bus):
    approval, token = ask(plant, bus)
    (operation,) = approve(plant, approval)
    assert (operation.state, operation.token) == ("done", token)
    asked_for = Entry.objects.get(verb="approval_ask")
    assert told(asked_for) == str(token.pk)
    assert {told(each) for each in Entry.objects.filter(operation=str(operation.pk))} == {str(token.pk)}


@pytest.mark.parametrize("end", ["revoked", "narrowed"])
def test_a_token_that_may_no_more_takes_along_what_waits(plant, emulator, bus, end):
    approval, token = ask(plant, bus)
    manager = person(plant, Role.MANAGER)
    if end == "revoked":
        service.revoke(token, actor=manager)
    else:
        service.narrow(token, actor=manager, rights={"create"}, places=EVERYWHERE, addresses=[], days=None)
    assert approve(plant, approval) is None
    assert approval.state == "void"
    assert not deletes_received(emulator, BUS)


def test_one_whose_key_was_used_for_something_else_ends(plant, emulator, bus):
    approval = asked(plant, BUS, "delete", data={}, target=bus, key="k")
    rule(plant)
    plant.perform(BUS, key="k", role=Role.MANAGER)
    rule(plant, delete=APPROVED)
    assert approve(plant, approval) is None
    assert approval.state == "void"
    assert not deletes_received(emulator, BUS)
