"""What no decent program sends: each is refused with a problem document that names it, and nothing is sent.

Would catch: a 500, a value guessed or converted, a body read though it is too large, an error page for
people, a parameter or member that is ignored in silence.
"""

import json

import pytest

from portal.bounds import ADDRESS_MAX, BODY_MAX, LEVELS_MAX
from portal.kinds.registry import KINDS
from portal.operations.models import Operation
from portal.teams.models import Role
from tests.api.calling import Api, body_of, path_of, problem_of
from tests.examples import EVERY_CREATE, EVERY_UPDATE, EXAMPLES
from tests.support.plant import creates_received, updates_received

pytestmark = pytest.mark.anywhere

BUS, POLICY, GROUP, DEVICE = "iotda/soft-buses", "iotda/policies", "roma/device-groups", "enos/devices"
WRONG_TYPES = [5, 1.5, True, ["a"], {"a": 1}, [], {}, "text"]

NO_JSON = {
    "nothing": " ",
    "cut": '{"bus_name": "a"',
    "NaN": '{"bus_name": NaN}',
    "Infinity": '{"bus_name": -Infinity}',
    "endless": '{"bus_name": 1e999}',
    "twice": '{"bus_name": "a", "bus_name": "b"}',
    "twice inside": '{"bus_name": {"a": 1, "a": 2}}',
    "half a character": '{"bus_name": "\\ud800"}',
    "digits": '{"bus_name": ' + "9" * 5000 + "}",
    "not utf-8": b'{"bus_name": "\xff"}',
    "utf-16": '{"bus_name": "a"}'.encode("utf-16"),
    "deep": '{"bus_name": ' + "[" * 100 + "]" * 100 + "}",
    "too deep": '{"bus_name": ' + "[" * (LEVELS_MAX + 1) + "]" * (LEVELS_MAX + 1) + "}",
    "only brackets": "[" * 100_000,
    "form": "bus_name=a",
    "list": "[]",
    "text": '"a"',
    "number": "1",
    "null": "null",
    "many members": "{" + ",".join(f'"a{n}": 1' for n in range(80_000)) + "}",
}


@pytest.mark.parametrize("body", NO_JSON.values(), ids=NO_JSON)
def test_what_is_no_json_object_is_400_or_names_what_is_unknown(plant, emulator, body):
    response = Api(plant).post(path_of(BUS, "create"), body)

    assert response.status_code == (422 if isinstance(body, str) and '"a79999"' in body else 400)
    assert len(response.content) < 10 * BODY_MAX
    assert emulator.requests() == []
    assert not Operation.objects.exists()


@pytest.mark.parametrize(
    "type",
    [
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "text/plain",
        "application/jsonx",
        "application/merge-patch+json",
        "",
    ],
)
@pytest.mark.parametrize("is_checked", [True, False], ids=["csrf", "plain"])
def test_another_content_type_is_415_and_changes_nothing(plant, emulator, type, is_checked):
    api = Api(plant, Role.MANAGER, enforce_csrf_checks=is_checked)
    row = plant.make(BUS)
    before, token = len(emulator.requests()), api.get("").json()["csrf_token"]

    for path in (path_of(BUS, "create"), path_of(BUS, "delete", row), path_of(BUS, "sync", row)):
        response = api.post(path, "reason=x", type=type, HTTP_X_CSRFTOKEN=token)

        assert (response.status_code, problem_of(response)) == (415, "wrong-media-type")
    assert len(emulator.requests()) == before


@pytest.mark.parametrize("type", ["application/json; charset=utf-8", "Application/JSON"])
def test_a_content_type_may_be_written_in_other_ways(plant, type):
    assert Api(plant).post(path_of(BUS, "create"), body_of(plant, BUS), type=type).status_code == 201


def test_a_body_without_a_length_is_not_taken_for_an_empty_one(plant, emulator):
    row = plant.make(BUS)
    before = len(emulator.requests())

    response = Api(plant).post(path_of(BUS, "sync", row), "{}", HTTP_TRANSFER_ENCODING="chunked")

    assert (response.status_code, problem_of(response)) == (411, "no-length")
    assert len(emulator.requests()) == before


def test_no_body_is_an_empty_object(plant):
    row = plant.make(BUS)

    assert Api(plant).post(path_of(BUS, "sync", row), "").status_code == 200


