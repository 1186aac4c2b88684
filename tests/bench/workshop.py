"""What benchmarks share: a migrated throw-away database, one emulator, a team on it."""

import atexit
import tempfile
import uuid
from functools import cache
from pathlib import Path

from django.conf import settings
from django.core.management import call_command

from tests.support.emulator import Emulator
from tests.support.plant import make_plant

# The demo account (portal/emulator/README.md).
KEYS = ("DEMOAK0000000000EXMP", "DemoSK00000000000000000000000000000Exmpl")
PROJECT = "0123456789abcdef0123456789abcdef"
ROMA_APP = "ef3845be-091a-4ab5-869a-9de0025e2165"


@cache
def emulator():
    started = Emulator.start(Path(tempfile.mkdtemp(prefix="emulator-", dir=settings.DATA_DIR)))
    atexit.register(started.stop)
    return started


@cache
def database():
    call_command("migrate", verbosity=0)


@cache
def plant():
    database()
    return make_plant(emulator().url)


def roma_group():
    """Data of a new ROMA device group; the platform does not ask for a unique name."""
    return {
        "name": f"bench-{uuid.uuid4().hex[:12]}",
        "parent_id": "10001",
        "app_id": ROMA_APP,
    }
