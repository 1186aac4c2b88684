"""Envision EnOS: the door every call goes through, and its envelope. Resources have files of their own.

Application errors ride on HTTP 200; the envelope's code decides.
"""

import uuid
from functools import wraps

from portal.emulator import account, auth
from portal.emulator.knobs import knobs
from portal.emulator.wire import Refused, Unreadable, read_object, refusal, reply

BAD_ARGUMENT = 99400
DENIED = 99403
NOT_FOUND = 99404
TOKEN_REFUSED = 4011
SIGNATURE_REFUSED = 4012
PAGE_SIZE_MAX = 1000


def refuse(code, message, reason="", status=200):
    return Refused(
        status, {"code": code, "msg": message, "requestId": str(uuid.uuid4()), "data": None}, reason
    )


def invalid(reason):
    """The create document prints this message; what is wrong travels in the reason."""
    return refuse(BAD_ARGUMENT, "Invalid arguments", reason)


def success(data, **beside):
    return reply(200, {"code": 0, "msg": "OK", "requestId": str(uuid.uuid4()), "data": data, **beside})


def gateway(error):
    """The gateway's refusal has an envelope of its own: codes from the official SDK, the rest convention."""
    code = TOKEN_REFUSED if error.why == "token" else SIGNATURE_REFUSED
    return Refused(200, {"apim_status": code, "apim_refreshtoken": None, "msg": str(error)}, str(error))


def actions(**views):
    """A view that chooses by the query's `action`; each is (methods, write, function of (request, app))."""

    def view(request):
        try:
            try:
                app = auth.enos_caller(request)
            except auth.NotSignedIn as error:
                raise gateway(error) from None
            name = request.GET.get("action", "")
            if not name:
                raise refuse(BAD_ARGUMENT, "Invalid Argument action:action is missing")
            if name not in views:
                raise refuse(BAD_ARGUMENT, "Invalid Argument action:action is not supported")
            function = views[name]
            if request.method not in function.methods and not (
                knobs.lenient and function.tolerates_get and request.method == "GET"
            ):
                raise refuse(BAD_ARGUMENT, f"Invalid Argument method:{request.method} is not supported")
            _check_organisation(request)
            if function.write and not app.may_write:
                raise refuse(DENIED, f"Denied resource:  orgId {account.ENOS_ORG}")
            return function(request, app)
        except Refused as refused:
            return refusal(refused)

    return view


def action(*methods, write=False, tolerates_get=False):
    """`tolerates_get`: in lenient mode GET will do too, as the vendor's own samples send it."""

    def decorate(function):
        @wraps(function)
        def act(request, app):
            return function(request, app)

        act.methods = methods
        act.write = write
        act.tolerates_get = tolerates_get
        return act

    return decorate


def _check_organisation(request):
    org_id = request.GET.get("orgId", "")
    if not org_id:
        raise refuse(BAD_ARGUMENT, "Invalid Argument orgId:orgId is missing")
    if org_id != account.ENOS_ORG:
        raise refuse(BAD_ARGUMENT, "Invalid Argument orgId:  orgId does not exist")


def read_body(request, *, may_be_empty=False):
    """The body as an object, top-level nulls dropped: here they count as absent. Raises Refused."""
    if may_be_empty and not request.body:
        return {}
    try:
        body = read_object(request)
    except Unreadable as error:
        raise invalid(str(error)) from None
    return {name: value for name, value in body.items() if value is not None}


def page_of(body):
    """(number from 1, size). Raises Refused."""
    wanted = body.get("pagination", {})
    if not isinstance(wanted, dict):
        raise invalid("pagination: must be an object")
    number, size = wanted.get("pageNo", 1), wanted.get("pageSize", 10)
    for name, value, most in (("pageNo", number, 10**9), ("pageSize", size, PAGE_SIZE_MAX)):
        if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= most:
            raise invalid(f"pagination.{name}: must be from 1 to {most}")
    return number, size


def wants_secret(body):
    value = body.get("requireSecret", False)
    if not isinstance(value, bool):
        raise invalid("requireSecret: must be true or false")
    return value


def check_key_pair(app):
    if not app.has_key_pair:
        raise refuse(11858, "Unable to find public key")


def found(rows, number, size, describe, projection):
    """`rows` has count() and slices like a queryset, or is a list."""
    total = len(rows) if isinstance(rows, list) else rows.count()
    start = (number - 1) * size
    data = (
        [projected(describe(row), projection) for row in rows[start : start + size]] if start < total else []
    )
    return success(
        data, pagination={"sortedBy": None, "pageNo": number, "pageSize": size, "totalSize": total}
    )


def projection_of(body):
    """The paths of `projection` as lists of names; empty for everything. Raises Refused."""
    paths = body.get("projection", [])
    if not isinstance(paths, list) or not all(isinstance(path, str) for path in paths):
        raise invalid("projection: must be a list of texts")
    split = [[name for name in path.split(".") if name not in ("", "[*]")] for path in paths]
    return [] if any(not names or names[0] == "*" for names in split) else split


def projected(item, paths):
    if not paths:
        return item
    result = {}
    for names in paths:
        source, target = item, result
        for name in names[:-1]:
            if not isinstance(source, dict) or name not in source or not isinstance(target, dict):
                break
            source, target = source[name], target.setdefault(name, {})
        else:
            if isinstance(source, dict) and names[-1] in source and isinstance(target, dict):
                target[names[-1]] = source[names[-1]]
    return result
