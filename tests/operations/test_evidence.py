"""What a final state or a look may claim. In each case the portal once claimed too much or too little."""

import json
from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from portal.connections import service as connection_service
from portal.errors import NotVisible, PlatformError
from portal.kinds.registry import KINDS
from portal.operations import models, service, settling
from portal.operations.models import Operation, State
from portal.operations.shown_once import show_secrets
from portal.record.models import Body, Entry
from portal.sealing import CannotOpen
from portal.teams.models import Role
from tests.examples import EXAMPLES, creating, is_provable
from tests.operations.endings import fault, in_doubt, someone
from tests.support.plant import make_plant


def look(plant, operation):
    return settling.look_again(operation, actor=someone(plant))


@pytest.mark.parametrize("text", ["a\ud800b", "a\0b"], ids=["surrogate", "nul"])
def test_a_refusal_with_odd_characters_is_a_refusal(plant, emulator, text):
    body = json.dumps({"error_code": "IOTDA.000006", "error_msg": text})
    emulator.faults(fault("iotda/policies", fault="answer", status=400, body=body))

    operation = plant.perform("iotda/policies")

    assert Operation.objects.get(pk=operation.pk).state == State.REJECTED


def test_a_created_object_whose_row_cannot_be_written_is_still_done(plant, monkeypatch):
    def broken(*args):
        raise ValueError("odd value")

    monkeypatch.setattr(models.mirroring, "keep", broken)

    operation = plant.perform("iotda/policies")

    assert Operation.objects.get(pk=operation.pk).state == State.DONE
    assert Entry.objects.order_by("-seq").first().outcome == "done"


def test_a_clear_answer_still_counts_where_a_human_is_asked_already(plant, monkeypatch):
    real = service.conclude

    def late(operation, *args, **kwargs):
        Operation.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
        assert (settling.sweep(), settling.settle_due()) == (1, 1)
        assert Operation.objects.get().state == State.NEEDS_HUMAN
        return real(operation, *args, **kwargs)

    monkeypatch.setattr(service, "conclude", late)

    operation = plant.perform("iotda/policies")

    operation.refresh_from_db()
    assert (operation.state, operation.http_attempts[0].http_status) == (State.DONE, 201)
    assert Entry.objects.order_by("-seq").first().outcome == "done"


def test_a_clear_answer_that_comes_after_the_sweep_still_counts(plant, monkeypatch):
    real = service.conclude

    def late(operation, *args, **kwargs):
        Operation.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
        assert settling.sweep() == 1
        return real(operation, *args, **kwargs)

    monkeypatch.setattr(service, "conclude", late)

    operation = plant.perform("iotda/policies")

    assert Operation.objects.get(pk=operation.pk).state == State.DONE
    assert list(Entry.objects.order_by("seq").values_list("outcome", flat=True)) == [
        "asked",
        "in_doubt",
        "done",
    ]
    assert KINDS["iotda/policies"].model.objects.exists()


def test_an_operation_swept_before_sending_is_not_sent(plant, emulator, monkeypatch):
    real = service.prepare

    def slow(*args):
        Operation.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
        settling.sweep()
        return real(*args)

    monkeypatch.setattr(service, "prepare", slow)

    assert plant.perform("iotda/policies").state == State.NOT_SENT
    assert emulator.state()["iotda/policies"]["count"] == 0


def test_a_device_that_was_there_before_is_not_claimed(plant, emulator):
    plant.made_in_the_console("enos/devices")
    operation = in_doubt(plant, emulator, "enos/devices")

    assert look(plant, operation).verdict == "undecided"
    assert operation.state == State.NEEDS_HUMAN


def test_what_another_operation_made_is_not_ours(plant, emulator):
    """Nobody needs to decide this: the portal knows which operation made it."""
    operation = in_doubt(plant, emulator, "enos/devices")
    assert plant.perform("enos/devices").state == State.DONE

    assert look(plant, operation).verdict == "missed"
    assert operation.state == State.IN_DOUBT


@pytest.mark.parametrize("slug", [slug for slug in creating() if is_provable(slug, "create", True)])
def test_what_did_happen_is_found(plant, emulator, slug):
    operation = in_doubt(plant, emulator, slug, committed=True)

    assert look(plant, operation).verdict == "found"
    assert KINDS[slug].model.objects.get().remote_id == operation.object_id


def test_the_same_name_in_another_space_is_not_ours(plant, emulator):
    operation = in_doubt(plant, emulator, "iotda/device-groups")
    other = {**EXAMPLES["iotda/device-groups"].create, "app_id": "secondSpace0000000000000000"}
    assert plant.perform("iotda/device-groups", data=other).state == State.DONE

    assert look(plant, operation).verdict == "missed"


