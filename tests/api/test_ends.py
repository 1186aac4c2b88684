"""How a change through the API can end, and what the same key means afterwards.

Would catch: a change that happens twice, a doubt read as success, a refusal without the platform's code,
a key that takes another request, a dry run that does something.
"""

import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import DatabaseError, connections

from portal.kinds.registry import KINDS
from portal.operations import life
from portal.operations.models import Operation, State
from portal.record.models import Entry
from portal.teams.models import Role
from tests.api.calling import Api, able, body_of, made_for, path_of, problem_of
from tests.examples import EVERY_CHANGE, EVERY_CREATE, EVERY_UPDATE, EXAMPLES, match
from tests.support.plant import creates_received, received, updates_received

BUS, GROUP, POLICY = "iotda/soft-buses", "iotda/device-groups", "iotda/policies"


def lost(emulator, slug, verb):
    """The answer to the verb's call does not come, however often it is sent."""
    emulator.faults([{"match": match(slug, verb), "fault": "timeout_after_commit", "seconds": 0.2}])


@pytest.mark.anywhere
@EVERY_CHANGE
def test_the_same_key_and_body_is_the_same_operation(plant, emulator, slug, verb):
    row, key, api = made_for(plant, slug, verb), str(uuid.uuid4()), able(plant, slug, verb)
    path, body = path_of(slug, verb, row), body_of(plant, slug, verb)
    before = len(received(emulator, slug, verb))

    answers = [api.post(path, body, key=key) for _ in range(3)]

    assert len({each.status_code for each in answers}) == 1, [each.content for each in answers]
    assert answers[0].status_code == (201 if verb == "create" else 200)
    assert len({each.json()["operation"]["id"] for each in answers}) == 1
    assert len(received(emulator, slug, verb)) == before + 1


@pytest.mark.anywhere
@EVERY_UPDATE
def test_the_same_update_of_all_that_is_shown_is_the_same_operation(plant, emulator, slug):
    variety = "secrets" if "secrets" in EXAMPLES[slug].varieties else "usual"
    row = plant.perform(slug, data=plant.data(slug, variety=variety)).target
    api, key = Api(plant), str(uuid.uuid4())
    shown = api.get(f"{slug}/{row.pk}/").json()["expected"]
    body = {**shown, **EXAMPLES[slug].rename("other-1"), "expected": shown}

    answers = [api.post(path_of(slug, "update", row), body, key=key) for _ in range(2)]
    without = {name: value for name, value in body.items() if name != "expected"}
    answers.append(api.post(path_of(slug, "update", row), without, key=key))

    assert [each.status_code for each in answers] == [200, 200, 200], [each.content for each in answers]
    assert len({each.json()["operation"]["id"] for each in answers}) == 1
    assert len(updates_received(emulator, slug)) == 1


@pytest.mark.anywhere
@EVERY_CREATE
def test_the_same_key_with_another_body_is_refused_and_not_sent(plant, emulator, slug):
    api, key = Api(plant), str(uuid.uuid4())
    first = api.post(path_of(slug, "create"), body_of(plant, slug), key=key)

    other = body_of(plant, slug, **{EXAMPLES[slug].named_by: "another-1"})
    response = api.post(path_of(slug, "create"), other, key=key)

    assert (response.status_code, problem_of(response)) == (409, "key-reused")
    assert response.json()["operation"]["id"] == first.json()["operation"]["id"]
    assert len(creates_received(emulator, slug)) == 1


@pytest.mark.anywhere
@EVERY_UPDATE
def test_the_key_of_an_update_takes_no_other_update(plant, emulator, slug):
    row, api, key = plant.make(slug), Api(plant), str(uuid.uuid4())
    api.post(path_of(slug, "update", row), EXAMPLES[slug].rename("other-1"), key=key)

    response = api.post(path_of(slug, "update", row), EXAMPLES[slug].rename("other-2"), key=key)

    assert (response.status_code, problem_of(response)) == (409, "key-reused")
    assert len(updates_received(emulator, slug)) == 1


def test_the_same_request_many_times_at_once_is_sent_once(committed_plant, emulator):
    plant, key, body = committed_plant, str(uuid.uuid4()), body_of(committed_plant, BUS)

    def ask(_number):
        try:
            return Api(plant).post(path_of(BUS, "create"), body, key=key)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(ask, range(4)))

    assert {each.status_code for each in answers} <= {201, 202}
    assert len({each.json()["operation"]["id"] for each in answers}) == 1
    assert len(creates_received(emulator, BUS)) == 1


