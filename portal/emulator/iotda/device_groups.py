"""Device groups. Answers carry no app_id: only a list asked for with `app_id=` tells a group's space.

Source: "Create a Device Group" and "Delete a Device Group", 2025-12; "Modify a Device Group", 2024-01-26;
for dynamic groups the user guide, "Groups and Tags", 2025-07-29.
"""

import uuid

from portal.emulator import account, filling
from portal.emulator.iotda import (
    EDITION,
    call,
    in_space,
    invalid,
    paged,
    read_body,
    refuse,
    space_of,
    time_filter,
)
from portal.emulator.knobs import knobs
from portal.emulator.models import Group, GroupDevice, SoftBus, writing
from portal.emulator.resource import Neighbour, Objects, Resource, by, new_name
from portal.emulator.wire import reply, utc_stamp
from portal.platforms.iotda.contract import device_groups as rules

NO_GROUP = "IOTDA.003001"  # convention
NAME_TAKEN = "IOTDA.003002"  # convention
TOO_MANY = "IOTDA.003003"
TOO_DEEP = "IOTDA.003004"
NOT_ALLOWED = "IOTDA.003005"


def describe_group(group):
    return {
        "group_id": group.group_id,
        "name": group.name,
        "description": group.description,
        "super_group_id": group.super_group.group_id if group.super_group else None,
        "group_type": group.group_type,
    }


def _whole(group):
    return {**describe_group(group), "dynamic_group_rule": group.dynamic_group_rule}


@call(write=True)
def create_group(request, caller):
    data = read_body(request, rules.CREATE)
    _check_type(data)
    with writing():
        space = space_of(data.get("app_id"))
        parent = _parent(data.get("super_group_id"), space)
        group_id = uuid.uuid4().hex
        name = data.get("name") or group_id
        if Group.objects.count() >= knobs.limit("groups"):
            raise refuse(403, TOO_MANY, f"The maximum number of groups ({knobs.limit('groups')}) is reached.")
        level = parent.level + 1 if parent else 1
        if level > knobs.limit("group_depth"):
            raise refuse(
                403, TOO_DEEP, f"The maximum depth of groups ({knobs.limit('group_depth')}) is reached."
            )
        _check_dynamic(data["group_type"], parent)
        _check_name(name, Group.objects.filter(space=space))
        group = Group.objects.create(
            space=space,
            group_id=group_id,
            name=name,
            description=data.get("description"),
            super_group=parent,
            level=level,
            group_type=data["group_type"],
            dynamic_group_rule=data.get("dynamic_group_rule"),
            modified=utc_stamp(),
        )
    return reply(201, _whole(group))


def _check_type(data):
    if data["group_type"] == rules.DYNAMIC and knobs.edition == "basic":
        raise refuse(403, EDITION, "Dynamic groups are not supported by the basic edition.")
    if problems := [str(each) for each in rules.type_problems(data)]:
        raise invalid("; ".join(problems))


def _check_dynamic(group_type, parent):
    """There are few of them, and they do not nest."""
    if parent and parent.group_type == rules.DYNAMIC:
        raise refuse(403, NOT_ALLOWED, "Operation not allowed: the parent group is a dynamic group.")
    limit = knobs.limit("dynamic_groups")
    if group_type == rules.DYNAMIC and Group.objects.filter(group_type=rules.DYNAMIC).count() >= limit:
        raise refuse(403, TOO_MANY, f"The maximum number of dynamic groups ({limit}) is reached.")


def _check_name(name, others):
    if others.filter(name=name).exists():
        raise refuse(400, NAME_TAKEN, "The group name exists in the resource space.", f"name: {name}")


def _parent(group_id, space):
    if not group_id:
        return None
    parent = find_group(group_id, 404)
    if parent.space_id != space.pk:
        raise refuse(
            403, NOT_ALLOWED, "Operation not allowed: the parent group is in another resource space."
        )
    return parent


