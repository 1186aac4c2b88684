"""The vendors' own clients, unmodified, against the emulator: it speaks as they expect, in all calls of ours.

Each script beside this file runs in a Python of its own and judges what the client's typed models hold. Would
catch: an emulated answer that only the portal understands, a signature that only we make, a call that was
added and that no client of a vendor has tried.
"""

import json
import subprocess
from pathlib import Path

import pytest

from tests.examples import EXAMPLES
from tests.support import account
from tests.vendors import environment

pytestmark = pytest.mark.full

HERE = Path(__file__).parent
TEMPORARY = {
    "access_key": "DEMOTEMPAK0000000000",
    "secret_key": "DemoTempSK000000000000000000000000000Exmpl",
    "security_token": "demo-security-token",
}
DEMO = {
    "project": account.PROJECT,
    "instance": account.ROMA_INSTANCE,
    "app": account.ROMA_APP,
    "root": account.ROMA_GROUP,
    "org": account.ORG,
    "product": account.PRODUCT,
}


@pytest.fixture(scope="session")
def python():
    try:
        return environment.python()
    except environment.NotThere as error:
        pytest.skip(f"the vendors' clients cannot be installed; is a package index in reach? {error}")


def run(python, cloud, url, **more):
    demo = {**DEMO, "url": url, **more}
    command = [python, "-I", HERE / f"client_of_{cloud}.py", json.dumps(demo)]
    quiet = {"NO_PROXY": "*", "no_proxy": "*"}
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False, env=quiet)


def untried(cloud, requests):
    """The calls of the portal to this cloud that are not among the requests that the emulator answered."""
    fine = [each for each in requests if each["status"] in range(200, 300)]
    for slug, example in EXAMPLES.items():
        for name, call in example.calls.items():
            if slug.startswith(f"{cloud}/") and not any(call.is_made_by(each) for each in fine):
                yield f"{slug} {name}"


@pytest.mark.parametrize(
    ("cloud", "way", "keys"),
    [
        ("iotda", "keys", account.KEYS),
        ("iotda", "derived", account.KEYS),
        ("iotda", "temporary", TEMPORARY),
        ("roma", "keys", account.KEYS),
        ("roma", "temporary", TEMPORARY),
        ("enos", "app", account.APP),
    ],
)
def test_it_makes_every_call_of_ours_and_understands_the_answers(python, emulator, cloud, way, keys):
    if way == "derived":
        emulator.settings({"require_v11": True})  # refuses a signature of the other kind

    ran = run(python, cloud, emulator.url, way=way, **keys)

    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert list(untried(cloud, emulator.requests())) == []
