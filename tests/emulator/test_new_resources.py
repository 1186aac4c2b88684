"""A new resource is one new file, its model and a migration. Would catch: a list of resources somewhere else
that has to name it, and two resources that claim the same thing without anybody noticing."""

import os
import shutil
import sys
from pathlib import Path
from subprocess import run

import pytest

from portal.home.processes import NeverReady, Process
from tests.emulator.clouds import IOTDA, TokenCaller
from tests.support.emulator import READY_SECONDS, Emulator

ROOT = Path(__file__).parents[2]

MODEL = """

class Alarm(Row):
    space = models.ForeignKey(Space, models.CASCADE)
    alarm_id = models.CharField(max_length=36, unique=True)
    name = models.CharField(max_length=64)
"""

# Its name comes before those of all other files, but its seed needs the spaces.
RESOURCE = """
import uuid

from portal.emulator import account
from portal.emulator.iotda import call, in_space, paged, read_body, refuse, space_of
from portal.emulator.knobs import Setting, is_seconds, knobs
from portal.emulator.models import Alarm, writing
from portal.emulator.resource import Neighbour, Objects, Resource, by, new_name
from portal.emulator.wire import reply
from portal.platforms.iotda.contract.soft_buses import CREATE


def _item(alarm):
    return {"alarm_id": alarm.alarm_id, "name": alarm.name, "wait": knobs.alarm_s}


@call()
def list_alarms(request, caller):
    return reply(200, paged(request, in_space(request, Alarm.objects.all()), "alarms", _item))


@call(write=True)
def create_alarm(request, caller):
    data = read_body(request, CREATE)
    with writing():
        if Alarm.objects.count() >= knobs.limit("alarms"):
            raise refuse(403, "IOTDA.999999", "Too many.")
        space = space_of(data.get("app_id"))
        alarm = Alarm.objects.create(space=space, alarm_id=uuid.uuid4().hex, name=data["bus_name"])
    return reply(201, _item(alarm))


def seed():
    Alarm.objects.create(space=space_of(account.SECOND_SPACE), alarm_id="first", name="first")


RESOURCE = Resource(
    slug="iotda/alarms",
    urls={"alarms": by(GET=list_alarms, POST=create_alarm)},
    tables=(Alarm,),
    seed=seed,
    listing=list_alarms,
    neighbour=Neighbour(
        table=Alarm,
        member="alarm_id",
        column="alarm_id",
        renewed=lambda row: {"alarm_id": uuid.uuid4().hex, "name": new_name(row.name)},
    ),
    state={"iotda/alarms": Objects(Alarm.objects, "alarm_id", "name")},
    limits={"alarms": 3},
    settings={"alarm_s": Setting(7, is_seconds)},
)
"""


class Copy:
    """The emulator as files of its own, which a test may change."""

    def __init__(self, directory):
        self.directory = directory
        self.emulator = directory / "portal" / "emulator"
        self.env = {name: text for name, text in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
        (directory / "portal").mkdir()
        for name in ("manage.py", "portal/__init__.py", "portal/emulator", "portal/platforms"):
            source, target = ROOT / name, directory / name
            (shutil.copytree if source.is_dir() else shutil.copy)(source, target)

    def start(self):
        """Raises NeverReady with the end of what the process printed."""
        command = [sys.executable, "manage.py", "emulator", "--port", "0", "--data", "data"]
        process = Process("emulator", command, log=self.directory / "log", env=self.env, cwd=self.directory)
        url = process.wait_for_line("emulator ready on ", seconds=READY_SECONDS).rstrip("/")
        return Emulator(process, url)

    def make_migration(self):
        command = [sys.executable, "-m", "django", "makemigrations", "--settings", "portal.emulator.settings"]
        run(command, cwd=self.directory, env=self.env, check=True, capture_output=True)


@pytest.fixture
def copy(tmp_path):
    return Copy(tmp_path)


def test_a_new_resource_is_a_new_file_its_model_and_a_migration(copy):
    with (copy.emulator / "models.py").open("a") as models:
        models.write(MODEL)
    (copy.emulator / "iotda" / "alarms.py").write_text(RESOURCE)
    copy.make_migration()
    emulator = copy.start()
    try:
        assert_is_served_and_reset(emulator, TokenCaller(emulator.url))
    finally:
        emulator.stop()


def assert_is_served_and_reset(emulator, huawei):
    alarms = f"{IOTDA}/alarms"

    def names(**query):
        return [item["name"] for item in huawei.get(alarms, **query).json()["alarms"]]

    assert emulator.state()["iotda/alarms"] == {"count": 1, "ids": ["first"], "names": ["first"]}
    emulator.faults([{"fault": "stale_listing"}])
    assert huawei.post(alarms, {"bus_name": "second"}).status_code == 201
    assert names() == ["first"]
    emulator.faults([{"fault": "change_between_pages", "times": 1}])
    assert names(limit=1) == ["second"]
    inserted, *others = names()
    assert inserted.startswith("second-")
    assert others == ["second", "first"]
    assert huawei.post(alarms, {"bus_name": "fourth"}).status_code == 403
    emulator.settings({"limits": {"alarms": 4}, "alarm_s": 8})
    assert huawei.post(alarms, {"bus_name": "fourth"}).json()["wait"] == 8
    emulator.reset()
    assert emulator.state()["iotda/alarms"]["names"] == ["first"]
    huawei.token = ""
    assert huawei.get(alarms).json()["alarms"][0]["wait"] == 7
    assert huawei.put(alarms).json()["error_code"] == "APIGW.0101"


MISTAKES = {
    "slug iotda/policies": "urls={}",
    "URL v5/iot/<>/device-policies/<>": 'urls={"device-policies/<str:other_id>": by()}',
    "table SoftBus": "urls={}, tables=(SoftBus,)",
    "name in state roma/apps": 'urls={}, state={"roma/apps": None}',
    "limit groups": 'urls={}, limits={"groups": 5}',
    "setting lenient": 'urls={}, settings={"lenient": None}',
    "iotda/new has a neighbour but no listing": "urls={}, neighbour=by()",
}


@pytest.mark.parametrize(("message", "members"), MISTAKES.items(), ids=MISTAKES)
def test_a_resource_that_claims_what_another_one_has_is_an_error_at_start(copy, message, members):
    slug = "iotda/policies" if message.startswith("slug") else "iotda/new"
    (copy.emulator / "iotda" / "new.py").write_text(
        "from portal.emulator.models import SoftBus\n"
        "from portal.emulator.resource import Resource, by\n"
        f'RESOURCE = Resource(slug="{slug}", {members})\n'
    )
    with pytest.raises(NeverReady) as caught:
        copy.start()
    assert message in str(caught.value)


def test_a_table_without_resource_is_an_error_at_start(copy):
    """Nothing would empty it at a reset."""
    (copy.emulator / "iotda" / "soft_buses.py").unlink()
    with pytest.raises(NeverReady, match="no resource of the emulator has the table SoftBus"):
        copy.start()
