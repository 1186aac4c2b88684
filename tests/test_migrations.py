"""Migrations of the portal and of the emulator. Would catch: a model that was changed without one."""

import os
import subprocess
import sys

import pytest
from django.conf import settings
from django.core.management import call_command


@pytest.mark.django_db
def test_the_portals_migrations_are_up_to_date():
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


def test_the_emulators_migrations_are_up_to_date():
    """In a process of its own, because the emulator has its own settings."""
    command = "-m django makemigrations --check --dry-run --settings portal.emulator.settings"
    env = {name: text for name, text in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    ended = subprocess.run(
        [sys.executable, "-W", "error", *command.split()],
        cwd=settings.BASE_DIR,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (0, ""), ended.stdout
