"""How the worker settles operations that did not end by themselves, without help from people."""

from datetime import timedelta

import pytest
from django.utils import timezone

from portal.errors import PortalError
from portal.kinds.registry import KINDS
from portal.operations import leases, service, settling
from portal.operations.models import Operation, State
from portal.record.models import Entry
from portal.teams.models import Role
from tests.examples import EVERY_CHANGE, is_provable, match
from tests.operations.dying import settle_all
from tests.operations.endings import due, in_doubt, lost
from tests.support.plant import ids, received


@EVERY_CHANGE
def test_each_verb_has_its_way_of_being_looked_up(plant, emulator, settings, slug, verb):
    """A change that happened is found or left to a human; it never counts as absent."""
    operation = lost(plant, emulator, slug, verb, committed=True)
    settings.SETTLE_SECONDS = 0

    settle_all()

    operation.refresh_from_db()
    wanted = State.FOUND if is_provable(slug, verb, True) else State.NEEDS_HUMAN
    assert operation.state in (wanted, State.DONE if verb == "delete" else wanted)
    if verb != "delete" and operation.state == State.FOUND:
        assert KINDS[slug].model.objects.present().filter(remote_id=operation.object_id).exists()
    assert Entry.objects.order_by("-seq").first().outcome == operation.state


@EVERY_CHANGE
def test_what_did_not_happen_is_never_found(plant, emulator, settings, slug, verb):
    operation = lost(plant, emulator, slug, verb, committed=False)
    settings.SETTLE_SECONDS = 0

    settle_all()

    operation.refresh_from_db()
    wanted = State.ABSENT if is_provable(slug, verb, False) else State.NEEDS_HUMAN
    assert operation.state == wanted


def test_a_look_that_is_not_due_does_not_happen(plant, emulator):
    operation = in_doubt(plant, emulator, "enos/devices")
    assert settling.settle_due() == 1
    seen = len(emulator.requests())

    assert settling.settle_due() == 0

    operation.refresh_from_db()
    assert operation.next_look_at > timezone.now()
    assert len(emulator.requests()) == seen


def test_looks_become_rarer_but_never_rarer_than_half_the_settle_time(settings):
    settings.SETTLE_SECONDS = 900
    pauses = [settling._pause(number).total_seconds() for number in range(1, 9)]

    assert pauses == [30, 60, 120, 240, 450, 450, 450, 450]


def test_a_late_commit_is_adopted_and_the_record_says_so(plant, emulator, settings):
    operation = in_doubt(plant, emulator, "enos/devices")
    settings.SETTLE_SECONDS = 0
    settle_all()
    operation.refresh_from_db()
    assert (operation.state, operation.is_watched) == (State.ABSENT, True)

    plant.made_in_the_console("enos/devices")  # the platform took its time
    due()
    settling.settle_due()

    operation.refresh_from_db()
    assert operation.state == State.FOUND
    assert "late" in operation.message
    assert KINDS["enos/devices"].model.objects.present().count() == 1
    assert list(Entry.objects.order_by("seq").values_list("outcome", flat=True)) == [
        "asked", "in_doubt", "absent", "found",
    ]  # fmt: skip


def test_the_watch_ends_after_a_day(plant, emulator, settings):
    operation = in_doubt(plant, emulator, "enos/devices")
    settings.SETTLE_SECONDS = 0
    settle_all()
    Operation.objects.update(watch_until=timezone.now() - timedelta(seconds=1))
    due()
    settling.settle_due()

    operation.refresh_from_db()
    assert (operation.state, operation.is_watched, operation.next_look_at) == (State.ABSENT, False, None)


def test_an_absent_update_is_not_watched(plant, emulator, settings):
    """If the object gets the same values later, someone else may have set them."""
    settings.SETTLE_SECONDS = 0
    operation = lost(plant, emulator, "iotda/policies", "update", committed=False)
    settle_all()

    operation.refresh_from_db()
    assert (operation.state, operation.is_watched, operation.next_look_at) == (State.ABSENT, False, None)


def test_after_absent_the_same_may_be_asked_again_and_the_watch_does_not_claim_it(plant, emulator, settings):
    operation = in_doubt(plant, emulator, "enos/devices")
    settings.SETTLE_SECONDS = 0
    settle_all()
    assert plant.perform("enos/devices").state == State.DONE

    due()
    settling.settle_due()

    operation.refresh_from_db()
    assert operation.state == State.ABSENT


def test_a_platform_that_cannot_be_read_concludes_nothing(plant, emulator, settings):
    settings.SETTLE_SECONDS = 0
    operation = in_doubt(plant, emulator, "enos/devices")
    emulator.faults([{"match": {"method": "GET"}, "fault": "html_502"}])

    for _look in range(4):
        due()
        settling.settle_due()

    operation.refresh_from_db()
    assert operation.state == State.IN_DOUBT
    assert {look["verdict"] for look in operation.looks} == {"failed"}


def test_one_broken_operation_does_not_stop_the_others(plant, emulator, monkeypatch):
    first = in_doubt(plant, emulator, "enos/devices")
    second = in_doubt(plant, emulator, "iotda/device-groups", committed=True)
    real = settling._seen_on_platform

    def breaks(operation):
        if operation.pk == first.pk:
            raise ValueError("a bug")
        return real(operation)

    monkeypatch.setattr(settling, "_seen_on_platform", breaks)
    due()
    settling.settle_due()

    second.refresh_from_db()
    assert second.state == State.FOUND


