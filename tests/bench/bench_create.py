"""What it costs to record and secure a create: perform() against the bare signed call to one emulator."""

import uuid
from contextlib import contextmanager
from urllib.parse import urlsplit

import psutil
import requests

from portal.operations.service import perform
from portal.platforms.signing import SdkHmac
from portal.teams.models import Role
from tests.bench.measuring import benchmark, report
from tests.bench.workshop import emulator, plant, roma, roma_group
from tests.support.plant import KEYS, PROJECT

OPERATIONS = 1000


def actor():
    return plant().people[Role.OPERATOR]


def one_perform():
    connection = plant().connections["roma"]
    return perform(
        roma(), "create", actor=actor(), connection=connection, data=roma_group(), key=str(uuid.uuid4())
    )


@benchmark("bare signed requests call", calls=50)
@contextmanager
def bare():
    """One POST, signed with AK/SK, through one requests.Session: what a script would do."""
    plant()
    emulator().reset()
    session = requests.Session()
    session.trust_env = False
    auth = SdkHmac(KEYS["access_key"], KEYS["secret_key"], project_id=PROJECT)
    session.headers["Host"] = urlsplit(emulator().url).netloc  # must be there to be signed
    url = f"{emulator().url}/v2/{PROJECT}/link/instances/demo-roma-instance/device-groups"

    def call():
        body = roma_group() | {"parent_id": 10001}
        answer = session.post(url, json=body, auth=auth, timeout=20)
        assert answer.status_code == 200, answer.text

    yield call
    session.close()


@benchmark("bare, with the look before it", yardstick="bare signed requests call", calls=50)
@contextmanager
def bare_with_baseline():
    """The same call and the listing that perform makes before sending: the difference is not bookkeeping."""
    emulator().reset()
    client = plant().connections["roma"].client()

    def call():
        data = roma_group()
        client.device_groups.list(name=data["name"], app_id=data["app_id"])
        client.device_groups.create(data)

    yield call


@benchmark("create through perform", yardstick="bare signed requests call", calls=50, aim="cpu + under 3 ms")
@contextmanager
def create():
    emulator().reset()
    yield one_perform


@report
def memory():
    """Resident memory of a process that has done 1,000 operations."""
    process = psutil.Process()
    emulator().reset()
    for number in range(OPERATIONS):
        if number % 100 == 0:
            emulator().reset()  # a tree that grows would measure the emulator
        one_perform()
    yield (
        "resident memory after 1,000 operations",
        f"{process.memory_info().rss / 2**20:.0f} MiB",
        "under 150 MB",
    )