@pytest.mark.anywhere
@pytest.mark.parametrize("key", [None, "", " ", "x" * 65, "ключ", "a\tb"], ids=repr)
def test_a_change_without_a_usable_key_says_what_to_send(plant, emulator, key):
    headers = {} if key is None else {"HTTP_IDEMPOTENCY_KEY": key}

    response = Api(plant).browser.post(
        f"/api/v1/{BUS}/", body_of(plant, BUS), content_type="application/json", **headers
    )

    assert (response.status_code, problem_of(response)) == (400, "key-missing")
    assert "Idempotency-Key" in response.json()["detail"]
    assert emulator.requests() == []


@pytest.mark.anywhere
@EVERY_CHANGE
def test_a_dry_run_shows_the_request_and_does_nothing(plant, emulator, slug, verb):
    row, api = made_for(plant, slug, verb), able(plant, slug, verb)
    path, body = path_of(slug, verb, row), body_of(plant, slug, verb)
    operations, entries = Operation.objects.count(), Entry.objects.count()
    before = len(received(emulator, slug, verb))

    told = api.post(path, body, dry=True)

    assert told.status_code == 200, told.content
    assert (Operation.objects.count(), Entry.objects.count()) == (operations, entries)
    assert len(received(emulator, slug, verb)) == before
    api.post(path, body)
    assert Operation.objects.get(verb_name=verb).request == told.json()["request"]


@pytest.mark.anywhere
@pytest.mark.parametrize("query", ["?dry_run=yes", "?dryrun=1", "?dry_run=1&x=1"])
def test_a_misspelled_dry_run_changes_nothing(plant, emulator, query):
    response = Api(plant).post(f"/api/v1/{BUS}/{query}", body_of(plant, BUS))

    assert (response.status_code, problem_of(response)) == (400, "bad-request")
    assert emulator.requests() == []


@pytest.mark.anywhere
@EVERY_UPDATE
def test_a_change_meanwhile_is_a_conflict_with_three_versions(plant, emulator, slug):
    row, api = plant.make(slug), Api(plant)
    opened = api.get(f"{slug}/{row.pk}/").json()["expected"]
    plant.collection(slug).update(row.remote_id, plant.theirs(slug))
    now = plant.shown(slug, row)
    wished = EXAMPLES[slug].rename("mine-1")

    response = api.post(path_of(slug, "update", row), {**wished, "expected": opened})

    assert (response.status_code, problem_of(response)) == (409, "conflict"), response.content
    told = response.json()
    assert told["versions"] == {"opened": opened, "now": now, "wished": {**now, **wished}}
    assert told["operation"]["state"] == "not_sent"
    assert len(updates_received(emulator, slug)) == 1, "the other's"
    again = api.post(path_of(slug, "update", row), {**wished, "expected": now})
    assert again.status_code == 200


@pytest.mark.anywhere
@EVERY_UPDATE
def test_part_of_what_was_seen_is_compared_too(plant, slug):
    row, api = plant.make(slug), Api(plant)
    name, value = next(iter(EXAMPLES[slug].rename("mine-1").items()))
    other = {name: "never seen"} if isinstance(value, str) else {name: {"defaultValue": "never seen"}}

    response = api.post(path_of(slug, "update", row), {name: value, "expected": other})

    assert (response.status_code, problem_of(response)) == (409, "conflict")


@pytest.mark.anywhere
@EVERY_CHANGE
def test_a_refusal_has_the_platforms_words(plant, emulator, slug, verb):
    row = made_for(plant, slug, verb)
    emulator.faults([EXAMPLES[slug].refusal(verb)])

    response = able(plant, slug, verb).post(path_of(slug, verb, row), body_of(plant, slug, verb))

    assert (response.status_code, problem_of(response)) == (422, "rejected")
    told = response.json()
    assert told["detail"] == "not like this"
    assert told["platform_request_id"] == "r-1"
    assert told["platform_code"]
    assert told["operation"]["state"] == "rejected"


