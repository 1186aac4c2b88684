"""Warns of a portal that cannot send mail: nobody could be invited, and no password reset."""

from django.conf import settings
from django.core import checks


@checks.register(checks.Tags.security, deploy=True)
def mail_is_set_up(**options):
    if settings.MAIL is not None:
        return []
    return [
        checks.Warning(
            "The portal sends no mail: nobody can be invited, and no password can be reset.",
            hint="Set PORTAL_EMAIL_URL and PORTAL_EMAIL_FROM.",
            id="portal.W004",
        )
    ]
