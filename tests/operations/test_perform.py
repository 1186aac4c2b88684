"""Each way in which a change can end, checked in the state, the cloud, the mirror and the record."""

import json
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections

from portal.connections.models import Connection
from portal.errors import KeyReused, NotAllowed, NotVisible, OutcomeUnrecorded, RecordUnavailable
from portal.kinds.registry import KINDS
from portal.operations import life
from portal.operations.models import Operation, State
from portal.record.models import Entry
from portal.teams.models import Role, User
from tests.examples import EVERY_CREATE, EVERY_VARIETY, EXAMPLES
from tests.operations.endings import broken, fault
from tests.resources.forms import new, post, read, script
from tests.support.plant import creates_received

A_HANG = {"fault": "timeout_after_commit", "seconds": 0.2}


def outcomes():
    return list(Entry.objects.order_by("seq").values_list("stage", "outcome"))


@EVERY_VARIETY
def test_a_create_ends_done_with_its_mirror_row_and_two_entries(plant, emulator, slug, variety):
    operation = plant.perform(slug, data=plant.data(slug, variety=variety))

    assert operation.state == State.DONE
    assert len(creates_received(emulator, slug)) == 1
    row = KINDS[slug].model.objects.get()
    assert (row.remote_id, row.connection.team) == (operation.object_id, plant.team)
    assert outcomes() == [("intent", "asked"), ("outcome", "done")]
    intent, done = Entry.objects.order_by("seq")
    assert intent.operation == done.operation == str(operation.pk)
    assert done.http_status in (200, 201)
    assert done.object_id == row.remote_id


@EVERY_CREATE
def test_what_is_recorded_as_request_is_what_the_platform_received(plant, emulator, slug):
    operation = plant.perform(slug)

    received = creates_received(emulator, slug)[0]
    assert operation.request["body"] == received["body"]
    query = f"?{received['query']}" if received["query"] else ""
    assert operation.request["url"] == f"{emulator.url}{received['path']}{query}"


@EVERY_CREATE
def test_a_refusal_is_rejected_and_keeps_the_platforms_words(plant, emulator, slug):
    body = {
        "error_code": "X.1",
        "error_msg": "no",
        "code": 99400,
        "msg": "no",
        "requestId": "r-1",
        "request_id": "r-1",
    }
    emulator.faults(fault(slug, fault="answer", status=400, body=json.dumps(body)))

    operation = plant.perform(slug)

    assert operation.state == State.REJECTED
    assert operation.http_status == 400
    assert "no" in operation.message
    assert not KINDS[slug].model.objects.exists()
    assert outcomes()[-1] == ("outcome", "rejected")


@EVERY_CREATE
@pytest.mark.parametrize(
    "rule", [{"fault": "reset"}, {"fault": "invalid_json"}, A_HANG], ids=lambda rule: rule["fault"]
)
def test_without_a_clear_answer_it_is_in_doubt_and_sent_once(plant, emulator, slug, rule):
    emulator.faults(fault(slug, **rule))

    operation = plant.perform(slug)

    assert operation.state == State.IN_DOUBT
    assert len(creates_received(emulator, slug)) <= 1
    assert not KINDS[slug].model.objects.exists()
    assert outcomes() == [("intent", "asked"), ("outcome", "in_doubt")]


@EVERY_CREATE
def test_with_nobody_listening_it_is_not_sent(plant, emulator, slug):
    plant.move(KINDS[slug], "http://127.0.0.1:9")

    operation = plant.perform(slug)

    assert operation.state == State.NOT_SENT
    assert outcomes() == [("intent", "asked"), ("outcome", "not_sent")]


def test_roma_without_its_instance_says_rejected_at_once(plant):
    target = plant.connections["roma"]
    target.instance_id = "no-such-instance"
    target.save()

    operation = plant.perform("roma/device-groups")

    assert (operation.state, operation.platform_code) == (State.REJECTED, "ROMA.00110002")
    assert operation.http_status == 500


@EVERY_CREATE
def test_the_same_key_is_the_same_operation(plant, emulator, slug):
    key = str(uuid.uuid4())

    first, second = plant.perform(slug, key=key), plant.perform(slug, key=key)

    assert first.pk == second.pk
    assert len(creates_received(emulator, slug)) == 1


