"""Every change of every kind through the API: it sends what the form sends, and says what became of it.

Would catch: a second way to a platform with rules of its own, a value converted on the way, a change that is
not recorded, an answer that shows what is not.
"""

import json
import uuid

import pytest

from portal.kinds.comparing import differing
from portal.kinds.registry import KINDS
from portal.operations.models import Operation, State
from portal.record.models import Entry
from portal.teams.models import Role
from tests.api.calling import Api, able, as_sent, body_of, made_for, path_of, problem_of
from tests.examples import EVERY_CHANGE, EVERY_CREATE, EVERY_UPDATE, EVERY_VARIETY, EXAMPLES
from tests.resources.forms import as_text, changing, edited, filled, new, post
from tests.support.plant import creates_received, received, updates_received

pytestmark = pytest.mark.anywhere

BUS, POLICY, GROUP, DEVICE = "iotda/soft-buses", "iotda/policies", "roma/device-groups", "enos/devices"


@EVERY_CHANGE
def test_a_change_happens_is_recorded_and_answers_with_operation_and_object(plant, emulator, slug, verb):
    row = made_for(plant, slug, verb)

    response = able(plant, slug, verb).post(path_of(slug, verb, row), body_of(plant, slug, verb))

    assert response.status_code == (201 if verb == "create" else 200), response.content
    assert len(received(emulator, slug, verb)) == 1
    operation = Operation.objects.get(verb_name=verb)
    told = response.json()
    assert told["operation"]["id"] == str(operation.pk)
    assert (operation.state, operation.via) == (State.DONE, "api")
    entries = Entry.objects.filter(operation=str(operation.pk))
    assert {(each.stage, each.via) for each in entries} == {("intent", "api"), ("outcome", "api")}
    assert told["object"]["remote_id"] == operation.object_id
    if verb == "delete":
        assert told["object"]["state"] == "gone"
    elif verb == "create":
        assert response["Location"] == told["object"]["url"]
        assert told["object"]["name"] == EXAMPLES[slug].name
    else:
        assert EXAMPLES[slug].shows(verb, plant.data(slug, verb), plant.seen(slug, operation.target, verb))


@EVERY_VARIETY
def test_a_create_sends_the_bytes_that_the_form_sends(plant, emulator, slug, variety):
    data = body_of(plant, slug, variety=variety)
    preview = Api(plant).post(path_of(slug, "create"), data, dry=True).json()["request"]
    browser = plant.browser()
    assert post(browser, new(slug), filled(browser, slug, variety)).status_code == 302
    by_form = creates_received(emulator, slug)
    (operation,) = Operation.objects.all()
    assert operation.request == preview
    emulator.reset()

    assert Api(plant).post(path_of(slug, "create"), data).status_code == 201

    assert as_sent(creates_received(emulator, slug)) == as_sent(by_form)


@EVERY_UPDATE
def test_an_update_sends_the_bytes_that_the_form_sends(plant, emulator, slug):
    rows = [plant.make(slug), plant.make(slug, **{EXAMPLES[slug].named_by: "second-1"})]
    browser = plant.browser()
    assert post(browser, changing(rows[0], "update"), edited(browser, slug, rows[0])).status_code == 302

    response = Api(plant).post(path_of(slug, "update", rows[1]), body_of(plant, slug, "update"))

    # the second object cannot take a name that the first one has, where names are unique
    by_form, by_api = Operation.objects.filter(verb_name="update").order_by("created_at")
    assert response.status_code in (200, 422), response.content
    assert by_form.data == by_api.data
    bodies = [json.loads(each["body"]) for each in updates_received(emulator, slug)]
    ids = [row.remote_id for row in rows]
    assert [_without(body, id) for body, id in zip(bodies, ids, strict=True)] == [
        _without(bodies[0], ids[0])
    ] * 2


def _without(body, id):
    return json.loads(json.dumps(body).replace(id, "ID"))


@EVERY_UPDATE
def test_an_update_sends_only_what_is_given(plant, emulator, slug):
    row = plant.make(slug)
    before = plant.shown(slug, row)
    name, value = next(iter(EXAMPLES[slug].rename("other-1").items()))

    response = Api(plant).post(path_of(slug, "update", row), {name: value})

    assert response.status_code == 200, response.content
    assert differing({**before, name: value}, plant.shown(slug, row)) == []
    operation = Operation.objects.get(verb_name="update")
    assert operation.data == KINDS[slug].declared.to_update({name: value}, before)


@EVERY_UPDATE
def test_what_an_object_shows_can_be_sent_back_and_changes_nothing(plant, emulator, slug):
    row = plant.make(slug)
    shown = Api(plant).get(f"{slug}/{row.pk}/").json()["expected"]

    response = Api(plant).post(path_of(slug, "update", row), shown)

    assert (response.status_code, problem_of(response)) == (422, "unchanged")
    assert updates_received(emulator, slug) == []
    assert not Operation.objects.filter(verb_name="update").exists()


