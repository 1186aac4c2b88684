"""What it costs to record and secure a create: perform() against the bare signed call to one emulator."""

from contextlib import contextmanager

import psutil
import requests

from tests.bench.measuring import benchmark, report
from tests.bench.signed import Signed
from tests.bench.workshop import KEYS, PROJECT, emulator, plant, roma_group

ROMA = "roma/device-groups"
OPERATIONS = 1000


def one_perform():
    """With one statement more than `perform` itself: it reads the person first."""
    return plant().perform(ROMA, data=roma_group())


@benchmark("bare signed requests call", calls=50)
@contextmanager
def bare():
    """One POST, signed with AK/SK, through one requests.Session: what a script would do."""
    plant()
    emulator().reset()
    session = requests.Session()
    session.trust_env = False
    auth = Signed(*KEYS)
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
    groups = plant().collection(ROMA)

    def call():
        data = roma_group()
        groups.list(name=data["name"], app_id=data["app_id"])
        groups.create(data)

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
