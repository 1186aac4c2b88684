"""One object is made by one create: whoever concludes that another made it too, is stopped by the database.

Would catch: a create that the platform refused, found with the object of another one; two owners who both
say "it is ours" of one object; a clear answer that loses its object to a guess.
"""

import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module

import pytest
from django.apps import apps
from django.db import IntegrityError, connections

from portal.errors import NotDecidable
from portal.kinds.registry import KINDS
from portal.operations import deciding, service, settling
from portal.operations.models import HAPPENED, Decision, Operation, State
from portal.record.models import Entry
from portal.teams.models import Role
from tests.examples import EVERY_CREATE, creating, is_provable, match
from tests.operations.dying import settle_all
from tests.operations.endings import due, in_doubt, someone
from tests.support.plant import ids, make_plant

GROUP, ROMA_GROUP, POLICY = "iotda/device-groups", "roma/device-groups", "iotda/policies"
PROVABLE = [slug for slug in creating() if is_provable(slug, "create", True)]


def claims():
    made = Operation.objects.filter(state__in=HAPPENED, verb_name="create")
    return list(made.values_list("kind_slug", "object_id"))


@pytest.mark.parametrize("whose", ["the same team", "another team"])
@EVERY_CREATE
def test_what_another_create_made_before_is_not_found_as_ours(plant, emulator, settings, slug, whose):
    """The list lags, so the baseline shows nothing; then the platform's refusal is lost on its way."""
    settings.SETTLE_SECONDS = 0
    other = make_plant(emulator.url, name="Harbour") if whose == "another team" else plant
    other.prepare(slug)
    refused = "reset_mid_body" if slug in PROVABLE else "reset"  # the others would make a second one
    emulator.faults(
        [
            {"match": match(slug, "create"), "fault": "latency", "seconds": 0, "times": 1},
            {"match": match(slug, "create"), "fault": refused},
            {"match": match(slug, "list"), "fault": "stale_listing"},
        ]
    )
    first = other.perform(slug, data=plant.data(slug))
    assert first.state == State.DONE
    second = plant.perform(slug)
    assert second.state == State.IN_DOUBT
    emulator.faults([])

    settle_all()

    second.refresh_from_db()
    assert second.state in (State.ABSENT, State.NEEDS_HUMAN)
    assert second.object_id == ""
    assert claims().count((slug, first.object_id)) == 1


def guessing(plant, emulator, slug):
    """A create that made nothing, of which an owner may believe that it made something."""
    operation = in_doubt(plant, emulator, slug)
    Operation.objects.filter(pk=operation.pk).update(state=State.NEEDS_HUMAN, object_name="another name")
    operation.refresh_from_db()
    return operation


def undecided_pair(plant, emulator, other):
    """Two creates of one name, of which one made the object, and both need a human."""
    pair = in_doubt(plant, emulator, ROMA_GROUP), in_doubt(other, emulator, ROMA_GROUP, committed=True)
    due()
    settling.settle_due()
    for each in pair:
        each.refresh_from_db()
        assert each.state == State.NEEDS_HUMAN
    return pair


@pytest.mark.parametrize("whose", ["the same team", "another team"])
def test_of_two_who_say_at_once_that_one_object_is_theirs_one_is_told(
    committed_plant, emulator, monkeypatch, whose
):
    plant = committed_plant
    other = make_plant(emulator.url, name="Harbour") if whose == "another team" else plant
    for _round in range(3):
        before = ids(emulator, ROMA_GROUP)
        pair = undecided_pair(plant, emulator, other)
        (made,) = ids(emulator, ROMA_GROUP) - before
        both_have_read = threading.Barrier(2)
        real = deciding._read

        def read(*args, real=real, both_have_read=both_have_read):
            seen = real(*args)
            both_have_read.wait(10)
            return seen

        def press(operation, made=made):
            asker = someone(plant if operation.team_id == plant.team.pk else other, Role.OWNER)
            try:
                operation = Operation.objects.get(pk=operation.pk)
                deciding.decide(operation, actor=asker, decision=Decision.OURS, candidate=made, reason="seen")
            except NotDecidable as error:
                return error.message.code
            finally:
                connections.close_all()
            return "decided"

        with monkeypatch.context() as patched, ThreadPoolExecutor(2) as pool:
            patched.setattr(deciding, "_read", read)
            answers = sorted(pool.map(press, pair))

        assert answers == ["decide.made_by_other", "decided"]
        assert claims().count((ROMA_GROUP, made)) == 1
        plant.collection(ROMA_GROUP).delete(made)
        Operation.objects.filter(state=State.NEEDS_HUMAN).update(state=State.ABSENT)


def test_a_look_and_a_person_claim_one_object_once(plant, emulator, monkeypatch):
    """The look has judged; before it writes, an owner says that another create made the object."""
    guess = guessing(plant, emulator, GROUP)
    before = ids(emulator, GROUP)
    lost = in_doubt(plant, emulator, GROUP, committed=True)
    (made,) = ids(emulator, GROUP) - before
    real = settling._as_kept

    def decided_meanwhile(*args):
        monkeypatch.setattr(settling, "_as_kept", real)
        mine = Operation.objects.get(pk=guess.pk)
        owner = someone(plant, Role.OWNER)
        deciding.decide(mine, actor=owner, decision=Decision.OURS, candidate=made, reason="seen")
        return real(*args)

    monkeypatch.setattr(settling, "_as_kept", decided_meanwhile)

    due()
    settling.settle_due()

    lost.refresh_from_db()
    assert (lost.state, lost.object_id, lost.looks[-1]["verdict"]) == (State.IN_DOUBT, "", "missed")
    assert claims() == [(GROUP, made)]


