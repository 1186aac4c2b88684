"""The Python that has the vendors' clients, outside of the tree: built once, from requirements.lock."""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

LOCK = Path(__file__).with_name("requirements.lock")
SECONDS = 540  # an installation may take that long


class NotThere(Exception):
    """The clients could not be installed; the text is the installer's reason."""


def python(lock=LOCK):
    """Path of the interpreter of what a lock file names. Raises NotThere."""
    place = _home() / hashlib.sha256(lock.read_bytes() + sys.version.encode()).hexdigest()[:16]
    place.parent.mkdir(parents=True, exist_ok=True)
    with open(f"{place}.lock", "w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)  # test processes begin at the same time
        if not (place / "finished").exists():
            shutil.rmtree(place, ignore_errors=True)
            _run(sys.executable, "-m", "venv", place)
            _run(place / "bin/python", "-m", "pip", "install", "--quiet", "--require-hashes", "-r", lock)
            (place / "finished").touch()
    return place / "bin/python"


def _home():
    told = os.environ.get("PORTAL_VENDORS_DIR")
    return Path(told) if told else Path.home() / ".cache/iot-portal/vendors"


def _run(*command):
    try:
        ran = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
    except subprocess.TimeoutExpired as error:
        raise NotThere(f"it took more than {SECONDS} s") from error
    if ran.returncode:
        raise NotThere((ran.stderr.strip().splitlines() or ["no reason given"])[-1])
