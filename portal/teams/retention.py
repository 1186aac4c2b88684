"""How long a team keeps requests and answers in the record. How they are dropped: record/dropping.py."""

import time
from datetime import UTC, datetime, timedelta

from django.utils import timezone

from portal.record import dropping
from portal.teams.models import Team

LEAST, MOST = 30, 3650  # days
SLICE_SECONDS = 3  # that one round of the chore may take
SYSTEM = "the portal"


def drop_due():
    """Drop what teams do not keep any longer; a chore. Whole days count, so that each day is one entry."""
    end = time.monotonic() + SLICE_SECONDS
    for team in Team.objects.filter(record_days__isnull=False).order_by("pk"):
        before = before_of(team)
        line = {"actor": SYSTEM, "via": "system", "team": team.name, "object_name": team.name}
        line["body"] = {"days": team.record_days, "before": before.isoformat()}
        while dropping.drop(str(team.pk), before, line):
            if time.monotonic() > end:
                return


def before_of(team):
    """Entries of before this moment lose their bodies: the beginning of a day in UTC."""
    day = (timezone.now() - timedelta(days=team.record_days)).astimezone(UTC)
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