@EVERY_CHANGE
def test_a_lost_answer_is_202_with_the_operation_to_follow(committed_plant, emulator, slug, verb):
    plant = committed_plant
    row, key = made_for(plant, slug, verb), str(uuid.uuid4())
    lost(emulator, slug, verb)
    api, path, body = able(plant, slug, verb), path_of(slug, verb, row), body_of(plant, slug, verb)

    response = api.post(path, body, key=key)

    assert response.status_code == 202, response.content
    operation = Operation.objects.get(verb_name=verb)
    assert response["Location"] == f"/api/v1/operations/{operation.pk}/"
    assert response.json()["operation"]["state"] == operation.state == State.IN_DOUBT
    assert api.get(response["Location"]).json()["state"] == "in_doubt"
    sent = len(received(emulator, slug, verb))
    again = api.post(path, body, key=key)
    assert (again.status_code, again["Location"]) == (202, response["Location"])
    assert len(received(emulator, slug, verb)) == sent


@pytest.mark.anywhere
@EVERY_CREATE
def test_a_platform_that_is_away_is_503_and_nothing_was_sent(plant, refusing_port, slug):
    plant.move(KINDS[slug], refusing_port.url)

    response = Api(plant).post(path_of(slug, "create"), body_of(plant, slug))

    assert (response.status_code, problem_of(response)) == (503, "not-sent")
    assert response.json()["operation"]["state"] == "not_sent"


@pytest.mark.anywhere
@EVERY_UPDATE
def test_an_update_of_what_is_gone_is_410(plant, slug):
    row = plant.make(slug)
    plant.collection(slug).delete(row.remote_id)

    response = Api(plant).post(path_of(slug, "update", row), EXAMPLES[slug].rename("other-1"))

    assert (response.status_code, problem_of(response)) == (410, "gone")


@pytest.mark.anywhere
def test_a_delete_of_what_is_gone_is_done_and_says_so(plant):
    row = plant.make(BUS)
    plant.collection(BUS).delete(row.remote_id)

    response = Api(plant, Role.MANAGER).post(path_of(BUS, "delete", row), {})

    assert response.status_code == 200
    told = response.json()["operation"]
    assert told["state"] == "done"
    assert "nothing left to delete" in told["message"]


def test_a_sync_of_what_is_gone_is_410(plant):
    row = plant.make(BUS)
    plant.collection(BUS).delete(row.remote_id)

    response = Api(plant, Role.MANAGER).post(path_of(BUS, "sync", row), {})

    assert (response.status_code, problem_of(response)) == (410, "gone")
    assert response.json()["operation"]["state"] == "not_sent"


def test_of_many_targets_each_has_its_own_ending(plant):
    row, api = plant.make("iotda/policies"), Api(plant, Role.MANAGER)
    body = {"target_type": "device", "target_ids": ["5ba24f5ebbe8f56f5a14f605_node-1", "nobody"]}

    partly = api.post(path_of("iotda/policies", "bind", row), body)
    refused = api.post(path_of("iotda/policies", "bind", row), {**body, "target_ids": ["nobody"]})

    told = partly.json()["operation"]
    assert (partly.status_code, told["state"]) == (200, "partly")
    assert [(each["target"], bool(each["code"])) for each in told["endings"]] == [
        ("5ba24f5ebbe8f56f5a14f605_node-1", False),
        ("nobody", True),
    ]
    assert (refused.status_code, problem_of(refused)) == (422, "rejected")
    assert [each["target"] for each in refused.json()["endings"]] == ["nobody"]


@pytest.mark.anywhere
def test_while_another_change_is_in_doubt_the_object_is_busy(plant, emulator):
    row = plant.make(BUS)
    lost(emulator, BUS, "sync")
    Api(plant).post(path_of(BUS, "sync", row), {})
    emulator.faults([])

    response = Api(plant, Role.MANAGER).post(path_of(BUS, "delete", row), {})

    assert (response.status_code, problem_of(response)) == (409, "busy")
    assert len(Api(plant).get(f"{BUS}/{row.pk}/").json()["doubts"]) == 1


@pytest.mark.anywhere
def test_what_cannot_be_recorded_is_not_sent(plant, emulator, monkeypatch):
    def broken(*args, **options):
        raise DatabaseError("no")

    monkeypatch.setattr(life, "begin", broken)

    response = Api(plant).post(path_of(BUS, "create"), body_of(plant, BUS))

    assert (response.status_code, problem_of(response)) == (503, "unavailable")
    assert creates_received(emulator, BUS) == []
