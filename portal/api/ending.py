"""The answer to a change: what became of it, as a status and a document."""

from django.utils.translation import gettext as _
from rest_framework.response import Response

from portal.api import shown
from portal.api.refusals import reference
from portal.errors import KeyReused, OutcomeUnrecorded, Waits
from portal.kinds.comparing import is_same
from portal.operations.models import HAPPENED, Cause, State
from portal.operations.service import KEY_REUSED, perform
from portal.operations.stepping import job_of
from portal.operations.tasks import carry_on
from portal.platforms import advice
from portal.resources import reading
from portal.web.problems import problem

UNCHANGED = (State.REJECTED, State.NOT_SENT, State.ABSENT, State.CANCELLED)
BY_CAUSE = {
    Cause.CONFLICT: (409, "conflict"),
    Cause.BUSY: (409, "busy"),
    Cause.GONE: (410, "gone"),
}
BY_STATE = {State.REJECTED: (422, "rejected"), State.NOT_SENT: (503, "not-sent")}


def carry_out(request, asked, key, via):
    """Perform what is asked for; the response. Raises the other errors of `perform`."""
    change = asked.change
    if asked.earlier and not asked.is_repeated:
        raise KeyReused(KEY_REUSED(), operation=asked.earlier)
    try:
        operation = asked.earlier or perform(change, actor=request.user, key=key, via=via)
    except Waits as error:
        told = shown.approval(error.approval, request.user)
        return Response({"approval": told}, status=202, headers={"Location": told["url"]})
    except OutcomeUnrecorded as error:
        operation = error.operation
        operation.state = State.IN_DOUBT
        operation.say(error.message)
    if change.then:
        carry_on.enqueue(str(job_of(operation).pk))
    if operation.state in UNCHANGED:
        return _ended(change, operation)
    return _answered(request, change, operation)


def _answered(request, change, operation):
    """201 or 200 when it happened; 202 while nobody knows, with the operation's address."""
    is_over = operation.state in (*HAPPENED, State.PARTLY)
    row, decoded, problem = operation.target, None, None
    if is_over and row and row.unsure_at:  # the platform's answer did not show the object
        decoded, problem = reading.read_object(change.kind, row)
    body = {
        "operation": shown.operation(operation, request.user),
        "object": shown.object_(request.user, change.kind, row, decoded, problem) if row else None,
    }
    if not is_over:
        return Response(body, status=202, headers={"Location": body["operation"]["url"]})
    if change.target or not row:
        return Response(body)
    return Response(body, status=201, headers={"Location": body["object"]["url"]})


def _ended(change, operation):
    """The problem document of an operation that changed nothing. The same key leads to it again."""
    if change.target and operation.state == State.REJECTED:
        reading.read_one(change.kind, change.target)  # the object may be gone: then its row is marked so
    status, name = BY_STATE.get(operation.state, (409, "ended"))
    if operation.state == State.NOT_SENT:
        status, name = BY_CAUSE.get(operation.cause, (status, name))
    if operation.cause == Cause.NOT_ALLOWED:
        return _not_allowed(change, operation)
    hint = advice(operation.platform, operation.platform_code, operation.platform_message)
    return problem(
        status,
        operation.said or operation.platform_message or operation.get_state_display(),
        name=name,
        platform_code=operation.platform_code,
        platform_request_id=operation.platform_request_id,
        permission=operation.permission,
        operation=reference(operation),
        endings=operation.endings,
        hint=hint and _(hint),
        versions=_versions(change, operation) if operation.cause == Cause.CONFLICT else None,
    )


def _not_allowed(change, operation):
    """The object's present state asks for one more right than the verb does (Verb.check)."""
    check = reading.checked(change.kind, change.verb, change.target)
    members = {"right": check.right} if check and check.right else {}
    return problem(403, operation.said, operation=reference(operation), **members)


def _versions(change, operation):
    """What an update edits in three versions: as the client saw it, as it is now, and as it would be."""
    opened = change.expected or {}
    decoded, _problem = reading.read_object(change.kind, change.target)
    now = change.verb.evidence.shown(decoded) if decoded else operation.baseline
    wished = {
        name: value
        for name, value in change.data.items()
        if name not in opened or not is_same(value, opened[name])
    }
    return {"opened": opened, "now": now, "wished": {**now, **wished}}
