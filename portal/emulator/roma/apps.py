"""Integration applications, which the device groups belong to. Read only."""

import re

from portal.emulator import account
from portal.emulator.models import RomaApp
from portal.emulator.resource import Objects, Resource, by
from portal.emulator.roma import app_of, call, invalid
from portal.emulator.wire import reply

PAGE_MAX = 999


@call("instances-apps.list")
def list_apps(request, caller, operation):
    limit = _number(request, "limit", operation, 20, 1)
    offset = _number(request, "offset", operation, 0, 0)
    rows = RomaApp.objects.order_by("pk")
    page = rows[offset : offset + min(limit, PAGE_MAX)]
    apps = [_app(app) for app in page]
    return reply(200, {"total": rows.count(), "size": len(apps), "apps": apps})


def _app(app):
    return {
        "id": app.app_id,
        "name": app.name,
        "remark": "",
        "created_user": {"user_id": account.WRITER.user_id, "user_name": account.WRITER.name},
        "create_time": app.create_time,
    }


@call("instances-apps.show")
def show_app(request, caller, operation, app_id):
    return reply(200, _app(app_of(app_id)))


def _number(request, name, operation, default, least):
    text = request.GET.get(name)
    if text is None:
        return default
    if not re.fullmatch(r"[0-9]{1,9}", text) or int(text) < least:
        raise invalid(operation, name, "query")
    return int(text)


def seed():
    RomaApp.objects.create(app_id=account.ROMA_APP, name="DemoApp", create_time=account.SEED_TIME_ISO)


RESOURCE = Resource(
    slug="roma/apps",
    urls={
        "instances/<str:instance_id>/apps": by(GET=list_apps),
        "instances/<str:instance_id>/apps/<str:app_id>": by(GET=show_app),
    },
    tables=(RomaApp,),
    seed=seed,
    listing=list_apps,
    state={"roma/apps": Objects(RomaApp.objects, "app_id", "name")},
)
