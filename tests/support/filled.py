"""An emulator of its own with many objects, made by `manage.py emulator_fill`."""

from tests.support.emulator import Emulator
from tests.support.processes import run_manage


def filled(directory, **counts):
    """The running Emulator; whoever asks for it stops it."""
    options = [part for name, count in counts.items() for part in (f"--{name}", str(count))]
    done = run_manage("emulator_fill", "--data", directory / "data", *options)
    assert done.returncode == 0, done.stderr
    return Emulator.start(directory)
