"""Envision EnOS: what its calls share: sign-in and rights, the envelope of answers, paging, projection.

An application error has HTTP status 200 too: the code in the envelope tells it from a success.
"""

import uuid
from functools import wraps

from portal.emulator import account, auth
from portal.emulator.knobs import knobs
from portal.emulator.resource import Cloud
from portal.emulator.wire import Refused, Unreadable, read_object, refusal, reply
from portal.platforms.enos import contract

BAD_ARGUMENT = 99400
DENIED = 99403
NOT_FOUND = 99404
TOKEN_REFUSED = 4011
SIGNATURE_REFUSED = 4012


def refuse(code, message, reason="", status=200):
    return Refused(
        status, {"code": code, "msg": message, "requestId": str(uuid.uuid4()), "data": None}, reason
    )


def invalid(reason):
    """The message is the one that the document of the create call prints; `reason` says what is wrong."""
    return refuse(BAD_ARGUMENT, "Invalid arguments", reason)


def not_found():
    return refuse(NOT_FOUND, "Not Found", status=404)


CLOUD = Cloud(not_found=not_found)


def success(data, **beside):
    return reply(200, {"code": 0, "msg": "OK", "requestId": str(uuid.uuid4()), "data": data, **beside})


def gateway(error):
    """A refusal by the gateway. Its codes are from the official SDK, its envelope is convention."""
    code = TOKEN_REFUSED if error.why == "token" else SIGNATURE_REFUSED
    return Refused(200, {"apim_status": code, "apim_refreshtoken": None, "msg": str(error)}, str(error))


def actions(**views):
    """A view that chooses one of these functions, each made by `@action`, by the query's `action`.

    It first checks sign-in, action, method, organisation and rights, in this order.
    """

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

    view.choose = lambda method, query: views.get(query.get("action"))
    return view


def action(*methods, write=False, tolerates_get=False):
    """Mark a function of (request, app) as an action that is called with one of `methods`.

    `tolerates_get`: in lenient mode GET is accepted too, because the vendor's own samples send it.
    """

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
    """The body as a dict without its top-level nulls, which count as absent on EnOS. Raises Refused."""
    if may_be_empty and not request.body:
        return {}
    try:
        body = read_object(request)
    except Unreadable as error:
        raise invalid(str(error)) from None
    return {name: value for name, value in body.items() if value is not None}


def page_of(body):
    """(number of the page from 1, size). Raises Refused."""
    wanted = body.get("pagination", {})
    if not isinstance(wanted, dict):
        raise invalid("pagination: must be an object")
    number, size = wanted.get("pageNo", 1), wanted.get("pageSize", 10)
    for name, value, most in (("pageNo", number, 10**9), ("pageSize", size, contract.PAGE_SIZE_MAX)):
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


def found(rows, rest, number, size, describe, projection):
    """The answer of a search: page `number` of those of the `rows` (a queryset) that `rest` lets through."""
    start = (number - 1) * size
    total, page = _judged(rows, rest, start, size) if rest else _counted(rows, start, size)
    data = [projected(describe(row), projection) for row in page]
    return success(
        data, pagination={"sortedBy": None, "pageNo": number, "pageSize": size, "totalSize": total}
    )


def _judged(rows, fits, start, size):
    """(how many of the rows fit, those of them on the page)"""
    total, page = 0, []
    for row in rows.iterator(chunk_size=500):
        if fits(row):
            if start <= total < start + size:
                page.append(row)
            total += 1
    return total, page


def _counted(rows, start, size):
    """(how many rows, those on the page): keys come from an index alone, however many rows stand before."""
    total = rows.count()
    keys = list(rows.values_list("pk", flat=True)[start : start + size]) if start < total else []
    by_key = rows.in_bulk(keys)
    return total, [by_key[key] for key in keys if key in by_key]


def projection_of(body):
    """The paths that `projection` asks for, as lists of names; empty means everything. Raises Refused."""
    paths = body.get("projection", [])
    if not isinstance(paths, list) or not all(isinstance(path, str) for path in paths):
        raise invalid("projection: must be a list of texts")
    split = [[name for name in path.split(".") if name not in ("", "[*]")] for path in paths]
    return [] if any(not names or names[0] == "*" for names in split) else split


def projected(item, paths):
    """`item` with only the members that `paths` name; what they name and `item` lacks is left out."""
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
