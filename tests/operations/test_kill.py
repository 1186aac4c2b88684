"""kill -9 at each step of each verb: nothing is lost, nothing happens twice, all is recorded."""

import uuid
from collections import Counter
from pathlib import Path

import pytest
from django.db import connection

from portal.kinds.registry import KINDS
from portal.operations.deciding import decide
from portal.operations.models import ENDED, HAPPENED, Decision, Operation, State
from portal.record.models import Entry
from portal.teams.models import Role, User
from tests.operations.changes import CHANGES, IDS, ids, match, mirrored, received
from tests.operations.dying import settle_all

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
# Every step of the creates of three platforms; of the other verbs those at which the platform is involved.
TELLING = ("after_intent", "after_sending", "during_call", "after_commit", "before_outcome_commit")
EVERY_STEP = {
    ("iotda/policies", "create"),
    ("roma/device-groups", "create"),
    ("enos/devices", "create"),
}
SHORT = [
    (step, slug, verb)
    for slug, verb in CHANGES
    for step in STEPS
    if step in TELLING or (slug, verb) in EVERY_STEP
]
FULL = [(step, slug, verb) for slug, verb in CHANGES for step in STEPS]
FULL_ROUNDS = 20

# What a human must decide, because the platform gives no proof: (verb, has it happened?).
FOR_HUMANS = {
    ("iotda/policies", "create", True),  # names are not unique
    ("roma/device-groups", "create", True),  # names are not unique
    ("iotda/soft-buses", "create", False),  # lists cannot be searched by name
}


def kill(step, slug, verb, database, plant, emulator, zygote):
    """One change that dies at `step`, and everything that must be true afterwards."""
    base = ids(emulator, slug)
    target = "" if verb == "create" else plant.perform(slug).object_id
    started = Operation.objects.count(), Entry.objects.count(), len(emulator.requests())
    key = str(uuid.uuid4())
    if step in HELD:
        emulator.faults([{"match": match(slug, verb), "fault": HELD[step], "seconds": 1}])

    child = zygote.run(
        database=database.url, step=step, slug=slug, verb=verb, data=CHANGES[slug, verb],
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
        if (slug, verb, happened) in FOR_HUMANS and step not in CLEAR:
            assert list(left) == [operation.pk]
            assert operation.state == State.NEEDS_HUMAN
            operation = a_human_decides(operation, happened, plant)
        assert operation.state in ENDED
        assert (operation.state in HAPPENED) == happened
    assert has_happened(emulator, plant, slug, verb, target, base) == happened
    assert mirrored(slug) == ids(emulator, slug) - base
    check_record(operation, started)

    # The person presses again with the same form: the same operation, never a second call.
    if operation:
        again = {"key": key, "target": row_of(slug, target), "role": Role.OWNER}
        assert plant.perform(slug, verb, CHANGES[slug, verb], **again).pk == operation.pk
        assert len(received(emulator, slug, verb, since=started[2])) == calls


def how_it_ended(child):
    rows = Operation.objects.values_list("state", "cause", "message", "http_status")
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


def has_happened(emulator, plant, slug, verb, target, base):
    if verb == "create":
        new = ids(emulator, slug) - base
        assert len(new) <= 1, "made twice"
        return bool(new)
    if verb == "delete":
        return target not in ids(emulator, slug)
    kind = KINDS[slug]
    found = kind.collection_of(plant.connection(kind).client()).get(target)
    return found["name"] == "renamed" if verb == "update" else found["status"] != "ToBeSynchronized"


def check_record(operation, started):
    """Without gaps; the operation's entries run from its intent to the state it has."""
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
    """Operations and record grow from round to round; the emulated clouds and their mirror begin anew."""
    settings.SETTLE_SECONDS = 0
    for _round in range(FULL_ROUNDS):
        emulator.reset()
        KINDS[slug].model.objects.all().delete()
        kill(step, slug, verb, committed_db, committed_plant, emulator, zygote)


@pytest.mark.parametrize(("slug", "verb"), CHANGES, ids=IDS)
def test_without_a_kill_the_child_does_the_whole_job(
    slug, verb, committed_db, committed_plant, emulator, zygote
):
    """Otherwise every row above could be green for a child that does nothing."""
    base = ids(emulator, slug)
    target = "" if verb == "create" else committed_plant.perform(slug).object_id

    child = zygote.run(
        database=committed_db.url, slug=slug, verb=verb, data=CHANGES[slug, verb],
        team=str(committed_plant.team.pk), key="k", target=target,
    )  # fmt: skip

    assert child["status"] == 0, child["error"]
    assert Operation.objects.get(key="k").state == State.DONE
    assert has_happened(emulator, committed_plant, slug, verb, target, base)
    assert mirrored(slug) == ids(emulator, slug) - base


SECRET = "hunter2-5f1c7a"
SEALED_AT = ("after_intent", "after_sending", "during_call", "after_commit", "before_outcome", "in_outcome")


def files_of(database):
    """SQLite's file and its write-ahead log as they lie on the disk; nothing for a server's database."""
    path = Path(database.url.removeprefix("sqlite://"))
    return b"".join(file.read_bytes() for file in path.parent.glob(f"{path.name}*"))


def rows_but_of(mirror):
    """Every row of every table as text, but for the mirror: it shows what the platform shows to everybody."""
    texts = []
    with connection.cursor() as cursor:
        for table in set(connection.introspection.table_names(cursor)) - {mirror._meta.db_table}:
            cursor.execute(f'SELECT * FROM "{table}"')
            texts += [repr(row) for row in cursor.fetchall()]
    return "\n".join(texts)


@pytest.mark.parametrize("step", SEALED_AT)
def test_no_secret_lies_about_after_a_kill(step, committed_db, committed_plant, emulator, zygote, settings):
    """While it is in doubt, and after it was settled."""
    settings.SETTLE_SECONDS = 0
    data = {
        **CHANGES["enos/devices", "create"],
        "device_tags": {"password": SECRET, "line": "4"},
        "require_secret": True,
    }
    if step in HELD:
        rule = {"match": match("enos/devices", "create"), "fault": HELD[step], "seconds": 1}
        emulator.faults([rule])

    child = zygote.run(
        database=committed_db.url, step=step, slug="enos/devices", verb="create", data=data,
        team=str(committed_plant.team.pk), key="secret",
    )  # fmt: skip
    assert child["status"] == -9, how_it_ended(child)
    emulator.faults([])

    mirror = KINDS["enos/devices"].model
    assert SECRET not in rows_but_of(mirror)
    assert SECRET.encode() not in files_of(committed_db)
    settle_all()
    everything = rows_but_of(mirror)
    assert "device_tags" in everything
    assert SECRET not in everything
    operation = Operation.objects.get()
    assert operation.state in ENDED
    assert operation.secrets_lost == (operation.state in HAPPENED)
    if operation.state == State.FOUND:
        assert operation.sealed_data == ""
