"""An operation is not over while one of its attempts got no answer: it may still arrive.

Would catch: what a colleague saved, overwritten by the first attempt of an update whose repeat was answered;
a person who waits and is not told until when; an object that is held for ever.
"""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from portal.connections import service as connection_service
from portal.kinds.registry import KINDS
from portal.operations import deciding, settling
from portal.operations.models import Cause, Decision, Operation, State
from portal.record.models import Entry
from portal.teams.models import Role
from portal.words import clock
from tests.examples import EVERY_UPDATE, match, other_verbs
from tests.operations.endings import decide, lost, someone, text_of, undecided_update, url
from tests.support.plant import deletes_received, make_plant, updates_received
from tests.support.site import until

POLICY, GROUP = "iotda/policies", "iotda/device-groups"


def late(slug, verb="update"):
    """The first call is carried out late, when even a slow machine has sent the others; those at once."""
    return {"match": match(slug, verb), "fault": "late_commit", "seconds": 60, "times": 1}


def repeated(plant, emulator, slug):
    """An update that is done because it was sent again, while its first attempt is still on its way."""
    row = plant.make(slug)
    emulator.faults([late(slug)])
    operation = plant.perform(slug, "update", target=row)
    emulator.faults([])
    assert (operation.state, len(operation.http_attempts)) == (State.DONE, 2)
    operation.refresh_from_db()
    return operation, row


def time_passes():
    """The attempts without an answer can no longer arrive, and the worker comes by."""
    past = timezone.now() - timedelta(seconds=1)
    Operation.objects.exclude(late_until=None).update(late_until=past)
    Operation.objects.exclude(holds=None).update(next_look_at=past)
    settling.settle_due()


@EVERY_UPDATE
def test_an_attempt_that_arrives_late_overwrites_nobody(plant, emulator, slug):
    first, row = repeated(plant, emulator, slug)
    written = len(emulator.writes())

    second = plant.perform(slug, "update", plant.theirs(slug), target=row, role=Role.OWNER)

    assert (second.state, second.cause, second.sent_at) == (State.NOT_SENT, Cause.BUSY, None)
    assert clock(first.late_until) in second.message
    assert first.actor.email in second.message
    until(lambda: len(emulator.writes()) > written)
    assert len(updates_received(emulator, slug)) == 2
    time_passes()
    first.refresh_from_db()
    assert (first.state, first.holds, first.looks[-1]["verdict"]) == (State.DONE, None, "found")
    third = plant.perform(slug, "update", plant.theirs(slug), target=row, role=Role.OWNER)
    assert third.state == State.DONE
    assert plant.seen(slug, row)["name"] == "theirs"


def test_other_teams_wait_as_well_and_are_told_until_when(plant, emulator):
    harbour = make_plant(emulator.url, name="Harbour")
    first, row = repeated(plant, emulator, POLICY)
    theirs = KINDS[POLICY].model.objects.create(
        connection=harbour.connections["iotda"], remote_id=row.remote_id, name=row.name
    )

    second = harbour.perform(POLICY, "delete", target=theirs)

    assert (second.state, second.cause) == (State.NOT_SENT, Cause.BUSY)
    assert clock(first.late_until) in second.message
    assert first.actor.email not in second.message
    assert deletes_received(emulator, POLICY) == []


def test_its_page_says_that_an_attempt_may_still_arrive(plant, emulator):
    first, _row = repeated(plant, emulator, POLICY)

    page = text_of(plant.browser().get(url(first)))

    assert f"may still arrive until {clock(first.late_until)[:16]}" in page


def test_nobody_waits_for_a_worker_that_does_not_come(plant, emulator):
    first, row = repeated(plant, emulator, POLICY)
    Operation.objects.filter(pk=first.pk).update(late_until=timezone.now() - timedelta(seconds=1))

    second = plant.perform(POLICY, "update", plant.theirs(POLICY), target=row)

    assert second.state == State.DONE
    assert settling.settle_due() == 0
    assert not Operation.objects.exclude(holds=None).exists()


def test_if_the_object_shows_something_else_in_the_end_the_record_says_so(plant, emulator):
    first, row = repeated(plant, emulator, POLICY)
    policies = plant.collection(POLICY)
    policies.update(row.remote_id, {"policy_name": "console", "statement": row.statement})

    time_passes()

    first.refresh_from_db()
    row.refresh_from_db()
    assert (first.state, first.holds, row.name) == (State.DONE, None, "console")
    entry = Entry.objects.order_by("-seq").first()
    assert (entry.stage, entry.outcome, entry.operation) == ("note", "done", str(first.pk))
    assert "outside the portal" in entry.text
    assert "outside the portal" in first.message


def test_a_platform_that_cannot_be_read_is_asked_again(plant, emulator):
    first, _row = repeated(plant, emulator, POLICY)
    emulator.faults([{"match": {"method": "GET"}, "fault": "html_502"}])
    time_passes()
    first.refresh_from_db()
    assert first.holds
    assert first.next_look_at > timezone.now()

    Operation.objects.update(late_until=timezone.now() - timedelta(hours=25), next_look_at=timezone.now())
    settling.settle_due()

    first.refresh_from_db()
    assert (first.holds, first.next_look_at, first.looks[-1]["verdict"]) == (None, None, "failed")


def test_an_object_that_is_gone_in_the_end_is_let_go(plant, emulator):
    first, row = repeated(plant, emulator, POLICY)
    plant.collection(POLICY).delete(row.remote_id)

    time_passes()

    first.refresh_from_db()
    row.refresh_from_db()
    assert (first.holds, row.gone_at is None) == (None, False)


