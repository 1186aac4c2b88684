"""What benchmarks share: a migrated throw-away database, one emulator, a team on it."""

import atexit
import tempfile
import uuid
from functools import cache
from pathlib import Path

from django.core.management import call_command

from portal.kinds.registry import KINDS
from tests.support.emulator import Emulator
from tests.support.plant import make_plant


@cache
def emulator():
    started = Emulator.start(Path(tempfile.mkdtemp(prefix="portal-bench-")))
    atexit.register(started.stop)
    return started


@cache
def plant():
    call_command("migrate", verbosity=0)
    return make_plant(emulator().url)


def roma_group():
    """Data of a new ROMA device group; the platform does not ask for a unique name."""
    return {
        "name": f"bench-{uuid.uuid4().hex[:12]}",
        "parent_id": "10001",
        "app_id": "ef3845be-091a-4ab5-869a-9de0025e2165",
    }


def roma():
    return KINDS["roma/device-groups"]
