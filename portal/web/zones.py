"""The time zone in which a person reads times."""

from zoneinfo import ZoneInfo

from django.conf import settings


def zone_of(user):
    """Their own if they chose one, else the portal's."""
    own = getattr(user, "time_zone", "")
    try:
        return ZoneInfo(own or settings.TIME_ZONE)
    except (ValueError, OSError):  # a name that this machine's list of zones does not have
        return ZoneInfo("UTC")
