"""Device groups: a tree of any depth in each integration application.

Source: "Creating a Device Group", 2023-06-29; "Modifying a Device Group" and "Deleting a Device Group",
2025-10-22.
"""

import json
import re

from django.db.models import Max

from portal.emulator import account, filling
from portal.emulator.knobs import Setting, is_count, knobs
from portal.emulator.models import RomaGroup, RomaGroupDevice, RomaSequence, writing
from portal.emulator.resource import Objects, Resource, by
from portal.emulator.roma import absent, app_of, call, invalid, read_body, refuse
from portal.emulator.wire import as_json, iso_stamp, reply
from portal.platforms.roma.contract import device_groups as rules

HAS_CHILDREN = "ROMA.00111001"  # convention
HAS_DEVICES = "ROMA.00111002"  # convention
FIRST_ID_MAX = 99_999_999_999_990_000  # ten thousand more groups stay below the documents' largest id


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
    data = read_body(request, rules.CREATE, operation)
    with writing():
        app = app_of(data["app_id"])
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


def _greatest_id():
    """The greatest id of all groups, deleted ones too: an id is never given twice."""
    there = RomaGroup.objects.aggregate(Max("id"))["id__max"] or 0
    return max(there, RomaSequence.objects.aggregate(Max("last"))["last__max"] or 0)


@call("link-device-groups.list")
def show_tree(request, caller, operation):
    if not request.GET.get("app_id"):
        raise invalid(operation, "app_id", "query")
    app = app_of(request.GET["app_id"])
    rows = list(RomaGroup.objects.filter(app=app).order_by("-id").values("id", "name", "parent_id"))
    return reply(200, _tree(rows))


def _tree(rows):
    """The nested answer as JSON text. `rows` come newest first, so children come before their parents.

    It is built as text, because the documents limit no depth, but the recursion of `json` does.
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
    group = find_group(number_of(group_id, operation))
    return reply(200, {**_group(group), "app_name": group.app.name})


def number_of(group_id, operation):
    """The id in the path as a number. Raises Refused (400)."""
    if not re.fullmatch(r"[0-9]{1,17}", group_id):
        raise invalid(operation, "group_id", "path")
    return int(group_id)


def find_group(number):
    group = RomaGroup.objects.select_related("app").filter(id=number).first()
    if group is None:
        raise absent(number)
    return group


@call("link-device-groups.update", write=True)
def update_group(request, caller, operation, group_id):
    """When the body has no description, the old one stays."""
    number = number_of(group_id, operation)
    data = read_body(request, rules.UPDATE, operation)
    with writing():
        group = find_group(number)
        group.name = data["name"]
        group.description = data.get("description", group.description)
        group.last_updated_user = caller.user.name
        group.last_updated_datetime = iso_stamp()
        group.save()
    return reply(200, _group(group))


@call("link-device-groups.delete", write=True)
def delete_group(request, caller, operation, group_id):
    number = number_of(group_id, operation)
    with writing():
        group = find_group(number)
        if RomaGroup.objects.filter(parent_id=number).exists():
            raise refuse(400, HAS_CHILDREN, f"The group {number} has child groups. Delete them first.")
        if RomaGroupDevice.objects.filter(group=group).exists():
            raise refuse(400, HAS_DEVICES, f"The group {number} has devices. Remove them first.")
        RomaSequence.objects.update_or_create(pk=1, defaults={"last": _greatest_id()})
        group.delete()
    return reply(204)


def seed():
    RomaGroup.objects.create(
        id=account.ROMA_ROOT_GROUP,
        app=app_of(account.ROMA_APP),
        parent_id=0,
        name="root",
        description="Root group of the demo account",
        created_user=account.WRITER.name,
        last_updated_user=account.WRITER.name,
        created_datetime=account.SEED_TIME_ISO,
        last_updated_datetime=account.SEED_TIME_ISO,
    )


def fill(count):
    """A tree of three levels below the root group."""
    app, now, parents = app_of(account.ROMA_APP), iso_stamp(), [account.ROMA_ROOT_GROUP]
    for size in filling.levels(count):
        first = max(_greatest_id() + 1, knobs.roma_first_id)
        filling.store(
            RomaGroup(
                id=number,
                app=app,
                parent_id=parents[number % len(parents)],
                name=filling.name(number),
                created_user=account.WRITER.name,
                last_updated_user=account.WRITER.name,
                created_datetime=now,
                last_updated_datetime=now,
            )
            for number in range(first, first + size)
        )
        parents = range(first, first + size) or parents


RESOURCE = Resource(
    slug="roma/device-groups",
    urls={
        "link/instances/<str:instance_id>/device-groups": by(GET=show_tree, POST=create_group),
        "link/instances/<str:instance_id>/device-groups/<str:group_id>": by(
            GET=show_group, PUT=update_group, DELETE=delete_group
        ),
    },
    tables=(RomaGroup, RomaSequence),
    seed=seed,
    listing=show_tree,
    state={"roma/device-groups": Objects(RomaGroup.objects, "id", "name")},
    fill={"groups": fill},
    settings={"roma_first_id": Setting(10_002, lambda value: is_count(value) and 1 <= value <= FIRST_ID_MAX)},
)
