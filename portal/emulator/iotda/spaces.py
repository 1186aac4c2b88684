"""Resource spaces, called `apps` in URLs.

Source: "Create a Resource Space", 2024-10-23; "Update Resource Spaces", 2024-06-27; "Delete a Resource
Space", 2026-01-29; the user guide's "Resource Spaces", 2024-01-17: 10 spaces, unique names, and a default
space that cannot be deleted.

Convention: a space that holds anything of people (products, devices, policies, every table that names a
space) is not deleted. The guide says that all of it is deleted with the space; here nobody loses it by
mistake. Its own `system_default_policy` goes with it.
"""

import uuid

from portal.emulator import account
from portal.emulator.iotda import EDITION, call, read_body, refuse, space_of
from portal.emulator.iotda.policies import create_default_policy
from portal.emulator.knobs import knobs
from portal.emulator.models import Policy, Space, writing
from portal.emulator.resource import Objects, Resource, by
from portal.emulator.wire import reply, utc_stamp
from portal.platforms.iotda.contract import spaces as rules

NAME_TAKEN = "IOTDA.001090"  # convention
TOO_MANY = "IOTDA.001091"  # convention
NOT_DELETED = "IOTDA.001092"  # convention


def _space(space):
    return {
        "app_id": space.app_id,
        "app_name": space.app_name,
        "create_time": space.create_time,
        "default_app": space.default_app,
    }


@call()
def list_spaces(request, caller):
    """Answers all of them: this list has no pages. `default_app=true|false` narrows it."""
    rows = Space.objects.order_by("pk")
    wanted = request.GET.get("default_app")
    if wanted in ("true", "false"):
        rows = rows.filter(default_app=wanted == "true")
    return reply(200, {"applications": [_space(space) for space in rows]})


@call()
def show_space(request, caller, app_id):
    return reply(200, _space(space_of(app_id)))


def _check_name(name, others):
    if others.filter(app_name=name).exists():
        raise refuse(400, NAME_TAKEN, "The resource space name exists.", f"app_name: {name}")


@call(write=True)
def create_space(request, caller):
    data = read_body(request, rules.CREATE)
    with writing():
        if Space.objects.count() >= knobs.limit("spaces"):
            raise refuse(
                403, TOO_MANY, f"The maximum number of resource spaces ({knobs.limit('spaces')}) is reached."
            )
        _check_name(data["app_name"], Space.objects.all())
        now = utc_stamp()
        space = Space.objects.create(app_id=uuid.uuid4().hex, app_name=data["app_name"], create_time=now)
        create_default_policy(space, uuid.uuid4().hex[:24], now)
    return reply(201, _space(space))


@call(write=True)
def update_space(request, caller, app_id):
    """Renames the space, also the default one. An empty object is valid and changes nothing."""
    if knobs.edition == "basic":
        raise refuse(403, EDITION, "The API is not supported by the basic edition.")
    data = read_body(request, rules.UPDATE)
    with writing():
        space = space_of(app_id)
        if "app_name" in data:
            _check_name(data["app_name"], Space.objects.exclude(pk=space.pk))
            space.app_name = data["app_name"]
            space.save()
    return reply(200, _space(space))


def _tables_in_spaces():
    return [relation.related_model for relation in Space._meta.related_objects]


@call(write=True)
def delete_space(request, caller, app_id):
    with writing():
        space = space_of(app_id)
        if space.default_app:
            raise refuse(403, NOT_DELETED, "Operation not allowed: the default resource space.")
        for table in _tables_in_spaces():
            rows = table.objects.filter(space=space)
            if table is Policy:
                rows = rows.filter(built_in=False)
            if rows.exists():
                what = f"objects of the type {table.__name__}"
                raise refuse(
                    403, NOT_DELETED, f"Operation not allowed: the space has {what}.", f"app_id: {app_id}"
                )
        space.delete()
    return reply(204)


def seed():
    for app_id, name in ((account.DEFAULT_SPACE, "DefaultApp"), (account.SECOND_SPACE, "SecondApp")):
        Space.objects.create(
            app_id=app_id,
            app_name=name,
            default_app=app_id == account.DEFAULT_SPACE,
            create_time=account.SEED_TIME,
        )


RESOURCE = Resource(
    slug="iotda/spaces",
    urls={
        "apps": by(GET=list_spaces, POST=create_space),
        "apps/<str:app_id>": by(GET=show_space, PUT=update_space, DELETE=delete_space),
    },
    tables=(Space,),
    seed=seed,
    listing=list_spaces,
    state={"iotda/spaces": Objects(Space.objects, "app_id", "app_name")},
    limits={"spaces": rules.PER_INSTANCE_MAX},
)