def test_no_two_creates_claim_one_object_whoever_writes_it(plant):
    first = plant.perform(GROUP)
    second = plant.perform(GROUP, data={"name": "valves"})

    with pytest.raises(IntegrityError):
        Operation.objects.filter(pk=second.pk).update(made=Operation.objects.get(pk=first.pk).made)


@pytest.mark.parametrize("slug", [ROMA_GROUP, POLICY])
def test_a_clear_answer_takes_its_object_back_from_a_guess(plant, emulator, monkeypatch, slug):
    """While the answer was on its way, an owner said of another operation that it had made this object."""
    guess = guessing(plant, emulator, slug)
    real = service.conclude

    def late(operation, state, answer, decoded=None, **more):
        monkeypatch.setattr(service, "conclude", real)
        owner, mine = someone(plant, Role.OWNER), Operation.objects.get(pk=guess.pk)
        decoded_id = decoded["id"]
        deciding.decide(mine, actor=owner, decision=Decision.OURS, candidate=decoded_id, reason="seen")
        return real(operation, state, answer, decoded, **more)

    monkeypatch.setattr(service, "conclude", late)

    made = plant.perform(slug)

    guess.refresh_from_db()
    assert (made.state, guess.state, guess.object_id) == (State.DONE, State.NEEDS_HUMAN, "")
    assert Operation.objects.get(pk=made.pk).made
    assert claims() == [(slug, made.object_id)]
    outcomes = Entry.objects.filter(operation=str(guess.pk)).order_by("seq").values_list("outcome", flat=True)
    assert list(outcomes)[-2:] == ["found", "needs_human"]


def test_a_guess_that_was_taken_back_is_not_sent_again_with_fingerprints_for_secrets(plant, emulator):
    data = {**plant.data("enos/devices"), "device_tags": {"wifi_password": "hunter2-in-a-tag"}}
    made = plant.perform("enos/devices", data=data)
    Operation.objects.filter(pk=made.pk).update(state=State.NEEDS_HUMAN)  # as after authorship.take_back
    made = Operation.objects.get(pk=made.pk)
    assert (made.sealed_data, made.can_send_again) == ("", False)
    plain = plant.perform(ROMA_GROUP)
    assert Operation.objects.get(pk=plain.pk).can_send_again


def test_nobody_claims_what_a_create_on_its_way_may_be_making(plant, emulator, monkeypatch):
    guess = in_doubt(plant, emulator, ROMA_GROUP)
    Operation.objects.update(state=State.NEEDS_HUMAN)
    real, told = service.conclude, []

    def late(operation, state, answer, decoded=None, **more):
        monkeypatch.setattr(service, "conclude", real)
        owner, mine = someone(plant, Role.OWNER), Operation.objects.get(pk=guess.pk)
        with pytest.raises(NotDecidable) as refused:
            deciding.decide(mine, actor=owner, decision=Decision.OURS, candidate=decoded["id"], reason="seen")
        told.append(refused.value.message.code)
        return real(operation, state, answer, decoded, **more)

    monkeypatch.setattr(service, "conclude", late)

    assert plant.perform(ROMA_GROUP).state == State.DONE

    assert told == ["decide.maker_runs"]


def test_an_id_that_came_back_belongs_to_the_new_object(plant, emulator):
    """Deleted in the console, given again by the platform: its clear answer says whose it is now."""
    first = plant.perform(ROMA_GROUP)
    emulator.reset()  # it counts its ids from the start again

    second = plant.perform(ROMA_GROUP)

    assert (second.state, second.object_id) == (State.DONE, first.object_id)
    kept = dict(Operation.objects.values_list("pk", "made"))
    assert (kept[first.pk], kept[second.pk] is None) == (None, False)
    assert KINDS[ROMA_GROUP].model.objects.present().count() == 1


def made_earlier(plant, **values):
    """A create as an earlier version of the portal kept it, without a claim."""
    base = plant.perform(ROMA_GROUP, data={**plant.data(ROMA_GROUP), "name": uuid.uuid4().hex[:20]})
    Operation.objects.filter(pk=base.pk).update(made=None, **values)
    return base.pk


def test_old_creates_get_their_claims_also_where_two_had_one_object(plant, monkeypatch):
    migration = import_module("portal.operations.migrations.0004_claims")
    monkeypatch.setattr(migration, "BATCH", 2)
    guess = made_earlier(plant, object_id="7", state=State.FOUND)
    answered = made_earlier(plant, object_id="7")
    later_guess = made_earlier(plant, object_id="7", state=State.FOUND)
    single = made_earlier(plant, object_id="8", state=State.FOUND)
    refused = made_earlier(plant, object_id="", state=State.REJECTED)
    no_connection = made_earlier(plant, object_id="9", connection=None)
    row = plant.make(ROMA_GROUP)
    plant.perform(ROMA_GROUP, "delete", target=row)
    deleted = Operation.objects.get(object_id=row.remote_id, verb_name="create").pk

    migration.claim(apps, None)

    kept = dict(Operation.objects.filter(verb_name="create").values_list("pk", "made"))
    account = Operation.objects.get(pk=answered)
    assert kept == {
        guess: None,
        answered: account.place_of("7"),
        later_guess: None,
        single: account.place_of("8"),
        refused: None,
        no_connection: None,
        deleted: None,
    }