# Other ends


def test_of_two_attempts_without_an_answer_one_was_found_and_one_may_still_arrive(plant, emulator):
    row = plant.make(POLICY)
    call = match(POLICY, "update")
    cut = {"match": call, "fault": "reset_mid_body", "times": 1}
    emulator.faults([late(POLICY), cut, {"match": call, "fault": "reset"}])
    first = plant.perform(POLICY, "update", target=row)
    emulator.faults([])
    assert first.state == State.IN_DOUBT

    settling.settle_due()

    first.refresh_from_db()
    assert (first.state, bool(first.holds)) == (State.FOUND, True)
    assert plant.perform(POLICY, "update", plant.theirs(POLICY), target=row).cause == Cause.BUSY
    time_passes()
    assert plant.perform(POLICY, "update", plant.theirs(POLICY), target=row).state == State.DONE


def test_what_was_found_after_one_attempt_is_over(plant, emulator):
    operation = lost(plant, emulator, POLICY, "update", committed=True)
    Operation.objects.filter(pk=operation.pk).update(attempts=operation.attempts[:1])

    settling.settle_due()

    operation.refresh_from_db()
    assert (operation.state, operation.holds) == (State.FOUND, None)


def test_a_decision_does_not_end_an_attempt(plant, emulator, owner):
    """An owner says that it did not happen; then it does. The colleague had to wait."""
    first, row, policies = undecided_update(plant, emulator)
    decide(owner, first, Decision.NOT_OURS)
    first.refresh_from_db()
    assert (first.state, bool(first.holds)) == (State.ABSENT, True)
    assert "may still arrive until" in text_of(owner.get(url(first)))
    assert plant.perform(POLICY, "update", plant.theirs(POLICY), target=row).cause == Cause.BUSY

    wished = {name: first.data[name] for name in ("policy_name", "statement")}
    policies.update(row.remote_id, wished)  # stands for the late commit
    time_passes()

    first.refresh_from_db()
    row.refresh_from_db()
    assert (first.state, first.holds, row.name) == (State.FOUND, None, first.data["policy_name"])
    assert Entry.objects.order_by("-seq").first().outcome == "found"


SHOWN_BEFORE = [(POLICY, "update"), *other_verbs()]


@pytest.mark.parametrize(("slug", "verb"), SHOWN_BEFORE, ids=["-".join(each) for each in SHOWN_BEFORE])
def test_what_the_object_showed_before_proves_no_late_arrival(plant, emulator, slug, verb):
    row = plant.ready(slug, verb)
    assert plant.perform(slug, verb, target=row).state == State.DONE
    emulator.faults([{"match": match(slug, verb), "fault": "reset"}])
    second = plant.perform(slug, verb, target=row)
    emulator.faults([])
    Operation.objects.filter(pk=second.pk).update(state=State.NEEDS_HUMAN)
    second.refresh_from_db()
    deciding.decide(second, actor=someone(plant, Role.OWNER), decision=Decision.NOT_OURS, reason="r")

    time_passes()

    second.refresh_from_db()
    assert (second.state, second.holds, second.looks[-1]["verdict"]) == (State.ABSENT, None, "undecided")


def test_who_decides_to_send_again_need_not_wait_for_the_first_time(plant, emulator, owner):
    first, row, _policies = undecided_update(plant, emulator)
    first_until = first.late_until

    again = deciding.decide(
        first, actor=someone(plant, Role.OWNER), decision=Decision.SEND_AGAIN, reason="r", key="again"
    )

    again.refresh_from_db()
    assert (again.state, bool(again.holds), again.late_until) == (State.DONE, True, first_until)
    assert Operation.objects.get(pk=first.pk).holds is None
    assert plant.perform(POLICY, "update", plant.theirs(POLICY), target=row).cause == Cause.BUSY
    time_passes()
    assert plant.perform(POLICY, "update", plant.theirs(POLICY), target=row).state == State.DONE


@pytest.mark.parametrize(("slug", "verb"), other_verbs(), ids=["-".join(each) for each in other_verbs()])
def test_a_verb_that_is_never_repeated_waits_for_its_end_too(plant, emulator, slug, verb):
    first = lost(plant, emulator, slug, verb, committed=False)
    row = KINDS[slug].model.objects.get(remote_id=first.object_id)
    Operation.objects.filter(pk=first.pk).update(state=State.NEEDS_HUMAN)
    first.refresh_from_db()
    deciding.decide(first, actor=someone(plant, Role.OWNER), decision=Decision.NOT_OURS, reason="r")

    assert plant.perform(slug, "delete", target=row).cause == Cause.BUSY

    time_passes()
    assert plant.perform(slug, "delete", target=row).cause != Cause.BUSY


def test_a_repeated_delete_leaves_nothing_to_wait_for(plant, emulator):
    row = plant.make(POLICY)
    emulator.faults([late(POLICY, "delete")])

    operation = plant.perform(POLICY, "delete", target=row)

    operation.refresh_from_db()
    assert (operation.state, operation.holds, operation.next_look_at) == (State.DONE, None, None)


def test_a_connection_stays_while_an_attempt_may_arrive(plant, emulator):
    repeated(plant, emulator, POLICY)
    owner = someone(plant, Role.OWNER)

    with pytest.raises(ValidationError):
        connection_service.delete(plant.connections["iotda"], actor=owner)

    Operation.objects.exclude(holds=None).update(late_until=timezone.now() - timedelta(seconds=1))
    connection_service.delete(plant.connections["iotda"], actor=owner)
