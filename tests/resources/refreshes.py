"""What the tests of refreshes share: objects made elsewhere, time that passes, answers of platforms, and two
processes that meet."""

from contextlib import contextmanager
from datetime import timedelta

from django.utils import timezone

from portal.connections import service
from portal.kinds.models import Reading
from portal.kinds.registry import KINDS
from portal.operations.models import Operation
from portal.teams.models import Role
from tests.examples import EXAMPLES, match
from tests.support.account import APP

DEVICES = "enos/devices"
GROUPS = "iotda/device-groups"


def fresh(row):
    return type(row).objects.select_related("connection__team").get(pk=row.pk)


def answered(slug, verb, body, status=200, **wanted):
    return {"match": {**match(slug, verb), **wanted}, "fault": "answer", "status": status, "body": body}


def enos_page(ids, count, **wanted):
    items = [{"assetId": id, "productKey": "p", "deviceKey": id, "deviceName": {}} for id in ids]
    pagination = {} if count is None else {"pagination": {"totalSize": count}}
    body = {"code": 0, "msg": "OK", "requestId": "r", "data": items, **pagination}
    return answered(DEVICES, "list", body, **wanted)


@contextmanager
def meanwhile(monkeypatch, place, name, happens):
    """`happens` just before `place.name` is called for the first time."""
    whole, left = getattr(place, name), [happens]

    def wrapped(*args, **options):
        if left:
            left.pop()()
        return whole(*args, **options)

    with monkeypatch.context() as patched:
        patched.setattr(place, name, wrapped)
        yield


def move(plant, **values):
    connection = plant.connection(KINDS[DEVICES])
    moved = service.change(connection, actor=plant.people[Role.MANAGER], values=values, credentials=APP)
    plant.connections["enos"] = moved
    return moved


def reading_of(plant, slug):
    return Reading.objects.get(connection=plant.connection(KINDS[slug]), kind=slug)


def long_ago(slug, **columns):
    """As if all that is known of the kind were from an hour ago."""
    before = timezone.now() - timedelta(hours=1)
    KINDS[slug].model.objects.update(known_at=before, read_at=before, **columns)
    Operation.objects.filter(kind_slug=slug).update(ended_at=before - timedelta(seconds=1))


def stale(slug):
    return {"match": match(slug, "list"), "fault": "stale_listing"}


def numbered(slug, number):
    """{field: value} that gives one of many objects a name of its own."""
    field = EXAMPLES[slug].named_by
    return {field: f"{EXAMPLES[slug].create[field]}-{number}"}


def so_far(emulator):
    """The number of the last request that the emulator has received."""
    return max((each["number"] for each in emulator.requests()), default=0)


def made(plant, slug, count):
    """Ids of that many objects that somebody made elsewhere."""
    data = [{**plant.data(slug), **numbered(slug, number)} for number in range(count)]
    return {str(plant.made_in_the_console(slug, each)["id"]) for each in data}
