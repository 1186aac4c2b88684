"""kill -9 at each step of each verb: nothing is lost, nothing happens twice, all is recorded."""

import uuid
from collections import Counter

import pytest

from portal.kinds.registry import KINDS
from portal.operations.deciding import decide
from portal.operations.models import ENDED, HAPPENED, Decision, Operation, State
from portal.record.models import Entry
from portal.teams.models import Role, User
from tests.examples import (
    EVERY_CHANGE,
    EXAMPLES,
    creating,
    every_change,
    is_provable,
    match,
    one_per_platform,
    with_secrets,
)
from tests.operations.dying import settle_all
from tests.operations.stored import files_of, rows_but_of
from tests.support.plant import ids, mirrored, received

# step -> has the call reached the platform? has the platform done it?
STEPS = {
    "before_intent": (0, False),
    "in_intent": (0, False),
    "after_intent": (0, False),
    "after_sign_in": (0, False),
    "after_baseline": (0, False),
    "after_sending": (0, False),
    "during_call": (1, False),
    "after_commit": (1, True),
    "before_outcome": (1, True),
    "in_outcome": (1, True),
    "before_outcome_commit": (1, True),
    "after_outcome": (1, True),
}
NO_INTENT = ("before_intent", "in_intent")
CLEAR = (*NO_INTENT, "after_intent", "after_sign_in", "after_baseline", "after_outcome")
HELD = {"during_call": "timeout_before_commit", "after_commit": "timeout_after_commit"}
# Of every verb the steps at which the platform is involved; all steps of one create of each platform.
TELLING = ("after_intent", "after_sending", "during_call", "after_commit", "before_outcome_commit")
EVERY_STEP = [(slug, "create") for slug in one_per_platform(creating())]
FULL = [(step, slug, verb) for slug, verb in every_change() for step in STEPS]
SHORT = [(step, slug, verb) for step, slug, verb in FULL if step in TELLING or (slug, verb) in EVERY_STEP]
FULL_ROUNDS = 20


def kill(step, slug, verb, database, plant, emulator, zygote):
    """Make one change that dies at `step`, and check everything that must be true afterwards."""
    base, data = ids(emulator, slug), plant.data(slug, verb)
    target = "" if verb == "create" else plant.ready(slug, verb).remote_id
    started = Operation.objects.count(), Entry.objects.count(), len(emulator.requests())
    key = str(uuid.uuid4())
    if step in HELD:
        emulator.faults([{"match": match(slug, verb), "fault": HELD[step], "seconds": 1}])

    child = zygote.run(
        database=database.url, step=step, slug=slug, verb=verb, data=data,
        team=str(plant.team.pk), key=key, target=target,
    )  # fmt: skip
    assert child["status"] == -9, how_it_ended(child)
    emulator.faults([])

    calls, happened = STEPS[step]
    assert len(received(emulator, slug, verb, since=started[2])) == calls
    operation = Operation.objects.filter(key=key).first()
    assert (operation is None) == (step in NO_INTENT)
    # No call without its intent.
    assert calls <= Entry.objects.filter(stage="intent", operation=str(operation and operation.pk)).count()

    left = {each.pk: each for each in settle_all()}
    if operation:
        operation.refresh_from_db()
        if not is_provable(slug, verb, happened) and step not in CLEAR:
            assert list(left) == [operation.pk]
            assert operation.state == State.NEEDS_HUMAN
            operation = a_human_decides(operation, happened, plant)
        assert operation.state in ENDED
        assert (operation.state in HAPPENED) == happened
    assert has_happened(emulator, plant, slug, verb, data, target, base) == happened
    assert mirrored(slug) == ids(emulator, slug) - base
    check_record(operation, started)

    # The person presses again with the same form: the same operation, never a second call.
    if operation:
        again = {"key": key, "target": row_of(slug, target), "role": Role.OWNER}
        assert plant.perform(slug, verb, data, **again).pk == operation.pk
        assert len(received(emulator, slug, verb, since=started[2])) == calls


def how_it_ended(child):
    rows = Operation.objects.values_list("state", "cause", "platform_message", "http_status")
    return child["error"] or list(rows)


def a_human_decides(operation, happened, plant):
    owner = User.objects.get(pk=plant.people[Role.OWNER].pk)
    candidates = [each["object"]["id"] for look in operation.looks for each in look["candidates"]]
    assert bool(candidates) == happened
    if not happened:
        return decide(operation, actor=owner, decision=Decision.NOT_OURS, reason="it is not in the console")
    return decide(
        operation, actor=owner, decision=Decision.OURS, candidate=candidates[-1], reason="seen in the console"
    )


