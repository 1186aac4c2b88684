"""The OpenAPI document of each view, which says by `described(method)` what it takes and answers."""

from dataclasses import dataclass, field

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ResolvedComponent
from drf_spectacular.utils import OpenApiParameter

from portal.api import schemas

PROBLEM = "application/problem+json"
KEY = OpenApiParameter(
    name="Idempotency-Key",
    type={"type": "string", "minLength": 1, "maxLength": 64, "pattern": "^[!-~]+$"},
    location=OpenApiParameter.HEADER,
    description="The operation key. Needed for everything but a dry run.",
)
ID = OpenApiParameter(
    name="id",
    type=schemas.TEXT,
    location=OpenApiParameter.PATH,
    description="The portal's id. The platform's own works, too.",
    required=True,
)


@dataclass(frozen=True)
class Told:
    """What one method of a view takes and answers.

    `answers` are {status: schema}, `problems` further statuses, `queries` {parameter: (schema, words)}.
    """

    id: str
    summary: str
    answers: dict
    problems: tuple = ()
    queries: dict = field(default_factory=dict)
    body: type | None = None
    takes_key: bool = False


class Described(AutoSchema):
    @property
    def told(self):
        return self.view.described(self.method.lower())

    def get_operation(self, path, path_regex, path_prefix, method, registry):
        own = schemas.components_of(self.view.kind) if self.view.kind else {}
        for name, schema in (schemas.COMPONENTS | own).items():
            registry.register_on_missing(
                ResolvedComponent(name=name, type=ResolvedComponent.SCHEMA, object=name, schema=schema)
            )
        return super().get_operation(path, path_regex, path_prefix, method, registry)

    def get_operation_id(self):
        return self.told.id

    def get_summary(self):
        return str(self.told.summary)

    def get_description(self):
        return ""

    def get_tags(self):
        return [self.view.kind.slug if self.view.kind else "portal"]

    def get_override_parameters(self):
        told = self.told
        found = [
            OpenApiParameter(name=name, type=schema, description=words, required=False)
            for name, (schema, words) in told.queries.items()
        ]
        if told.takes_key:
            found.append(KEY)
        return [*found, ID] if "{id}" in self.path else found

    def get_request_serializer(self):
        return self.told.body

    def get_response_serializers(self):
        told = self.told
        found = {(status, "application/json"): schema for status, schema in told.answers.items()}
        problems = {400, 401, 403, 404, 429, 500, 503, *told.problems}
        return {**found, **{(status, PROBLEM): schemas.ref("Problem") for status in sorted(problems)}}
