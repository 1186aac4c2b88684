"""docs/api.md: its examples run as they are printed. Would catch: a command that does not do what it says."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from django.conf import settings

from portal.operations.models import Operation, State
from portal.teams.models import Role
from tests.support.processes import Portal, run_manage
from tests.support.tokens import make

PAGE = Path(__file__).resolve().parents[2] / "docs" / "api.md"
PASSWORD = "a-long-pass-word-1"


@pytest.fixture
def portal(committed_db, tmp_path):
    """A portal as a process of its own, on the test's database."""
    if not (settings.STATIC_ROOT / "staticfiles.json").exists():
        made = run_manage("collectstatic", "--no-input")
        assert made.returncode == 0, made.stderr
    portal = Portal(committed_db, log=tmp_path / "portal.log")
    yield portal.start()
    portal.stop()


@pytest.mark.skipif(not shutil.which("curl"), reason="there is no curl")
def test_the_printed_commands_work(committed_plant, portal, tmp_path):
    person = committed_plant.people[Role.OPERATOR]
    person.set_password(PASSWORD)
    person.save()
    script = "set -e\n" + "\n".join(re.findall(r"```sh\n(.*?)```", PAGE.read_text(), re.DOTALL))
    token, text = make(committed_plant)
    variables = {
        "TOKEN": text,
        "PORTAL": portal.url,
        "LOGIN": person.email,
        "PASSWORD": PASSWORD,
        "PATH": "/usr/bin:/bin",
    }

    done = subprocess.run(
        ["bash", "-c", script], cwd=tmp_path, env=variables, capture_output=True, text=True, timeout=60
    )

    assert done.returncode == 0, done.stderr
    assert '"completeness":' in done.stdout
    bus = json.loads((tmp_path / "bus.json").read_text())
    assert (bus["operation"]["state"], bus["object"]["name"]) == ("done", "bus-by-api"), done.stdout
    by_token, create, sync = Operation.objects.order_by("created_at")
    assert (by_token.key, by_token.token, by_token.state) == ("nightly-bus", token, State.DONE)
    assert (create.key, create.via, sync.key, sync.verb_name) == (
        "my-first-bus",
        "api",
        "my-first-sync",
        "sync",
    )
    assert (create.state, sync.state) == (State.DONE, State.DONE)
    assert json.loads(create.request["body"])["bus_name"] == "bus-by-api"