def find_group(group_id, status):
    """Raises Refused with `status` when there is no such group."""
    group = Group.objects.select_related("super_group").filter(group_id=group_id).first()
    if group is None:
        raise refuse(status, NO_GROUP, "The device group does not exist.", f"group_id: {group_id}")
    return group


@call()
def list_groups(request, caller):
    rows = in_space(request, Group.objects.select_related("super_group"))
    since = time_filter(request, "last_modified_time")
    if since:
        rows = rows.filter(modified__gte=since)
    if request.GET.get("group_type"):
        rows = rows.filter(group_type=request.GET["group_type"])
    if request.GET.get("name"):
        rows = rows.filter(name__contains=request.GET["name"])
    return reply(200, paged(request, rows, "device_groups", describe_group))


@call()
def show_group(request, caller, group_id):
    return reply(200, _whole(find_group(group_id, 404)))


@call(write=True)
def update_group(request, caller, group_id):
    """Changes name and description only. What the body leaves out stays as it is."""
    data = read_body(request, rules.UPDATE)
    with writing():
        group = find_group(group_id, 404)
        if "name" in data:
            _check_name(data["name"], Group.objects.filter(space=group.space_id).exclude(pk=group.pk))
        group.name = data.get("name", group.name)
        group.description = data.get("description", group.description)
        group.modified = utc_stamp()
        group.save()
    return reply(200, _whole(group))


@call(write=True)
def delete_group(request, caller, group_id):
    """Refused while child groups or soft buses use the group, or devices are in it."""
    with writing():
        group = find_group(group_id, 404)
        for rows, what in (
            (Group.objects.filter(super_group=group), "it has child groups"),
            (SoftBus.objects.filter(group=group), "a soft bus uses it"),
            (GroupDevice.objects.filter(group=group), "devices are in it"),
        ):
            if rows.exists():
                raise refuse(
                    403, NOT_ALLOWED, f"Operation not allowed: {what}.", f"group_id: {group_id}: {what}"
                )
        group.delete()
    return reply(204)


def seed():
    Group.objects.create(
        space=space_of(account.DEFAULT_SPACE),
        group_id=account.GROUP_ID,
        name="DemoGroup",
        description="Group of the demo account",
        modified=account.SEED_TIME,
    )


def _renewed(group):
    return {"group_id": uuid.uuid4().hex, "name": new_name(group.name), "modified": utc_stamp()}


def fill(count):
    """Trees of three levels; a fifth of them in the second space."""
    for app_id, share in ((account.DEFAULT_SPACE, count - count // 5), (account.SECOND_SPACE, count // 5)):
        space, parents = space_of(app_id), [None]
        for level, size in enumerate(filling.levels(share), 1):
            first = Group.objects.count()
            last = Group.objects.order_by("pk").last()
            filling.store(_filled(space, level, parents, first, size))
            made = Group.objects.filter(space=space, pk__gt=last.pk if last else 0)
            parents = list(made.order_by("pk").values_list("pk", flat=True)) or parents


def _filled(space, level, parents, first, count):
    now = utc_stamp()
    for number in range(first, first + count):
        parent = parents[number % len(parents)]
        yield Group(
            space=space,
            group_id=uuid.uuid4().hex,
            name=filling.name(number),
            super_group_id=parent,
            level=level if parent else 1,
            modified=now,
        )


RESOURCE = Resource(
    slug="iotda/device-groups",
    urls={
        "device-group": by(GET=list_groups, POST=create_group),
        "device-group/<str:group_id>": by(GET=show_group, PUT=update_group, DELETE=delete_group),
    },
    tables=(Group,),
    seed=seed,
    listing=list_groups,
    neighbour=Neighbour(table=Group, member="group_id", column="group_id", renewed=_renewed),
    state={"iotda/device-groups": Objects(Group.objects, "group_id", "name")},
    fill={"groups": fill},
    limits={
        "groups": rules.PER_SPACE_MAX,
        "group_depth": rules.DEPTH_MAX,
        "dynamic_groups": rules.DYNAMIC_MAX,
    },
)