@EVERY_UPDATE
def test_an_optional_value_is_cleared_by_null(plant, emulator, slug):
    rules = {name: KINDS[slug].verb("update").form.base_fields[name] for name in EXAMPLES[slug].update}
    optional = [name for name, field in rules.items() if not field.required]
    if not optional:
        pytest.skip("nothing of it can be cleared")
    row = plant.make(slug)
    row = plant.perform(slug, "update", target=row).target

    response = Api(plant).post(path_of(slug, "update", row), {optional[0]: None})

    assert response.status_code == 200, response.content
    assert plant.shown(slug, row)[optional[0]] in (None, "", {}, [])


@EVERY_CREATE
def test_an_optional_value_that_is_null_is_as_if_it_were_not_there(plant, emulator, slug):
    fields = KINDS[slug].verb("create").form
    none = {name: None for name in fields.platform_fields() if not fields.base_fields[name].required}
    data = {**none, **body_of(plant, slug)}

    assert Api(plant).post(path_of(slug, "create"), data).status_code == 201
    (operation,) = Operation.objects.all()
    sent = {name: value for name, value in operation.data.items() if value is not False}
    assert sent == plant.data(slug)


@EVERY_CHANGE
def test_a_reason_and_a_ticket_are_recorded_with_every_change(plant, slug, verb):
    row = made_for(plant, slug, verb)
    why = {"reason": "because of the test", "ticket": "CHG-1042"}

    answer = able(plant, slug, verb).post(path_of(slug, verb, row), body_of(plant, slug, verb, **why))

    operation = Operation.objects.get(verb_name=verb)
    entry = Entry.objects.get(operation=str(operation.pk), stage="outcome")
    for told in (operation, entry):
        assert {name: getattr(told, name) for name in why} == why
    assert answer.json()["operation"].items() >= why.items()


def test_another_ticket_makes_no_other_change(plant):
    api = Api(plant)
    answers = [
        api.post(path_of(BUS, "create"), body_of(plant, BUS, ticket=ticket), key="once")
        for ticket in ("CHG-1", "CHG-2")
    ]

    assert answers[0].json()["operation"]["id"] == answers[1].json()["operation"]["id"]
    assert Operation.objects.get().ticket == "CHG-1"


def test_line_ends_of_a_text_stay_as_they_are(plant, emulator):
    data = body_of(plant, GROUP, description="one\r\ntwo\nthree\r")

    assert Api(plant).post(path_of(GROUP, "create"), data).status_code == 201

    assert json.loads(creates_received(emulator, GROUP)[0]["body"])["description"] == "one\r\ntwo\nthree\r"


def test_only_the_line_ends_of_a_text_can_be_changed(plant, emulator):
    row = plant.make(GROUP, description="one\r\ntwo")

    response = Api(plant).post(path_of(GROUP, "update", row), {"description": "one\ntwo"})

    assert response.status_code == 200
    assert json.loads(updates_received(emulator, GROUP)[0]["body"])["description"] == "one\ntwo"


@pytest.mark.parametrize("id", [0, "0", "00000"])
def test_an_id_that_is_a_number_may_be_sent_as_number_or_text(plant, emulator, id):
    assert Api(plant).post(path_of(GROUP, "create"), body_of(plant, GROUP, parent_id=id)).status_code == 201
    assert '"parent_id":0,' in creates_received(emulator, GROUP)[0]["body"]


def test_a_large_id_stays_exact(plant, emulator):
    Api(plant).post(path_of(GROUP, "create"), body_of(plant, GROUP, parent_id=9007199254740993))

    assert '"parent_id":9007199254740993,' in creates_received(emulator, GROUP)[0]["body"]


def test_a_secret_of_a_request_is_neither_shown_nor_kept(plant):
    secret = EXAMPLES[DEVICE].varieties["secrets"]["device_tags"]["password"]
    data = body_of(plant, DEVICE, variety="secrets")

    preview = Api(plant).post(path_of(DEVICE, "create"), data, dry=True)
    response = Api(plant).post(path_of(DEVICE, "create"), data)

    assert secret not in preview.content.decode()
    told = response.json()
    assert told["operation"]["has_secrets_to_show"] is True
    (operation,) = Operation.objects.all()
    assert secret not in json.dumps(operation.data)
    viewer = Api(plant, Role.VIEWER).get(told["object"]["url"])
    assert secret not in viewer.content.decode()
    assert viewer.json()["expected"] is None


def test_a_form_and_the_api_share_their_keys(plant, emulator):
    key, browser = str(uuid.uuid4()), plant.browser()
    data = filled(browser, BUS)
    data["operation_key"] = key
    assert post(browser, new(BUS), data).status_code == 302

    response = Api(plant).post(path_of(BUS, "create"), body_of(plant, BUS), key=key)

    assert response.status_code == 201
    assert len(creates_received(emulator, BUS)) == 1
    assert as_text(response.json()["operation"]["via"]) == "web"