def test_a_body_that_is_too_large_is_refused_unread(plant):
    response = Api(plant).post(path_of(BUS, "create"), json.dumps({"bus_name": "x" * BODY_MAX}))

    assert (response.status_code, problem_of(response)) == (413, "too-large")


def test_an_address_that_is_too_long_is_refused(plant):
    response = Api(plant).get(f"{BUS}/", q="x" * ADDRESS_MAX)

    assert (response.status_code, problem_of(response)) == (414, "address-too-long")


@pytest.mark.parametrize("path", [f"{BUS}/?q=%00", f"{BUS}/a%00b/"])
def test_an_address_that_no_database_takes_is_400(plant, path):
    assert Api(plant).get(path).status_code == 400


@EVERY_CREATE
def test_a_value_of_another_type_is_named_and_never_converted(plant, emulator, slug):
    form = KINDS[slug].verb("create").form
    rules = {rule.name: rule for rule in form.contract}
    wire = EXAMPLES[slug].wire
    for name in form.platform_fields():
        kind = rules[wire.get(name, name)].kind
        for value in WRONG_TYPES:
            if type(value) is kind or (kind is int and isinstance(value, str)):
                continue
            response = Api(plant).post(path_of(slug, "create"), body_of(plant, slug, **{name: value}))
            assert response.status_code == 422, (name, value, response.content)
            assert name in response.json()["errors"], (name, value, response.content)
    assert creates_received(emulator, slug) == []
    assert not Operation.objects.filter(kind_slug=slug).exists()


@EVERY_UPDATE
def test_an_updates_value_of_another_type_is_named_too(plant, emulator, slug):
    row = plant.make(slug)
    for name, usual in EXAMPLES[slug].update.items():
        for value in WRONG_TYPES:
            if type(value) is type(usual):
                continue
            response = Api(plant).post(path_of(slug, "update", row), {name: value})
            assert response.status_code == 422, (name, value, response.content)
            assert name in response.json().get("errors", {}) or problem_of(response) == "unchanged", name
    assert updates_received(emulator, slug) == []


@EVERY_CREATE
def test_what_the_form_refuses_the_api_refuses(plant, emulator, slug):
    broken = {name: text for name, text in EXAMPLES[slug].broken.items() if name in plant.data(slug)}

    response = Api(plant).post(path_of(slug, "create"), body_of(plant, slug, **broken))

    assert (response.status_code, problem_of(response)) == (422, "invalid")
    assert set(response.json()["errors"]) == set(broken)
    assert creates_received(emulator, slug) == []


@EVERY_CREATE
def test_each_mandatory_field_that_is_missing_or_null_is_named(plant, emulator, slug):
    form = KINDS[slug].verb("create").form
    needed = {name for name in form.platform_fields() if form.base_fields[name].required} | {"connection"}

    missing = Api(plant).post(path_of(slug, "create"), {})
    null = Api(plant).post(path_of(slug, "create"), dict.fromkeys(needed))

    assert missing.status_code == null.status_code == 422
    assert set(missing.json()["errors"]) == set(null.json()["errors"]) == needed
    assert emulator.requests() == [] or creates_received(emulator, slug) == []


@EVERY_UPDATE
def test_unknown_members_are_named(plant, slug):
    row, api = plant.make(slug), Api(plant, Role.MANAGER)
    odd = {"colour": "red", "operation_key": "k", "__proto__": {}, "": 1}

    for verb in ("create", "update", "delete"):
        response = api.post(path_of(slug, verb, row), {**body_of(plant, slug, verb), **odd})
        assert response.status_code == 422
        assert set(response.json()["errors"]) == set(odd), verb


@pytest.mark.parametrize(
    "expected", ["x", [], 5, {"colour": 1}, {"name": "a", "odd": 1}, {"description": ["x"]}], ids=repr
)
def test_what_a_client_says_it_saw_may_be_anything_and_changes_nothing(plant, emulator, expected):
    row = plant.make(GROUP)

    response = Api(plant).post(path_of(GROUP, "update", row), {"name": "other", "expected": expected})

    assert response.status_code in (409, 422)
    assert updates_received(emulator, GROUP) == []


