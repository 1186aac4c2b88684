"""`python -m tests.jobs.manage`: manage.py with a job for tests in its schedule."""

import os
import sys
from datetime import timedelta
from functools import partial

import django
from django.core.management import execute_from_command_line

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
django.setup()

from django.conf import settings  # noqa: E402

from portal.jobs import schedule  # noqa: E402 - models need the set-up
from portal.operations import leases, stepping, together  # noqa: E402
from portal.resources import refreshing  # noqa: E402
from tests.jobs import tasks  # noqa: E402

if "SHORT_LEASES" in os.environ:  # so that a test of many kills waits seconds and not minutes
    refreshing.LEASE, refreshing.UNTAKEN = timedelta(seconds=4), timedelta(seconds=2)
    refreshing.SLICE_SECONDS = 3
    leases.LEASE = stepping.LEASE = together.LEASE = timedelta(seconds=4)
    settings.BEAT_SECONDS = 1
schedule.CHORES.append(schedule.Chore("to do", 0.2, partial(schedule.ask, tasks.to_do, tasks.do)))
execute_from_command_line(sys.argv)
