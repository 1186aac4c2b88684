"""Two connections to one account, in one team or in two. For the platform they are the same.

Would catch: what one of them made claimed for an operation of the other, two changes of one object at once, a
name of another team's member shown.
"""

import uuid

import pytest

from portal.connections.models import Connection
from portal.kinds.registry import KINDS
from portal.operations import service, settling
from portal.operations.models import Cause, Operation, State
from portal.resources import asking
from tests.examples import EXAMPLES
from tests.operations.endings import due, in_doubt, someone
from tests.support.account import KEYS
from tests.support.plant import make_plant, perform

POLICY, GROUP = "iotda/policies", "iotda/device-groups"


@pytest.fixture(params=["one team", "two teams"])
def other(request, plant, emulator):
    """(a person, their connection to the same account)"""
    if request.param == "two teams":
        harbour = make_plant(emulator.url, name="Harbour")
        return someone(harbour), harbour.connections["iotda"]
    first = plant.connections["iotda"]
    names = ("platform", "endpoint", "sign_in", "project_id", "region", "instance_id", "edition")
    second = Connection(team=plant.team, name="second", **{name: getattr(first, name) for name in names})
    second.set_credentials(KEYS)
    second.save()
    return someone(plant), second


def ask(other, slug, verb="create", data=None, **more):
    actor, connection = other
    data = data or EXAMPLES[slug].create
    key = uuid.uuid4().hex
    return perform(KINDS[slug], verb, actor=actor, connection=connection, data=data, key=key, **more)


def test_what_was_made_through_another_connection_is_not_claimed(plant, emulator, other):
    lost = in_doubt(plant, emulator, GROUP)
    assert ask(other, GROUP).state == State.DONE

    due()
    settling.settle_due()

    lost.refresh_from_db()
    assert (lost.state, lost.object_id, lost.looks[-1]["verdict"]) == (State.IN_DOUBT, "", "missed")


def test_one_object_has_one_change_at_a_time(plant, emulator, monkeypatch, other):
    mine = plant.make(POLICY)
    actor, connection = other
    asking.ask(KINDS[POLICY], connection)
    theirs = KINDS[POLICY].model.objects.get(connection=connection, remote_id=mine.remote_id)
    real, meanwhile = service.mark_sending, []

    def slow(operation):
        monkeypatch.setattr(service, "mark_sending", real)
        data = {"policy_name": "theirs", "statement": mine.statement}
        meanwhile.append(ask(other, POLICY, "update", data, target=theirs))
        return real(operation)

    monkeypatch.setattr(service, "mark_sending", slow)
    data = {"policy_name": "mine", "statement": mine.statement}

    assert plant.perform(POLICY, "update", data, target=mine).state == State.DONE

    refused = meanwhile[0]
    assert (refused.state, refused.cause) == (State.NOT_SENT, Cause.BUSY)
    asker = Operation.objects.exclude(pk=refused.pk).first().actor
    assert (asker.email in refused.message) == (connection.team == plant.team)
    assert plant.seen(POLICY, mine)["name"] == "mine"


def test_accounts_are_told_apart(plant, emulator):
    first = plant.connections["iotda"]
    for name, value in {
        "endpoint": "https://elsewhere.example.test",
        "project_id": "f" * 32,
        "instance_id": "another-instance",
    }.items():
        changed = Connection.objects.get(pk=first.pk)
        changed.pk, changed.name = uuid.uuid4(), name
        setattr(changed, name, value)
        changed.save(force_insert=True)
        assert Connection.objects.of_account(first) == [first.pk]