@pytest.mark.parametrize("connection", ["x", 5, None, [], "00000000-0000-4000-8000-000000000000"], ids=repr)
def test_a_connection_that_is_none_is_named(plant, connection):
    response = Api(plant).post(path_of(BUS, "create"), body_of(plant, BUS, connection=connection))

    assert (response.status_code, list(response.json()["errors"])) == (422, ["connection"])


def test_the_connection_of_an_object_cannot_be_another(plant):
    row = plant.make(BUS)
    other = str(plant.connections["roma"].pk)

    assert Api(plant).post(path_of(BUS, "sync", row), {"connection": other}).status_code == 422
    own = str(row.connection_id)
    assert Api(plant).post(path_of(BUS, "sync", row), {"connection": own}).status_code == 200


@pytest.mark.parametrize("reason", ["x" * 201, 5, None, ["a"], "a\0b"], ids=repr)
def test_a_reason_is_a_short_text(plant, reason):
    response = Api(plant).post(path_of(BUS, "create"), body_of(plant, BUS, reason=reason))

    assert (response.status_code, list(response.json()["errors"])) == (422, ["reason"])


@pytest.mark.parametrize("ticket", ["x" * 65, 5, None, ["a"], "a\0b", "CHG-1\nCHG-2", "a\x7f"], ids=repr)
def test_a_ticket_is_one_short_line(plant, ticket):
    response = Api(plant).post(path_of(BUS, "create"), body_of(plant, BUS, ticket=ticket))

    assert (response.status_code, list(response.json()["errors"])) == (422, ["ticket"])


@pytest.mark.parametrize("text", ["a\0b", "\u202eabc", "x" * 100_000, "'; DROP TABLE--", "{{ 7*7 }}"])
def test_hostile_texts_are_refused_or_kept_as_they_are(plant, emulator, text):
    response = Api(plant).post(path_of(GROUP, "create"), body_of(plant, GROUP, description=text))

    if response.status_code == 201:
        assert json.loads(creates_received(emulator, GROUP)[0]["body"])["description"] == text
        assert response.json()["object"]["values"]["description"] == text
    else:
        assert (response.status_code, list(response.json()["errors"])) == (422, ["description"])


@pytest.mark.parametrize("method", ["put", "patch", "delete", "options", "trace"])
def test_other_methods_are_405_with_those_that_are_taken(plant, method):
    row, browser = plant.make(BUS), plant.browser(Role.OWNER)
    allowed = {f"{BUS}/": "GET, HEAD, POST", f"{BUS}/{row.pk}/": "GET, HEAD", f"{BUS}/{row.pk}/sync/": "POST"}
    for path, methods in allowed.items():
        response = getattr(browser, method)(f"/api/v1/{path}")
        assert (response.status_code, response["Allow"]) == (405, methods)
        assert problem_of(response) == "wrong-method"


def test_a_verb_is_not_taken_by_get_nor_a_list_that_creates_nothing_by_post(plant):
    row = plant.make(BUS)
    assert Api(plant).get(path_of(BUS, "sync", row))["Allow"] == "POST"
    assert Api(plant).post("roma/apps/", {})["Allow"] == "GET, HEAD"


@pytest.mark.parametrize(
    "path", ["nowhere/", "iotda/", "iotda/no-kind/", f"{BUS}/x/no-verb/", f"{BUS}/x/create/"]
)
def test_an_address_that_is_not_there_is_a_problem_not_a_page(plant, path):
    assert problem_of(Api(plant).get(path)) == "not-found"
    assert problem_of(Api(plant).post(path, {})) == "not-found"


def test_a_post_without_the_last_slash_is_not_redirected(plant):
    """A redirected POST becomes a GET: the program would read a list and take it for success."""
    assert Api(plant).post(BUS, body_of(plant, BUS)).status_code == 404


@pytest.mark.parametrize("accept", ["text/html", "application/xml", "image/*", ";;;", ""])
def test_answers_are_json_whatever_is_accepted(plant, accept):
    response = plant.browser().get(f"/api/v1/{BUS}/", HTTP_ACCEPT=accept)

    assert (response.status_code, response["Content-Type"]) == (200, "application/json")


def test_a_bug_is_a_problem_too(plant, monkeypatch):
    monkeypatch.setattr("portal.api.shown.connection", lambda each: 1 / 0)

    response = Api(plant, raise_request_exception=False).get("connections/")

    assert (response.status_code, problem_of(response)) == (500, "broken")
    assert "division" not in response.content.decode()
