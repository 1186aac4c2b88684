"""A program that calls the API: Django's client, signed in. Each answer must keep the OpenAPI document."""

import json
import re
import uuid
from functools import cache

from jsonschema import Draft202012Validator

from portal.api.portal_views import document
from portal.kinds.registry import KINDS
from portal.teams.models import Role
from tests.examples import EXAMPLES
from tests.support.plant import MANAGERS_RIGHTS

JSON, PROBLEM = "application/json", "application/problem+json"


class Api:
    """`role` is who calls. Answers have `.status_code`, `.json()` and headers, as in Django."""

    def __init__(self, plant, role=Role.OPERATOR, **options):
        self.plant, self.browser = plant, plant.browser(role, **options)

    def get(self, path, **query):
        return checked("get", self.browser.get(address(path), query))

    def post(self, path, body, key=None, dry=False, type=JSON, **headers):
        """`body` is a JSON value, or text or bytes to send as they are. Without `key` it is a new one."""
        text = body if isinstance(body, str | bytes) else json.dumps(body)
        if not dry:
            headers["HTTP_IDEMPOTENCY_KEY"] = key or str(uuid.uuid4())
        where = address(path) + ("?dry_run=1" if dry else "")
        return checked("post", self.browser.post(where, text, content_type=type, **headers))


def address(path):
    return path if path.startswith("/") else f"/api/v1/{path}"


def path_of(slug, verb, row=None):
    if verb == "create":
        return f"{slug}/"
    return f"{slug}/{row.pk}/{verb}/"


def body_of(plant, slug, verb="create", variety="usual", **changes):
    """The Example's data as a program sends it; a create names its connection."""
    data = plant.data(slug, verb, variety)
    return (
        data | ({"connection": str(plant.connection(KINDS[slug]).pk)} if verb == "create" else {}) | changes
    )


def able(plant, slug, verb, **options):
    """A program of the least role that has the right."""
    is_managers = KINDS[slug].verb(verb).right in MANAGERS_RIGHTS
    return Api(plant, Role.MANAGER if is_managers else Role.OPERATOR, **options)


def made_for(plant, slug, verb):
    """The object that the verb of the Example acts on; None for a create."""
    return None if verb == "create" else plant.ready(slug, verb)


def checked(method, response):
    """The answer, after it was compared with the document."""
    path = response.request["PATH_INFO"]
    assert response["Content-Type"] in (JSON, PROBLEM), (path, response["Content-Type"])
    schema = answer_schema(method, path, str(response.status_code), response["Content-Type"])
    assert schema is not None, (method, path, response.status_code, response.content)
    errors = list(Draft202012Validator(schema).iter_errors(response.json()))
    assert not errors, (method, path, response.status_code, [each.message for each in errors])
    if response["Content-Type"] == PROBLEM:
        assert response.json()["status"] == response.status_code
        assert response.json()["type"].startswith("urn:iot-portal:problem:")
    return response


def answer_schema(method, path, status, media):
    """The schema of an answer by the document; None if it is not told there."""
    operation = next((paths for pattern, paths in patterns() if pattern.fullmatch(path)), {}).get(method)
    if operation is None:  # an address or method that is not there: its problem is like all others
        assert status in ("401", "404", "405"), (method, path, status)
        return {"$ref": "#/components/schemas/Problem", "components": document()["components"]}
    told = operation["responses"].get(status, {}).get("content", {}).get(media)
    return told and {**told["schema"], "components": document()["components"]}


@cache
def patterns():
    """[(pattern of a path, {method: operation})]; those without variables come first."""
    paths = sorted(document()["paths"].items(), key=lambda each: each[0].count("{"))
    return [(re.compile(re.sub(r"\\{\w+\\}", "[^/]+", re.escape(path))), value) for path, value in paths]


def problem_of(response):
    """The name of a problem."""
    return response.json()["type"].rpartition(":")[2]


def as_sent(requests):
    """What can be compared of requests that the emulator received."""
    return [(each["method"], each["path"], each["query"], each["body"]) for each in requests]


def shows(slug, verb, data, seen):
    return EXAMPLES[slug].shows(verb, data, seen)