def test_a_group_of_the_same_name_made_by_someone_else_is_not_claimed(plant, emulator):
    operation = in_doubt(plant, emulator, "iotda/device-groups")
    plant.made_in_the_console("iotda/device-groups", {"name": "pumps", "description": "somebody else's"})

    assert look(plant, operation).verdict == "undecided"
    assert operation.state == State.NEEDS_HUMAN


def test_a_name_alone_claims_nothing(plant, emulator):
    operation = in_doubt(plant, emulator, "iotda/device-groups", {"name": "pumps"}, committed=True)

    assert look(plant, operation).verdict == "undecided"


def test_a_roma_group_needs_a_human_for_names_are_not_unique_there(plant, emulator):
    operation = in_doubt(plant, emulator, "roma/device-groups", committed=True)

    look(plant, operation)

    assert operation.state == State.NEEDS_HUMAN
    assert operation.looks[-1]["candidates"][0]["object"]["name"] == "line-1"


def test_absent_takes_three_misses_over_the_settle_time(plant, emulator, settings):
    operation = in_doubt(plant, emulator, "enos/devices")
    look(plant, operation)
    look(plant, operation)
    look(plant, operation)
    assert operation.state == State.IN_DOUBT

    settings.SETTLE_SECONDS = 0
    look(plant, operation)
    assert operation.state == State.ABSENT


def test_a_listing_without_a_search_never_proves_absence(plant, emulator, settings):
    settings.SETTLE_SECONDS = 0
    operation = in_doubt(plant, emulator, "iotda/soft-buses")

    assert [look(plant, operation).verdict for _ in range(3)] == ["unseen"] * 3
    assert operation.state == State.NEEDS_HUMAN


def test_a_failed_look_changes_nothing(plant, emulator):
    operation = in_doubt(plant, emulator, "roma/device-groups", committed=True)
    look(plant, operation)
    assert operation.state == State.NEEDS_HUMAN
    emulator.faults([{"match": {"method": "GET"}, "fault": "answer", "status": 500, "body": "{}"}])

    with pytest.raises(PlatformError):
        look(plant, operation)

    assert Operation.objects.get(pk=operation.pk).state == State.NEEDS_HUMAN
    assert Entry.objects.order_by("-seq").first().stage == "note"


def test_a_connection_with_unsettled_operations_cannot_be_deleted(plant, emulator):
    in_doubt(plant, emulator, "iotda/policies")

    with pytest.raises(ValidationError):
        connection_service.delete(plant.connections["iotda"], actor=someone(plant, Role.OWNER))

    assert plant.team.connections.filter(platform="iotda").exists()


def test_a_secret_among_the_tags_stands_nowhere(plant):
    data = {**EXAMPLES["enos/devices"].create, "device_tags": {"password": "hunter2-secret", "line": "4"}}

    operation = plant.perform("enos/devices", data=data)

    row = Operation.objects.filter(pk=operation.pk).values().get()
    assert "hunter2" not in repr(row)
    assert "hunter2" not in "".join(Body.objects.values_list("text", flat=True))
    assert row["data"]["device_tags"]["line"] == "4"


def test_the_mirror_of_a_new_device_holds_no_wish(plant):
    plant.perform("enos/devices")

    row = KINDS["enos/devices"].model.objects.get()

    assert (row.device_key, row.timezone, row.device_attributes) == ("pump-0001", "", {})


def test_secrets_are_for_the_one_who_asked_and_for_an_hour(plant):
    operation = plant.perform(
        "enos/devices", data={**EXAMPLES["enos/devices"].create, "require_secret": True}
    )

    with pytest.raises(CannotOpen):
        show_secrets(operation, actor=someone(plant, Role.OWNER))
    operation.secrets_until = timezone.now() - timedelta(seconds=1)
    with pytest.raises(CannotOpen):
        show_secrets(operation, actor=someone(plant))


def test_a_target_of_another_connection_is_not_reached(plant, emulator):
    other = make_plant(emulator.url, name="Harbour")
    other.perform("iotda/soft-buses")
    row = KINDS["iotda/soft-buses"].model.objects.get()

    with pytest.raises(NotVisible):
        plant.perform("iotda/soft-buses", "sync", data={}, target=row)


def test_an_id_that_came_back_after_a_delete_may_be_ours(plant, emulator):
    """Created, deleted, requested again: the first operation did not make the object that exists now."""
    plant.perform("roma/device-groups")
    row = KINDS["roma/device-groups"].model.objects.get()
    plant.perform("roma/device-groups", "delete", {}, target=row)
    emulator.reset()  # it counts its ids from the start again
    operation = in_doubt(plant, emulator, "roma/device-groups", committed=True)

    assert look(plant, operation).verdict == "undecided"
    assert operation.looks[-1]["candidates"][0]["object"]["id"] == row.remote_id
