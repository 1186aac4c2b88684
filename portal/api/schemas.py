"""JSON schemas (2020-12, as in OpenAPI 3.1): of a contract's rules, and of what the API answers."""

from portal.kinds.fields import JsonText
from portal.operations.approval import ApprovalState
from portal.operations.job import JobState, Purpose
from portal.operations.models import Cause, State
from portal.resources.freshness import State as Covered

NULLABLE_TEXT = {"type": ["string", "null"]}
TEXT, FLAG, COUNT = {"type": "string"}, {"type": "boolean"}, {"type": "integer", "minimum": 0}
NULLABLE_COUNT = {"type": ["integer", "null"]}
TIME, NULLABLE_TIME = (
    {"type": "string", "format": "date-time"},
    {"type": ["string", "null"], "format": "date-time"},
)
ID, ADDRESS = {"type": "string", "format": "uuid"}, {"type": "string", "format": "uri-reference"}
TYPES = {str: "string", int: "integer", bool: "boolean", list: "array", dict: "object"}


def of_rule(rule):
    """The schema of one contract.Field. `check` functions have no schema: the server alone judges by them."""
    types = [TYPES[rule.kind]]
    if rule.kind is int:
        types.append("string")  # ids are exact as texts, too
    schema = {"type": types[0] if len(types) == 1 else types}
    told = {
        "minLength": rule.min_length,
        "maxLength": rule.max_length,
        "pattern": f"^(?:{rule.pattern})$" if rule.pattern else None,
        "minimum": rule.minimum,
        "maximum": rule.maximum,
        "minItems" if rule.kind is list else "minProperties": rule.min_items,
        "maxItems" if rule.kind is list else "maxProperties": rule.max_items,
        "enum": list(rule.choices) or None,
        "items": of_rule(rule.items) if rule.items else None,
        "propertyNames": of_rule(rule.keys) if rule.keys else None,
        "additionalProperties": of_rule(rule.values) if rule.values else None,
        "description": _words(rule),
    }
    schema |= {name: value for name, value in told.items() if value is not None}
    if rule.fields:
        schema["properties"] = {each.name: of_rule(each) for each in rule.fields}
        if required := [each.name for each in rule.fields if each.required]:
            schema["required"] = required
    return schema


def _words(rule):
    if not rule.rule:
        return None
    return f"{rule.rule} ({rule.source.title}, {rule.source.updated})" if rule.source else rule.rule


def closed(properties, optional=(), **more):
    """An object with just these members."""
    required = [name for name in properties if name not in optional]
    return {
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": False,
        **more,
    }


def list_of(schema):
    return {"type": "array", "items": schema}


def either(schema):
    return {"oneOf": [schema, {"type": "null"}]}


def ref(name):
    return {"$ref": f"#/components/schemas/{name}"}


def of_values(kind, names=None):
    """Values of an object by the columns of its mirror; one that the platform has not shown is left out."""
    fields = [field for field in kind.model.platform_fields() if names is None or field.name in names]
    return closed(
        {field.name: _of_column(field) for field in fields}, optional=[field.name for field in fields]
    )


def _of_column(field):
    words = {"title": str(field.verbose_name)}
    if isinstance(field, JsonText):
        return words
    type_ = {"BooleanField": "boolean", "TextField": "string", "CharField": "string"}
    name = type_.get(field.get_internal_type(), "integer")
    return {**words, "type": [name, "null"] if field.null else name}


