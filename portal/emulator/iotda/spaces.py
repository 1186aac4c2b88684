"""Resource spaces, called `apps` in URLs. Read only."""

from portal.emulator import account
from portal.emulator.iotda import call, space_of
from portal.emulator.models import Space
from portal.emulator.resource import Objects, Resource, by
from portal.emulator.wire import reply


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
        "apps": by(GET=list_spaces),
        "apps/<str:app_id>": by(GET=show_space),
    },
    tables=(Space,),
    seed=seed,
    listing=list_spaces,
    state={"iotda/spaces": Objects(Space.objects, "app_id", "app_name")},
)