def row_of(slug, remote_id):
    return KINDS[slug].model.objects.get(remote_id=remote_id) if remote_id else None


def has_happened(emulator, plant, slug, verb, data, target, base):
    if verb == "create":
        new = ids(emulator, slug) - base
        assert len(new) <= 1, "made twice"
        return bool(new)
    if verb == "delete":
        return target not in ids(emulator, slug)
    return EXAMPLES[slug].shows(verb, data, plant.seen(slug, row_of(slug, target)))


def check_record(operation, started):
    """No entry is missing; the operation's own begin with the intent and end with its state."""
    operations, entries, _requests = started
    assert Operation.objects.count() == operations + bool(operation)
    lines = list(Entry.objects.order_by("seq").values_list("seq", "stage", "outcome", "operation"))
    assert [line[0] for line in lines] == list(range(1, len(lines) + 1))
    own = [line for line in lines[entries:] if operation and line[3] == str(operation.pk)]
    assert len(own) == len(lines) - entries
    if operation:
        assert own[0][1:3] == ("intent", "asked")
        assert own[-1][1:3] == ("outcome", operation.state)
        assert Counter(line[2] for line in own).most_common(1)[0][1] == 1


@pytest.mark.parametrize(("step", "slug", "verb"), SHORT, ids=["-".join(each) for each in SHORT])
def test_killed_at(step, slug, verb, committed_db, committed_plant, emulator, zygote, settings):
    settings.SETTLE_SECONDS = 0
    kill(step, slug, verb, committed_db, committed_plant, emulator, zygote)


@pytest.mark.full
@pytest.mark.parametrize(("step", "slug", "verb"), FULL, ids=["-".join(each) for each in FULL])
def test_killed_again_and_again(step, slug, verb, committed_db, committed_plant, emulator, zygote, settings):
    """Operations and record grow from round to round; the emulated clouds and the mirror start afresh."""
    settings.SETTLE_SECONDS = 0
    for _round in range(FULL_ROUNDS):
        emulator.reset()
        KINDS[slug].model.objects.all().delete()
        Operation.objects.update(made=None)  # the emulator gives the same ids again
        kill(step, slug, verb, committed_db, committed_plant, emulator, zygote)


@EVERY_CHANGE
def test_without_a_kill_the_child_does_the_whole_job(
    slug, verb, committed_db, committed_plant, emulator, zygote
):
    """Otherwise all tests above could pass with a child that does nothing."""
    base, data = ids(emulator, slug), committed_plant.data(slug, verb)
    target = "" if verb == "create" else committed_plant.perform(slug).object_id

    child = zygote.run(
        database=committed_db.url, slug=slug, verb=verb, data=data,
        team=str(committed_plant.team.pk), key="k", target=target,
    )  # fmt: skip

    assert child["status"] == 0, child["error"]
    assert Operation.objects.get(key="k").state == State.DONE
    assert has_happened(emulator, committed_plant, slug, verb, data, target, base)
    assert mirrored(slug) == ids(emulator, slug) - base


SEALED_AT = ("after_intent", "after_sending", "during_call", "after_commit", "before_outcome", "in_outcome")


@pytest.mark.parametrize("slug", with_secrets())
@pytest.mark.parametrize("step", SEALED_AT)
def test_no_secret_lies_about_after_a_kill(
    step, slug, committed_db, committed_plant, emulator, zygote, settings
):
    """Neither while the operation is in doubt nor after it was settled."""
    settings.SETTLE_SECONDS = 0
    data = committed_plant.data(slug, variety="secrets")
    secrets = EXAMPLES[slug].secret_values(data)
    if step in HELD:
        rule = {"match": match(slug, "create"), "fault": HELD[step], "seconds": 1}
        emulator.faults([rule])

    child = zygote.run(
        database=committed_db.url, step=step, slug=slug, verb="create", data=data,
        team=str(committed_plant.team.pk), key="secret",
    )  # fmt: skip
    assert child["status"] == -9, how_it_ended(child)
    emulator.faults([])

    mirror = KINDS[slug].model
    rows, files = rows_but_of(mirror), files_of(committed_db)
    assert not any(secret in rows or secret.encode() in files for secret in secrets)
    settle_all()
    everything = rows_but_of(mirror)
    assert EXAMPLES[slug].named_by in everything
    assert not any(secret in everything for secret in secrets)
    operation = Operation.objects.get()
    assert operation.state in ENDED
    assert operation.secrets_lost == (operation.state in HAPPENED and bool(EXAMPLES[slug].shown_once))
    if operation.state == State.FOUND:
        assert operation.sealed_data == ""