def test_the_same_key_with_other_content_is_refused_and_not_sent(plant, emulator):
    slug, key = "roma/device-groups", str(uuid.uuid4())
    plant.perform(slug, key=key)

    with pytest.raises(KeyReused) as caught:
        plant.perform(
            "roma/device-groups", data={**EXAMPLES["roma/device-groups"].create, "name": "other"}, key=key
        )

    assert caught.value.operation.key == key
    assert len(creates_received(emulator, slug)) == 1


@EVERY_CREATE
def test_sixteen_at_once_with_one_key_create_one(committed_plant, emulator, slug):
    key = str(uuid.uuid4())

    def press(_number):
        try:
            return committed_plant.perform(slug, key=key).pk
        finally:
            connections.close_all()

    with ThreadPoolExecutor(16) as pool:
        operations = set(pool.map(press, range(16)))

    assert len(operations) == 1
    assert len(creates_received(emulator, slug)) == 1
    assert Operation.objects.get().state == State.DONE


def test_a_denied_person_sends_nothing_and_is_recorded(plant, emulator):
    with pytest.raises(NotAllowed):
        plant.perform("iotda/policies", role=Role.VIEWER)

    assert creates_received(emulator, "iotda/policies") == []
    assert not Operation.objects.exists()
    entry = Entry.objects.get()
    assert (entry.stage, entry.outcome, entry.actor) == ("denied", "denied", "viewer-plant@example.test")


def test_a_stranger_to_the_team_meets_nothing(plant, emulator):
    plant.people[Role.OPERATOR] = User.objects.create(email="stranger@example.test")

    with pytest.raises(NotVisible):
        plant.perform("iotda/policies")

    assert emulator.requests() == []


@pytest.mark.parametrize("step", ["intent", "sending"])
def test_without_a_record_nothing_is_sent(plant, emulator, monkeypatch, step):
    if step == "intent":
        monkeypatch.setattr(life, "append", broken)
    else:
        monkeypatch.setattr(life, "move", broken)

    with pytest.raises(RecordUnavailable):
        plant.perform("iotda/policies")

    assert creates_received(emulator, "iotda/policies") == []


def test_an_outcome_that_cannot_be_written_leaves_it_sending_for_the_sweep(plant, monkeypatch):
    real = life.append

    def fails_for_outcomes(line):
        return broken() if line.fields["stage"] == "outcome" else real(line)

    monkeypatch.setattr(life, "append", fails_for_outcomes)

    with pytest.raises(OutcomeUnrecorded):
        plant.perform("iotda/policies")

    assert Operation.objects.get().state == State.SENDING
    assert not KINDS["iotda/policies"].model.objects.exists()


def test_a_platform_is_never_called_inside_a_transaction(committed_plant, emulator):
    from django.db import transaction

    with pytest.raises(RuntimeError), transaction.atomic():
        committed_plant.perform("iotda/policies")

    assert emulator.requests() == []


def test_a_platform_is_not_even_read_inside_a_transaction(committed_plant, emulator):
    from django.db import transaction

    with pytest.raises(RuntimeError, match="inside a database transaction"), transaction.atomic():
        committed_plant.connections["iotda"].client().policies.list()

    assert emulator.requests() == []


def test_identifiers_beyond_2_to_the_53_stay_exact(plant, emulator):
    emulator.settings({"roma_first_id": 99_999_999_999_990_000})

    operation = plant.perform("roma/device-groups")
    child = plant.perform(
        "roma/device-groups",
        data={**EXAMPLES["roma/device-groups"].create, "name": "child", "parent_id": operation.object_id},
    )

    assert operation.object_id.startswith("9999999999999")
    assert f'"parent_id":{operation.object_id},' in child.request["body"]
    assert (
        KINDS["roma/device-groups"].model.objects.get(remote_id=child.object_id).parent_id
        == operation.object_id
    )


def test_what_was_not_sent_and_cannot_be_recorded_keeps_the_form(plant, monkeypatch):
    """The platform cannot be reached, and then the database fails as well."""
    Connection.objects.filter(platform="iotda").update(endpoint="http://127.0.0.1:9")
    monkeypatch.setattr(life, "move", broken)
    browser, values = plant.browser(), script("iotda/policies", plant)

    response = post(browser, new("iotda/policies"), values)

    assert response.status_code == 503
    assert read(response).fields["policy_name"] == [values["policy_name"]]
    assert "nothing was sent" in response["X-Portal-Message"].lower()
    assert Operation.objects.get().state == State.INTENT
