"""Huawei ROMA Connect LINK v2: device groups, and the applications they belong to.

Source: "Creating a Device Group", 2023-06-29; "Modifying a Device Group" and "Deleting a Device Group",
2025-10-22; SDK roma v2.
"""

import json
import re
import time
import uuid
from functools import wraps

from django.db.models import Max

from portal.emulator import account, auth
from portal.emulator.knobs import knobs
from portal.emulator.models import RomaApp, RomaGroup, RomaSequence, writing
from portal.emulator.serializers import judged
from portal.emulator.wire import Refused, Unreadable, as_json, iso_stamp, read_object, refusal, reply
from portal.platforms.roma import contract

NO_PERMISSION_STATUS = (
    403  # convention: the error list prints ROMA.1006 among the 400s, "no rights" is 403 here
)
HAS_CHILDREN = "ROMA.00111001"  # convention
PAGE_MAX = 999


def refuse(status, code, message, reason=""):
    # The printed samples go on with "-romalink-service01" and so break the printed maximum of 64.
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


def call(operation, *, write=False):
    """Make a view of a function of (request, caller, operation, ...): sign-in, path, instance, rights."""

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


def _group(group):
    return {
        "permissions": ["read", "access", "delete", "modify"],
        "parent_id": group.parent_id,
        "id": group.id,
        "name": group.name,
        "description": group.description,
        "app_id": group.app.app_id,
        "created_user": _user(group.created_user),
        "last_updated_user": _user(group.last_updated_user),
        "created_datetime": group.created_datetime,
        "last_updated_datetime": group.last_updated_datetime,
    }


def _user(name):
    return {"user_id": account.USERS[name].user_id, "user_name": name}


@call("link-device-groups.save", write=True)
def create_group(request, caller, operation):
    data = _read_body(request, contract.GROUP, operation)
    with writing():
        app = _app(data["app_id"])
        parent_id = data["parent_id"]
        if parent_id and not RomaGroup.objects.filter(id=parent_id, app=app).exists():
            raise absent(parent_id)
        now = iso_stamp()
        group = RomaGroup.objects.create(
            id=max(_greatest_id() + 1, knobs.roma_first_id),
            app=app,
            parent_id=parent_id,
            name=data["name"],
            description=data.get("description", ""),
            created_user=caller.user.name,
            last_updated_user=caller.user.name,
            created_datetime=now,
            last_updated_datetime=now,
        )
    return reply(200, _group(group))


def _read_body(request, fields, operation):
    """The cleaned body. Raises Refused (400)."""
    try:
        body = read_object(request, exact=True)
    except Unreadable as error:
        raise invalid(operation, reason=str(error)) from None
    data, reason = judged(fields, body)
    if reason:
        raise invalid(operation, reason=reason)
    return data


def _greatest_id():
    """Of all groups there are and were: an id is never given twice."""
    there = RomaGroup.objects.aggregate(Max("id"))["id__max"] or 0
    return max(there, RomaSequence.objects.aggregate(Max("last"))["last__max"] or 0)


def _app(app_id):
    app = RomaApp.objects.filter(app_id=app_id).first()
    if app is None:
        raise absent(app_id)
    return app


@call("link-device-groups.list")
def show_tree(request, caller, operation):
    if not request.GET.get("app_id"):
        raise invalid(operation, "app_id", "query")
    app = _app(request.GET["app_id"])
    rows = list(RomaGroup.objects.filter(app=app).order_by("-id").values("id", "name", "parent_id"))
    return reply(200, _tree(rows))


def _tree(rows):
    """The nested answer as JSON text; `rows` newest first, so children come before their parents.

    Text, not nested objects: the documents know no greatest depth, json's recursion does.
    """
    children = {}
    for row in rows:
        below = ", ".join(reversed(children.pop(row["id"], [])))
        head = json.dumps(
            {"id": row["id"], "name": row["name"], "parent_id": row["parent_id"]}, ensure_ascii=False
        )
        children.setdefault(row["parent_id"], []).append(f'{head[:-1]}, "children": [{below}]}}')
    top = list(reversed(children.get(0, [])))
    return f'{{"size": {as_json(len(top))}, "items": [{", ".join(top)}]}}'


@call("link-device-groups.show")
def show_group(request, caller, operation, group_id):
    group = _find(_number_of(group_id, operation))
    return reply(200, {**_group(group), "app_name": group.app.name})


def _number_of(group_id, operation):
    """The id in the path as a number. Raises Refused (400)."""
    if not re.fullmatch(r"[0-9]{1,17}", group_id):
        raise invalid(operation, "group_id", "path")
    return int(group_id)


def _find(number):
    group = RomaGroup.objects.select_related("app").filter(id=number).first()
    if group is None:
        raise absent(number)
    return group


@call("link-device-groups.update", write=True)
def update_group(request, caller, operation, group_id):
    """A description that is left out stays."""
    number = _number_of(group_id, operation)
    data = _read_body(request, contract.GROUP_UPDATE, operation)
    with writing():
        group = _find(number)
        group.name = data["name"]
        group.description = data.get("description", group.description)
        group.last_updated_user = caller.user.name
        group.last_updated_datetime = iso_stamp()
        group.save()
    return reply(200, _group(group))


@call("link-device-groups.delete", write=True)
def delete_group(request, caller, operation, group_id):
    number = _number_of(group_id, operation)
    with writing():
        group = _find(number)
        if RomaGroup.objects.filter(parent_id=number).exists():
            raise refuse(400, HAS_CHILDREN, f"The group {number} has child groups. Delete them first.")
        RomaSequence.objects.update_or_create(pk=1, defaults={"last": _greatest_id()})
        group.delete()
    return reply(204)


@call("instances-apps.list")
def list_apps(request, caller, operation):
    limit = _number(request, "limit", operation, 20, 1)
    offset = _number(request, "offset", operation, 0, 0)
    rows = RomaApp.objects.order_by("pk")
    page = rows[offset : offset + min(limit, PAGE_MAX)]
    apps = [
        {
            "id": app.app_id,
            "name": app.name,
            "remark": "",
            "creator": account.WRITER.name,
            "create_time": app.create_time,
        }
        for app in page
    ]
    return reply(200, {"total": rows.count(), "size": len(apps), "apps": apps})


def _number(request, name, operation, default, least):
    text = request.GET.get(name)
    if text is None:
        return default
    if not re.fullmatch(r"[0-9]{1,9}", text) or int(text) < least:
        raise invalid(operation, name, "query")
    return int(text)
