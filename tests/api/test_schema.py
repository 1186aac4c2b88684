"""The OpenAPI document: valid, complete, and kept by all that the API answers.

Every answer that tests/api gets is compared with it (calling.py). Here a generator asks what nobody thought
of.

Would catch: a document that tools cannot read, a rule of a contract that it lacks, an answer that breaks it,
a 500 that odd but allowed values make.
"""

import json
import os
import uuid

import pytest
import requests
import schemathesis
from drf_spectacular.validation import validate_schema
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import seed as seeded
from schemathesis.generation import GenerationMode

from portal.api.portal_views import document
from portal.kinds.registry import KINDS
from portal.teams.models import Role
from tests.api.calling import Api, checked
from tests.examples import EVERY_CREATE, EXAMPLES

pytestmark = pytest.mark.anywhere

PATHS = document()["paths"]
OPERATIONS = [(path, method) for path in PATHS for method in ("get", "post") if method in PATHS[path]]


def test_the_document_is_valid_and_is_what_the_api_answers(plant):
    told = Api(plant).get("schema/").json()

    validate_schema(told)
    assert told["openapi"].startswith("3.1")
    assert told == json.loads(json.dumps(document()))


def test_the_document_has_every_verb_of_every_kind():
    for slug, kind in KINDS.items():
        assert ("post" in PATHS[f"/api/v1/{slug}/"]) is kind.creates
        for verb in kind.object_verbs:
            assert "post" in PATHS[f"/api/v1/{slug}/{{id}}/{verb.name}/"]
    ids = [PATHS[path][method]["operationId"] for path, method in OPERATIONS]
    assert len(ids) == len(set(ids))


@EVERY_CREATE
def test_the_document_holds_the_contracts_rules(slug):
    name = "".join(word.title() for word in f"{slug}-create".replace("/", "-").split("-"))
    told = document()["components"]["schemas"][name]
    form = KINDS[slug].verb("create").form

    assert set(told["properties"]) == {
        *form.platform_fields(),
        *form.together_fields(),
        "connection",
        "reason",
        "ticket",
    }
    wire = {member: field for field, member in EXAMPLES[slug].wire.items()}
    for rule in form.contract:
        if shown := told["properties"].get(wire.get(rule.name, rule.name)):
            assert shown.get("maxLength") == rule.max_length
            assert shown.get("minLength") == rule.min_length
            assert ("pattern" in shown) is bool(rule.pattern)


@pytest.mark.parametrize(
    ("path", "method"), OPERATIONS, ids=[f"{method} {path}" for path, method in OPERATIONS]
)
@pytest.mark.parametrize("number", [5, pytest.param(150, marks=pytest.mark.full)])
def test_whatever_is_asked_the_answer_keeps_the_document(plant, path, method, number):
    """Half of the requests keep the schema, half break it; half name what is there. `checked` judges."""
    schema = schemathesis.openapi.from_dict(json.loads(json.dumps(document())))
    schema.config.generation.update(modes=[GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
    api, known = Api(plant, Role.OWNER), things(plant, path)
    statuses = []

    @settings(
        max_examples=number,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @seeded(int(os.environ.get("PORTAL_ODD_SEED", 1)))
    @given(schema[path][method.upper()].as_strategy())
    def ask(case):
        if len(statuses) % 2:
            name_what_is_there(case, known)
        response = checked(method, sent(api, case))
        assert response.status_code < 500, response.content
        statuses.append(response.status_code)

    ask()
    assert len(statuses) >= number // 2


def things(plant, path):
    """{"id", "connection"} of what is there for this address."""
    slug = "/".join(path.removeprefix("/api/v1/").split("/")[:2])
    if slug not in EXAMPLES:
        return {}
    known = {"connection": str(plant.connection(KINDS[slug]).pk)}
    return {**known, "id": str(plant.make(slug).pk)} if EXAMPLES[slug].changes else known


def name_what_is_there(case, known):
    if "id" in known and "id" in (case.path_parameters or {}):
        case.path_parameters["id"] = known["id"]
    if isinstance(case.body, dict) and "connection" in case.body and "connection" in known:
        case.body["connection"] = known["connection"]
    if case.method == "POST":
        case.headers["Idempotency-Key"] = str(uuid.uuid4())


def sent(api, case):
    """The answer to a generated request."""
    given = case.as_transport_kwargs(base_url="http://localhost")
    names = ("method", "url", "headers", "params", "json", "data", "cookies")
    request = requests.Request(**{name: given[name] for name in names if name in given}).prepare()
    headers = {
        name: text if isinstance(text, str) else text.decode("latin-1")
        for name, text in request.headers.items()
        if name.lower() not in ("content-type", "content-length", "cookie")
    }
    return api.browser.generic(
        request.method,
        request.path_url,
        request.body or b"",
        content_type=request.headers.get("Content-Type", ""),
        headers=headers,
    )
