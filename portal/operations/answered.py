"""What an operation keeps of the platform's answer, or of the error that came instead of one.

That is the message, the cause, the platform's codes and the secrets that may be shown once.
"""

from copy import copy
from datetime import timedelta

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext_noop as _

from portal.errors import (
    Busy,
    Conflict,
    Missing,
    NotAllowed,
    Paused,
    PlatformError,
    PortalError,
    SignInFailed,
    Throttled,
)
from portal.operations.attempts import told
from portal.operations.models import Cause, State
from portal.operations.sides import sides
from portal.record.redaction import redact
from portal.words import Sentence

ALREADY_GONE = Sentence(
    "operation.already_gone",
    _("%(name)s no longer existed on the platform, so there was nothing left to delete."),
)
ALREADY_SO = Sentence(
    "operation.already_so", _("%(name)s was like that already, so there was nothing left to do.")
)

CAUSES = {
    NotAllowed: Cause.NOT_ALLOWED,
    Missing: Cause.GONE,
    Busy: Cause.BUSY,
    Conflict: Cause.CONFLICT,
    Paused: Cause.PAUSED,
    Throttled: Cause.THROTTLED,
    SignInFailed: Cause.SIGN_IN,
}


def already_so(change, error):
    """The refusal with our own words if nothing was left to do, else None.

    The platform has to say so, and the object has to show it: a code may stand for more than one thing.
    """
    if change.target is None or not change.call.finds_done(error):
        return None
    try:
        with change.client.one_deadline():
            seen = change.bound.get()
    except Missing:
        seen = None
    except PlatformError:
        return None
    if not change.verb.evidence.shows(change.data, seen):
        return None
    told = copy(error)
    told.message = (ALREADY_GONE if change.verb.removes else ALREADY_SO)(name=change.object_name)
    return told


def _cause(state, error):
    if state != State.NOT_SENT:
        return ""
    known = next((cause for kind, cause in CAUSES.items() if isinstance(error, kind)), "")
    return known or (Cause.UNREACHABLE if getattr(error, "part", "") in ("address", "tls") else "")


def take_answer(operation, state, answer, decoded, secret_names, endings=(), said=None):
    """Put an Answer or a PlatformError into the operation, which is about to end in `state`.

    `endings` are those of its targets, `said` is what they amount to.

    Saves nothing. Returns {column: new value} and the body of the record entry.
    """
    data = getattr(answer, "data", None)
    secrets = {
        name: value
        for name, value in _members(data)
        # One that was sent and comes back is no news to who sent it.
        if name in secret_names and value and operation.scrubbed(value) == value
    }
    operation.say(answer.message if isinstance(answer, PortalError) else said or "")
    columns = {
        "cause": _cause(state, answer),
        "http_status": getattr(answer, "status", None),
        "platform_code": operation.scrubbed(str(getattr(answer, "code", "")))[:64],
        "platform_request_id": operation.scrubbed(str(getattr(answer, "request_id", "")))[:128],
        "duration_ms": getattr(answer, "duration_ms", None),
        "words": operation.words,
        "platform_message": operation.platform_message,
        "answer": operation.scrubbed(redact(data, secrets=frozenset(secret_names))),
        "baseline": operation.baseline,
    }
    if secrets:
        columns["sealed_secrets"] = operation.seal_secrets(secrets)
        columns["secrets_until"] = timezone.now() + timedelta(seconds=settings.SHOW_SECRET_SECONDS)
    body = {"answer": columns["answer"], "message": operation.platform_message}
    if endings:
        columns["endings"] = body["endings"] = operation.scrubbed(list(endings))
    if decoded:
        columns |= operation.names_of(decoded)
    seen = operation.scrubbed(redact(decoded, secrets=frozenset(secret_names)))
    if seen and operation.verb.on_object:
        body["object"] = seen
    refused = {each["target"] for each in endings if each["code"] or each["message"]}
    return columns, body | sides(operation, state, seen, refused) | told(operation)


def _members(data):
    """Yield (name, value) of every member of every object inside a JSON value."""
    if isinstance(data, dict):
        for name, value in data.items():
            yield name, value
            yield from _members(value)
    elif isinstance(data, list):
        for value in data:
            yield from _members(value)


def names_of_secrets(change):
    return tuple(getattr(change.bound.collection, "secret_fields", ()))
