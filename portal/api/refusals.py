"""Turns what goes wrong in a view of the API into a problem document (portal/web/problems.py)."""

from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.utils.translation import gettext as _
from rest_framework import exceptions

from portal import errors
from portal.operations.models import Operation
from portal.web.problems import plain, problem


class Refusal(Exception):
    """A request that the API does not carry out. The arguments are those of `problem`."""

    def __init__(self, status, detail="", **members):
        super().__init__(detail)
        self.problem = status, detail, members


def answer(error, context):
    """The response for an error in a view; None for a bug, which becomes a 500."""
    user = context["request"].user
    if isinstance(error, Refusal):
        status, detail, members = error.problem
        return problem(status, detail, **members)
    if isinstance(error, errors.PortalError):
        return _of_portal(error, user)
    if isinstance(error, exceptions.APIException):
        return _of_framework(error)
    if isinstance(error, Http404):
        return problem(404, _("This does not exist, or you cannot see it."))
    return problem(403, _("You are not allowed to do this.")) if isinstance(error, PermissionDenied) else None


def _of_portal(error, user):
    said = error.message
    if isinstance(error, errors.NotAllowed):
        return problem(403, said, right=error.right, granted_by=list(error.granted_by))
    if isinstance(error, errors.NotVisible):
        return problem(404, said)
    if isinstance(error, errors.Ambiguous):
        return problem(409, said, name="ambiguous", objects=[_one_of(error.kind, row) for row in error.rows])
    if isinstance(error, errors.KeyReused):
        other = error.operation
        is_seen = other and Operation.objects.visible_to(user).filter(pk=other.pk).exists()
        text = _("This key was used for another request. Nothing was sent this time: take a new key.")
        return problem(409, text, name="key-reused", operation=reference(other) if is_seen else None)
    if isinstance(error, errors.WhyMissing):
        missing = {name: [plain(text)] for name, text in error.fields.items()}
        return problem(422, said, name="invalid", errors=missing)
    if isinstance(error, errors.NotRepeatable | errors.NotDecidable | errors.NeedsApproval):
        return problem(409, said)
    if isinstance(error, errors.Conflict):
        return problem(409, said, name="conflict")
    if isinstance(error, errors.Rejected):
        # Asked for an object, it answers clearly and shows none: ROMA calls an id that is no number invalid.
        text = _("The platform does not show it: %(words)s") % {"words": plain(said)}
        return problem(404, text, **of_platform(error))
    if isinstance(error, errors.PlatformError):
        return problem(503, said, **of_platform(error))
    return problem(503, said)


def _one_of(kind, row):
    """One of several objects with the id that was asked for."""
    return {"id": str(row.pk), "url": f"/api/v1/{kind.slug}/{row.pk}/", "within": row.scope}


def of_platform(error):
    """What a problem says of a platform's answer."""
    return {
        "platform_code": error.code,
        "platform_request_id": error.request_id,
        "permission": error.permission,
    }


def _of_framework(error):
    if isinstance(error, exceptions.MethodNotAllowed):
        return problem(405)
    if isinstance(error, exceptions.UnsupportedMediaType):
        return problem(415, _("Send the body as application/json."), name="wrong-media-type")
    if isinstance(error, exceptions.NotAuthenticated | exceptions.AuthenticationFailed):
        return problem(401, headers={"WWW-Authenticate": "Bearer, Session"})
    if isinstance(error, exceptions.PermissionDenied):
        return problem(403, str(error.detail))
    return problem(400, str(error.detail))


def reference(operation):
    """An operation as a problem names it."""
    id = str(operation.pk)
    return {"id": id, "state": str(operation.state), "url": f"/api/v1/operations/{id}/"}
