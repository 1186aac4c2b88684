"""What an answer, or its absence, leaves with an operation: its words, its cause, its secrets."""

from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from portal.errors import Busy, Conflict, Missing, Paused, PortalError, SignInFailed, Throttled
from portal.operations.models import Cause, State
from portal.record.redaction import redact

CAUSES = {
    Missing: Cause.GONE,
    Busy: Cause.BUSY,
    Conflict: Cause.CONFLICT,
    Paused: Cause.PAUSED,
    Throttled: Cause.THROTTLED,
    SignInFailed: Cause.SIGN_IN,
}


def _cause(state, error):
    if state != State.NOT_SENT:
        return ""
    known = next((cause for kind, cause in CAUSES.items() if isinstance(error, kind)), "")
    return known or (Cause.UNREACHABLE if getattr(error, "part", "") in ("address", "tls") else "")


def take_answer(operation, answer, secret_names):
    operation.cause = _cause(operation.state, answer)
    operation.http_status = getattr(answer, "status", None)
    operation.platform_code = operation.scrubbed(str(getattr(answer, "code", "")))[:64]
    operation.platform_request_id = operation.scrubbed(str(getattr(answer, "request_id", "")))[:128]
    operation.duration_ms = getattr(answer, "duration_ms", None)
    operation.message = operation.scrubbed(str(answer)) if isinstance(answer, PortalError) else ""
    data = getattr(answer, "data", None)
    secrets = {name: value for name, value in _members(data) if name in secret_names and value}
    if secrets:
        operation.sealed_secrets = operation.seal_secrets(secrets)
        operation.secrets_until = timezone.now() + timedelta(seconds=settings.SHOW_SECRET_SECONDS)
    operation.answer = operation.scrubbed(redact(data, secrets=frozenset(secret_names)))


def _members(data):
    """(name, value) of every object inside a JSON value."""
    if isinstance(data, dict):
        for name, value in data.items():
            yield name, value
            yield from _members(value)
    elif isinstance(data, list):
        for value in data:
            yield from _members(value)


def names_of_secrets(kind, client):
    return tuple(getattr(kind.collection_of(client), "secret_fields", ()))


def outcome_body(operation, decoded, secret_names):
    body = {"answer": operation.answer, "message": operation.message}
    if decoded:
        body["object"] = operation.scrubbed(redact(decoded, secrets=frozenset(secret_names)))
    return body