ENDINGS = list_of(closed({"target": TEXT, "code": TEXT, "message": TEXT}))
REFERENCE = closed({"id": ID, "state": {"enum": State.values}, "url": ADDRESS})
PROBLEM = {
    "type": "object",
    "description": "RFC 9457. Other members may be added.",
    "properties": {
        "type": {"type": "string", "format": "uri"},
        "title": TEXT,
        "status": {"type": "integer"},
        "detail": TEXT,
        "errors": {"type": "object", "additionalProperties": list_of(TEXT)},
        "platform_code": TEXT,
        "platform_request_id": TEXT,
        "permission": TEXT,
        "hint": TEXT,
        "right": TEXT,
        "granted_by": list_of(TEXT),
        "operation": REFERENCE,
        "objects": list_of(closed({"id": ID, "url": ADDRESS, "within": TEXT})),
        "endings": ENDINGS,
        "versions": closed({name: {"type": "object"} for name in ("opened", "now", "wished")}),
    },
    "required": ["type", "title", "status", "detail"],
}
JOB_REFERENCE = closed({"id": ID, "url": ADDRESS, "step": COUNT})
THROUGH = closed({"id": ID, "name": TEXT})
TOKEN = closed(
    {
        "id": ID,
        "name": TEXT,
        "rights": list_of(TEXT),
        "places": either(list_of(closed({"connection": ID, "space": TEXT}))),
        "addresses": list_of(TEXT),
        "expires_at": TIME,
    }
)
CONNECTION = closed({"id": ID, "name": TEXT, "platform": TEXT})
OPERATION = closed(
    {
        "id": ID,
        "url": ADDRESS,
        "state": {"enum": State.values},
        "cause": {"enum": ["", *Cause.values]},
        "message": TEXT,
        "kind": TEXT,
        "verb": TEXT,
        "connection": {"type": ["string", "null"], "format": "uuid"},
        "object": closed({"remote_id": TEXT, "within": TEXT, "name": TEXT}),
        "actor": TEXT,
        "via": TEXT,
        "token": either(THROUGH),
        "reason": TEXT,
        "ticket": TEXT,
        "created_at": TIME,
        "sent_at": NULLABLE_TIME,
        "ended_at": NULLABLE_TIME,
        "http_status": NULLABLE_COUNT,
        "platform_code": TEXT,
        "platform_request_id": TEXT,
        "duration_ms": NULLABLE_COUNT,
        "endings": either(ENDINGS),
        "has_secrets_to_show": FLAG,
        "job": either(JOB_REFERENCE),
    }
)
STEP_STATES = [*State.values, "waiting", "left_out", "refused_here"]
STEP = closed(
    {
        "number": COUNT,
        "kind": TEXT,
        "verb": TEXT,
        "object": closed({"remote_id": TEXT, "name": TEXT}),
        "state": {"enum": STEP_STATES},
        "waits_for": list_of(COUNT),
        "message": TEXT,
        "operation": either(REFERENCE),
    }
)
JOB = {
    "id": ID,
    "url": ADDRESS,
    "state": {"enum": JobState.values},
    "purpose": {"enum": Purpose.values},
    "kind": TEXT,
    "verb": TEXT,
    "object_name": TEXT,
    "actor": TEXT,
    "reason": TEXT,
    "ticket": TEXT,
    "created_at": TIME,
    "ended_at": NULLABLE_TIME,
    "done": COUNT,
    "count": COUNT,
}
REQUEST = closed({"method": TEXT, "url": TEXT, "body": TEXT})
APPROVAL = closed(
    {
        "id": ID,
        "url": ADDRESS,
        "state": {"enum": ApprovalState.values},
        "message": TEXT,
        "kind": TEXT,
        "verb": TEXT,
        "connection": {"type": ["string", "null"], "format": "uuid"},
        "object": closed({"remote_id": TEXT, "within": TEXT, "name": TEXT}),
        "actor": TEXT,
        "via": TEXT,
        "reason": TEXT,
        "ticket": TEXT,
        "created_at": TIME,
        "expires_at": TIME,
        "decided_at": NULLABLE_TIME,
        "decided_by": NULLABLE_TEXT,
        "decision_reason": TEXT,
        "requests": either(list_of(either(ref("Request")))),
        "operations": list_of(REFERENCE),
        "job": either(closed({"id": ID, "url": ADDRESS})),
    }
)
COVERAGE = closed(
    {
        "connection": CONNECTION,
        "completeness": {"enum": [state.value for state in Covered]},
        "as_of": NULLABLE_TIME,
        "count": NULLABLE_COUNT,
        "total": NULLABLE_COUNT,
        "is_refreshing": FLAG,
        "problem": TEXT,
    }
)
COMPONENTS = {
    "Problem": PROBLEM,
    "Token": TOKEN,
    "Connection": CONNECTION,
    "Operation": OPERATION,
    "Approval": APPROVAL,
    "Waits": closed({"approval": ref("Approval")}),
    "Job": closed(JOB),
    "JobWithSteps": closed({**JOB, "steps": list_of(STEP)}),
    "Coverage": COVERAGE,
    "Request": REQUEST,
    "DryRun": closed({"request": ref("Request")}),
}
ITEM = {
    "id": ID,
    "url": ADDRESS,
    "kind": TEXT,
    "remote_id": TEXT,
    "name": TEXT,
    "connection": ID,
    "state": TEXT,
    "is_unsure": FLAG,
    "is_changed_elsewhere": FLAG,
}


def of_item(kind):
    values = of_values(kind, [column.name for column in kind.columns])
    return closed({**ITEM, "is_lacked": FLAG, "values": values})


def of_object(kind):
    more = {
        "as_of": TIME,
        "is_stale": FLAG,
        "problem": either(ref("Problem")),
        "gone_at": NULLABLE_TIME,
        "values": of_values(kind),
        "expected": {"type": ["object", "null"]},
        "verbs": list_of(closed({"name": TEXT, "url": ADDRESS, "why_not": TEXT})),
        "doubts": list_of(REFERENCE),
    }
    return closed({**ITEM, **more})


def page_of(item, **more):
    return closed({"items": list_of(item), "next": NULLABLE_TEXT, "previous": NULLABLE_TEXT, **more})


def of_list(kind):
    return page_of(
        of_item(kind),
        total=closed({"count": COUNT, "is_more": FLAG}),
        is_whole=FLAG,
        covers=list_of(ref("Coverage")),
        unread=list_of(closed({"connection": ID, "detail": TEXT})),
    )


def of_change(kind):
    return closed({"operation": ref("Operation"), "object": either(ref(named(kind, "object")))})


def components_of(kind):
    """{name: schema} of what several answers about a kind hold."""
    return {named(kind, "object"): of_object(kind), named(kind, "changed"): of_change(kind)}


def named(kind, what):
    """The name of a component: IotdaSoftBusesObject."""
    words = f"{kind.slug}/{what}".replace("/", "-").split("-")
    return "".join(word.title() for word in words)
