"""What refreshes cost, by how much there is: the first one, which writes every row, and one that finds all as
it was. PORTAL_BENCH_OBJECTS sets another number than 100,000 devices; a tenth of policies and groups.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from django.conf import settings
from django.db import connection as database

from portal.kinds.registry import KINDS
from tests.bench.measuring import report
from tests.bench.workshop import database as migrated
from tests.support.filled import filled
from tests.support.plant import make_plant
from tests.support.processes import environment

MANY = int(os.environ.get("PORTAL_BENCH_OBJECTS", 100_000))
SIZES = (1_000, MANY // 10, MANY)
# {kind: how many of MANY there are}
PARTS = {
    "enos/devices": 1,
    "iotda/policies": 10,
    "iotda/device-groups": 10,
    "roma/device-groups": 10,
}


def refreshed(plant, slug):
    command = [sys.executable, "-m", "tests.bench.refreshing", str(plant.connection(KINDS[slug]).pk), slug]
    done = subprocess.run(command, env=environment(), cwd=settings.BASE_DIR, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(done.stderr)
    return json.loads(done.stdout)


def told(slug, which, size, figures):
    what, rows = f"{slug}, {size:,}, {which}", figures["rows"]
    yield f"{what}: wall, CPU", f"{figures['wall']:.1f} s, {figures['cpu']:.1f} s", ""
    yield f"{what}: wall per 1,000 rows", f"{figures['wall'] / rows * 1000:.3f} s", "flat from 1,000 up"
    share = figures["database"] / figures["platform"]
    yield f"{what}: database against platform", f"{share:.2f}", "under 0.25"
    yield f"{what}: peak memory", f"{figures['peak_mb']:.0f} MB", "under 200 MB"
    yield f"{what}: whole", figures["is_whole"], "True"


@report
def refreshes():
    migrated()
    for size in SIZES:
        directory = Path(tempfile.mkdtemp(prefix="emulator-", dir=settings.DATA_DIR))
        part = {"policies": size // 10, "groups": size // 10}
        emulator = filled(directory, devices=size, **part)
        try:
            plant = make_plant(emulator.url, name=f"Plant-{size}")
            for slug, divided in PARTS.items():
                for which in ("first", "again"):
                    yield from told(slug, which, size // divided, refreshed(plant, slug))
        finally:
            emulator.stop()
            shutil.rmtree(directory, ignore_errors=True)
        database.close()
