"""Refuses, with `manage.py check --deploy`, a portal that answers to any name."""

from django.conf import settings
from django.core import checks


@checks.register(checks.Tags.security, deploy=True)
def hosts_are_named(**options):
    if not settings.PRODUCTION or "*" not in settings.ALLOWED_HOSTS:
        return []
    return [
        checks.Error(
            "PORTAL_ALLOWED_HOSTS names every host: whoever asks for a mail chooses where its link leads.",
            hint="Name the portal's hosts one by one.",
            id="portal.E005",
        )
    ]