def test_enos_99500_after_the_commit_settles_as_found(plant, emulator):
    body = {"code": 99500, "msg": "Internal Server Error", "requestId": "r", "data": None}
    spoiled = {"fault": "answer_after_commit", "status": 200, "body": body}
    emulator.faults([{"match": match("enos/devices", "create"), **spoiled}])
    operation = plant.perform("enos/devices")
    emulator.faults([])
    assert (operation.state, operation.platform_code) == (State.IN_DOUBT, "99500")

    settling.settle_due()

    operation.refresh_from_db()
    assert operation.state == State.FOUND
    assert len(received(emulator, "enos/devices", "create")) == 1


def test_the_fence_keeps_out_a_process_that_was_taken_for_dead(plant, emulator, monkeypatch):
    """It wakes up after the sweep, and its unclear ending no longer changes anything."""
    real = service.conclude

    def late(operation, *args, **kwargs):
        Operation.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
        settling.sweep()
        return real(operation, *args, **kwargs)

    monkeypatch.setattr(service, "conclude", late)
    emulator.faults([{"match": match("enos/devices", "create"), "fault": "reset"}])

    with pytest.raises(PortalError):
        plant.perform("enos/devices")

    assert list(Entry.objects.order_by("seq").values_list("outcome", flat=True)) == ["asked", "in_doubt"]


def test_a_running_operation_keeps_its_lease(plant, monkeypatch):
    """The heartbeat extends the lease of this attempt only, however slow the platform is."""
    operation = plant.perform("enos/devices")
    past = timezone.now() - timedelta(seconds=1)
    Operation.objects.filter(pk=operation.pk).update(state=State.SENDING, lease_until=past)

    leases.renew({operation.pk: (operation.attempt + 1, 0)})
    assert Operation.objects.get(pk=operation.pk).lease_until < timezone.now()
    monkeypatch.setattr(leases, "LONGEST_SECONDS", float("inf"))
    leases.renew({operation.pk: (operation.attempt, 0)})

    assert Operation.objects.get(pk=operation.pk).lease_until > timezone.now() + timedelta(seconds=30)
    assert settling.sweep() == 0


def test_what_hangs_loses_its_lease_in_the_end(plant, monkeypatch):
    operation = plant.perform("enos/devices")
    past = timezone.now() - timedelta(seconds=1)
    Operation.objects.filter(pk=operation.pk).update(state=State.SENDING, lease_until=past)
    monkeypatch.setattr(leases, "LONGEST_SECONDS", -1)

    leases.renew({operation.pk: (operation.attempt, 0)})

    assert settling.sweep() == 1


def test_each_http_attempt_is_kept(plant, emulator):
    refusal = {"error_code": "IOTDA.021101", "error_msg": "slow down"}
    rule = {"fault": "answer", "status": 403, "body": refusal, "times": 1, "headers": {"Retry-After": "1"}}
    emulator.faults([{"match": match("iotda/policies", "create"), **rule}])

    operation = plant.perform("iotda/policies")

    assert operation.state == State.DONE
    attempts = list(operation.http_attempts)
    assert [(each.number, each.http_status) for each in attempts] == [(1, 403), (2, 201)]
    assert attempts[0].platform_code == "IOTDA.021101"
    assert all(each.ended_at and each.duration_ms is not None for each in attempts)
    assert len(received(emulator, "iotda/policies", "create")) == 2
    assert len(ids(emulator, "iotda/policies")) == 1


def test_a_lost_create_has_one_http_attempt(plant, emulator):
    emulator.faults([{"match": match("iotda/policies", "create"), "fault": "reset"}])

    operation = plant.perform("iotda/policies")

    attempt = operation.http_attempts[0]
    assert (attempt.number, attempt.http_status) == (1, None)
    assert attempt.message


def test_a_lost_update_goes_out_again_only_where_the_object_is_as_it_was(plant, emulator):
    plant.perform("iotda/policies")
    row = KINDS["iotda/policies"].model.objects.get()
    lost_once = {"match": match("iotda/policies", "update"), "fault": "reset", "times": 1}
    emulator.faults([lost_once])

    operation = plant.perform("iotda/policies", "update", target=row)

    assert operation.state == State.DONE
    assert [each.http_status for each in operation.http_attempts] == [None, 200]


def test_a_lost_update_is_not_repeated_over_somebody_elses_change(plant, emulator, monkeypatch):
    plant.perform("iotda/policies")
    row = KINDS["iotda/policies"].model.objects.get()
    policies = plant.connections["iotda"].client().policies
    theirs = {"policy_name": "theirs", "statement": row.statement}
    real = service.resend

    def somebody_is_faster(*args):
        emulator.faults([])
        policies.client.send(policies.update_call(row.remote_id, theirs))
        return real(*args)

    monkeypatch.setattr(service, "resend", somebody_is_faster)
    emulator.faults([{"match": match("iotda/policies", "update"), "fault": "reset", "times": 1}])

    operation = plant.perform("iotda/policies", "update", target=row)

    assert operation.state == State.IN_DOUBT
    assert policies.get(row.remote_id)["name"] == "theirs"


def test_a_delete_whose_first_answer_was_lost_is_done(plant, emulator):
    plant.perform("iotda/policies")
    row = KINDS["iotda/policies"].model.objects.get()
    rule = {"match": match("iotda/policies", "delete"), "fault": "reset_mid_body", "times": 1}
    emulator.faults([rule])

    operation = plant.perform("iotda/policies", "delete", {}, target=row, role=Role.OWNER)

    assert operation.state in (State.DONE, State.IN_DOUBT)
    settling.settle_due()
    operation.refresh_from_db()
    assert operation.state in (State.DONE, State.FOUND)
    assert not KINDS["iotda/policies"].model.objects.present().exists()
