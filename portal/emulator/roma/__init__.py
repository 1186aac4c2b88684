"""Huawei ROMA Connect LINK v2: what its calls share: sign-in and rights, refusals, reading bodies.

Source of all its calls: the SDK roma v2, and the documents that each resource names.
"""

import time
import uuid
from functools import wraps

from portal.emulator import account, auth
from portal.emulator.models import RomaApp
from portal.emulator.resource import Cloud
from portal.emulator.wire import Refused, Unreadable, judged, read_object, refusal
from portal.platforms.roma import contract

# Convention: the error list prints ROMA.1006 among those with status 400, but without a status of its own.
NO_PERMISSION_STATUS = 403


def refuse(status, code, message, reason=""):
    # The printed samples end with "-romalink-service01"; with it they break the printed maximum of 64.
    request_id = f"{uuid.uuid4()}-{int(time.time() * 1000)}-cnnorth7a-P"
    return Refused(status, {"error_code": code, "error_msg": message[:200], "request_id": request_id}, reason)


def invalid(operation, parameter="request", processor="body", reason=""):
    text = (
        f"Parameter is not valid for operation [romalink.{operation}]. "
        f"Parameter is [{parameter}]. Processor is [{processor}]."
    )
    return refuse(400, "SCB.00000000", text, reason)


def absent(resource_id):
    return refuse(
        404,
        "ROMA.00110006",
        f"The resource does not exist. Check whether the resource ID {resource_id} is correct.",
    )


def not_found():
    return refuse(404, "SCB.00000000", "Not Found")


CLOUD = Cloud(prefix="v2/<str:project_id>/", not_found=not_found)


def call(operation, *, write=False):
    """Make a view of a function of (request, caller, operation, ...).

    The view first checks sign-in, lengths of the path's ids, instance and rights, in this order.
    `operation` is the name that refusals of wrong parameters print.
    """

    def decorate(function):
        @wraps(function)
        def view(request, project_id, instance_id, **ids):
            try:
                caller = _caller(request)
                _check_place(project_id, instance_id, caller, operation)
                if write and not caller.user.may_write:
                    raise refuse(NO_PERMISSION_STATUS, "ROMA.1006", "No permission for this operation.")
                return function(request, caller, operation, **ids)
            except Refused as refused:
                return refusal(refused)

        return view

    return decorate


def _caller(request):
    try:
        return auth.huawei_caller(request)
    except auth.NotSignedIn as error:
        if error.why == "missing":
            raise refuse(400, "ROMA.1000", "The token is missing.", str(error)) from None
        if error.why == "token":
            raise refuse(400, "ROMA.1002", "The token is invalid.", str(error)) from None
        if error.why == "expired":
            raise refuse(401, "APIGW.0307", "The token must be updated.") from None
        raise refuse(401, "APIGW.0301", f"Incorrect IAM authentication information: {error}") from None


def _check_place(project_id, instance_id, caller, operation):
    for name, value, most in (
        ("project_id", project_id, contract.PROJECT_ID_MAX),
        ("instance_id", instance_id, contract.INSTANCE_ID_MAX),
    ):
        if len(value) > most:
            raise invalid(operation, name, "path")
    known = project_id == account.PROJECT_ID == caller.project_id and instance_id == account.ROMA_INSTANCE
    if not known:
        text = f"The instance does not exist. project_id: {project_id}, instance_id: {instance_id}"
        raise refuse(500, "ROMA.00110002", text)


def read_body(request, fields, operation):
    """The body, checked against the contract's rules. Raises Refused (400)."""
    try:
        body = read_object(request, exact=True)
    except Unreadable as error:
        raise invalid(operation, reason=str(error)) from None
    data, reason = judged(fields, body)
    if reason:
        raise invalid(operation, reason=reason)
    return data


def app_of(app_id):
    """Raises Refused (404) when there is no such application."""
    app = RomaApp.objects.filter(app_id=app_id).first()
    if app is None:
        raise absent(app_id)
    return app
