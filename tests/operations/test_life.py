"""States are written in one place, by one table; endings are kept as codes.

Would catch: a state that an operation jumps to from anywhere, a sentence that is stored in somebody's
language, an answer about another object that counts as ours, a platform that is read when a form is posted.
"""

import json
from dataclasses import FrozenInstanceError

import pytest
from django.db import DatabaseError, connection
from django.db.models import Q
from django.test.utils import CaptureQueriesContext

from portal import words
from portal.kinds.registry import KINDS
from portal.operations import life
from portal.operations.change import Change
from portal.operations.models import Operation, State
from portal.platforms import collections_of
from tests.examples import EXAMPLES, creating, updating
from tests.resources.forms import script, send

# Typed by hand from the design's "Life of an operation".
ALLOWED = {
    "intent": {"sending", "rejected", "not_sent", "cancelled"},
    "sending": {"done", "partly", "rejected", "not_sent", "in_doubt"},
    "in_doubt": {"in_doubt", "found", "absent", "needs_human", "done", "partly", "rejected"},
    "needs_human": {"needs_human", "found", "absent", "done", "partly", "rejected"},
    "absent": {"absent", "found", "needs_human"},
    "found": {"needs_human"},
}


@pytest.mark.parametrize("state", State.values)
@pytest.mark.parametrize("to", State.values)
def test_no_operation_moves_but_by_the_table(plant, state, to):
    operation = plant.perform("roma/device-groups")
    Operation.objects.update(state=state)
    operation.refresh_from_db()

    if to in ALLOWED.get(state, ()):
        assert life.move(operation, State(to))
    else:
        with pytest.raises(ValueError, match=f"from {state} to {to}"):
            life.move(operation, State(to))

    assert Operation.objects.get().state == (to if to in ALLOWED.get(state, ()) else state)


def test_a_move_that_is_not_written_leaves_the_operation_as_it_was(plant, monkeypatch):
    operation = plant.perform("roma/device-groups")
    Operation.objects.update(state=State.INTENT, sealed_data="sealed")
    operation.refresh_from_db()
    before = {**vars(operation)}

    def fail(*lines):
        raise DatabaseError

    assert not life.move(operation, State.CANCELLED, only=Q(key="another"), takes_over=True)
    monkeypatch.setattr(life, "append", fail)
    with pytest.raises(DatabaseError):
        life.move(operation, State.CANCELLED, entry=lambda: {"actor": "somebody", "verb": "cancel"})

    assert vars(operation) == before


def test_an_ending_lets_go_of_everything(plant, emulator, settings):
    settings.SETTLE_SECONDS = 0  # no attempt may arrive late
    row = plant.make("iotda/policies")
    emulator.faults([{"match": {"method": "PUT"}, "fault": "timeout_after_commit", "seconds": 0.1}])
    operation = plant.perform("iotda/policies", "update", target=row)
    assert Operation.objects.get(pk=operation.pk).holds

    life.move(operation, State.ABSENT)

    operation.refresh_from_db()
    assert (operation.holds, operation.next_look_at, operation.sealed_data) == (None, None, "")
    assert operation.ended_at


def test_an_ending_is_kept_as_a_code_and_read_in_each_language(plant, emulator, monkeypatch):
    emulator.faults([{"match": {"method": "POST"}, "fault": "reset"}])
    operation = plant.perform("iotda/policies")

    with connection.cursor() as cursor:
        cursor.execute("SELECT words, platform_message FROM operations_operation")
        kept, said_by_platform = cursor.fetchone()
    code = json.loads(kept)["code"]
    assert said_by_platform == ""
    assert " " not in code
    monkeypatch.setattr(words, "translate", lambda text: f"auf Deutsch: {text}")
    assert Operation.objects.get(pk=operation.pk).message.startswith("auf Deutsch: ")


def test_what_a_platform_says_stays_its_text(plant, emulator):
    body = {"error_code": "IOTDA.000006", "error_msg": "Nicht %(so)s, 100 %"}
    emulator.faults([{"match": {"method": "POST"}, "fault": "answer", "status": 400, "body": body}])

    operation = plant.perform("iotda/policies")

    assert (operation.words, operation.message) == (None, "Nicht %(so)s, 100 %")


def other_object(example):
    """A good answer to the update, about an object that is not ours."""
    good = json.loads(json.dumps(example.calls["update"].good))
    place = good
    for step in example.calls["update"].id[:-1]:
        place = place[step]
    last = example.calls["update"].id[-1]
    place[last] = 99 if isinstance(place[last], int) else "0000000000000000000000ff"
    return good


@pytest.mark.parametrize("slug", [slug for slug in updating() if EXAMPLES[slug].calls["update"].id])
def test_an_answer_about_another_object_proves_nothing(plant, emulator, slug):
    example, row = EXAMPLES[slug], plant.make(slug)
    answer = {"fault": "answer", "status": 200, "body": other_object(example)}
    emulator.faults([{"match": example.calls["update"].match, **answer}])

    operation = plant.perform(slug, "update", target=row)

    assert operation.state == State.IN_DOUBT
    assert operation.said.code == "verb.another_object"
    before = row.name
    row.refresh_from_db()
    assert (row.name, row.gone_at) == (before, None)


@pytest.mark.parametrize("slug", creating())
def test_a_change_is_one_value_that_asks_nobody(plant, emulator, slug):
    kind = KINDS[slug]
    change = Change(
        kind=kind, verb=kind.verb("create"), connection=plant.connection(kind), data=plant.data(slug)
    )

    assert change.call is change.call
    assert change.request["method"] == change.call.method
    with pytest.raises(FrozenInstanceError):
        change.reason = "another"
    assert emulator.requests() == []


@pytest.mark.parametrize("slug", creating())
def test_a_press_reads_no_choices(plant, emulator, slug):
    posted, browser = script(slug, plant), plant.browser()
    plant.connection(KINDS[slug]).client().sign_in()
    before = len(emulator.requests())

    assert send(browser, slug, posted).status_code == 302

    assert len(emulator.requests()) - before == EXAMPLES[slug].reads_before_create + 1


@pytest.mark.parametrize("slug", updating())
def test_a_form_and_its_client_know_the_same_fields(slug):
    kind = KINDS[slug]
    verb, collection = kind.verb("update"), collections_of(kind.platform)[kind.collection]
    assert set(verb.form.platform_fields()) == set(verb.fields) == set(collection.updates)
    assert set(EXAMPLES[slug].update) == set(verb.fields)


def test_a_create_costs_few_statements_in_three_transactions(committed_plant):
    slug = "roma/device-groups"
    committed_plant.perform(slug)  # the connection's condition has its row now

    with CaptureQueriesContext(connection) as captured:
        committed_plant.perform(slug)

    statements = [each["sql"].split()[0] for each in captured]
    # One more than the service makes: this fixture reads the person first.
    assert len([each for each in statements if each not in ("BEGIN", "COMMIT")]) <= 15
    assert statements.count("COMMIT") == 3
