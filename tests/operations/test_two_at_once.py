"""Two people at one object, and the second click."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connections
from django.utils import timezone

from portal.kinds.registry import KINDS
from portal.operations import service, settling
from portal.operations.models import Cause, Operation, State
from tests.examples import EXAMPLES
from tests.operations.dying import settle_all
from tests.support.plant import received


def policy(plant):
    plant.perform("iotda/policies")
    return KINDS["iotda/policies"].model.objects.get()


def edit(plant, row, name, expected):
    data = {"policy_name": name, "statement": row.statement}
    return plant.perform("iotda/policies", "update", data, target=row, expected=expected)


def test_an_object_that_changed_since_the_form_was_opened_is_not_overwritten(plant, emulator):
    row = policy(plant)
    opened = {"policy_name": row.name, "statement": row.statement}
    assert edit(plant, row, "first", opened).state == State.DONE

    second = edit(plant, row, "second", opened)

    assert (second.state, second.cause) == (State.NOT_SENT, Cause.CONFLICT)
    assert second.expected["policy_name"] == "allow-hello"
    assert second.baseline["policy_name"] == "first"
    assert len(received(emulator, "iotda/policies", "update")) == 1


@pytest.mark.parametrize("rounds", [5, pytest.param(50, marks=pytest.mark.full)])
def test_of_two_people_who_edit_one_policy_none_is_overwritten(committed_plant, emulator, rounds):
    """Whoever saved saw what the other had saved before, or was told that there was a conflict."""
    row = policy(committed_plant)
    client = committed_plant.connections["iotda"].client()
    for number in range(rounds):
        opened = {name: client.policies.get(row.remote_id)[name] for name in ("policy_name", "statement")}
        since = len(emulator.requests())

        def save(who, opened=opened, number=number):
            try:
                return edit(committed_plant, row, f"{who}-{number}", opened)
            finally:
                connections.close_all()

        with ThreadPoolExecutor(2) as pool:
            ended = list(pool.map(save, ["ada", "bob"]))

        done = [each for each in ended if each.state == State.DONE]
        others = [each for each in ended if each.state != State.DONE]
        assert len(done) == 1
        assert others[0].state == State.NOT_SENT
        assert others[0].cause in (Cause.CONFLICT, Cause.BUSY)
        assert client.policies.get(row.remote_id)["policy_name"] == done[0].data["policy_name"]
        assert len(received(emulator, "iotda/policies", "update", since=since)) == 1
    assert not Operation.objects.exclude(holds=None).exists()


def test_a_killed_process_lets_go_of_the_object(committed_db, committed_plant, emulator, zygote, settings):
    settings.SETTLE_SECONDS = 0
    row = policy(committed_plant)
    child = zygote.run(
        database=committed_db.url, step="after_sending", slug="iotda/policies", verb="update", key="dead",
        data=EXAMPLES["iotda/policies"].update, team=str(committed_plant.team.pk), target=row.remote_id,
    )  # fmt: skip
    assert child["status"] == -9
    assert edit(committed_plant, row, "second", None).cause == Cause.BUSY

    settle_all()

    assert edit(committed_plant, row, "second", None).state == State.DONE


def test_who_was_taken_for_dead_holds_no_object(plant, monkeypatch):
    """It wakes up after the sweep and goes on; nobody would ever free the object again."""
    row = policy(plant)
    real = service.prepare

    def slow(*args):
        Operation.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
        assert settling.sweep() == 1
        return real(*args)

    monkeypatch.setattr(service, "prepare", slow)
    assert edit(plant, row, "late", None).state == State.NOT_SENT
    monkeypatch.setattr(service, "prepare", real)

    assert edit(plant, row, "later", None).state == State.DONE


@pytest.mark.parametrize("rounds", [20, pytest.param(1000, marks=pytest.mark.full)])
def test_double_submits_create_once(committed_plant, emulator, rounds):
    """2 to 10 at once, each round with a key of its own."""

    def press(key):
        try:
            name = {"name": f"n-{key[:8]}", "description": "d"}
            return committed_plant.perform("iotda/device-groups", data=name, key=key).pk
        finally:
            connections.close_all()

    emulator.settings({"limits": {"groups": 5000}})
    with ThreadPoolExecutor(10) as pool:
        for number in range(rounds):
            key = str(uuid.uuid4())
            assert len(set(pool.map(press, [key] * (2 + number % 9)))) == 1
    assert len(received(emulator, "iotda/device-groups", "create")) == rounds
    assert Operation.objects.filter(state=State.DONE).count() == rounds
