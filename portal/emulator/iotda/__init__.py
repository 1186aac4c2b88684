"""Huawei IoTDA v5: what its calls share: sign-in and rights, refusals, reading bodies, paging."""

import re
import uuid
from functools import wraps

from portal.emulator import account, auth
from portal.emulator.knobs import knobs
from portal.emulator.models import Space
from portal.emulator.resource import Cloud
from portal.emulator.wire import Refused, Unreadable, judged, read_object, refusal
from portal.platforms.iotda import contract

INVALID = "IOTDA.000006"
BAD_JSON = "IOTDA.000008"
BAD_TIME = "IOTDA.000009"
WRONG_PROJECT = "APIGW.0310"
NO_PERMISSION = "IOTDA.000022"
NO_SPACE = "IOTDA.001000"
EDITION = "IOTDA.000090"  # convention
WRONG_INSTANCE = "IOTDA.000091"  # convention
NO_INSTANCE = "IOTDA.000093"  # convention

RECORD_ID_MAX = 2**63 - 1

CLOUD = Cloud(prefix="v5/iot/<str:project_id>/")


def refuse(status, code, message, reason=""):
    return Refused(status, {"error_code": code, "error_msg": message}, reason)


def gateway(status, code, message):
    """A refusal by the gateway in front of the service. Only its bodies carry a request id."""
    return Refused(status, {"error_code": code, "error_msg": message, "request_id": uuid.uuid4().hex})


def invalid(reason):
    return refuse(400, INVALID, f"Invalid input data. {reason}"[:500], reason)


def not_signed_in(error, bad_token):
    """`bad_token` is the (status, code) that the document of the called API prints for a bad token."""
    if error.why == "kind":
        return refuse(401, "IOTDA.000002", "The request is unauthorized.", str(error))
    if error.why == "token":
        return refuse(*bad_token, "Authentication failed: invalid access token.", str(error))
    if error.why == "expired":
        return gateway(401, "APIGW.0307", "The token must be updated.")
    return gateway(401, "APIGW.0301", f"Incorrect IAM authentication information: {error}")


def call(*, write=False, bad_token=(401, "IOTDA.000002"), has_policies=False):
    """Make a view of a function of (request, caller, ...).

    The view first checks sign-in, project, instance, edition and rights, in this order.
    """

    def decorate(function):
        @wraps(function)
        def view(request, project_id, **ids):
            try:
                try:
                    caller = auth.huawei_caller(request, derived=True)
                except auth.NotSignedIn as error:
                    raise not_signed_in(error, bad_token) from None
                _check_place(request, project_id, caller)
                if has_policies and knobs.edition == "basic":
                    raise refuse(403, EDITION, "The API is not supported by the basic edition.")
                if write and not caller.user.may_write:
                    raise refuse(
                        403, NO_PERMISSION, "You do not have the permission to perform this operation."
                    )
                return function(request, caller, **ids)
            except Refused as refused:
                return refusal(refused)

        return view

    return decorate


def _check_place(request, project_id, caller):
    if project_id != account.PROJECT_ID or caller.project_id != project_id:
        raise gateway(403, WRONG_PROJECT, "The project is unavailable.")
    instance = request.META.get("HTTP_INSTANCE_ID", "")
    if instance and instance != account.IOTDA_INSTANCE:
        raise refuse(403, WRONG_INSTANCE, "The instance does not exist.")
    if knobs.require_instance_id and not instance:
        raise refuse(403, NO_INSTANCE, "The header Instance-Id is mandatory for this instance.")


def read_body(request, fields, prepare=None):
    """The body, checked by the contract's rules. `prepare` may rewrite it before. Raises Refused (400)."""
    try:
        body = read_object(request)
    except Unreadable as error:
        raise refuse(400, BAD_JSON, "The request body cannot be read.", str(error)) from None
    cleaned, reason = judged(fields, prepare(body) if prepare else body)
    if reason:
        raise invalid(reason)
    return cleaned


def space_of(app_id):
    """The resource space, the default one without `app_id`. Raises Refused (403, not 404) when absent."""
    found = Space.objects.filter(app_id=app_id) if app_id else Space.objects.filter(default_app=True)
    space = found.first()
    if space is None:
        raise refuse(403, NO_SPACE, "The resource space does not exist.", f"app_id: {app_id}")
    return space


def in_space(request, rows):
    """`rows` of the space that the query's `app_id` names, or of all spaces. Raises Refused."""
    app_id = request.GET.get("app_id")
    return rows.filter(space=space_of(app_id)) if app_id else rows


def time_filter(request, name):
    """The query's value of `name`, a time like 20151212T121212Z, or "". Raises Refused."""
    text = request.GET.get(name, "")
    if text and not re.fullmatch(r"[0-9]{8}T[0-9]{6}Z", text):
        raise refuse(400, BAD_TIME, "Invalid time format.", f"{name}: {text}")
    return text


def paged(request, rows, items, describe, asked=None):
    """A page of `rows`, newest first. Raises Refused when limit, offset or marker is out of range.

    `marker` means "only record ids smaller than this"; `offset` counts from there; `count` counts all rows.
    `asked` holds limit, offset and marker where they do not come in the query.
    Source: SDK 3.1 request classes (limit 1-50, offset 0-500, marker of 24 hexadecimal digits).
    """
    asked = request.GET if asked is None else asked
    limit = _number(asked, "limit", 10, 1, contract.PAGE_LIMIT_MAX, "IOTDA.000017")
    offset = _number(asked, "offset", 0, 0, contract.PAGE_OFFSET_MAX, "IOTDA.000013")
    marker = asked.get("marker", contract.FIRST_MARKER)
    if not isinstance(marker, str) or not re.fullmatch(r"[0-9a-fA-F]{24}", marker):
        raise refuse(400, "IOTDA.000018", "The marker is out of range.", f"marker: {marker}")
    count = rows.count()
    below = min(int(marker, 16), RECORD_ID_MAX)
    page = list(rows.filter(pk__lt=below).order_by("-pk")[offset : offset + limit])
    last = f"{page[-1].pk:024x}" if page else None
    return {items: [describe(row) for row in page], "page": {"count": count, "marker": last}}


def _number(asked, name, default, least, most, code):
    text = asked.get(name)
    if text is None:
        return default
    text = str(text)
    if not re.fullmatch(r"[0-9]{1,9}", text) or not least <= int(text) <= most:
        raise refuse(400, code, f"The {name} is out of range: {least} to {most}.", f"{name}: {text}")
    return int(text)
